"""Partitions of N points, as labels that say only who is together with whom; and how far two of them are apart.

All functions take labels (N,) of any integers; which label a cluster bears never matters. With n_c, n_z the sizes of
the clusters of two partitions and n_cz those of their intersections, everything here is a sum over n_c, n_z, n_cz.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import xlogy

from mixture.arrays import FloatArray, IntArray


def as_partition(labels: ArrayLike, *, n_samples: int | None = None, name: str = "the partition") -> IntArray:
    """Labels (N,) as 0, 1, 2, ... in the order in which clusters appear: equal partitions become equal arrays.

    Raises ValueError unless they are whole numbers along one axis, at least one, and `n_samples` of them if given.
    """
    values = np.asarray(labels)
    if values.ndim != 1 or not values.size or (n_samples is not None and len(values) != n_samples):
        wanted = "(N,)" if n_samples is None else f"({n_samples},)"
        raise ValueError(f"{name} must be labels of shape {wanted}, one per point, not of shape {values.shape}")
    if values.dtype.kind not in "iu" and not (values.dtype.kind == "f" and (values == np.floor(values)).all()):
        raise ValueError(f"{name} must hold whole numbers, one label per point")
    _, first, inverse = np.unique(values, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


def intersections(a: ArrayLike, b: ArrayLike) -> IntArray:
    """n_cz, how many points are in cluster c of `a` and z of `b`: (clusters of a, of b), numbered as they come.

    Raises ValueError for different lengths.
    """
    if np.shape(a) != np.shape(b) or np.ndim(a) != 1 or not np.size(a):
        raise ValueError(f"two allocations of the same points are needed, not shapes {np.shape(a)} and {np.shape(b)}")
    first, second = as_partition(a), as_partition(b)
    n_rows, n_columns = int(first.max()) + 1, int(second.max()) + 1
    counts = np.bincount(first * n_columns + second, minlength=n_rows * n_columns)
    return counts.reshape(n_rows, n_columns).astype(np.int64)


def adjusted_rand(a: ArrayLike, b: ArrayLike) -> float:
    """(R - E[R]) / (max R - E[R]), R the pairs of points that both allocations (N,) put together.

    1 for the same partition whatever its labels, about 0 for unrelated ones; 1 if both put all points together or
    all apart. Raises ValueError for different lengths. Source: Hubert & Arabie 1985, J. Classification 2:193, eq. 5.
    """
    together, of_rows, of_columns, n_pairs = _pair_counts(a, b)
    expected = of_rows * of_columns / max(n_pairs, 1.0)
    highest = 0.5 * (of_rows + of_columns)
    return 1.0 if highest == expected else float((together - expected) / (highest - expected))


def binder_loss(a: ArrayLike, b: ArrayLike) -> float:
    """How many pairs n < m one partition puts together and the other apart: sum_{n<m} |1(a_n = a_m) - 1(b_n = b_m)|.

    Binder's loss with equal costs, symmetric, in pairs; over N(N-1)/2 it is one minus the Rand index. Raises ValueError
    for different lengths. Source: Binder 1978, Biometrika 65:31; Rand 1971, JASA 66:846.
    """
    together, of_rows, of_columns, _ = _pair_counts(a, b)
    return of_rows + of_columns - 2.0 * together


def variation_of_information(a: ArrayLike, b: ArrayLike) -> float:
    """H(a) + H(b) - 2 I(a, b) = (1/N) (sum_c n_c log n_c + sum_z n_z log n_z - 2 sum_cz n_cz log n_cz), in nats.

    H is the entropy of the label of a point drawn at random, I the information that one label holds about the other.
    A metric on partitions, 0 to log N. Raises ValueError for different lengths. Source: Meila 2007, J. Multivariate
    Analysis 98:873.
    """
    counts = intersections(a, b)
    of_rows, of_columns, both = (float(xlogy(n, n).sum()) for n in (counts.sum(axis=1), counts.sum(axis=0), counts))
    return max(0.0, of_rows + of_columns - 2.0 * both) / float(counts.sum())


def _pair_counts(a: ArrayLike, b: ArrayLike) -> tuple[float, float, float, float]:
    """Pairs together in both, in the first, in the second, and all pairs."""
    counts = intersections(a, b)
    together, first, second, everything = (
        _pairs(n) for n in (counts, counts.sum(axis=1), counts.sum(axis=0), counts.sum(keepdims=True))
    )
    return together, first, second, everything


def _pairs(counts: IntArray) -> float:
    values: FloatArray = counts.astype(np.float64)
    return float((values * (values - 1.0) / 2.0).sum())
