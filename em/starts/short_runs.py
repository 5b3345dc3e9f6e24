"""The start from short runs of EM, known as em-EM."""

import numpy as np
from numpy.typing import ArrayLike

from em.fit import fit
from em.starts.random_points import random_points
from mixture import GaussianMixture
from mixture.seeding import as_generator

N_RUNS = 10
N_STEPS = 10
"""M steps of a short run."""


def short_runs(
    x: ArrayLike,
    n_components: int,
    *,
    structure: str = "full",
    rng: np.random.Generator | int | None = None,
    weights: ArrayLike | None = None,
    floor: float | None = None,
) -> GaussianMixture:
    """The highest of ten climbs of ten EM steps, each from random points: argmax of log p(X | theta) over their ends.

    Runs into a singularity are left out; if all are, the first run's own start is given, for the climb to report it.
    Raises ValueError if the data have fewer than K distinct points, SingularComponent (one too) if their covariance
    is singular.
    Source: Biernacki, Celeux & Govaert 2003, Comput. Stat. Data Anal. 41:561, section 3 (em-EM).
    """
    runs = []
    for generator in as_generator(rng).spawn(N_RUNS):
        start = random_points(x, n_components, structure=structure, rng=generator, weights=weights, floor=floor)
        runs.append(fit(x, start, tolerance=0.0, max_iterations=N_STEPS, weights=weights, floor=floor))
    usable = [run for run in runs if run.status.usable]
    if not usable:
        return runs[0].start
    return max(usable, key=lambda run: run.log_likelihood).mixture
