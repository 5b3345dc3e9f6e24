"""EM from many starts, the best kept and every outcome with it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from em.fit import MAX_ITERATIONS, TOLERANCE, EMFit, check_settings, fit
from em.moves import Move
from em.nesting import refit_above
from em.optima import SAME_OPTIMUM, Optimum, distinct_optima
from em.parallel import over_cores
from em.progress import telling
from em.rate import rate_if_any
from em.sources import InMemory, Source, source_of
from em.starts import Start, from_allocations, start_named
from em.steps import SingularComponent
from mixture import ConjugatePrior, GaussianMixture, structure_named
from mixture.arrays import FloatArray, as_component_count, as_whole_number, check_columns
from mixture.storage import Stored

START_ROWS = 100_000
"""Rows, drawn at random, from which starts are made if the data are not in memory."""

THREADED_ROWS = 100_000
"""Rows from which a pass keeps all cores busy, so that climbs are best taken one after the other."""

SHOWN_OPTIMA = 5
"""Optima that are printed."""

LARGEST_RATE_WORK = 10**8
"""Multiply-adds N K P^2 up to which the best fit's exact rate of convergence is computed."""

DEFAULT_STARTS = ("k-means++", "short runs")
"""The kinds of start `fit_best` takes in turn."""

type AnyStart = str | GaussianMixture | ArrayLike
"""A name of `em.STARTS`, a mixture to start from, or (N,) allocations."""


class NoUsableFit(ValueError):
    """Every start ended in a singular component or a spike, or failed."""


@dataclass(frozen=True)
class FailedStart:
    """A start that gave no mixture: how it was to be made, and why it failed."""

    start_name: str
    reason: str


