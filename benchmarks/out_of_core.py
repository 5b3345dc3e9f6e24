"""Peak memory and seconds per pass of a fit to a file of normal mixtures, read through a memory map.

`python -m benchmarks.out_of_core [n_samples] [n_features] [n_components]`
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

import em
from em.sources import source_of

N_SAMPLES, N_FEATURES, N_COMPONENTS, ITERATIONS = 10_000_000, 2, 3, 5
WRITTEN_AT_A_TIME = 1 << 18
SAMPLED = 100_000


def write(path: Path, n_samples: int, n_features: int, n_components: int) -> None:
    """A file of float64 rows drawn around as many centres as there are components."""
    rng = np.random.default_rng(0)
    centres = 4.0 * rng.standard_normal((n_components, n_features))
    with path.open("wb") as file:
        for start in range(0, n_samples, WRITTEN_AT_A_TIME):
            size = min(WRITTEN_AT_A_TIME, n_samples - start)
            points = centres[rng.integers(0, n_components, size)] + rng.standard_normal((size, n_features))
            points.tofile(file)


def peak_megabytes() -> float:
    """The most this process has held in memory so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


def fit_file(path: Path, n_samples: int, n_features: int, n_components: int) -> dict[str, float]:
    """Five EM iterations in this process, from k-means++ on a sample of the rows."""
    warm = np.random.default_rng(1).standard_normal((1000, n_features))
    em.fit(warm, em.kmeans_plus_plus(warm, n_components, rng=np.random.default_rng(1)), max_iterations=1)
    before = peak_megabytes()
    x = np.memmap(path, dtype=np.float64, mode="r", shape=(n_samples, n_features))
    sample = source_of(x).sample(SAMPLED, np.random.default_rng(2))
    start = em.kmeans_plus_plus(sample, n_components, rng=np.random.default_rng(3))
    fit = em.fit(x, start, tolerance=0.0, max_iterations=ITERATIONS)
    return {
        "peak_megabytes": peak_megabytes(),
        "before_megabytes": before,
        "seconds_per_pass": fit.seconds / (ITERATIONS + 1),
        "log_likelihood": fit.log_likelihood,
    }


def measure(
    n_samples: int = N_SAMPLES, n_features: int = N_FEATURES, n_components: int = N_COMPONENTS
) -> dict[str, float]:
    """The figures of a fresh process that fits a file of this size; the file is removed afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.float64"
        write(path, n_samples, n_features, n_components)
        sizes = [str(size) for size in (n_samples, n_features, n_components)]
        command = [sys.executable, "-m", "benchmarks.out_of_core", "--file", str(path), *sizes]
        done = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, check=True)
        figures: dict[str, float] = json.loads(done.stdout)
        file_megabytes = path.stat().st_size / 1e6
    return {
        "n_samples": n_samples,
        "n_features": n_features,
        "n_components": n_components,
        "file_megabytes": file_megabytes,
        **figures,
    }


def main(*sizes: int) -> None:
    """Print the figures for a file of these sizes."""
    row = measure(*sizes)
    print(
        f"out of core: N = {row['n_samples']:.0f}, D = {row['n_features']}, K = {row['n_components']};"
        f" file {row['file_megabytes']:.0f} MB, peak {row['peak_megabytes']:.0f} MB"
        f" ({row['before_megabytes']:.0f} MB before the data), {row['seconds_per_pass']:.2f} s a pass"
    )


if __name__ == "__main__":
    given = sys.argv[1:]
    if given[:1] == ["--file"]:
        print(json.dumps(fit_file(Path(given[1]), *(int(size) for size in given[2:]))))
    else:
        main(*(int(size) for size in given))
