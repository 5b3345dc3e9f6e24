"""The k-means start: Lloyd's algorithm to its end."""

import numpy as np
from numpy.typing import ArrayLike

from em.starts.groups import group_means, mixture_of_groups, nearest
from em.starts.sample import Sample, sample_of
from mixture import GaussianMixture
from mixture.arrays import IntArray
from mixture.seeding import as_generator, spread_centres

MAX_SWEEPS = 1000
"""Sweeps of Lloyd's algorithm at most; it ends by itself, mostly within a few dozen."""


def kmeans(
    x: ArrayLike,
    n_components: int,
    *,
    structure: str = "full",
    rng: np.random.Generator | int | None = None,
    weights: ArrayLike | None = None,
    floor: float | None = None,
) -> GaussianMixture:
    """A local minimum of sum_n w_n |x_n - c_{z_n}|^2, from k-means++ seeds, as groups for a mixture.

    Distances are taken on features scaled to unit variance. Lloyd's two steps, z_n the nearest centre and c_k the
    mean of its points, are repeated until no point moves. Weights and means are those of the groups; see
    `em.starts.groups.mixture_of_groups` for the covariances.
    Raises ValueError if the data have fewer than K distinct points.
    Source: Lloyd 1982, IEEE Trans. Information Theory 28:129; Arthur & Vassilvitskii 2007, Proc. SODA, 1027.
    """
    sample, k = sample_of(x, n_components, weights)
    return mixture_of_groups(sample, _lloyd(sample, k, as_generator(rng)), k, structure, floor)


def _lloyd(sample: Sample, n_components: int, rng: np.random.Generator) -> IntArray:
    seeds = spread_centres(sample.scaled, sample.mass / sample.mass.max(), n_components, rng)
    centres = sample.scaled[seeds]
    labels, distances = nearest(sample.scaled, centres)
    for _ in range(MAX_SWEEPS):
        centres = group_means(sample.scaled, sample.mass, labels, n_components)
        empty = np.flatnonzero(np.bincount(labels, minlength=n_components) == 0)
        # A centre that lost its points takes over those worst served; the sum of squares falls by what they cost.
        centres[empty] = sample.scaled[np.argsort(-sample.mass * distances, kind="stable")[: len(empty)]]
        before = labels
        labels, distances = nearest(sample.scaled, centres)
        if not empty.size and np.array_equal(labels, before):
            break
    return labels
