"""The referee: scores EM and posterior alike, after matching labels. Plain functions over arrays."""

from collections.abc import Sequence
from dataclasses import dataclass

import arviz as az
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import ndtr
from scipy.stats import binom

from bayesian.draws import log_joints
from bayesian.posterior import Posterior
from em import StandardErrors
from experiments.parameters import NaturalParameter, natural_parameters
from mixture import GaussianMixture
from mixture.arrays import FloatArray

BAND_DRAWS = 400
"""At most so many draws, evenly spaced over all chains, make a predictive band."""

ALLOCATION_DRAWS = 2000
"""At most so many draws, evenly spaced over all chains, make posterior allocation probabilities."""

INTERVALS = ("eti", "hdi")


def comparison_table(
    em_mixture: GaussianMixture,
    standard_errors: StandardErrors | None,
    posterior_relabelled: Posterior,
    feature_names: Sequence[str],
    *,
    interval: float = 0.95,
    kind: str = "eti",
) -> pd.DataFrame:
    """EM beside the posterior: a row for each weight, mean, standard deviation and correlation.

    Columns: parameter, component, feature, EM, SE, posterior mean, posterior sd, the interval's ends ("95% ETI lower",
    "95% ETI upper"), MCSE (of the posterior mean), ESS bulk, R-hat, (mean - EM)/sd (in posterior sds), sd/SE.
    attrs: interval (the level), kind ("eti", equal tails, or "hdi", highest density), n_chains, n_draws (per chain).
    What does not exist is None: SE where `standard_errors` is None, a ratio to an sd of zero, R-hat of draws that do
    not vary or are too few. Labels are matched as `natural_parameters` says. Raises ValueError for an interval
    outside (0, 1) or another kind.
    """
    if not 0.0 < interval < 1.0:
        raise ValueError(f"the interval's probability lies strictly between 0 and 1, not at {interval}")
    if kind not in INTERVALS:
        raise ValueError(f"an interval is one of {', '.join(INTERVALS)}, not {kind!r}")
    named = f"{100 * interval:g}% {kind.upper()}"
    rows = [
        _row(parameter, interval, kind, named)
        for parameter in natural_parameters(em_mixture, standard_errors, posterior_relabelled, feature_names)
    ]
    frame = pd.DataFrame(rows)
    for name in frame.columns[frame.isna().any()]:
        frame[name] = frame[name].astype(object).where(frame[name].notna(), None)
    frame.attrs = {
        "interval": interval,
        "kind": kind,
        "n_chains": posterior_relabelled.n_chains,
        "n_draws": posterior_relabelled.n_draws,
    }
    return frame


def _row(parameter: NaturalParameter, interval: float, kind: str, named: str) -> dict[str, str | float | None]:
    draws, error = parameter.draws, parameter.standard_error
    mean, sd = float(draws.mean()), float(draws.std(ddof=1)) if draws.size > 1 else 0.0
    lower, upper = _interval(draws.ravel(), interval, kind)
    mixing = draws.shape[1] >= 4 and np.ptp(draws) > 0.0  # ArviZ needs four draws a chain, and draws that vary
    return {
        "parameter": parameter.kind,
        "component": parameter.component,
        "feature": parameter.feature,
        "EM": parameter.estimate,
        "SE": error,
        "posterior mean": mean,
        "posterior sd": sd,
        f"{named} lower": lower,
        f"{named} upper": upper,
        "MCSE": float(az.mcse(draws)) if mixing else None,
        "ESS bulk": float(az.ess(draws)) if mixing else None,
        "R-hat": float(az.rhat(draws)) if mixing else None,
        "(mean - EM)/sd": (mean - parameter.estimate) / sd if sd > 0.0 else None,
        "sd/SE": sd / error if error else None,
    }


def _interval(draws: FloatArray, probability: float, kind: str) -> tuple[float, float]:
    if kind == "eti":
        lower, upper = np.quantile(draws, [0.5 - 0.5 * probability, 0.5 + 0.5 * probability])
        return float(lower), float(upper)
    lower, upper = az.hdi(draws, prob=probability)
    return float(lower), float(upper)


def adjusted_rand(a: ArrayLike, b: ArrayLike) -> float:
    """(R - E[R]) / (max R - E[R]), R the pairs of points that both allocations (N,) put together.

    1 for the same partition whatever its labels, about 0 for unrelated ones; 1 if both put all points together or
    all apart. Raises ValueError for different lengths. Source: Hubert & Arabie 1985, J. Classification 2:193, eq. 5.
    """
    first, second = np.asarray(a), np.asarray(b)
    if first.shape != second.shape or first.ndim != 1 or not first.size:
        raise ValueError(f"two allocations of the same points are needed, not shapes {first.shape} and {second.shape}")
    _, rows = np.unique(first, return_inverse=True)
    _, columns = np.unique(second, return_inverse=True)
    counts = np.zeros((rows.max() + 1, columns.max() + 1))
    np.add.at(counts, (rows, columns), 1.0)
    together, of_rows, of_columns = (_pairs(c) for c in (counts, counts.sum(axis=1), counts.sum(axis=0)))
    expected = of_rows * of_columns / max(_pairs(np.array([float(first.size)])), 1.0)
    highest = 0.5 * (of_rows + of_columns)
    return 1.0 if highest == expected else float((together - expected) / (highest - expected))


