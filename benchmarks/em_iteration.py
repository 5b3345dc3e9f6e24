"""One EM iteration against scikit-learn's and against the floor, in the same process.

`measure` gives a row for each case; `python -m benchmarks.em_iteration [quick]` prints them.
"""

import itertools
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from sklearn.mixture import GaussianMixture as SklearnMixture
from threadpoolctl import threadpool_limits

import em
from benchmarks.floor import Speeds
from benchmarks.timing import clock_for, fastest_in_turn
from mixture import GaussianMixture

STRUCTURES = ("full", "tied", "diag", "spherical")
N_FEATURES = (1, 2, 4, 10, 32)
N_COMPONENTS = (2, 5, 16)
N_SAMPLES = (1_000, 100_000, 1_000_000)
LARGEST = 4e9
"""Bytes scikit-learn may need for its arrays of N x K and N x D; cases beyond are left out."""


@dataclass(frozen=True)
class Case:
    """What is measured; `threads` None leaves both sides as they come, on all cores."""

    structure: str
    n_features: int
    n_components: int
    n_samples: int
    threads: int | None


@dataclass(frozen=True)
class Row:
    """Nanoseconds per point and component of an E and an M step, and the ratios that are wanted.

    ratio        theirs / ours, of the fastest rounds
    ours, theirs on one thread are seconds of the processor, which others on the machine do not lengthen; else wall
    floor        see `benchmarks.floor`, at the same threads; times_floor: ours / floor
    least_floor  for tied, the floor with U x and the scatter once for each point; otherwise the floor
    """

    structure: str
    n_features: int
    n_components: int
    n_samples: int
    threads: int | None
    ours: float
    theirs: float
    ratio: float
    floor: float
    times_floor: float
    least_floor: float

    def __str__(self) -> str:
        return (
            f"{self.structure:10}{self.n_features:4}{self.n_components:4}{self.n_samples:9}{self.threads or 'all':>5}"
            f"{self.ours:9.2f}{self.theirs:9.1f}{self.ratio:8.1f}{self.floor:8.2f}{self.times_floor:7.1f}"
            f"{self.ours / self.least_floor:7.1f}"
        )


HEADER = "structure    D   K        N   on     ours   theirs   ratio   floor  times  least"


def grid(n_samples: Iterable[int] = N_SAMPLES, threads: int | None = None) -> list[Case]:
    """Every structure, D, K and N."""
    return [
        Case(structure, d, k, n, threads)
        for n, structure, d, k in itertools.product(n_samples, STRUCTURES, N_FEATURES, N_COMPONENTS)
        if 8.0 * n * (3 * k + 4 * d) < LARGEST
    ]


def quick() -> list[Case]:
    """A few cases, some twenty seconds."""
    return [Case(structure, d, 5, n, None) for n in (1_000, 100_000) for structure in STRUCTURES for d in (2, 10)]


def scikit_learn_at(start: GaussianMixture) -> SklearnMixture:
    """scikit-learn's model with the parameters of `start`."""
    model = SklearnMixture(start.n_components, covariance_type=start.structure, reg_covar=0.0)
    model.weights_, model.means_ = start.weights, start.means
    if start.structure in ("full", "tied"):
        inverse = np.linalg.inv(start.covariances)
        model.precisions_cholesky_ = np.linalg.cholesky(inverse)
    else:
        model.precisions_cholesky_ = 1.0 / np.sqrt(start.covariances)
    return model


def problem(case: Case) -> tuple[np.ndarray, GaussianMixture]:
    """Points of unit components, as many of each, and the mixture they come from."""
    n, d, k = case.n_samples, case.n_features, case.n_components
    rng = np.random.default_rng(0)
    centres = 3.0 * rng.standard_normal((k, d))
    x = rng.standard_normal((n, d))
    x += centres[rng.permutation(np.arange(n) % k)]
    covariances = {
        "full": np.tile(np.eye(d), (k, 1, 1)),
        "tied": np.eye(d),
        "diag": np.ones((k, d)),
        "spherical": np.ones(k),
    }
    return x, GaussianMixture(np.full(k, 1.0 / k), centres, covariances[case.structure], case.structure)


def rows(cases: Iterable[Case], *, seconds: float = 0.4) -> Iterator[Row]:
    """A row for each case as soon as it is measured, ours and theirs in turn."""
    cases = list(cases)
    speeds = {threads: Speeds.measured(threads or os.cpu_count() or 1) for threads in {case.threads for case in cases}}
    for case in cases:
        n, d, k = case.n_samples, case.n_features, case.n_components
        x, start = problem(case)
        model = scikit_learn_at(start)

        def theirs(model=model, x=x):
            _, log_responsibilities = model._e_step(x)
            model._m_step(x, log_responsibilities)

        def ours(case=case, x=x, start=start):
            em.m_step(em.e_step(x, start, threads=case.threads), structure=case.structure)

        with threadpool_limits(case.threads):
            pair = fastest_in_turn(ours, theirs, seconds=seconds, rounds=2, clock=clock_for(case.threads))
        scale = 1e9 / (n * k)
        floor = speeds[case.threads].floor(case.structure, n, k, d)
        least = speeds[case.threads].floor(case.structure, n, k, d, shared_once=True)
        yield Row(
            case.structure,
            d,
            k,
            n,
            case.threads,
            pair.ours * scale,
            pair.theirs * scale,
            pair.ratio_of_fastest,
            floor * scale,
            pair.ours / floor,
            least * scale,
        )


def measure(cases: Iterable[Case], *, seconds: float = 0.4) -> list[Row]:
    """All rows; `seconds` is spent on each case at least, two rounds in any case."""
    return list(rows(cases, seconds=seconds))


def print_rows(cases: list[Case]) -> None:
    """Print each row when it is there."""
    print("EM iteration, ns per point and component (fastest rounds); times: ours over the floor", flush=True)
    print(f"load of the machine before: {os.getloadavg()[0]:.1f} of {os.cpu_count()} cores; idle, or it means little")
    print(HEADER, flush=True)
    for row in rows(cases):
        print(row, flush=True)
    print(f"load after: {os.getloadavg()[0]:.1f}, of which this benchmark is up to {os.cpu_count()}")


def main() -> None:
    """Print the whole grid on all cores, and N = 100 000 on one thread; some ten minutes."""
    print_rows([*grid(), *grid((100_000,), threads=1)])


if __name__ == "__main__":
    if sys.argv[1:] == ["quick"]:
        print_rows(quick())
    else:
        main()
