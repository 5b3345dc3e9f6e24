"""Peak memory of a fit above a warmed-up process that already holds the data."""

from pathlib import Path

import numpy as np

import em

N_SAMPLES, N_FEATURES, N_COMPONENTS = 1_000_000, 10, 5


def resident_megabytes(entry: str) -> float:
    """VmRSS (now) or VmHWM (highest since the last reset) of this process, from Linux's /proc."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith(entry))
    return int(line.split()[1]) / 1024.0


def main() -> None:
    """Warm up on a few rows, hold the data, fit, print what the fit added."""
    rng = np.random.default_rng(0)
    centres = 3.0 * rng.standard_normal((N_COMPONENTS, N_FEATURES))
    x = rng.standard_normal((N_SAMPLES, N_FEATURES))
    for first in range(0, N_SAMPLES, 10_000):
        x[first : first + 10_000] += centres[rng.integers(0, N_COMPONENTS, 10_000)]
    small = x[:500]
    em.fit(small, em.kmeans_plus_plus(small, N_COMPONENTS, rng=rng), max_iterations=3)
    start = em.kmeans_plus_plus(x[:10_000], N_COMPONENTS, rng=rng)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # reset the high-water mark
    before = resident_megabytes("VmRSS")
    em.fit(x, start, tolerance=0.0, max_iterations=5)
    print(
        f"fit of {N_SAMPLES} x {N_FEATURES} points ({x.nbytes / 2**20:.0f} MB), K = {N_COMPONENTS}:"
        f" {resident_megabytes('VmHWM') - before:.1f} MB above the warmed-up process"
    )


if __name__ == "__main__":
    main()
