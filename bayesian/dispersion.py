"""Starts for chains when none are given: dispersed over the data, or drawn from the prior; never all at one point."""

import numpy as np

from bayesian.priors.prior import Prior
from bayesian.tree import stored_covariances
from mixture import GaussianMixture
from mixture.arrays import FloatArray
from mixture.covariance import linear_structure_named
from mixture.seeding import spread_centres, standardised

SMALLEST_WEIGHT = 1e-12
"""Weights of a start are at least this, before they are scaled to sum to one."""


def dispersed_starts(
    points: FloatArray, n_components: int, structure: str, chains: int, rng: np.random.Generator
) -> list[GaussianMixture]:
    """One mixture per chain: means at points spread over the data (k-means++), equal weights, and for each component
    the covariance of the data (its diagonal, for structures without correlations) divided by K^(2/D), so that together
    they fill its volume.

    points (N, D). Components differ, so no chain starts on the saddle where all are the same.
    """
    n_samples, n_features = points.shape
    form = linear_structure_named(structure)
    centred = points - points.mean(axis=0)
    scatter = np.square(centred).sum(axis=0) if form.diagonal else centred.T @ centred
    shrunk = np.broadcast_to(scatter / n_components ** (2.0 / n_features), (n_components, *scatter.shape))
    counts = np.full(n_components, float(n_samples))
    covariances = form.estimate(counts, shrunk)
    scaled, mass = standardised(points), np.ones(n_samples)
    weights = np.full(n_components, 1.0 / n_components)
    return [
        GaussianMixture(weights, points[spread_centres(scaled, mass, n_components, rng)], covariances, structure)
        for _ in range(chains)
    ]


def prior_starts(
    prior: Prior, n_components: int, n_features: int, structure: str, chains: int, rng: np.random.Generator
) -> list[GaussianMixture]:
    """One draw from the prior per chain; a weight that underflows is kept off the edge of the simplex.

    Sparse priors draw weights of 1e-300 and less, where a chain could not start.
    """
    drawn = prior.draw(n_components, n_features, structure, chains, rng)
    weights = np.maximum(drawn["weights"], SMALLEST_WEIGHT)
    return [
        GaussianMixture(w / w.sum(), means, stored_covariances(dense, structure), structure)
        for w, means, dense in zip(weights, drawn["means"], drawn["covariances"], strict=True)
    ]
