"""The least time one EM pass can take here: its exponentials and its flops, at the speeds this run measures.

    floor = N K / (exponentials per second) + flops / (flops per second of a matrix product)

Exponentials per second: of numpy's `exp` and of the project's own `exponential`, over blocks that fit the first cache,
whichever is faster (with AVX-512 the latter). Flops per second: of numpy's product of two 512 x 512 matrices.
Both on as many threads as the pass is given.

Flops of a point and a component, a multiplication and an addition being two:
    full and tied        deviation D, U (x - mu) D (D + 1), its square 2 D; r (x - mu) D, S1 D, S2 D (D + 1), N_k 2
    diag and spherical   deviation D, times 1 / sd D, its square 2 D; r (x - mu) D, S1 D, S2 2 D, N_k 2
Left out: maxima, the logarithm, the division and all movement of data. The sums are those the E step returns, S2_k of
each component also where the covariance is shared; `shared_once` counts what a tied M step could do with at least:
U x and the scatter once for each point.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

import numpy as np
from numba import njit
from threadpoolctl import threadpool_limits

from benchmarks.timing import clock_for, fastest
from mixture.elementary import exponential, use_wide_vectors

EXPONENTIALS, REPEATS = 2048, 500
ORDER = 512


@njit(nogil=True, cache=True, error_model="numpy")
def own_exponentials(x: np.ndarray, out: np.ndarray, repeats: int) -> None:
    """out = exp(x), over and over."""
    use_wide_vectors()
    for _ in range(repeats):
        for i in range(x.size):
            out[i] = exponential(x[i])


def numpy_exponentials(x: np.ndarray, out: np.ndarray, repeats: int) -> None:
    """The same by numpy."""
    for _ in range(repeats):
        np.exp(x, out=out)


def flops(structure: str, n_components: int, n_features: int, *, shared_once: bool = False) -> float:
    """Flops per point of the quadratic forms and the statistics, as the module says."""
    k, d = n_components, n_features
    if structure in ("diag", "spherical", "tied_diag", "tied_spherical"):
        return k * (8.0 * d + 2.0)
    if structure == "tied" and shared_once:
        return k * (5.0 * d + 2.0) + 2.0 * d * (d + 1)
    return k * (5.0 * d + 2.0 + 2.0 * d * (d + 1))


@dataclass(frozen=True)
class Speeds:
    """What this machine does per second on so many threads."""

    threads: int
    own_exponentials: float
    numpy_exponentials: float
    matrix_flops: float

    @classmethod
    @cache
    def measured(cls, threads: int) -> "Speeds":
        """About two seconds of measuring, once in a process for each number of threads."""
        arguments = -np.random.default_rng(0).gamma(1.0, 10.0, EXPONENTIALS)
        rates = []
        with ThreadPoolExecutor(threads) as pool:
            for function in (own_exponentials, numpy_exponentials):

                def all_threads(function=function):
                    running = [
                        pool.submit(function, arguments, np.empty(EXPONENTIALS), REPEATS) for _ in range(threads)
                    ]
                    return [future.result() for future in running]

                rates.append(
                    threads * EXPONENTIALS * REPEATS / fastest(all_threads, seconds=0.5, clock=clock_for(threads))
                )
        a = np.random.default_rng(1).standard_normal((ORDER, ORDER))
        with threadpool_limits(threads):
            matrix_flops = 2.0 * ORDER**3 / fastest(lambda: a @ a, seconds=1.0, clock=clock_for(threads))
        return cls(threads, rates[0], rates[1], matrix_flops)

    def floor(
        self, structure: str, n_samples: int, n_components: int, n_features: int, *, shared_once: bool = False
    ) -> float:
        """Seconds of one pass at least."""
        exponentials = n_components / max(self.own_exponentials, self.numpy_exponentials)
        work = flops(structure, n_components, n_features, shared_once=shared_once) / self.matrix_flops
        return n_samples * (exponentials + work)

    def __str__(self) -> str:
        return (
            f"{self.threads} threads: exponential {1e9 / self.own_exponentials:.2f} ns (own),"
            f" {1e9 / self.numpy_exponentials:.2f} ns (numpy); matrix product {self.matrix_flops / 1e9:.0f} Gflop/s"
        )


def main() -> None:
    """Print the speeds and the floor of some cases, ns per point and component."""
    for threads in (1, 2):
        speeds = Speeds.measured(threads)
        print(speeds)
        for structure in ("full", "diag"):
            floors = (f"D = {d}: {1e9 * speeds.floor(structure, 1, 5, d) / 5:.2f}" for d in (1, 2, 4, 10, 32))
            print(f"  {structure:5} K = 5, ns per point and component  " + "  ".join(floors))


if __name__ == "__main__":
    main()
