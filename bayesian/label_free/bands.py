"""The posterior predictive density, and how sure the posterior is of it.

    p(x | X) = E[ p(x | theta) | X ],    p(x | theta) = sum_k pi_k N(x | mu_k, Sigma_k)

Permuting the components of a draw changes none of its densities: bands need no relabelling.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bayesian.draws import log_densities
from bayesian.label_free.spacing import spaced_draws
from bayesian.posterior import Posterior
from mixture.arrays import FloatArray, as_points

BAND_DRAWS = 400
"""At most so many draws, evenly spaced over all chains, make a predictive band."""


@dataclass(frozen=True, eq=False)
class Bands:
    """Pointwise posterior bands along a grid.

    grid    where, in data units
    lower, middle, upper  at each point of the grid (or between them); middle is the posterior mean
    level   posterior probability between lower and upper at each point, equal tails
    """

    grid: FloatArray
    lower: FloatArray
    middle: FloatArray
    upper: FloatArray
    level: float

    @classmethod
    def of_draws(cls, grid: FloatArray, draws: FloatArray, level: float) -> "Bands":
        """Bands of curves (T, ...), one per draw."""
        lower, upper = np.quantile(draws, tails(level), axis=0)
        return cls(grid, lower, draws.mean(axis=0), upper, level)


def predictive_bands(posterior: Posterior, grid: ArrayLike, level: float, *, at_most: int = BAND_DRAWS) -> Bands:
    """Bands of the marginal densities p(x_d | theta) = sum_k pi_k N(x_d | mu_kd, Sigma_kdd) at the grid's points.

    grid (D, G), or (G,) if D = 1. The bands are (D, G); `middle` is the posterior predictive density. `at_most` so many
    draws, evenly spaced. Raises ValueError for a level outside (0, 1) or a grid of other features.
    """
    tails(level)
    points = np.atleast_2d(np.asarray(grid, dtype=np.float64))
    if points.ndim != 2 or len(points) != posterior.n_features:
        raise ValueError(f"the grid needs a row for each of the {posterior.n_features} features, not {points.shape}")
    weights, means, sds = marginal_draws(posterior, at_most)
    densities = np.empty((len(weights), *points.shape))
    for d, row in enumerate(points):
        z = (row - means[:, :, d, None]) / sds[:, :, d, None]  # (T, K, G)
        heights = weights / (np.sqrt(2.0 * np.pi) * sds[:, :, d])
        densities[:, d] = np.einsum("tk,tkg->tg", heights, np.exp(-0.5 * z * z))
    return Bands.of_draws(points, densities, level)


def joint_bands(posterior: Posterior, points: ArrayLike, level: float, *, at_most: int = BAND_DRAWS) -> Bands:
    """Bands of the density p(x | theta) in all features together, at points (G, D): a grid over the plane, or new data.

    The bands are (G,), in one over the product of the features' units; `middle` is the posterior predictive density.
    `at_most` so many draws, evenly spaced. Raises ValueError for a level outside (0, 1) or points of other features.
    """
    tails(level)
    places = as_points(points, n_features=posterior.n_features)
    return Bands.of_draws(places, np.exp(log_densities(places, *spaced_draws(posterior, at_most))), level)


def marginal_draws(posterior: Posterior, at_most: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Weights (T, K), means (T, K, D) and standard deviations (T, K, D) of evenly spaced draws."""
    weights, means, covariances = spaced_draws(posterior, at_most)
    return weights, means, np.sqrt(np.diagonal(covariances, axis1=-2, axis2=-1))


def tails(level: float) -> tuple[float, float]:
    """The two probabilities whose quantiles are the ends of an interval with equal tails; raises ValueError for others
    than 0 < level < 1.
    """
    if not 0.0 < level < 1.0:
        raise ValueError(f"the band's level lies strictly between 0 and 1, not at {level}")
    return 0.5 - 0.5 * level, 0.5 + 0.5 * level
