"""Starts for chains when none are given: dispersed over the data, never all at one point."""

import numpy as np

from mixture import GaussianMixture
from mixture.arrays import FloatArray
from mixture.covariance import linear_structure_named
from mixture.seeding import spread_centres, standardised


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
