"""Random draws from the priors and from a mixture with given parameters, for prior and posterior predictive draws.

Each takes the parameters of one random variable, then `rng` and `size`, as PyMC calls them. Leading axes of
length one that PyMC adds to parameters are dropped.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from bayesian.priors import random_matrices
from mixture import GaussianMixture
from mixture.arrays import FloatArray

type Draw = Callable[..., FloatArray]


def weights(concentration: FloatArray, rng: np.random.Generator, **_: Any) -> FloatArray:
    return rng.dirichlet(concentration)


def means(family: str, structure: str) -> Draw:
    """A draw of means (K, D), or of as many as the parameters have leading axes."""

    def normal(location: FloatArray, sd: FloatArray, rng: np.random.Generator, **_: Any) -> FloatArray:
        return rng.normal(location, _finite(sd))

    def uniform(low: FloatArray, high: FloatArray, rng: np.random.Generator, **_: Any) -> FloatArray:
        return rng.uniform(_finite(low), _finite(high))

    def conjugate(
        location: FloatArray,
        _unit: FloatArray,
        strength: FloatArray,
        spread: FloatArray,
        rng: np.random.Generator,
        **_: Any,
    ) -> FloatArray:
        z = rng.normal(size=location.shape) / np.sqrt(strength)[..., None]
        if structure in ("full", "tied"):
            return location + (np.linalg.cholesky(spread) @ z[..., None])[..., 0]
        sds = spread[..., None] if structure.endswith("spherical") else spread
        if structure == "tied_spherical":
            sds = sds[..., None]
        return location + (sds[..., None, :] if structure == "tied_diag" else sds) * z

    draws: dict[str, Draw] = {"Normal": normal, "Uniform": uniform, "ConjugateNormal": conjugate}
    return draws[family]


def ordered(draw: Draw, family: str) -> Draw:
    """Components sorted by the mean of the first feature: for equal priors, a draw from the ordered prior.

    Not for means that depend on the covariances of their components: those would have to be sorted with them.
    """

    def sorted_draw(*parameters: FloatArray, **settings: Any) -> FloatArray:
        if family == "ConjugateNormal":
            raise ValueError(
                "an ordered model with ConjugateNormal means has no prior draws of its own: take Prior.draw, and sort"
                " the components of each draw"
            )
        drawn = draw(*parameters, **settings)
        return drawn[np.argsort(drawn[:, 0])]

    return sorted_draw


def scales(family: str, power: int) -> Draw:
    """A draw of sds: of the family, or the root of one if it is a family of the variance."""

    def draw(*parameters: FloatArray, rng: np.random.Generator, **_: Any) -> FloatArray:
        if family == "LogNormal":
            target = rng.lognormal(*parameters)
        elif family == "HalfNormal":
            target = np.abs(rng.normal(0.0, parameters[0]))
        elif family == "UniformScale":
            target = rng.uniform(parameters[0], _finite(parameters[1]))
        else:
            target = parameters[1] / rng.gamma(parameters[0])
        return np.asarray(target ** (1.0 / power))

    return draw


def _finite(parameter: FloatArray) -> FloatArray:
    if not np.isfinite(parameter).all():
        raise ValueError("this prior is improper: there are no draws from it")
    return parameter


def scale_rate(shape: FloatArray, rate: FloatArray, rng: np.random.Generator, **_: Any) -> FloatArray:
    return np.asarray(rng.gamma(shape) / rate)


def correlations(eta: FloatArray, identity: FloatArray, rng: np.random.Generator, **_: Any) -> FloatArray:
    return random_matrices.lkj(eta, identity.shape[-1], rng).reshape(identity.shape)


def covariances(shared: bool) -> Draw:
    """A draw of covariances (K, D, D), or of the one (D, D) that all share."""

    def draw(dof: FloatArray, scale: FloatArray, *_unit: FloatArray, rng: np.random.Generator, **_: Any) -> FloatArray:
        each = np.broadcast_to(scale, (dof.size, *scale.shape[-2:]))
        drawn = random_matrices.inverse_wishart(dof, each, rng)
        return drawn[0] if shared else drawn

    return draw


def covariance_scale(dof: FloatArray, scale: FloatArray, rng: np.random.Generator, **_: Any) -> FloatArray:
    return random_matrices.wishart(dof[0], scale, rng)


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
