"""Data in a Dask array: a task per block of rows, on one machine or a cluster. Needs Dask (the extra `dask`)."""

from dataclasses import replace
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike

from em.sources.drawn_rows import DrawnRows
from em.sources.optional import dask, dask_array
from em.sources.rows import (
    as_block,
    as_weight_block,
    check_kind,
    check_width,
    draw_rows,
    mass_of,
    total_of_weights,
)
from em.sources.source import Source
from mixture import ExpectedStatistics, GaussianMixture, compiled
from mixture.arrays import FloatArray, IntArray

type Delayed = Any
"""A value that Dask will compute."""


@final
class DaskArray(Source):
    """(N, D) real numbers in a Dask array, with point weights (N,): None for ones, an array, or a Dask array.

    Each pass is one computation: a task per block of rows gives its expected statistics, and these are added in pairs;
    no more than K (1 + D + D^2) numbers leave a worker. It runs where Dask is set to run: on the active distributed
    client if there is one, on threads of this process otherwise. A task keeps to one thread. The data are read anew by
    each pass unless they are persisted (`x = x.persist()`, worthwhile where the workers' memory holds them). What a
    lost worker had is computed again, and the sums, added in a fixed order, are the same.

    Blocks are converted to float64 and checked whenever they are read, and weights at once.
    Raises ValueError for an array of unknown or no rows, of no real numbers or other than one or two axes, for another
    number of columns than `n_features` and for bad weights. A pass raises it for NaN and infinite cells, and for
    blocks of another shape than the array says.
    """

    def __init__(self, x: Any, weights: ArrayLike | None = None, *, n_features: int | None = None) -> None:
        self._points = _as_row_blocks(x)
        check_width(int(self._points.shape[1]), n_features)
        self.n_samples, self.n_features = (int(size) for size in self._points.shape)
        self.notes = _notes(x)
        self._row_counts = [int(size) for size in self._points.chunks[0]]
        self._first_rows = [int(first) for first in np.cumsum([0, *self._row_counts[:-1]])]
        self._blocks = _delayed_blocks(self._points)
        self._weights: list[Delayed] = [None] * len(self._blocks)
        self._positive_counts = self._row_counts  # rows of positive weight in each block
        self.total_weight = float(self.n_samples)
        if weights is not None:
            self._weights = self._checked_weights(weights)

    def statistics(self, mixture: GaussianMixture, threads: int | None = None) -> ExpectedStatistics:
        task = dask().delayed(_statistics_of_block, pure=False)
        add = dask().delayed(_total_of_pair, pure=False)
        # The mixture is part of the tasks: what is computed again after the loss of a worker needs nothing else.
        shared = dask().delayed(mixture, traverse=False, pure=False)
        level: list[Delayed] = [
            task(block, weights, shared, first, (rows, self.n_features))
            for block, weights, first, rows in zip(
                self._blocks, self._weights, self._first_rows, self._row_counts, strict=True
            )
            if rows
        ]
        while len(level) > 1:
            level = [add(*level[i : i + 2]) if i + 1 < len(level) else level[i] for i in range(0, len(level), 2)]
        total: ExpectedStatistics = _compute(level, threads)[0]
        return replace(total, about=mixture.means)

    def sample(self, n: int, rng: np.random.Generator) -> DrawnRows:
        ends = np.cumsum(self._positive_counts)
        ranks = draw_rows(int(ends[-1]), n, rng)  # among the rows of positive weight
        by_block = np.split(ranks, np.searchsorted(ranks, ends)[:-1])
        take = dask().delayed(_rows_of_block, pure=False)
        parts: tuple[DrawnRows, ...] = _compute(
            [
                take(block, weights, wanted - (end - positive), first, (rows, self.n_features))
                for block, weights, wanted, end, positive, first, rows in zip(
                    self._blocks,
                    self._weights,
                    by_block,
                    ends.tolist(),
                    self._positive_counts,
                    self._first_rows,
                    self._row_counts,
                    strict=True,
                )
                if wanted.size
            ],
            None,
        )
        numbers, points, weights = (
            np.concatenate(arrays) for arrays in zip(*((p.numbers, p.points, p.weights) for p in parts), strict=True)
        )
        return DrawnRows(numbers, points, weights)

    def _checked_weights(self, weights: Any) -> list[Delayed]:
        array = dask_array()
        lazy = isinstance(weights, array.Array)
        values: Any = weights if lazy else np.asarray(weights)
        check_kind(values.dtype, "weights")
        if values.shape != (self.n_samples,):
            raise ValueError(
                f"weights must have shape ({self.n_samples},), one per row of the data, not {values.shape}"
            )
        chunks = self._points.chunks[0]
        aligned = values.rechunk((chunks,)) if lazy else array.from_array(values, chunks=(chunks,))
        blocks = _delayed_blocks(aligned)
        check = dask().delayed(_mass_of_block, pure=False)
        found = _compute([check(block, first) for block, first in zip(blocks, self._first_rows, strict=True)], None)
        self.total_weight = total_of_weights(total for total, _ in found)
        self._positive_counts = [count for _, count in found]
        return blocks


