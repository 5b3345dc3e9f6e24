"""Allocation probabilities p_tn[k] = P(z_n = k | x_n, theta_t) as relabelling passes over them: block by block."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array

from mixture.arrays import FloatArray, IntArray

CHUNK_VALUES = 2**18
"""How many probabilities are worked on at a time: two megabytes, which stay in the cache."""

SIMPLEX_TOLERANCE = 1e-6
"""How far the probabilities of a point may sum from 1."""


@dataclass(frozen=True, eq=False)
class AllocationProbabilities:
    """Probabilities of T draws, K components and N points, held in memory or computed anew at each pass.

    shape: (T, K, N).
    at: from a slice or positions of draws to their probabilities (t, K, N): the points of a component side by side.
    """

    shape: tuple[int, int, int]
    at: Callable[[slice | IntArray], FloatArray]

    @classmethod
    def of(cls, probabilities: "ArrayLike | AllocationProbabilities") -> "AllocationProbabilities":
        """From an array (T, N, K), which is checked; raises ValueError for another shape, NaN, rows off the simplex."""
        if isinstance(probabilities, AllocationProbabilities):
            return probabilities
        values = np.asarray(probabilities, dtype=np.float64)
        if values.ndim != 3 or values.size == 0:
            raise ValueError(f"probabilities must have shape (draws, points, components), not {values.shape}")
        p = np.ascontiguousarray(values.transpose(0, 2, 1))
        held = cls((p.shape[0], p.shape[1], p.shape[2]), p.__getitem__)
        for chunk, block in held.blocks():
            wrong = _off_simplex(block)
            if wrong.size:
                draw, point = wrong[0] + (chunk.start, 0)
                raise ValueError(
                    f"allocation probabilities must be at least 0 and sum to 1: draw {draw}, point {point} has"
                    f" {values[draw, point]}"
                )
        return held

    def blocks(self) -> Iterator[tuple[slice, FloatArray]]:
        """Every draw once: pairs (slice of draws, (t, K, N))."""
        n_draws, n_components, n_samples = self.shape
        per_chunk = max(1, CHUNK_VALUES // (n_components * n_samples))
        for start in range(0, n_draws, per_chunk):
            chunk = slice(start, min(start + per_chunk, n_draws))
            yield chunk, self.at(chunk)

    def mean(self, orders: IntArray) -> FloatArray:
        """q_n[k] = mean over draws of p_tn[order_t(k)], (K, N)."""
        total = np.zeros(self.shape[1:])
        for chunk, block in self.blocks():
            total += relabelled_total(block, orders[chunk])
        return total / self.shape[0]


def relabelled_total(p: FloatArray, orders: IntArray) -> FloatArray:
    """sum_t p_tn[order_t(k)], (K, N), of p (T, K, N): one product with the permutations as a sparse 0-1 matrix."""
    n_draws, n_components, n_samples = p.shape
    columns = (np.arange(n_draws)[:, None] * n_components + orders).T.ravel()
    pointers = np.arange(n_components + 1) * n_draws
    chosen = csr_array((np.ones(columns.size), columns, pointers), shape=(n_components, n_draws * n_components))
    return np.asarray(chosen @ p.reshape(-1, n_samples))


def _off_simplex(p: FloatArray) -> IntArray:
    """Draw and point, (n, 2), where p (t, K, N) is negative, NaN or does not sum to 1."""
    on = np.abs(p.sum(axis=1) - 1.0) <= SIMPLEX_TOLERANCE
    if p.min() < 0.0:
        on &= (p >= 0.0).all(axis=1)
    return np.argwhere(~on)
