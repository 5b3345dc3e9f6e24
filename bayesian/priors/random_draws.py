"""Random draws from the priors and from a mixture with given parameters, for prior and posterior predictive draws.

Each takes the parameters of one random variable, then `rng` and `size`, as PyMC calls them. Leading axes of
length one that PyMC adds to parameters are dropped.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from mixture import GaussianMixture
from mixture.arrays import FloatArray

type Draw = Callable[..., FloatArray]


def weights(concentration: FloatArray, rng: np.random.Generator, **_: Any) -> FloatArray:
    return rng.dirichlet(concentration)


def means(location: FloatArray, sd: FloatArray, rng: np.random.Generator, **_: Any) -> FloatArray:
    return rng.normal(location, sd)


def ordered_means(location: FloatArray, sd: FloatArray, rng: np.random.Generator, **_: Any) -> FloatArray:
    """Components sorted by the mean of the first feature: for equal priors, a draw from the ordered prior."""
    draw = rng.normal(location, sd)
    return draw[np.argsort(draw[:, 0])]


def scales(family: str, power: int) -> Draw:
    """A draw of sds: of the family, or the root of one if it is a family of the variance."""

    def draw(first: FloatArray, second: FloatArray, rng: np.random.Generator, **_: Any) -> FloatArray:
        if family == "LogNormal":
            target = rng.lognormal(first, second)
        elif family == "HalfNormal":
            target = np.abs(rng.normal(0.0, first))
        else:
            target = second / rng.gamma(first)
        return np.asarray(target ** (1.0 / power))

    return draw


def correlations(eta: FloatArray, identity: FloatArray, rng: np.random.Generator, **_: Any) -> FloatArray:
    """LKJ: partial correlations 2 Beta(b, b) - 1 with b = eta + (D - j - 1)/2 in column j = 1..D-1."""
    n = identity.shape[-1]
    result = np.empty((eta.size, n, n))
    for k in range(eta.size):
        root = np.zeros((n, n))
        for i in range(n):
            rest = 1.0
            for j in range(i):
                b = eta[k] + 0.5 * (n - j - 2)
                p = 2.0 * rng.beta(b, b) - 1.0
                root[i, j] = p * math.sqrt(rest)
                rest *= 1.0 - p * p
            root[i, i] = math.sqrt(rest)
        result[k] = root @ root.T
        np.fill_diagonal(result[k], 1.0)
    return result.reshape(identity.shape)


def covariances(dof: FloatArray, scale: FloatArray, rng: np.random.Generator, **_: Any) -> FloatArray:
    """Inverse-Wishart: Sigma = (A B^-T)(A B^-T)^T with Psi = A A^T and B B^T ~ Wishart(nu, I) by Bartlett."""
    n = scale.shape[-1]
    result = np.empty((dof.size, n, n))
    for k, psi in enumerate(scale.reshape(-1, n, n)):
        bartlett = np.tril(rng.normal(size=(n, n)), -1)
        bartlett[np.diag_indices(n)] = np.sqrt(rng.chisquare(dof[k] - np.arange(n)))
        root = np.linalg.solve(bartlett, np.linalg.cholesky(psi).T).T
        result[k] = root @ root.T
    return result.reshape(scale.shape)


def points(structure: str, spread_ndim: int) -> Draw:
    """Draws from a mixture of the structure; its spread is covariances for full and tied, sds for the others."""

    def draw(
        weights: FloatArray, means: FloatArray, spread: FloatArray, rng: np.random.Generator, size: Any
    ) -> FloatArray:
        probabilities = weights.reshape(-1, weights.shape[-1])[0]
        matrices = spread if structure in ("full", "tied") else spread**2
        mixture = GaussianMixture(
            probabilities / probabilities.sum(),
            means.reshape(-1, *means.shape[-2:])[0],
            matrices.reshape(-1, *matrices.shape[matrices.ndim - spread_ndim :])[0] if matrices.size else matrices,
            structure,
        )
        shape = () if size is None else tuple(np.atleast_1d(size))
        drawn, _ = mixture.draw(int(np.prod(shape)), rng)
        return drawn.reshape(*shape, means.shape[-1])

    return draw
