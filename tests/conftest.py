"""Before any test: the compiled pass over the data is compiled and kept on disk, once.

The process that compiles a routine and one that loads it from disk hold two compilations, which round differently in
the last bits. Tests that ask for equal bits from several processes need all of them to load it.
"""

import subprocess
import sys

from support import ROOT

WARM = """
import numpy as np
import em
x = np.random.default_rng(0).normal(size=(60, 2))
for structure in ("full", "diag"):
    em.fit_best(x, 2, structure=structure, n_starts=2, rng=0, n_jobs=1)
"""


def pytest_sessionstart(session):
    """Once, in the process that hands tests to the others."""
    if not hasattr(session.config, "workerinput"):
        subprocess.run([sys.executable, "-c", WARM], cwd=ROOT, check=True)
