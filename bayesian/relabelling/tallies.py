"""Counts and sums over the points each label holds, draw by draw."""

import numpy as np

from bayesian.relabelling.orders import inverse
from mixture.arrays import FloatArray, IntArray

CHUNK_VALUES = 2**15
"""How many allocations are counted at a time: few enough to stay in the cache."""


def agreements(labels: IntArray, pivot: IntArray, n_components: int) -> FloatArray:
    """count[t, k, j]: points with pivot label k and label j in draw t; (T, K, K)."""
    n_draws, n_samples = labels.shape
    cells = n_components * n_components
    counts = np.empty((n_draws, cells))
    per_chunk = min(n_draws, _draws_per_chunk(n_samples))
    cell = pivot.astype(np.int64) * n_components + np.arange(per_chunk)[:, None] * cells  # where label 0 is counted
    for start in range(0, n_draws, per_chunk):
        chunk = labels[start : start + per_chunk]
        counted = np.bincount((chunk + cell[: len(chunk)]).ravel(), minlength=len(chunk) * cells)
        counts[start : start + per_chunk] = counted.reshape(len(chunk), cells)
    return counts.reshape(n_draws, n_components, n_components)


def votes(labels: IntArray, orders: IntArray) -> IntArray:
    """How many draws give point n the new label k, (K, N): labels (T, N), orders (T, K)."""
    n_draws, n_samples = labels.shape
    n_components = orders.shape[1]
    cell = inverse(orders) * n_samples  # where point 0 of an old label is counted
    points = np.arange(n_samples)
    counted = np.zeros(n_components * n_samples, dtype=np.int64)
    per_chunk = _draws_per_chunk(n_samples)
    for start in range(0, n_draws, per_chunk):
        chunk = slice(start, start + per_chunk)
        cells = np.take_along_axis(cell[chunk], labels[chunk].astype(np.int64, copy=False), axis=1) + points
        counted += np.bincount(cells.ravel(), minlength=counted.size)
    return counted.reshape(n_components, n_samples)


def sums_by_label(labels: IntArray, values: FloatArray, n_components: int) -> FloatArray:
    """[t, j, v]: sum of values (N, V) [., v] over the points draw t allocates to j, (T, K, V); labels (T, N)."""
    n_draws, n_samples = labels.shape
    sums = np.empty((n_draws, n_components, values.shape[1]))
    per_chunk = min(n_draws, _draws_per_chunk(n_samples))
    offsets = np.arange(per_chunk)[:, None] * n_components
    repeated = [np.tile(column, per_chunk) for column in values.T]
    for start in range(0, n_draws, per_chunk):
        chunk = labels[start : start + per_chunk]
        cells = (chunk + offsets[: len(chunk)]).ravel()
        for v, column in enumerate(repeated):
            counted = np.bincount(cells, weights=column[: cells.size], minlength=len(chunk) * n_components)
            sums[start : start + len(chunk), :, v] = counted.reshape(len(chunk), n_components)
    return sums


def _draws_per_chunk(n_samples: int) -> int:
    return max(1, CHUNK_VALUES // n_samples)
