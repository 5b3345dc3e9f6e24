"""The bootstrap: EM on many data sets like the observed one."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from em.arguments import as_mixture
from em.fit import MAX_ITERATIONS
from em.moves import Move
from em.parallel import over_cores
from em.progress import telling
from em.uncertainty.nonparametric import Nonparametric
from em.uncertainty.parametric import Parametric
from em.uncertainty.refit import REPLICATE_TOLERANCE, Refit, Replicate
from em.uncertainty.replicates import Replicates, collect
from em.uncertainty.resampling import Resampling, conversion_of, points_of
from em.uncertainty.weighted_likelihood import WeightedLikelihood
from mixture import ConjugatePrior, GaussianMixture
from mixture.arrays import FloatArray, as_point_weights, as_whole_number
from mixture.seeding import as_generator

RESAMPLINGS: tuple[Resampling, ...] = (Nonparametric(), Parametric(), WeightedLikelihood())
"""The kinds of bootstrap."""


def resampling_named(kind: str) -> Resampling:
    """The resampling of that name; raises ValueError, listing the known ones, for another."""
    for resampling in RESAMPLINGS:
        if resampling.name == kind:
            return resampling
    known = ", ".join(repr(resampling.name) for resampling in RESAMPLINGS)
    raise ValueError(f"unknown kind of bootstrap {kind!r}; the known ones are {known}")


def bootstrap(
    x: ArrayLike,
    mixture: GaussianMixture,
    *,
    kind: str = "nonparametric",
    n_replicates: int = 999,
    rng: np.random.Generator | int | None = None,
    weights: ArrayLike | None = None,
    tolerance: float = REPLICATE_TOLERANCE,
    max_iterations: int = MAX_ITERATIONS,
    floor: float | None = None,
    prior: ConjugatePrior | None = None,
    move: Move | None = None,
    missing: bool = False,
    further_starts: int = 0,
    n_jobs: int | None = None,
    progress: bool | Callable[[Replicate], None] = False,
) -> Replicates:
    """theta*_b = argmax log p(X*_b | theta), X*_b drawn like X: the spread of theta*_b is that of the estimate.

    x               (N, D) data, to which `mixture` is the maximum likelihood fit
    kind            "nonparametric": rows drawn with replacement; "parametric": data drawn from `mixture`; "weighted":
                    the data with random weights. See the classes in `em.uncertainty` for each
    n_replicates    B, at least 2; a standard error then has a relative Monte Carlo error of about 1 / sqrt(2 B)
    rng             replicate b has a generator of its own spawned from it: it is the same however many follow
    weights         (N,) point weights w_n: counts, see the resampling
    tolerance       nats that EM may fall short of the maximum of a replicate, see `em.fit`
    floor, prior    what `mixture` was fitted with; `move`: how to climb; `missing`: whether NaN stands for a missing
                    cell; all as in `em.fit`
    further_starts  climbs from k-means++ starts beside the one from `mixture`; the highest counts
    n_jobs          processes, see `em.parallel.over_cores`: replicates do not depend on it
    progress        True for a bar on the terminal, or a function to call with each replicate

    Replicates get the labels of `mixture` by `mixture.match`; those that ran into a singular component or a spike are
    counted and left out. So are those in which a column does not vary, where a floor is a share of its variance. A
    replicate of too few distinct points for a further start has that start left out.
    Raises ValueError for bad data or settings, and if fewer than two replicates are usable.
    Source: Efron & Tibshirani 1993, An Introduction to the Bootstrap; O'Hagan, Murphy, Scrucca & Gormley 2019,
    Computational Statistics 34:1779, for mixtures.
    """
    mixture = as_mixture(mixture)
    points = points_of(x, mixture, missing=missing)
    resampling = resampling_named(kind)
    n_replicates = as_whole_number(n_replicates, "n_replicates", least=2)
    further_starts = as_whole_number(further_starts, "further_starts", least=0)
    if further_starts and missing:
        raise ValueError("further starts are made from complete rows: leave them out where cells are missing")
    refit = Refit(mixture, tolerance, max_iterations, floor, prior, move, missing, further_starts)
    task = _Task(resampling, points, as_point_weights(weights, len(points)), refit)
    generators = as_generator(rng).spawn(n_replicates)
    with telling(progress, f"{resampling.name} bootstrap", n_replicates) as done:
        replicates = over_cores(task, generators, n_jobs=n_jobs, done=done)
    return collect(
        replicates,
        mixture,
        {
            "method": f"{resampling.name} bootstrap",
            "source": resampling.source,
            "n_samples": len(points),
            "tolerance": tolerance,
            "further_starts": further_starts,
            **conversion_of(x),
            **_seed_of(generators[0]),
        },
    )


@dataclass(frozen=True, eq=False)
class _Task:
    """From a generator to a replicate."""

    resampling: Resampling
    points: FloatArray
    weights: FloatArray
    refit: Refit

    def __call__(self, rng: np.random.Generator) -> Replicate:
        points, weights = self.resampling.draw(self.points, self.weights, self.refit.mixture, rng)
        return self.refit(points, weights, rng)


def _seed_of(first: np.random.Generator) -> dict[str, str]:
    """What makes the first replicate's generator again; text, for it does not fit into a number of a file."""
    sequence = first.bit_generator.seed_seq
    state = sequence.state if isinstance(sequence, np.random.SeedSequence) else {"entropy": "", "spawn_key": ""}
    return {"seed_entropy": str(state["entropy"]), "seed_spawn_key": str(state["spawn_key"])}
