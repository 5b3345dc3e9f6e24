"""Log evidence one point at a time: particles from the prior, weighted by each point in turn, moved by Gibbs sweeps.

    p(X) = prod_n p(x_n | x_1 .. x_{n-1})        p(x_n | x_1 .. x_{n-1}) ~ sum_t W_t p(x_n | theta_t)

The points come in random order. Where the weights W have become uneven, particles are resampled, and each makes sweeps
on the points so far. No label is fixed: the evidence is that of exchangeable components, nothing to add. (Sweeps at a
rising power of the likelihood, `GibbsModel.sweep`, are no good path: below power 1 equal components gain K^N, and the
particles have to jump from these to separate ones.) Source: Chopin 2002, Biometrika 89:539.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from bayesian.gibbs.model import GibbsModel
from bayesian.priors.prior import Prior
from bayesian.sampling.problem import Problem
from mixture import GaussianMixture
from mixture.arrays import FloatArray, IntArray, as_whole_number
from mixture.covariance import linear_structure_named

EFFECTIVE_SHARE = 0.5
"""Particles are resampled and moved where fewer are left in effect: 1 / sum W^2 over their number."""


@dataclass(frozen=True, eq=False)
class SequentialRun:
    """log_evidence in nats, whose error independent runs show; moved_at: numbers of points at which particles moved."""

    log_evidence: float
    moved_at: IntArray


@dataclass(frozen=True)
class SequentialSettings:
    """particles  as many as move side by side        sweeps  of each whenever they move

    Raises ValueError, naming the setting, for values out of range.
    """

    particles: int = 1000
    sweeps: int = 5

    def __post_init__(self) -> None:
        for name, least in (("particles", 2), ("sweeps", 1)):
            object.__setattr__(self, name, as_whole_number(getattr(self, name), name, least=least))


def sequential_gibbs(
    x: ArrayLike,
    n_components: int,
    *,
    structure: str = "full",
    prior: Prior | None = None,
    settings: SequentialSettings | None = None,
    random_seed: int | np.random.Generator | None = None,
) -> SequentialRun:
    """An unbiased estimate of p(X), as its logarithm, from one run.

    Shares with other methods of evidence the draws from the prior alone: a check of another kind, for some hundred
    points. Raises ValueError as `gibbs` does; an improper posterior has no evidence.
    """
    problem = Problem.of(x, n_components, structure, prior)
    return run_sequentially(problem, settings or SequentialSettings(), np.random.default_rng(random_seed))


def run_sequentially(problem: Problem, settings: SequentialSettings, rng: np.random.Generator) -> SequentialRun:
    """One run on a problem that was checked; raises ValueError for a prior without conjugate updates."""
    count, structure = settings.particles, problem.structure
    form = linear_structure_named(structure)
    model = GibbsModel.of(problem.prior, *problem.shape)
    drawn = problem.prior.draw(*problem.shape, count, rng)
    thetas = [
        model.parameters_of(GaussianMixture(weights, means, form.store(dense), structure))
        for weights, means, dense in zip(drawn["weights"], drawn["means"], drawn["covariances"], strict=True)
    ]
    points = problem.x[rng.permutation(len(problem.x))]
    even = np.full(count, -np.log(count))
    log_weights, log_evidence, moved_at = even, 0.0, []
    for n in range(1, len(points) + 1):
        densities = [model.allocate(points[n - 1 : n], theta, rng).log_density for theta in thetas]
        log_weights = log_weights + np.array(densities)
        gain = float(logsumexp(log_weights))
        log_evidence, log_weights = log_evidence + gain, log_weights - gain
        if np.exp(-logsumexp(2.0 * log_weights)) < EFFECTIVE_SHARE * count:
            thetas = [thetas[i] for i in _resampled(log_weights, rng)]
            for _ in range(settings.sweeps):
                thetas = [model.sweep(points[:n], theta, rng) for theta in thetas]
            log_weights = even
            moved_at.append(n)
    return SequentialRun(log_evidence, np.array(moved_at, dtype=np.int64))


def _resampled(log_weights: FloatArray, rng: np.random.Generator) -> list[int]:
    """Particles in proportion to their weights, by systematic resampling."""
    cumulative = np.exp(log_weights).cumsum()
    places = (rng.random() + np.arange(len(log_weights))) / len(log_weights) * cumulative[-1]
    return np.searchsorted(cumulative, places, side="right").clip(max=len(log_weights) - 1).tolist()
