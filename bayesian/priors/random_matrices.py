"""Random correlation and covariance matrices, any number at once: numpy only, the generator an argument."""

import numpy as np

from mixture.arrays import FloatArray


def inverse_wishart(dof: FloatArray, scale: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Sigma ~ IW(nu, Psi), (..., D, D), for dof (...,) and scale (..., D, D):

    Sigma = (A B^-T)(A B^-T)^T with Psi = A A^T and B B^T ~ W(nu, I).
    """
    factor = np.linalg.cholesky(scale)
    root = np.swapaxes(np.linalg.solve(_bartlett(dof, scale.shape, rng), np.swapaxes(factor, -1, -2)), -1, -2)
    return root @ np.swapaxes(root, -1, -2)


def wishart(dof: FloatArray, scale: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Psi ~ W(n, S), (..., D, D), for dof (...,) and scale (..., D, D): (A B)(A B)^T, S = A A^T, B B^T ~ W(n, I)."""
    root = np.linalg.cholesky(scale) @ _bartlett(dof, scale.shape, rng)
    return root @ np.swapaxes(root, -1, -2)


def _bartlett(dof: FloatArray, shape: tuple[int, ...], rng: np.random.Generator) -> FloatArray:
    """B lower triangular with B B^T ~ W(dof, I): normal below the diagonal, b_ii^2 ~ chi^2(dof - i), i = 0..D-1.

    Source: Bartlett 1933, Proc. Roy. Soc. Edinburgh 53:260.
    """
    n = shape[-1]
    root: FloatArray = np.tril(rng.normal(size=shape), -1)
    squares = rng.chisquare(np.broadcast_to(dof[..., None] - np.arange(n), shape[:-1]))
    root[..., np.arange(n), np.arange(n)] = np.sqrt(squares)
    return root


def lkj(eta: FloatArray, n_features: int, rng: np.random.Generator) -> FloatArray:
    """R ~ LKJ(eta), (..., D, D), for eta (...,): partial correlations 2 Beta(b, b) - 1 with b = eta + (D - j - 1)/2 in
    column j = 1..D-1 (Lewandowski, Kurowicka & Joe 2009).
    """
    root = np.zeros((*eta.shape, n_features, n_features))
    for i in range(n_features):
        rest = np.ones(eta.shape)
        for j in range(i):
            b = eta + 0.5 * (n_features - j - 2)
            p = 2.0 * rng.beta(b, b) - 1.0
            root[..., i, j] = p * np.sqrt(rest)
            rest = rest * (1.0 - p * p)
        root[..., i, i] = np.sqrt(rest)
    result = root @ np.swapaxes(root, -1, -2)
    result[..., np.arange(n_features), np.arange(n_features)] = 1.0
    return result
