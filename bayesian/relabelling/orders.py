"""Permutations as orders: new component k was old component order[k].

Parameters are relabelled by indexing with the order; allocations, which are labels, by its inverse.
"""

import numpy as np
from numpy.typing import ArrayLike

from mixture.arrays import IntArray


def as_orders(permutations: ArrayLike, shape: tuple[int, ...]) -> IntArray:
    """Orders as int64 with the shape (..., K); raises ValueError for another shape or rows that are no permutation."""
    orders = np.asarray(permutations)
    if orders.shape != shape:
        raise ValueError(f"permutations have shape {orders.shape}, but the posterior needs {shape}")
    wrong = np.argwhere((np.sort(orders, axis=-1) != np.arange(shape[-1])).any(axis=-1))
    if wrong.size:
        first = tuple(int(i) for i in wrong[0])
        raise ValueError(
            f"{len(wrong)} rows are no permutation of 0 to {shape[-1] - 1}, the first at {first}: {orders[first]}"
        )
    return orders.astype(np.int64)


def inverse(orders: IntArray) -> IntArray:
    """inverse[order[k]] = k: the new label of an old one; (..., K)."""
    return np.argsort(orders, axis=-1).astype(np.int64)


def relabel_allocations(allocations: IntArray, orders: IntArray) -> IntArray:
    """The integers z (T, N) under the new labels: z_new = inverse order of z_old."""
    return np.take_along_axis(inverse(orders), allocations, axis=1)


def as_allocations(allocations: ArrayLike, n_components: int, *, n_axes: int, name: str = "allocations") -> IntArray:
    """Labels 0 to K - 1 as integers, of the type they came in if that is one (small ones save memory).

    Raises ValueError for another number of axes, other values, or no values.
    """
    labels = np.asarray(allocations)
    if labels.ndim != n_axes or labels.size == 0:
        wanted = "(draws, points)" if n_axes == 2 else "(points,)"
        raise ValueError(f"{name} must have shape {wanted} and hold something, not {labels.shape}")
    if labels.dtype.kind not in "iu" and not (labels == np.floor(labels)).all():
        raise ValueError(f"{name} must be whole numbers without NaN")
    if labels.min() < 0 or labels.max() >= n_components:
        raise ValueError(
            f"{name} must be labels 0 to {n_components - 1}, but they range from {labels.min()} to {labels.max()}"
        )
    small = labels.dtype.kind in "iu" and labels.dtype != np.uint64  # those do not mix with signed integers
    return labels if small else labels.astype(np.int64)
