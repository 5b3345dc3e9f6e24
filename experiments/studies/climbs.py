"""Several ways to climb from the same starts: passes over the data until each came close, in numbers that are kept."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

import em
from em.moves import Move
from mixture import GaussianMixture
from mixture.arrays import FloatArray

TOLERANCE = 1e-9
"""Nats still to be gained, by the loop's own estimate, at which it stops: far below CLOSE, since the estimate may fall
short of the truth by orders of magnitude where a climb is slow."""
CLOSE = 1e-6
"""Nats below its optimum at which a climb has arrived: far above TOLERANCE, so that arriving is a matter of the way and
not of when the loop stops; far below anything that matters to an estimate."""
SAME = 1e-4
"""Nats within which two ends are one optimum: far above CLOSE, so that a climb that stops short of an optimum is held
against that optimum and not against itself."""
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

    @property
    def seconds_to_arrive(self) -> float:
        """Seconds until it had arrived: those of the whole climb by its share of the passes; nan if it never did."""
        return float("nan") if self.arrival is None else self.seconds * self.arrival / self.passes


@dataclass(frozen=True, eq=False)
class Climbs:
    """Every way's climbs, by its name and in the order of the starts.

    n_points, n_features, n_components   N, D and K
    best    the highest log-likelihood of all climbs that converged
    traces  passes and gap (T, 2) of one climb each, all from one start and measured from one optimum (`_traces`)
    rate    exact rate of EM at the best end; None if it was not asked for
    """

    n_points: int
    n_features: int
    n_components: int
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

    def seconds_to_arrive(self, way: str) -> list[float]:
        """Seconds that those took until then."""
        return [climb.seconds_to_arrive for climb in self.arrived(way) if climb.arrival is not None]

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
        n_points=points.shape[0],
        n_features=points.shape[1],
        n_components=starts[0].n_components,
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
    """From one start, gaps measured from the highest optimum reached from there, so that curves begin at one height.

    The start is one from which all ways end at one optimum, if there is any, else from which they end at the fewest; of
    those the one at which the first way took its median number of passes. Ways that ran away have no trace.
    """
    reached = [_reached([climbs[i] for climbs in fits.values()], ends) for i in range(len(next(iter(fits.values()))))]
    ranks = [(len(set(optima)) or len(fits), -len(optima)) for optima in reached]
    alike = [i for i, rank in enumerate(ranks) if rank == min(ranks)]
    alike.sort(key=lambda i: next(iter(fits.values()))[i].n_passes)
    typical = alike[len(alike) // 2]
    optimum = max(reached[typical], default=float(ends[-1]))
    traces = {}
    for name, climbs in fits.items():
        fit = climbs[typical]
        if not fit.status.usable:
            continue
        last = len(fit.values) - 1
        kept = np.unique(np.concatenate([[0], np.geomspace(1, last, KEPT).round().astype(int)])) if last else [0]
        traces[name] = np.column_stack([fit.passes[kept], optimum - fit.values[kept]])
    return traces


def _reached(fits: Sequence[em.EMFit], ends: FloatArray) -> list[float]:
    """The optimum of each climb that converged."""
    return [optimum_of(fit.log_likelihood, ends) for fit in fits if _converged(fit)]
