"""Log evidence from tempered Gibbs sweeps: sequential Monte Carlo in which allocations are particles too.

    p_beta(theta, z) = p(theta) prod_n (pi_{z_n} N(x_n | mu_{z_n}, Sigma_{z_n}))^beta / Z_beta        Z_0 = K^N

From prior draws with uniform allocations (beta = 0) to the posterior (beta = 1). Each step raises beta, multiplies the
estimate of Z by the mean of the complete likelihoods to the power of the step, resamples, and moves every particle by
sweeps at its new beta. No label is fixed: the evidence is that of exchangeable components, nothing to add.
Source: Del Moral, Doucet & Jasra 2006, JRSS B 68:411; Neal 2001, Stat. Comput. 11:125, for the path.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from bayesian.gibbs.model import GibbsModel
from bayesian.priors.prior import Prior
from bayesian.sampling.problem import Problem
from mixture import GaussianMixture
from mixture.arrays import FloatArray, as_whole_number
from mixture.covariance import linear_structure_named

EFFECTIVE_SHARE = 0.9
"""A step raises beta until so many of the particles are left in effect, (sum w)^2 / sum w^2 over their number."""


@dataclass(frozen=True, eq=False)
class TemperedRun:
    """log_evidence in nats, whose error independent runs show; temperatures: each beta, the last of them 1."""

    log_evidence: float
    temperatures: FloatArray


def tempered_gibbs(
    x: ArrayLike,
    n_components: int,
    *,
    structure: str = "full",
    prior: Prior | None = None,
    particles: int = 500,
    sweeps: int = 2,
    random_seed: int | np.random.Generator | None = None,
) -> TemperedRun:
    """An unbiased estimate of p(X), as its logarithm; particles, and sweeps of each at each temperature.

    Shares no code with the other methods of evidence but the prior's draws: a check of another kind. Raises ValueError
    as `gibbs` does; an improper posterior has no evidence.
    """
    count = as_whole_number(particles, "particles", least=2)
    moves = as_whole_number(sweeps, "sweeps", least=1)
    problem = Problem.of(x, n_components, structure, prior)
    rng, form = np.random.default_rng(random_seed), linear_structure_named(structure)
    model = GibbsModel.of(problem.prior, *problem.shape)
    drawn = problem.prior.draw(*problem.shape, count, rng)
    thetas = [
        model.parameters_of(GaussianMixture(weights, means, form.store(dense), structure))
        for weights, means, dense in zip(drawn["weights"], drawn["means"], drawn["covariances"], strict=True)
    ]
    groups = [model.allocate(problem.x, theta, rng, 0.0) for theta in thetas]
    beta, temperatures = 0.0, []
    log_evidence = len(problem.x) * float(np.log(problem.n_components))
    while beta < 1.0:
        complete = np.array([group.complete for group in groups])
        step = _step(complete, 1.0 - beta)
        log_evidence += float(logsumexp(step * complete)) - float(np.log(count))
        beta = 1.0 if step == 1.0 - beta else beta + step
        temperatures.append(beta)
        chosen = _resampled(step * complete, rng)
        thetas, groups = [thetas[i] for i in chosen], [groups[i] for i in chosen]
        thetas = [model.draw_parameters(theta, group, rng, beta) for theta, group in zip(thetas, groups, strict=True)]
        for _ in range(moves - 1):
            thetas = [model.sweep(problem.x, theta, rng, beta) for theta in thetas]
        groups = [model.allocate(problem.x, theta, rng, beta) for theta in thetas]
    return TemperedRun(log_evidence, np.array(temperatures))


def _step(log_likelihoods: FloatArray, most: float) -> float:
    """The largest step up to `most` that leaves EFFECTIVE_SHARE of the particles, by bisection."""
    least, step = 0.0, most
    for _ in range(100):
        terms = np.exp(step * (log_likelihoods - log_likelihoods.max()))
        enough = terms.sum() ** 2 >= EFFECTIVE_SHARE * len(terms) * np.square(terms).sum()
        if enough and step == most:
            return most
        least, most = (step, most) if enough else (least, step)
        step = 0.5 * (least + most)
    return step


def _resampled(log_weights: FloatArray, rng: np.random.Generator) -> list[int]:
    """Particles in proportion to their weights, by systematic resampling."""
    cumulative = np.exp(log_weights - logsumexp(log_weights)).cumsum()
    places = (rng.random() + np.arange(len(log_weights))) / len(log_weights) * cumulative[-1]
    return np.searchsorted(cumulative, places, side="right").clip(max=len(log_weights) - 1).tolist()
