"""Draws from Wishart and inverse-Wishart distributions, with the triangular factors that come with them."""

import numpy as np

from mixture.arrays import FloatArray


def draw_inverse_wishart(
    dof: FloatArray, scale: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Sigma_m ~ IW(nu_m, Psi_m); nu (M,), Psi (M, D, D). Returns (Sigma, L, U), Sigma = L L^T, U = L^-1 both lower.

    Psi = A A^T and U = B A^-1, where B is lower triangular with N(0, 1) below the diagonal and
    B_ii^2 ~ chi^2(nu - D + 1 + i), i = 0..D-1, so that Sigma^-1 = A^-T (B^T B) A^-1 ~ W(nu, Psi^-1).
    Source: Bartlett 1933, Proc. R. Soc. Edinb. 53:260, with the order of the features reversed.
    """
    bartlett = _bartlett(dof, scale.shape[-1], rng)
    root = np.linalg.cholesky(scale) @ _inverse_lower(bartlett)
    covariances = root @ np.swapaxes(root, 1, 2)
    return 0.5 * (covariances + np.swapaxes(covariances, 1, 2)), root, _inverse_lower(root)


def draw_wishart_of_inverse(dof: float, inverse_scale: FloatArray, rng: np.random.Generator) -> FloatArray:
    """W ~ W(nu, S), E W = nu S, from nu > D - 1 and S^-1 (D, D): W = U^T U, U the factor of IW(nu, S^-1)."""
    _, _, factor = draw_inverse_wishart(np.array([dof]), inverse_scale[None], rng)
    drawn = factor[0].T @ factor[0]
    return 0.5 * (drawn + drawn.T)


def _bartlett(dof: FloatArray, n_features: int, rng: np.random.Generator) -> FloatArray:
    lower = np.tril(rng.standard_normal((len(dof), n_features, n_features)), -1)
    index = np.arange(n_features)
    lower[:, index, index] = np.sqrt(2.0 * rng.standard_gamma(0.5 * (dof[:, None] - n_features + 1.0 + index)))
    return lower


def _inverse_lower(lower: FloatArray) -> FloatArray:
    inverse: FloatArray = np.tril(np.linalg.inv(lower))
    return inverse
