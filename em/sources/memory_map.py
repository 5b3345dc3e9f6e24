"""Data in a file, read a block of rows at a time."""

import os
from collections.abc import Iterator
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike

from em.sources.drawn_rows import DrawnRows
from em.sources.mapped_array import MappedArray
from em.sources.rows import (
    as_block,
    as_weight_block,
    check_kind,
    check_width,
    draw_rows,
    in_order,
    mass_of,
    total_of_weights,
    tree_total,
)
from em.sources.source import Source
from mixture import ExpectedStatistics, GaussianMixture, compiled
from mixture.arrays import FloatArray
from mixture.compiled import CHUNK_ROWS

SAMPLED_AT_A_TIME = 64 * CHUNK_ROWS
"""Rows whose pages a sample may hold in memory at a time."""


@final
class MemoryMap(Source):
    """(N, D) real numbers in a memory map, with point weights (N,): None for ones, an array, or a memory map too.

    A pass reads blocks of rows, converts each to float64, checks it, sums it and gives its pages back: memory stays
    small however long the file is. Blocks and their sums are those of data in memory, equal to the last bit.
    Cells are checked whenever they are read, and weights at once.
    Raises ValueError for a map that is empty, holds no real numbers or has other than one or two axes, for another
    number of columns than `n_features` and for bad weights; a pass raises it for NaN and infinite cells.
    """

    def __init__(
        self, x: np.memmap[Any, Any], weights: ArrayLike | None = None, *, n_features: int | None = None
    ) -> None:
        check_kind(x.dtype, "the memory map")
        if x.ndim not in (1, 2):
            raise ValueError(f"the memory map must have shape (n_samples, n_features), not {x.shape}")
        self._rows = MappedArray(x if x.ndim == 2 else x[:, None])
        self.n_samples, self.n_features = self._rows.array.shape
        if 0 in self._rows.array.shape:
            raise ValueError(f"the memory map is empty: {self.n_samples} rows and {self.n_features} columns")
        check_width(self.n_features, n_features)
        if x.dtype != np.float64:
            self.notes = (f"the data were {x.dtype} and have been converted to float64, block by block",)
        self._weights: MappedArray | None = None
        self.total_weight = float(self.n_samples)
        self._n_positive = self.n_samples
        if weights is not None:
            values = np.asanyarray(weights)
            check_kind(values.dtype, "weights")
            if values.shape != (self.n_samples,):
                raise ValueError(
                    f"weights must have shape ({self.n_samples},), one per row of the data, not {values.shape}"
                )
            self._weights = MappedArray(values)
            sums, counts = zip(*(mass_of(self._weights_of(rows)) for rows in self._blocks()), strict=True)
            self.total_weight, self._n_positive = total_of_weights(sums), sum(counts)

    def statistics(self, mixture: GaussianMixture, threads: int | None = None) -> ExpectedStatistics:
        given = mixture.kernel_arguments

        def of_rows(rows: slice) -> ExpectedStatistics:
            points = as_block(self._rows.read(rows), range(rows.start, rows.stop))
            return ExpectedStatistics(*compiled.statistics(points, self._weights_of(rows), given, 1), mixture.means)

        worthwhile = self.n_samples * given.factors.size >= compiled.THREADED_WORK
        workers = threads or (os.cpu_count() or 1 if worthwhile else 1)
        return tree_total(in_order(of_rows, self._blocks(), min(workers, -(-self.n_samples // CHUNK_ROWS))))

    def sample(self, n: int, rng: np.random.Generator) -> DrawnRows:
        ranks = draw_rows(self._n_positive, n, rng)  # among the rows of positive weight
        numbers = np.empty(ranks.size, dtype=np.int64)
        points = np.empty((ranks.size, self.n_features))
        weights = compiled.NOTHING if self._weights is None else np.empty(ranks.size)
        passed = done = 0  # rows of positive weight before the present ones, and how many of them were drawn
        for first in range(0, self.n_samples, SAMPLED_AT_A_TIME):
            near = slice(first, min(first + SAMPLED_AT_A_TIME, self.n_samples))
            given = self._weights_of(near)
            positive = np.flatnonzero(given) if given.size else np.arange(near.stop - first)
            passed += positive.size
            end = int(np.searchsorted(ranks, passed))
            if end > done:
                within = positive[ranks[done:end] - (passed - positive.size)]
                numbers[done:end] = first + within
                points[done:end] = as_block(self._rows.read(near, within), numbers[done:end])
                if given.size:
                    weights[done:end] = given[within]
            done = end
        return DrawnRows(numbers, points, weights)

    def _weights_of(self, rows: slice) -> FloatArray:
        return compiled.NOTHING if self._weights is None else as_weight_block(self._weights.read(rows), rows.start)

    def _blocks(self) -> Iterator[slice]:
        for start in range(0, self.n_samples, CHUNK_ROWS):
            yield slice(start, min(start + CHUNK_ROWS, self.n_samples))
