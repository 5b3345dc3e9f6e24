"""Rows that arrive a block at a time: checked as they come, drawn at random, and summed in pairs."""

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixture import ExpectedStatistics
from mixture.arrays import FloatArray, IntArray

WAITING = 4
"""Blocks per thread that are under way, or done and wait for those before them."""

LAYOUT: Final = ("C", "A", "W", "E")
"""C-contiguous, aligned, writable plain arrays: what the compiled routines are compiled for."""


def check_kind(dtype: np.dtype[np.generic], what: str) -> None:
    """Refuse numbers that are not real ones, records and objects, naming what holds them."""
    if dtype.names is not None:
        raise ValueError(f"{what} holds records with the fields {', '.join(dtype.names)}: hand in one array of numbers")
    if dtype.kind not in "biuf":
        raise ValueError(f"{what} must hold real numbers, not {dtype}")


def check_width(n_columns: int, n_features: int | None) -> None:
    """Refuse data whose columns are not as many as the features of the mixture."""
    if n_features is not None and n_columns != n_features:
        raise ValueError(f"the data have {n_columns} columns, but the mixture has {n_features} features")


def as_block(rows: ArrayLike, numbers: range | IntArray) -> FloatArray:
    """Rows of the data, which are those of these `numbers` in all the data, as C-contiguous, writable float64 (n, D).

    Raises ValueError for NaN, infinite and masked cells, naming the first one by its row and column in all the data.
    """
    if np.ma.is_masked(rows):
        raise ValueError(f"the data hold masked values in the block of rows that begins at row {numbers[0]}")
    with np.errstate(over="ignore"):  # what is beyond double precision becomes infinite, and is refused
        block: FloatArray = np.require(rows, np.float64, LAYOUT)
    if not np.isfinite(block.sum()):
        wrong = np.argwhere(~np.isfinite(block))
        if wrong.size:
            row, column = wrong[0]
            raise ValueError(
                f"the data hold NaN or infinite values: {block[row, column]} at row {numbers[row]}, column {column}"
                " (counted from 0). Remove or impute those rows."
            )
    return block


def as_weight_block(values: ArrayLike, first_row: int) -> FloatArray:
    """Point weights w_n >= 0 of rows of the data as float64 (n,); raises ValueError naming a wrong row."""
    block: FloatArray = np.require(values, np.float64, LAYOUT)
    wrong = np.flatnonzero(~(np.isfinite(block) & (block >= 0.0)))
    if wrong.size:
        raise ValueError(f"weights must be finite and not negative; row {first_row + wrong[0]} has {block[wrong[0]]}")
    return block


def total_of_weights(sums: Iterable[float]) -> float:
    """sum_n w_n from the sums of blocks; raises ValueError if all are zero."""
    total = math.fsum(sums)
    if total == 0.0:
        raise ValueError("all point weights are zero: nothing is left to fit")
    return total


def mass_of(weights: FloatArray) -> tuple[float, int]:
    """The sum of some weights, and how many of them are positive."""
    return float(weights.sum()), int(np.count_nonzero(weights))


def tree_total(parts: Iterable[ExpectedStatistics]) -> ExpectedStatistics:
    """The statistics of all the data from those of blocks as they come, added in pairs.

    The tree is the one of `ExpectedStatistics.total`, sums are equal to the last bit; only log2 of the number of blocks
    are held at a time.
    """
    values: list[float] = []
    waiting: list[tuple[int, ExpectedStatistics]] = []  # (number of blocks, their total), larger ones first
    for part in parts:
        values.append(part.log_likelihood)
        size, total = 1, part
        while waiting and waiting[-1][0] == size:
            total = ExpectedStatistics.total([waiting.pop()[1], total])
            size *= 2
        waiting.append((size, total))
    total = waiting.pop()[1]
    while waiting:
        total = ExpectedStatistics.total([waiting.pop()[1], total])
    return replace(total, log_likelihood=math.fsum(values))


def draw_rows(n_samples: int, n: int, rng: np.random.Generator) -> IntArray:
    """`n` of the rows 0..N-1 (all if there are fewer), uniformly without replacement, in ascending order.

    Few of many take memory for those few alone.
    """
    if n < 1:
        raise ValueError(f"a sample needs at least one row, not {n}")
    if n >= n_samples:
        return np.arange(n_samples)
    if n > n_samples // 2:
        return np.sort(rng.choice(n_samples, n, replace=False))
    drawn: NDArray[np.int64] = np.unique(rng.integers(n_samples, size=n))
    while drawn.size < n:  # never more draws than rows are missing: the first n different ones of one long sequence
        drawn = np.unique(np.concatenate([drawn, rng.integers(n_samples, size=n - drawn.size)]))
    return drawn


def draw_weighted_rows(n_samples: int, weights: FloatArray, n: int, rng: np.random.Generator) -> IntArray:
    """`draw_rows` of the rows whose weight is positive; weights (N,), or (0,) for ones."""
    if not weights.size:
        return draw_rows(n_samples, n, rng)
    positive = np.flatnonzero(weights)
    return positive[draw_rows(positive.size, n, rng)]


def in_order[T, R](function: Callable[[T], R], blocks: Iterable[T], workers: int) -> Iterator[R]:
    """The function of each block, in their order, on so many threads; only a few blocks are under way at a time."""
    if workers == 1:
        yield from map(function, blocks)
        return
    with ThreadPoolExecutor(workers) as pool:
        started: deque[Future[R]] = deque()
        for block in blocks:
            started.append(pool.submit(function, block))
            if len(started) >= WAITING * workers:
                yield started.popleft().result()
        while started:
            yield started.popleft().result()
