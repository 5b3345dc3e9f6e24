"""Where EM starts: functions that give a mixture."""

import numpy as np
from numpy.typing import ArrayLike

from em.steps import m_step
from mixture import ExpectedStatistics, GaussianMixture, structure_named
from mixture.arrays import FloatArray, IntArray, as_component_count, as_point_weights, as_points
from mixture.seeding import spread_centres, standardised


def from_allocations(
    x: ArrayLike,
    allocations: ArrayLike,
    *,
    structure: str = "full",
    n_components: int | None = None,
    weights: ArrayLike | None = None,
    floor: float | None = None,
) -> GaussianMixture:
    """The maximum of the complete-data likelihood prod_n pi_{z_n} N(x_n | mu_{z_n}, Sigma_{z_n}) for known z.

    x (N, D); allocations (N,) integers in 0..K-1; K is their largest plus one unless given.
    Raises ValueError for other allocations, and SingularComponent (a ValueError) if a component holds too few points.
    """
    points = as_points(x)
    labels = np.asarray(allocations)
    if labels.shape != (len(points),) or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"allocations must be {len(points)} integers, one per row of the data")
    k = int(labels.max()) + 1 if n_components is None else as_component_count(n_components, len(points))
    if labels.min() < 0 or labels.max() >= k:
        raise ValueError(f"allocations must lie in 0..{k - 1}; they span {labels.min()}..{labels.max()}")
    statistics = ExpectedStatistics.of_allocations(
        points,
        labels.astype(np.int64),
        k,
        as_point_weights(weights, len(points)),
        diagonal=structure_named(structure).diagonal,
    )
    return m_step(statistics, structure=structure, floor=floor)


def kmeans_plus_plus(
    x: ArrayLike,
    n_components: int,
    *,
    structure: str = "full",
    rng: np.random.Generator,
    weights: ArrayLike | None = None,
    floor: float | None = None,
) -> GaussianMixture:
    """Centres drawn by k-means++, each next one with probability proportional to D(x)^2, its squared distance so far.

    Distances are taken on features scaled to unit variance, so that units do not matter. Points go to the nearest
    centre; weights and means are those of the groups, and every component starts with the pooled within-group
    covariance, so that a group of a few points cannot start singular.
    Source: Arthur & Vassilvitskii 2007, Proc. SODA, 1027.
    """
    points = as_points(x)
    k = as_component_count(n_components, len(points))
    point_weights = as_point_weights(weights, len(points))
    scaled = standardised(points)
    mass = point_weights if point_weights.size else np.ones(len(points))
    labels = _nearest(scaled, scaled[spread_centres(scaled, mass, k, rng)])
    covariance = structure_named(structure)
    statistics = ExpectedStatistics.of_allocations(points, labels, k, point_weights, diagonal=covariance.diagonal)
    return m_step(_pooled(statistics), structure=structure, floor=floor)


def random_partition(
    x: ArrayLike,
    n_components: int,
    *,
    structure: str = "full",
    rng: np.random.Generator,
    weights: ArrayLike | None = None,
    floor: float | None = None,
) -> GaussianMixture:
    """z_n uniform on 0..K-1, then the complete-data maximum: components start nearly equal, in the middle of the data.

    The allocations are balanced (group sizes differ by one at most). Raises SingularComponent (a ValueError) if the
    groups are too small for the structure.
    """
    points = as_points(x)
    k = as_component_count(n_components, len(points))
    allocations = rng.permutation(np.arange(len(points)) % k)
    return from_allocations(points, allocations, structure=structure, n_components=k, weights=weights, floor=floor)


def _nearest(scaled: FloatArray, centres: FloatArray) -> IntArray:
    """Index of the nearest centre of each point, one centre at a time: no N x K array."""
    labels = np.zeros(len(scaled), dtype=np.int64)
    distances = np.full(len(scaled), np.inf)
    for k, centre in enumerate(centres):
        to_centre = np.square(scaled - centre).sum(axis=1)
        nearer = to_centre < distances
        labels[nearer], distances[nearer] = k, to_centre[nearer]
    return labels


def _pooled(statistics: ExpectedStatistics) -> ExpectedStatistics:
    """The same statistics with every component's scatter the pooled one, in proportion to its count."""
    shares = statistics.counts / statistics.counts.sum()
    pooled = statistics.centred.sum(axis=0)
    second = shares.reshape(-1, *(1,) * pooled.ndim) * pooled
    means = statistics.about + statistics.first / statistics.counts[:, None]
    return ExpectedStatistics(0.0, statistics.counts, np.zeros_like(means), second, means)