def _as_row_blocks(x: Any) -> Any:
    """The array as blocks of whole rows, (N, D)."""
    if not isinstance(x, dask_array().Array):
        raise ValueError(
            f"{type(x).__name__} is not a Dask array: for a Dask data frame hand in frame.to_dask_array(lengths=True)"
        )
    check_kind(x.dtype, "the Dask array")
    if x.ndim not in (1, 2):
        raise ValueError(f"the Dask array must have shape (n_samples, n_features), not {x.shape}")
    if np.isnan(x.shape).any():
        raise ValueError(
            "the Dask array does not know how many rows its blocks have: call x.compute_chunk_sizes() on it first"
        )
    if 0 in x.shape:
        raise ValueError(f"the Dask array is empty: it has shape {x.shape}")
    if x.ndim == 1:
        return x[:, None]
    return x.rechunk({1: -1}) if x.numblocks[1] > 1 else x


def _notes(x: Any) -> tuple[str, ...]:
    notes = []
    if x.dtype != np.float64:
        notes.append(f"the data were {x.dtype} and have been converted to float64, block by block")
    if x.ndim == 2 and x.numblocks[1] > 1:
        notes.append(
            f"the columns of the Dask array were in {x.numblocks[1]} blocks and have been joined to whole rows"
        )
    return tuple(notes)


def _delayed_blocks(array: Any) -> list[Delayed]:
    return list(array.to_delayed().ravel())


def _compute(tasks: list[Delayed], threads: int | None) -> tuple[Any, ...]:
    settings = {} if threads is None else {"num_workers": threads}
    results: tuple[Any, ...] = dask().compute(*tasks, **settings)
    return results


def _statistics_of_block(
    block: ArrayLike, weights: ArrayLike | None, mixture: GaussianMixture, first_row: int, shape: tuple[int, int]
) -> ExpectedStatistics:
    points = _checked(block, first_row, shape)
    if weights is None:
        chosen = compiled.NOTHING
    else:
        _check_shape(weights, first_row, shape[:1])
        chosen = as_weight_block(weights, first_row)
    return ExpectedStatistics(*compiled.statistics(points, chosen, mixture.kernel_arguments, 1), mixture.means)


def _total_of_pair(one: ExpectedStatistics, other: ExpectedStatistics) -> ExpectedStatistics:
    return ExpectedStatistics.total([one, other])


def _rows_of_block(
    block: Any, weights: ArrayLike | None, ranks: IntArray, first_row: int, shape: tuple[int, int]
) -> DrawnRows:
    """The rows of a block with these ranks among its rows of positive weight."""
    _check_shape(block, first_row, shape)
    wanted, chosen = ranks, compiled.NOTHING
    if weights is not None:
        _check_shape(weights, first_row, shape[:1])
        given = as_weight_block(weights, first_row)
        wanted = np.flatnonzero(given)[ranks]
        chosen = given[wanted]
    return DrawnRows(first_row + wanted, as_block(np.asanyarray(block)[wanted], first_row + wanted), chosen)


def _mass_of_block(block: ArrayLike, first_row: int) -> tuple[float, int]:
    return mass_of(as_weight_block(block, first_row))


def _checked(block: ArrayLike, first_row: int, shape: tuple[int, int]) -> FloatArray:
    _check_shape(block, first_row, shape)
    return as_block(block, range(first_row, first_row + shape[0]))


def _check_shape(block: ArrayLike, first_row: int, shape: tuple[int, ...]) -> None:
    if np.shape(block) != shape:
        raise ValueError(
            f"the blocks of the Dask array disagree: the one that begins at row {first_row} has shape"
            f" {np.shape(block)}, where the array says {shape}"
        )
