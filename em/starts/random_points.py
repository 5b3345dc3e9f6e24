"""The start from random points."""

import numpy as np
from numpy.typing import ArrayLike

from em.starts.groups import group_statistics, maximum_of
from em.starts.sample import Sample, TooFewDistinctPoints, sample_of
from mixture import ExpectedStatistics, GaussianMixture
from mixture.arrays import FloatArray
from mixture.seeding import as_generator


def random_points(
    x: ArrayLike,
    n_components: int,
    *,
    structure: str = "full",
    rng: np.random.Generator | int | None = None,
    weights: ArrayLike | None = None,
    floor: float | None = None,
) -> GaussianMixture:
    """mu_k a random point, pi_k = 1/K and Sigma_k the covariance of all the data, the same for every component.

    The K points are distinct; each is drawn from those left with probability proportional to its weight.
    Raises ValueError if the data have fewer than K distinct points.
    Source: McLachlan & Peel 2000, Finite Mixture Models, section 2.12.2, with data points for normal draws.
    """
    sample, k = sample_of(x, n_components, weights)
    everything = np.zeros(len(sample.points), dtype=np.int64)
    total = group_statistics(sample.points, sample.mass, everything, 1, structure)
    counts = np.repeat(total.counts / k, k)
    scatter = np.repeat(total.centred / k, k, axis=0)
    centres = _distinct_points(sample, k, as_generator(rng))
    statistics = ExpectedStatistics(0.0, counts, np.zeros_like(centres), scatter, centres)
    return maximum_of(statistics, structure, floor, data=total)


def _distinct_points(sample: Sample, n_components: int, rng: np.random.Generator) -> FloatArray:
    left = sample.mass / sample.mass.max()
    rows: list[int] = []
    for _ in range(n_components):
        total = left.sum()
        if not total > 0.0:
            raise TooFewDistinctPoints(len(rows), n_components)
        rows.append(int(rng.choice(len(left), p=left / total)))
        left[(sample.scaled == sample.scaled[rows[-1]]).all(axis=1)] = 0.0
    return sample.points[rows]
