"""Several ways to climb from the same starts: passes over the data until each came close, in numbers that are kept."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

import em
from em.moves import Move
from mixture import GaussianMixture
from mixture.arrays import FloatArray

TOLERANCE = 1e-9
"""Nats still to be gained at which the loop stops, so that climbs come within CLOSE."""
CLOSE = 1e-8
"""Nats below its optimum at which a climb has arrived."""
SAME = 1e-6
"""Nats within which two ends are one optimum."""
MAX_ITERATIONS = 30_000
KEPT = 300
"""Steps of a trace that are kept, evenly spread over the logarithm of their number."""
KINDS = (em.kmeans_plus_plus, em.random_partition)


@dataclass(frozen=True)
class Ended:
    """One climb.

    status          name of its `em.Status`
    log_likelihood  where it ended
    iterations, passes, seconds   until then
    arrival         passes until it was within CLOSE of its optimum, the highest end of any climb there; None: never
    gap             nats below that optimum at its end; nan if it did not converge
    fall            largest fall of a step, in nats
    rate            rate of convergence that its trace showed; None if it showed none
    """

    status: str
    log_likelihood: float
    iterations: int
    passes: int
    seconds: float
    arrival: int | None
    gap: float
    fall: float
    rate: float | None

    @property
    def converged(self) -> bool:
        """Whether it ended at an optimum that is no spike."""
        return self.status == em.Status.CONVERGED.name


@dataclass(frozen=True, eq=False)
class Climbs:
    """Every way's climbs, by its name and in the order of the starts.

    best    the highest log-likelihood of all climbs that converged
    traces  passes and gap to the optimum (T, 2) of one climb each, from the start where the first way is typical
    rate    exact rate of EM at the best end; None if it was not asked for
    """

    best: float
    ended: dict[str, list[Ended]]
    traces: dict[str, FloatArray]
    rate: float | None = None

    @property
    def n_starts(self) -> int:
        """Climbs of each way."""
        return len(next(iter(self.ended.values())))

    def arrived(self, way: str) -> list[Ended]:
        """The climbs of a way that ended at an optimum."""
        return [climb for climb in self.ended[way] if climb.converged]

    def arrivals(self, way: str) -> list[int]:
        """Passes of those that came close."""
        return [climb.arrival for climb in self.arrived(way) if climb.arrival is not None]

    def at_the_best(self, way: str) -> int:
        """How many of them ended at the highest optimum."""
        return sum(climb.log_likelihood >= self.best - SAME for climb in self.arrived(way))

    @property
    def falls(self) -> list[float]:
        """Largest falls of all climbs that ran away nowhere."""
        return [climb.fall for climbs in self.ended.values() for climb in climbs if em.Status[climb.status].usable]


def alternating_starts(
    points: FloatArray, k: int, structure: str, n_starts: int, rng: np.random.Generator
) -> list[GaussianMixture]:
    """k-means++ and random partition in turn: the second kind begins far from every optimum."""
    return [KINDS[i % 2](points, k, structure=structure, rng=stream) for i, stream in enumerate(rng.spawn(n_starts))]


def climb_all(
    points: FloatArray,
    starts: Sequence[GaussianMixture],
    ways: Mapping[str, Move],
    *,
    max_iterations: int = MAX_ITERATIONS,
    exact_rate: bool = False,
    climbed: Callable[[int], None] = lambda _: None,
) -> Climbs:
    """Every way from every start; `climbed` is called with 1 after each. Raises ValueError if no climb converged."""
    fits: dict[str, list[em.EMFit]] = {}
    em.fit(points, starts[0], max_iterations=1, threads=1)  # compiled code is loaded before the clock runs
    for name, move in ways.items():
        fits[name] = []
        for start in starts:
            fit = em.fit(points, start, move=move, tolerance=TOLERANCE, max_iterations=max_iterations, threads=1)
            fits[name].append(fit)
            climbed(1)
    everything = [fit for climbs in fits.values() for fit in climbs]
    ends = np.sort([fit.log_likelihood for fit in everything if _converged(fit)])
    if not ends.size:
        raise ValueError("no climb converged: raise the number of starts")
    top = next(fit for fit in everything if _converged(fit) and fit.log_likelihood == ends[-1])
    return Climbs(
        best=float(ends[-1]),
        ended={name: [_ended(fit, ends) for fit in climbs] for name, climbs in fits.items()},
        traces=_traces(fits, ends),
        rate=em.convergence_rate(points, top.mixture).rate if exact_rate else None,
    )


def optimum_of(end: float, ends: FloatArray) -> float:
    """The highest of the ascending `ends` that is one optimum with `end`, which is among them."""
    return float(ends[(ends >= end) & (ends <= end + SAME)].max())


def _converged(fit: em.EMFit) -> bool:
    return fit.status is em.Status.CONVERGED


def _ended(fit: em.EMFit, ends: FloatArray) -> Ended:
    arrival, gap = None, float("nan")
    if _converged(fit):
        optimum = optimum_of(fit.log_likelihood, ends)
        close = fit.values >= optimum - CLOSE
        arrival = int(fit.passes[close.argmax()]) if close.any() else None
        gap = optimum - fit.log_likelihood
    return Ended(
        status=fit.status.name,
        log_likelihood=fit.log_likelihood,
        iterations=fit.n_iterations,
        passes=fit.n_passes,
        seconds=fit.seconds,
        arrival=arrival,
        gap=gap,
        fall=float(-np.diff(fit.values).min(initial=0.0)),
        rate=fit.rate,
    )


def _traces(fits: Mapping[str, Sequence[em.EMFit]], ends: FloatArray) -> dict[str, FloatArray]:
    """From the start at which the first way took its median number of passes, where all converged if it can be."""
    first = next(iter(fits.values()))
    shared = [i for i in range(len(first)) if all(_converged(climbs[i]) for climbs in fits.values())]
    shared = shared or [i for i in range(len(first)) if _converged(first[i])] or [0]
    shared.sort(key=lambda i: first[i].n_passes)
    typical = shared[len(shared) // 2]
    traces = {}
    for name, climbs in fits.items():
        fit = climbs[typical]
        optimum = optimum_of(fit.log_likelihood, ends) if _converged(fit) else float(ends[-1])
        last = len(fit.values) - 1
        kept = np.unique(np.concatenate([[0], np.geomspace(1, last, KEPT).round().astype(int)])) if last else [0]
        traces[name] = np.column_stack([fit.passes[kept], optimum - fit.values[kept]])
    return traces
