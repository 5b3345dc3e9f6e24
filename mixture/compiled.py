"""The compiled pass over data of any length: kernels over chunks of rows, on several threads, sums added in pairs."""

import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from queue import Empty, SimpleQueue

import numpy as np

from mixture import kernels
from mixture.arrays import FloatArray

CHUNK_ROWS = 1 << 14
"""Rows a thread takes at a time. Fixed, so that sums do not depend on the number of threads."""

THREADED_WORK = 1 << 22
"""Multiply-adds from which several threads are used; below, waking them costs more than it saves."""

EXPONENTIAL_WORK = 16
"""What one exponential and all that goes with it costs, in multiply-adds."""

NOTHING = np.empty(0)
"""What kernels take for "all ones" and for "not wanted"."""


@dataclass(frozen=True)
class KernelArguments:
    """A mixture as the kernels want it; all arrays writable and C-contiguous, or numba would compile again.

    constants  (K,)    log pi_k - D/2 log 2 pi + sum_d log U_k[d, d]
    means      (K, D)  mu_k
    factors    precision factors U_k: (K, D, D) lower triangular, or (K, D), 1/sd
    """

    constants: FloatArray
    means: FloatArray
    factors: FloatArray

    @classmethod
    def of(cls, weights: FloatArray, means: FloatArray, factors: FloatArray) -> "KernelArguments":
        """From weights (K,), means (K, D) and precision factors."""
        diagonals = factors if factors.ndim == 2 else np.diagonal(factors, axis1=1, axis2=2)
        with np.errstate(divide="ignore"):
            constants = np.log(weights)  # an empty component has log 0 = -inf, exactly
        constants += np.log(diagonals).sum(axis=1) - 0.5 * means.shape[1] * math.log(2.0 * math.pi)
        return cls(constants, np.array(means), np.array(factors, order="C"))


type Sums = tuple[float, FloatArray, FloatArray, FloatArray]


def statistics(points: FloatArray, weights: FloatArray, given: KernelArguments, threads: int | None) -> Sums:
    """log p(X | theta), N_k, S1_k and S2_k of points (N, D) with weights (N,), or (0,) for ones."""
    kernel = kernels.diagonal_statistics if given.factors.ndim == 2 else kernels.dense_statistics

    def of_rows(rows: slice) -> Sums:
        chosen = rows_of(weights, rows) if weights.size else weights
        sums: Sums = kernel(rows_of(points, rows), chosen, given.constants, given.means, given.factors, NOTHING)
        return sums

    values, counts, first, second = zip(*_over_chunks(of_rows, points, given, threads), strict=True)
    return math.fsum(values), pairwise_sum(counts), pairwise_sum(first), pairwise_sum(second)


def log_density(points: FloatArray, given: KernelArguments, threads: int | None = None) -> FloatArray:
    """log p(x_n | theta) of each point (N, D): (N,), in nats."""
    kernel = kernels.diagonal_log_density if given.factors.ndim == 2 else kernels.dense_log_density
    densities = np.empty(len(points))

    def of_rows(rows: slice) -> None:
        kernel(rows_of(points, rows), given.constants, given.means, given.factors, densities[rows])

    _over_chunks(of_rows, points, given, threads)
    return densities


def pairwise_sum(arrays: Sequence[FloatArray]) -> FloatArray:
    """The sum of arrays added in pairs, whose rounding grows with the log of their number."""
    level = list(arrays)
    while len(level) > 1:
        level = [level[i] + level[i + 1] if i + 1 < len(level) else level[i] for i in range(0, len(level), 2)]
    return level[0]


def rows_of(array: FloatArray, rows: slice) -> FloatArray:
    """The rows as the kernels take them without being compiled again: writable, aligned and C-contiguous.

    Only where they are not so, as in a read-only memory map, are they copied: a chunk at a time, never the whole.
    """
    chosen = np.asarray(array)[rows]
    return chosen if chosen.flags.carray else np.array(chosen, order="C")


@cache
def _helpers(process: int, workers: int) -> ThreadPoolExecutor:
    """Threads that stay for the next pass; a forked process, which inherits none of them, asks by its own id."""
    return ThreadPoolExecutor(workers, thread_name_prefix=f"passes-{process}")


def _over_chunks[T](
    of_rows: Callable[[slice], T], points: FloatArray, given: KernelArguments, threads: int | None
) -> list[T]:
    """The function over consecutive chunks of rows, in order; on several threads if there is work for them."""
    chunks = [slice(start, start + CHUNK_ROWS) for start in range(0, len(points), CHUNK_ROWS)]
    work = len(points) * (EXPONENTIAL_WORK * len(given.means) + given.factors.size)
    workers = min(len(chunks), threads or (os.cpu_count() or 1 if work >= THREADED_WORK else 1))
    if workers == 1:
        return [of_rows(rows) for rows in chunks]
    waiting: SimpleQueue[int] = SimpleQueue()
    for i in range(len(chunks)):
        waiting.put(i)

    def take_chunks() -> list[tuple[int, T]]:
        done: list[tuple[int, T]] = []
        while True:
            try:
                i = waiting.get_nowait()
            except Empty:
                return done
            done.append((i, of_rows(chunks[i])))

    others = [_helpers(os.getpid(), workers - 1).submit(take_chunks) for _ in range(workers - 1)]
    taken = [take_chunks(), *(other.result() for other in others if not other.cancel())]
    return [result for _, result in sorted((pair for part in taken for pair in part), key=itemgetter(0))]