def _pairs(counts: FloatArray) -> float:
    return float((counts * (counts - 1.0) / 2.0).sum())


def posterior_allocation_probabilities(posterior_relabelled: Posterior) -> FloatArray:
    """P(z_n = k | X) = E[P(z_n = k | x_n, theta)] over the posterior, (N, K): a mean over at most 2000 draws."""
    posterior = posterior_relabelled
    total = np.zeros((posterior.n_components, len(posterior.data)))
    for _, joint in log_joints(posterior.data, *thinned(posterior, ALLOCATION_DRAWS)):  # (t, K, N)
        terms = np.exp(joint - joint.max(axis=1, keepdims=True))
        total += (terms / terms.sum(axis=1, keepdims=True)).sum(axis=0)
    return np.ascontiguousarray((total / total.sum(axis=0)).T)


def disagreement(em_responsibilities: FloatArray, posterior_probabilities: FloatArray) -> FloatArray:
    """Total variation 1/2 sum_k |r_nk - p_nk| between EM's allocation of each point and the posterior's: (N,), 0 to 1.

    Both (N, K), with the same labels. Raises ValueError for different shapes.
    """
    if em_responsibilities.shape != posterior_probabilities.shape or em_responsibilities.ndim != 2:
        raise ValueError(
            "responsibilities and allocation probabilities must both be (points, components), not"
            f" {em_responsibilities.shape} and {posterior_probabilities.shape}"
        )
    return np.asarray(0.5 * np.abs(em_responsibilities - posterior_probabilities).sum(axis=1))


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


def predictive_bands(posterior: Posterior, grid: ArrayLike, level: float) -> Bands:
    """Bands of the marginal densities p(x_d | theta) = sum_k pi_k N(x_d | mu_kd, Sigma_kdd) at the grid's points.

    grid (D, G), or (G,) if D = 1. `middle` is the posterior predictive density. Labels do not matter. At most 400
    draws, evenly spaced. Raises ValueError for a level outside (0, 1) or a grid of other features.
    """
    points = _as_grid(posterior, grid, level)
    weights, means, sds = _marginal_draws(posterior)
    z = (points[None, None] - means[..., None]) / sds[..., None]  # (T, K, D, G)
    densities = np.einsum("tk,tkdg->tdg", weights, np.exp(-0.5 * z * z) / (np.sqrt(2.0 * np.pi) * sds[..., None]))
    lower, upper = np.quantile(densities, [0.5 - 0.5 * level, 0.5 + 0.5 * level], axis=0)
    return Bands(points, lower, densities.mean(axis=0), upper, level)


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
    _check_level(level)
    weights, means, sds = _marginal_draws(posterior)
    z = (points - means[:, :, feature, None]) / sds[:, :, feature, None]  # (T, K, G)
    probabilities = np.einsum("tk,tkg->tg", weights, ndtr(z))
    if between:
        probabilities = np.diff(probabilities, axis=-1)
    probabilities = np.clip(probabilities, 0.0, 1.0)
    n_samples = len(posterior.data)
    lower, upper = (
        _binomial_mixture_quantile(n_samples, probabilities, tail, interpolate=not between) / n_samples
        for tail in (0.5 - 0.5 * level, 0.5 + 0.5 * level)
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


def thinned(posterior: Posterior, at_most: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Weights (T, K), means (T, K, D) and covariances (T, K, D, D) of at most so many draws, evenly spaced."""
    n_draws = posterior.n_chains * posterior.n_draws
    kept = np.unique(np.linspace(0, n_draws - 1, min(n_draws, at_most)).round().astype(np.int64))
    weights, means, covariances = (
        draws.reshape(n_draws, *draws.shape[2:])[kept]
        for draws in (posterior.weights, posterior.means, posterior.covariances)
    )
    return weights, means, covariances


def _marginal_draws(posterior: Posterior) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Weights (T, K), means (T, K, D) and standard deviations (T, K, D) of thinned draws."""
    weights, means, covariances = thinned(posterior, BAND_DRAWS)
    return weights, means, np.sqrt(np.diagonal(covariances, axis1=-2, axis2=-1))


def _as_grid(posterior: Posterior, grid: ArrayLike, level: float) -> FloatArray:
    _check_level(level)
    points = np.atleast_2d(np.asarray(grid, dtype=np.float64))
    if points.ndim != 2 or len(points) != posterior.n_features:
        raise ValueError(f"the grid needs a row for each of the {posterior.n_features} features, not {points.shape}")
    return points


def _check_level(level: float) -> None:
    if not 0.0 < level < 1.0:
        raise ValueError(f"the band's level lies strictly between 0 and 1, not at {level}")
