"""The proposal of a bridge: a Gaussian mixture fitted to draws of the posterior on the unconstrained scale.

    q(y) = sum_j a_j N(y | m_j, S_j)

by a fixed number of EM steps with the expected statistics of `mixture` under a conjugate prior, which keeps every S_j
regular. A bridge is right for any q; how well q fits decides only its error.
"""

import numpy as np

from mixture import ConjugatePrior, GaussianMixture, expected_statistics
from mixture.arrays import FloatArray
from mixture.covariance import linear_structure_named

STEPS = 30
"""EM steps: the fit need not have converged."""

DRAWS_PER_COMPONENT = 100
"""Fewer components are tried where there are not so many draws for each."""

FULL = linear_structure_named("full")


def fit_proposal(points: FloatArray, n_components: int, rng: np.random.Generator) -> GaussianMixture:
    """q from draws (T, n) with at most n_components components; those that run empty are dropped.

    Raises ValueError for fewer draws than coordinates, or draws that do not vary in one.
    """
    n_draws, n = points.shape
    if n_draws <= n + 1:
        raise ValueError(f"{n_draws} draws are too few to fit a proposal in {n} dimensions")
    count = max(1, min(n_components, n_draws // max(DRAWS_PER_COMPONENT, 2 * n)))
    prior = ConjugatePrior.fraley_raftery(points, count)
    covariance = np.atleast_2d(np.cov(points, rowvar=False))
    centres = points[rng.choice(n_draws, count, replace=False)]
    mixture = GaussianMixture(np.full(count, 1.0 / count), centres, np.stack([covariance] * count), "full")
    for _ in range(STEPS):
        statistics = expected_statistics(points, mixture)
        moments = prior.moments(statistics, FULL)
        held = statistics.counts > 1.0
        means = moments.about + moments.first / moments.mean_counts[:, None]
        covariances = moments.centred / moments.covariance_counts[:, None, None]
        weights = statistics.counts[held] / statistics.counts[held].sum()
        mixture = GaussianMixture(weights, means[held], covariances[held], "full")
    return mixture