@dataclass(frozen=True, repr=False)
class Restarts(Stored):
    """All climbs from several starts.

    fits      every fit in the order of its start, run-aways included; fits that were refitted from a simpler model
              (see `fit_best`) come last
    failures  starts that gave no mixture
    """

    fits: tuple[EMFit, ...]
    failures: tuple[FailedStart, ...] = ()

    @property
    def usable(self) -> tuple[EMFit, ...]:
        """The fits that are honest local answers, in the order of their starts."""
        return tuple(fit for fit in self.fits if fit.status.usable)

    @property
    def best(self) -> EMFit:
        """The highest usable fit; raises NoUsableFit, saying what to do, if there is none."""
        usable = self.usable
        if not usable:
            reasons = [fit.detail for fit in self.fits] + [failure.reason for failure in self.failures]
            raise NoUsableFit(f"none of the {self.n_starts} starts gave a usable fit. The first reason: {reasons[0]}")
        return max(usable, key=lambda fit: fit.value)

    @property
    def singular(self) -> tuple[EMFit, ...]:
        """The run-aways: fits that ended in a singular component or a spike."""
        return tuple(fit for fit in self.fits if not fit.status.usable)

    @property
    def n_starts(self) -> int:
        """Starts tried, failed ones included."""
        return len(self.fits) + len(self.failures)

    @property
    def share_at_best(self) -> float:
        """Share of all starts whose fit came within 1e-4 nats of the best: how easily the optimum is found."""
        best = self.best.value
        return sum(fit.value >= best - SAME_OPTIMUM for fit in self.usable) / self.n_starts

    @property
    def log_likelihoods(self) -> FloatArray:
        """Final totals of the usable fits, in nats, highest first."""
        return np.sort([fit.log_likelihood for fit in self.usable])[::-1]

    @property
    def optima(self) -> tuple[Optimum, ...]:
        """The distinct optima found (up to relabelling), highest first, with the starts that led there."""
        return distinct_optima(self.usable)

    def __repr__(self) -> str:
        return f"Restarts({self.n_starts} starts, {len(self.usable)} usable, {len(self.optima)} distinct optima)"

    def __str__(self) -> str:
        shown = self.optima[:SHOWN_OPTIMA]
        lines = [f"{self.n_starts} starts, {len(self.usable)} usable, {len(self.optima)} distinct optima"]
        for optimum in shown:
            led = ", ".join(f"{name} {count}" for name, count in optimum.starts.items())
            lines.append(f"  log-likelihood {optimum.log_likelihood:.6f}: {optimum.count} ({led})")
        hidden = len(self.optima) - len(shown)
        lines += [f"  and {hidden} lower ones"] if hidden else []
        lines += [f"  left out: {fit.detail}" for fit in self.singular[:1]]
        return "\n".join(lines + ([str(self.best)] if self.usable else []))

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings, exact in JSON."""
        return {
            "fits": [fit.to_dict() for fit in self.fits],
            "failures": [{"start_name": f.start_name, "reason": f.reason} for f in self.failures],
        }

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Self:
        """The restarts that `to_dict` wrote; raises ValueError if fields are missing."""
        try:
            return cls(
                tuple(EMFit.from_dict(fit) for fit in content["fits"]),
                tuple(FailedStart(**failure) for failure in content["failures"]),
            )
        except KeyError as error:
            raise ValueError(f"these are not stored restarts: {error} missing") from error


def fit_best(
    x: ArrayLike | Source,
    n_components: int,
    *,
    structure: str = "full",
    starts: Sequence[AnyStart] = DEFAULT_STARTS,
    n_starts: int = 20,
    rng: np.random.Generator | int | None = None,
    move: Move | None = None,
    tolerance: float = TOLERANCE,
    max_iterations: int = MAX_ITERATIONS,
    weights: ArrayLike | None = None,
    missing: bool = False,
    floor: float | None = None,
    prior: ConjugatePrior | None = None,
    simpler: Sequence[GaussianMixture] = (),
    threads: int | None = None,
    n_jobs: int | None = None,
    progress: bool | Callable[[EMFit | FailedStart], None] = False,
) -> Restarts:
    """The highest of several climbs of log p(X | theta): EM finds a local optimum only, so it is started often.

    x          data as in `em.fit`; if they are not in memory, or cells are missing, starts are made from a sample
    starts     what to start from, in turn: names of `em.STARTS`, mixtures, allocations (N,)
    n_starts   climbs. What gives the same start every time (a mixture, allocations, Ward's tree) is used once
    rng        generator or seed. Each start has a generator of its own spawned from it: start i is the same however
               many follow, and whatever `n_jobs` is
    simpler    fitted mixtures that this model contains, with a simpler structure or fewer components: should the best
               fit lie below one of them, it is refitted from it. The best fit is also held against the structures
               directly below its own, fitted from where it ended
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
    generator = np.random.default_rng(rng)
    rows = source if isinstance(source, InMemory) else InMemory(source.sample(START_ROWS, generator))
    check_columns(rows.points, correlated=not structure_named(structure).diagonal)
    climber = _Climber(
        source=source,
        rows=rows,
        n_components=k,
        structure=structure_named(structure).name,
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
    tasks = _schedule(starts, 1 if k == 1 else n_starts, generator, climber)
    with telling(progress, f"EM, K = {k}, {climber.structure}", len(tasks)) as done:
        outcomes = over_cores(climber, tasks, n_jobs=n_jobs, done=done)
    found = Restarts(
        tuple(outcome for outcome in outcomes if isinstance(outcome, EMFit)),
        tuple(outcome for outcome in outcomes if isinstance(outcome, FailedStart)),
    )
    if not found.usable:
        return found
    found = replace(found, fits=found.fits + refit_above(climber.climb, source, found.best, simpler, prior=prior))
    return _with_exact_rate(found, source) if prior is None and floor is None else found


def _with_exact_rate(found: Restarts, source: Source) -> Restarts:
    """The same, the best fit with the exact rate of convergence, where that costs less than the climbs did."""
    best = found.best
    work = source.n_samples * best.mixture.n_components * best.mixture.n_parameters**2
    if work > LARGEST_RATE_WORK:
        return found
    known = replace(best, exact_rate=rate_if_any(source, best.mixture))
    return replace(found, fits=tuple(known if fit is best else fit for fit in found.fits))


@dataclass(frozen=True)
class _Task:
    """One start: its name, how it is made (given mixtures and allocations are themselves), its generator."""

    name: str
    start: Start | GaussianMixture | FloatArray
    rng: np.random.Generator


@dataclass(frozen=True)
class _Climber:
    """What every climb has in common; called with a task, perhaps in another process."""

    source: Source
    rows: InMemory
    n_components: int
    structure: str
    settings: dict[str, Any]

    def __call__(self, task: _Task) -> EMFit | FailedStart:
        try:
            start = self._mixture(task)
        except SingularComponent as singular:
            return FailedStart(task.name, str(singular))
        return self.climb(start, task.name)

    def climb(self, start: GaussianMixture, name: str) -> EMFit:
        """EM from `start`."""
        return fit(self.source, start, start_name=name, **self.settings)

    def _mixture(self, task: _Task) -> GaussianMixture:
        if isinstance(task.start, GaussianMixture):
            return task.start
        weights = self.rows.weights if self.rows.weights.size else None
        floor = self.settings["floor"]
        if isinstance(task.start, Start):
            make = task.start.make
            return make(
                self.rows.points,
                self.n_components,
                structure=self.structure,
                rng=task.rng,
                weights=weights,
                floor=floor,
            )
        return from_allocations(
            self.rows.points,
            task.start,
            structure=self.structure,
            n_components=self.n_components,
            weights=weights,
            floor=floor,
        )


def _schedule(starts: Sequence[AnyStart], n_starts: int, rng: np.random.Generator, climber: _Climber) -> list[_Task]:
    """The starts in turn, `n_starts` in all; what does not depend on chance only in its first turn."""
    kinds = [_task_of(start, climber) for start in starts]
    if not kinds:
        raise ValueError("starts is empty: name at least one kind of start, or leave it out")
    n_rows = climber.rows.n_samples
    repeated = [kind for kind in kinds if isinstance(kind[1], Start) and not kind[1].is_deterministic(n_rows)]
    order = kinds[:n_starts]
    while repeated and len(order) < n_starts:
        order += repeated[: n_starts - len(order)]
    return [_Task(*kind, generator) for kind, generator in zip(order, rng.spawn(len(order)), strict=True)]


def _task_of(start: AnyStart, climber: _Climber) -> tuple[str, Start | GaussianMixture | FloatArray]:
    if isinstance(start, str):
        return start, start_named(start)
    if isinstance(start, GaussianMixture):
        shape, wanted = start.means.shape, (climber.n_components, climber.source.n_features)
        if shape != wanted:
            raise ValueError(
                f"a given start has K = {shape[0]} components and D = {shape[1]} features; wanted are K = {wanted[0]},"
                f" D = {wanted[1]}"
            )
        if start.structure != climber.structure:
            raise ValueError(
                f"a given start has the covariance structure {start.structure!r}, but {climber.structure!r} is fitted"
            )
        return "given", start
    return "given allocations", np.asarray(start)
