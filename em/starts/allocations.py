"""The start from known allocations."""

import numpy as np
from numpy.typing import ArrayLike

from em.starts.groups import group_statistics, maximum_of
from mixture import GaussianMixture
from mixture.arrays import as_component_count, as_point_weights, as_points


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
    given = as_point_weights(weights, len(points))
    mass = given if given.size else np.ones(len(points))
    return maximum_of(group_statistics(points, mass, labels.astype(np.int64), k, structure), structure, floor)
