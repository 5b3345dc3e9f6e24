"""The compiled pass as it is loaded from numba's cache: the bits of the process that compiled it."""

import os
import subprocess
import sys
from pathlib import Path

from support import ROOT

FRESH = """
import hashlib
import numpy as np
from mixture import kernels

rng = np.random.default_rng(0)
nothing, density, found = np.empty(0), np.empty(500), []
for n_features in (1, 2, 4):
    x, means, constants = rng.normal(size=(500, n_features)), rng.normal(size=(3, n_features)), rng.normal(size=3)
    factors = np.tile(np.eye(n_features), (3, 1, 1))
    kernels.dense_log_density(x, constants, means, factors, density)
    found += [*kernels.dense_statistics(x, nothing, constants, means, factors, nothing), density.copy()]
bits = b"".join(np.asarray(part).tobytes() for part in found)
print(sum(kernels.walk.stats.cache_misses.values()), hashlib.sha256(bits).hexdigest())
"""


def test_a_process_that_compiles_gets_the_bits_of_one_that_loads(tmp_path: Path) -> None:
    """Same seed, same numbers: also in the first run on a machine."""
    compiled, loaded = (
        subprocess.run(
            [sys.executable, "-c", FRESH],
            env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)},
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split()
        for _ in range(2)
    )
    assert int(compiled[0]) > 0 == int(loaded[0])
    assert compiled[1] == loaded[1]
