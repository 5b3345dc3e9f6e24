"""Time and memory of one EM iteration from 10^4 to 10^7 points: nanoseconds per point, and peak above the data."""

import ctypes
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import em
from benchmarks.fit_memory import resident_megabytes
from benchmarks.timing import clock_for, fastest

N_SAMPLES = (10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)
N_COMPONENTS = 5
LARGEST = 1_600_000_000
"""Bytes of data at most."""
WARMED_UP_ON = 500
"""Points on which compiled code and threads are brought up before memory is looked at: so few that any buffer which
grows with N is made later, and seen."""


@dataclass(frozen=True)
class Row:
    """One EM iteration: nanoseconds per point, and the peak of the process's memory above that of the process with the
    data, warmed up on a few points.
    """

    n_features: int
    n_samples: int
    threads: int | None
    nanoseconds: float
    megabytes: float


def measure(
    n_features: int,
    n_samples: Iterable[int] = N_SAMPLES,
    *,
    n_components: int = N_COMPONENTS,
    threads: int | None = None,
    seconds: float = 1.0,
) -> list[Row]:
    """A row for each number of points, the first ones of the same data; full covariances."""
    sizes = [n for n in n_samples if 8 * n * n_features <= LARGEST]
    rng = np.random.default_rng(0)
    centres = 3.0 * rng.standard_normal((n_components, n_features))
    x = rng.standard_normal((max(sizes), n_features))
    for first in range(0, len(x), 10_000):
        rows = x[first : first + 10_000]
        rows += centres[rng.integers(0, n_components, len(rows))]
    start = em.kmeans_plus_plus(x[:10_000], n_components, rng=rng)
    measured = []
    em.m_step(em.e_step(x[:WARMED_UP_ON], start, threads=threads), structure="full")
    hand_back_free_memory()
    before = resident_megabytes("VmRSS")
    for n in sizes:
        points = x[:n]

        def iteration(points=points):
            em.m_step(em.e_step(points, start, threads=threads), structure="full")

        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # reset the high-water mark
        least = fastest(iteration, seconds=seconds, clock=clock_for(threads))
        measured.append(Row(n_features, n, threads, 1e9 * least / n, resident_megabytes("VmHWM") - before))
    return measured


def hand_back_free_memory() -> None:
    """Give what was freed before back to the system, where the C library can: taking it again is then seen."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def main() -> None:
    """Print the rows of two and ten features, and the ratio of the slowest to the fastest from 10^5 points on."""
    for n_features in (2, 10):
        for threads in (1, None):
            rows = measure(n_features, threads=threads)
            print(f"D = {n_features}, K = {N_COMPONENTS}, full, {threads or 'all'} threads")
            for row in rows:
                print(f"  N = {row.n_samples:9}: {row.nanoseconds:7.2f} ns per point, {row.megabytes:5.1f} MB above")
            long = [row.nanoseconds for row in rows if row.n_samples >= 100_000]
            print(f"  slowest over fastest from N = 100000 on: {max(long) / min(long):.2f}")


if __name__ == "__main__":
    main()
