"""One chain of Gibbs sweeps, and what is kept of it."""

from dataclasses import dataclass

import numpy as np

from bayesian.gibbs.model import GibbsModel
from mixture import GaussianMixture
from mixture.arrays import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Chain:
    """weights (S, K), means (S, K, D), dense covariances (S, K, D, D), log_likelihood (S,), and if asked for

    scale        the random scale of the covariances' prior, as the updates hold it: b (S, 1, D or 1), Psi (S, 1, D, D)
    allocations  z (S, N) in the smallest signed integers that hold K, drawn from p(z | theta, X) of the same draw
    """

    weights: FloatArray
    means: FloatArray
    covariances: FloatArray
    log_likelihood: FloatArray
    scale: FloatArray | None
    allocations: IntArray | None


def run_chain(
    model: GibbsModel,
    points: FloatArray,
    start: GaussianMixture,
    rng: np.random.Generator,
    *,
    draws: int,
    tune: int,
    thin: int,
    relabel: bool,
    keep_allocations: bool,
) -> Chain:
    """Sweeps from the start: parameters given allocations, allocations given parameters; every thin-th is kept."""
    k, d = start.means.shape
    weights, means = np.empty((draws, k)), np.empty((draws, k, d))
    covariances, log_likelihood = np.empty((draws, k, d, d)), np.empty(draws)
    labels = np.int16 if k < 2**15 else np.int32
    allocations = np.empty((draws if keep_allocations else 0, len(points)), dtype=labels)
    scales = []
    theta = model.parameters_of(start)
    groups = model.allocate(points, theta, rng)
    for sweep in range(tune + draws * thin):
        theta = model.draw_parameters(theta, groups, rng)
        if relabel:
            theta = theta.permute(rng.permutation(k))
        groups = model.allocate(points, theta, rng)
        kept, left = divmod(sweep - tune, thin)
        if kept < 0 or left < thin - 1:
            continue
        weights[kept], means[kept], covariances[kept] = theta.weights, theta.means, theta.covariances
        log_likelihood[kept] = groups.log_density
        if keep_allocations:
            allocations[kept] = groups.allocations
        if model.spread_prior.hierarchical:
            scales.append(theta.scale)
    return Chain(
        weights / weights.sum(axis=1, keepdims=True),
        means,
        covariances,
        log_likelihood,
        np.array(scales) if scales else None,
        allocations if keep_allocations else None,
    )
