"""Bands for what share of replicated data falls where: parameter and sampling variation together."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr
from scipy.stats import binom

from bayesian.label_free.bands import BAND_DRAWS, Bands, marginal_draws, tails
from bayesian.posterior import Posterior
from mixture.arrays import FloatArray


def proportion_bands(
    posterior: Posterior, grid: ArrayLike, level: float, *, feature: int = 0, between: bool = False
) -> Bands:
    """What share of N replicated points falls below each grid point of one feature, or between neighbouring ones.

    Given theta the number is Binomial(N, F_t), F_t the mixture's probability; the bands are exact quantiles of its
    mixture over the draws, so that they hold sampling variation too and nothing is simulated. `middle` is E[F_t].
    Of cumulative shares the quantiles are interpolated between whole counts, so that the band's edges are smooth.
    grid (G,) ascending; the bands are (G,), or (G - 1,) with `between`, for the bins of a histogram.
    """
    points = np.asarray(grid, dtype=np.float64)
    ends = tails(level)
    weights, means, sds = marginal_draws(posterior, BAND_DRAWS)
    z = (points - means[:, :, feature, None]) / sds[:, :, feature, None]  # (T, K, G)
    probabilities = np.einsum("tk,tkg->tg", weights, ndtr(z))
    if between:
        probabilities = np.diff(probabilities, axis=-1)
    probabilities = np.clip(probabilities, 0.0, 1.0)
    n_samples = len(posterior.data)
    lower, upper = (
        _binomial_mixture_quantile(n_samples, probabilities, tail, interpolate=not between) / n_samples for tail in ends
    )
    return Bands(points, lower, probabilities.mean(axis=0), upper, level)


def _binomial_mixture_quantile(
    n_samples: int, probabilities: FloatArray, tail: float, *, interpolate: bool
) -> FloatArray:
    """The smallest count j with F(j) = mean_t P(Binomial(n, p_t) <= j) >= tail, by bisection; (T, G) to (G,).

    Interpolated it lies between j - 1 and j, where a line from F(j - 1) to F(j) meets the tail, but not below 0.
    """
    below = np.full(probabilities.shape[1:], -1.0)
    reached = np.full(probabilities.shape[1:], float(n_samples))
    while (reached - below > 1.0).any():
        middle = np.floor(0.5 * (below + reached))
        enough = np.mean(binom.cdf(middle, n_samples, probabilities), axis=0) >= tail
        reached = np.where(enough, middle, reached)
        below = np.where(enough, below, middle)
    if not interpolate:
        return reached
    at_below, at_reached = (np.mean(binom.cdf(count, n_samples, probabilities), axis=0) for count in (below, reached))
    return np.asarray(np.maximum(below + (tail - at_below) / (at_reached - at_below), 0.0))
