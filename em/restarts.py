"""EM from many starts, the best kept and every outcome with it."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from em.arguments import check_progress
from em.fit import MAX_ITERATIONS, SADDLE, TOLERANCE, EMFit, check_settings, saddle_message
from em.moves import Move
from em.nesting import check_nested, refit_above
from em.outcomes import FailedStart, NoUsableFit, Restarts
from em.parallel import over_cores
from em.progress import telling
from em.rate import rate_if_any
from em.schedule import DEFAULT_STARTS, AnyStart, Climber, schedule
from em.sources import InMemory, Source, source_of
from mixture import ConjugatePrior, Covariance, GaussianMixture, structure_named
from mixture.arrays import as_component_count, as_whole_number, check_columns
from mixture.seeding import as_generator

START_ROWS = 100_000
"""Rows, drawn at random, from which starts are made if the data are not in memory."""

THREADED_ROWS = 100_000
"""Rows from which a pass keeps all cores busy, so that climbs are best taken one after the other."""

LARGEST_RATE_WORK = 10**8
"""Multiply-adds N K P^2 up to which the best fit's exact rate of convergence is computed."""


def fit_best(
    x: ArrayLike | Source,
    n_components: int,
    *,
    structure: str = "full",
    starts: AnyStart | Sequence[AnyStart] | None = DEFAULT_STARTS,
    n_starts: int = 20,
    rng: np.random.Generator | int | None = None,
    move: Move | None = None,
    tolerance: float = TOLERANCE,
    max_iterations: int = MAX_ITERATIONS,
    weights: ArrayLike | None = None,
    missing: bool = False,
    floor: float | None = None,
    prior: ConjugatePrior | None = None,
    simpler: GaussianMixture | Sequence[GaussianMixture] = (),
    threads: int | None = None,
    n_jobs: int | None = None,
    progress: bool | Callable[[EMFit | FailedStart], None] = False,
) -> Restarts:
    """The highest of several climbs of log p(X | theta): EM finds a local optimum only, so it is started often.

    x          data as in `em.fit`; if they are not in memory, or cells are missing, starts are made from a sample
    starts     what to start from, in turn: names of `em.STARTS`, mixtures, allocations (N,); or one of these
    n_starts   climbs. What gives the same start every time (a mixture, allocations, Ward's tree) is used once
    rng        generator or seed. Each start has a generator of its own spawned from it: start i is the same however
               many follow, and whatever `n_jobs` is
    simpler    fitted mixtures that this model contains, with a simpler structure or one component fewer: should the
               best fit lie below one of them, it is refitted from it, which `Restarts.flagged` says. The best fit is
               also held against the structures directly below its own, fitted from where it ended
    n_jobs     worker processes: None for as many as pay, 1 for none, -1 for all cores
    progress   True for a bar on the terminal, or a function to call with each outcome
    move, tolerance, max_iterations, weights, missing, floor, prior, threads    as in `em.fit`

    One component needs one start. The best fit knows its exact rate of convergence, unless that takes long to compute
    (N K P^2 > 1e8 for P parameters). Raises ValueError for bad data (constant or copied columns, fewer points than
    components) and bad settings. A start that fails or runs into a singularity is kept and listed; see `Restarts`.
    """
    check_settings(tolerance, max_iterations, floor, threads)
    source = source_of(x, weights, missing=missing)
    k = as_component_count(n_components, source.n_samples)
    n_starts = as_whole_number(n_starts, "n_starts", least=1)
    family = structure_named(structure)
    inside = _checked_simpler(simpler, family, k, source.n_features)
    check_progress(progress)
    generator = as_generator(rng)
    rows = source.sample(source.n_samples if isinstance(source, InMemory) else START_ROWS, generator)
    check_columns(rows.points, correlated=not family.diagonal)
    climber = Climber(
        source=source,
        rows=rows,
        n_components=k,
        structure=family.name,
        settings={
            "move": move,
            "tolerance": tolerance,
            "max_iterations": max_iterations,
            "floor": floor,
            "prior": prior,
            "threads": threads or (1 if n_jobs not in (None, 1) else None),
        },
    )
    if not isinstance(source, InMemory) or (n_jobs is None and source.n_samples >= THREADED_ROWS):
        n_jobs = 1  # each pass uses all cores by itself
    tasks = schedule(starts, 1 if k == 1 else n_starts, generator, climber)
    with telling(progress, f"EM, K = {k}, {climber.structure}", len(tasks)) as done:
        outcomes = over_cores(climber, tasks, n_jobs=n_jobs, done=done)
    found = Restarts(
        tuple(outcome for outcome in outcomes if isinstance(outcome, EMFit)),
        tuple(outcome for outcome in outcomes if isinstance(outcome, FailedStart)),
    )
    if not found.usable:
        return found
    found = replace(found, refits=refit_above(climber.climb, source, found.best, inside, prior=prior))
    return _with_exact_rate(found, source) if prior is None and floor is None else found


def _with_exact_rate(found: Restarts, source: Source) -> Restarts:
    """The same, the best fit with the exact rate of convergence, where that costs less than the climbs did."""
    best = found.best
    work = source.n_samples * best.mixture.n_components * best.mixture.n_parameters**2
    if work > LARGEST_RATE_WORK:
        return found
    rate = rate_if_any(source, best.mixture)
    detail = saddle_message(rate) if rate is not None and rate > SADDLE else best.detail
    known = replace(best, exact_rate=rate, detail=detail)
    fits, refits = (tuple(known if one is best else one for one in kind) for kind in (found.fits, found.refits))
    return replace(found, fits=fits, refits=refits)


def _checked_simpler(
    simpler: object, structure: Covariance, n_components: int, n_features: int
) -> tuple[GaussianMixture, ...]:
    given = (simpler,) if isinstance(simpler, GaussianMixture) else simpler
    mixtures = tuple(given) if isinstance(given, Sequence) else (given,)
    for mixture in mixtures:
        if not isinstance(mixture, GaussianMixture):
            raise ValueError(f"simpler must be fitted mixtures (a fit has its own as .mixture), not {mixture!r}")
        check_nested(mixture, structure, n_components, n_features)
    return mixtures


__all__ = ["DEFAULT_STARTS", "AnyStart", "FailedStart", "NoUsableFit", "Restarts", "fit_best"]
