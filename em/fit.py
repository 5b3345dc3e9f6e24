"""One climb from one start, and what it returns."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from em.arguments import as_mixture, check_floor, check_switch
from em.climb import climb
from em.moves import EM, Move
from em.objective import Objective, Position
from em.rate import rate_if_any
from em.sources import InMemory, Source, source_of
from em.spikes import found_spikes, spikes
from em.status import Status
from mixture import ConjugatePrior, GaussianMixture
from mixture.arrays import FloatArray, as_whole_number
from mixture.storage import Stored

MAX_ITERATIONS = 10_000
TOLERANCE = 1e-8
SADDLE = 1.0 + 1e-6
"""Rates of convergence above this are those of a saddle point."""


@dataclass(frozen=True, eq=False, repr=False)
class EMFit(Stored):
    """The end of one climb.

    mixture          the last mixture; if the fit became singular, the last one before that
    log_likelihoods  (T + 1,) totals in nats; entry t belongs to the mixture after t steps, the last to `mixture`
    values           (T + 1,) what was climbed: the same, plus log p(theta) if there is a prior
    passes           (T + 1,) passes over the data until then, the first E step included
    status           how it ended, as an enum whose value advises
    detail           what happened, naming the singular component, the spike, or what the floor holds up; often empty
    remaining_gain   estimated gain still to come in nats; infinite if it could not be estimated
    rate             rate at which EM's parameters converged, from the trace: an estimate of the largest eigenvalue of
                     the fraction of missing information; None if the climb was too short to show it, or not EM
    exact_rate       that eigenvalue from the exact matrices at `mixture`; None if it was not asked for
    seconds          wall time
    start            the mixture it started from
    start_name       how that start was made
    move             name of the way it climbed
    notes            what was done to the data on their way in
    """

    mixture: GaussianMixture
    log_likelihoods: FloatArray
    values: FloatArray
    passes: FloatArray
    status: Status
    detail: str
    remaining_gain: float
    rate: float | None
    seconds: float
    start: GaussianMixture
    start_name: str = "given"
    move: str = EM.name
    notes: tuple[str, ...] = ()
    exact_rate: float | None = None

    @property
    def log_likelihood(self) -> float:
        """log p(X | theta) of `mixture`: a total, in nats."""
        return float(self.log_likelihoods[-1])

    @property
    def value(self) -> float:
        """What was climbed, at `mixture`: the log-likelihood, plus the log prior if there is one; in nats."""
        return float(self.values[-1])

    @property
    def n_iterations(self) -> int:
        """Steps taken."""
        return len(self.log_likelihoods) - 1

    @property
    def n_passes(self) -> int:
        """Passes over the data."""
        return int(self.passes[-1])

    @property
    def message(self) -> str:
        """One sentence: how it ended and what to do."""
        if not self.status.usable:
            return self.detail or self.status.value
        return "; ".join(filter(None, (self.status.value, self.detail)))

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings, exact in JSON; an infinite remaining gain is None."""
        return {
            "mixture": self.mixture.to_dict(),
            "log_likelihoods": self.log_likelihoods.tolist(),
            "values": self.values.tolist(),
            "passes": self.passes.tolist(),
            "status": self.status.name,
            "detail": self.detail,
            "remaining_gain": self.remaining_gain if np.isfinite(self.remaining_gain) else None,
            "rate": self.rate,
            "exact_rate": self.exact_rate,
            "seconds": self.seconds,
            "start": self.start.to_dict(),
            "start_name": self.start_name,
            "move": self.move,
            "notes": list(self.notes),
        }

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Self:
        """The fit that `to_dict` wrote; raises ValueError if fields are missing."""
        try:
            gain = content["remaining_gain"]
            return cls(
                mixture=GaussianMixture.from_dict(content["mixture"]),
                log_likelihoods=np.array(content["log_likelihoods"], dtype=np.float64),
                values=np.array(content["values"], dtype=np.float64),
                passes=np.array(content["passes"], dtype=np.float64),
                status=Status[content["status"]],
                detail=content["detail"],
                remaining_gain=np.inf if gain is None else gain,
                rate=content["rate"],
                exact_rate=content["exact_rate"],
                seconds=content["seconds"],
                start=GaussianMixture.from_dict(content["start"]),
                start_name=content["start_name"],
                move=content["move"],
                notes=tuple(content["notes"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"this is not a stored EM fit: {error} is missing or not known") from error

    def __repr__(self) -> str:
        mixture = self.mixture
        return (
            f"EMFit(K={mixture.n_components}, {mixture.structure}, log-likelihood {self.log_likelihood:.6f},"
            f" {self.n_iterations} iterations of {self.move} from {self.start_name}, {self.status.name})"
        )

    def __str__(self) -> str:
        first = f"{self.move} from {self.start_name}: log-likelihood {self.log_likelihood:.6f} nats"
        rate = self.rate if self.exact_rate is None else self.exact_rate
        lines = [
            f"{first}, {self.n_iterations} iterations, {self.n_passes} passes" + (f", rate {rate:.3f}" if rate else ""),
            self.message,
            *self.notes,
            str(self.mixture),
        ]
        return "\n".join(lines)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EMFit) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.mixture, self.log_likelihoods.tobytes(), self.status))


def fit(
    x: ArrayLike | Source,
    start: GaussianMixture,
    *,
    move: Move | None = None,
    tolerance: float = TOLERANCE,
    max_iterations: int = MAX_ITERATIONS,
    weights: ArrayLike | None = None,
    missing: bool = False,
    floor: float | None = None,
    prior: ConjugatePrior | None = None,
    start_name: str = "given",
    exact_rate: bool = False,
    threads: int | None = None,
) -> EMFit:
    """Climb log p(X | theta) = sum_n w_n log sum_k pi_k N(x_n | mu_k, Sigma_k) from `start` to a local optimum.

    x               (N, D) data: an array, a memory map, a Dask array, or a `Source`
    move            how to climb, default `EM()`; see `em.moves`
    tolerance       on the *estimated remaining gain* of the total, in nats, held on three consecutive steps (see
                    `em.stopping`), times the mean point weight if that is below one; 0 takes exactly `max_iterations`
                    steps
    weights         (N,) point weights w_n >= 0; a weight of 2 counts a point twice
    missing         whether NaN stands for a missing cell; refused otherwise
    floor           keeps Sigma_k - floor S positive semidefinite, S the covariance of all the data: a share, such as
                    1e-3, that means the same in all units
    prior           climb log p(X | theta) + log p(theta) instead (MAP-EM)
    exact_rate      whether to compute the exact rate of convergence too (complete data in memory, without a prior)
    threads         threads for large N; default all cores

    The covariance structure is that of `start`. Raises ValueError for bad data, weights or settings, and
    LikelihoodFell if the objective falls by more than rounding. A singular component does not raise: see `status`.
    Source: Dempster, Laird & Rubin 1977, JRSS B 39:1.
    """
    check_settings(tolerance, max_iterations, floor, threads)
    _check_kinds(start, move, prior)
    check_switch(exact_rate, "exact_rate")
    source = source_of(x, weights, missing=missing, n_features=start.n_features)
    if prior is not None and prior.mean.size != source.n_features:
        raise ValueError(f"the prior is for {prior.mean.size} features, but the data have {source.n_features} columns")
    objective = Objective(source, start.structure, prior=prior, floor=floor, threads=threads)
    way = EM() if move is None else move
    if exact_rate and (prior is not None or not isinstance(source, InMemory)):
        raise ValueError("exact_rate is for complete data in memory and without a prior: leave it out")
    seen = climb(objective, start, way, tolerance=tolerance * _unit(source), max_iterations=max_iterations)
    mixture, status, detail = seen.position.mixture, seen.status, seen.detail
    if status.usable:
        status, detail = _judged(status, objective, seen.position)
    rate = rate_if_any(source, mixture) if exact_rate and status.usable else None
    if rate is not None and rate > SADDLE:
        detail = saddle_message(rate)
    return EMFit(
        mixture=mixture,
        log_likelihoods=seen.log_likelihoods,
        values=seen.values,
        passes=seen.passes,
        status=status,
        detail=detail,
        remaining_gain=seen.remaining_gain,
        rate=seen.rate if way.linear else None,
        seconds=seen.seconds,
        start=start,
        start_name=start_name,
        move=way.name,
        notes=source.notes,
        exact_rate=rate,
    )


def saddle_message(rate: float) -> str:
    """What an exact rate above one says."""
    return (
        f"this is a saddle point, not a maximum: EM's rate there is {rate:.4g}, and it would leave it. Start elsewhere"
    )


def _unit(source: Source) -> float:
    """Mean weight of the points that have any, if it is below one: weights may be shares, and so then is the total."""
    if isinstance(source, InMemory) and source.weights.size:
        return min(1.0, source.total_weight / np.count_nonzero(source.weights))
    return min(1.0, source.total_weight / source.n_samples)


def _judged(status: Status, objective: Objective, position: Position) -> tuple[Status, str]:
    """Whether likelihood has run away, or would have but for the floor or the prior."""
    mixture, source = position.mixture, objective.source
    if isinstance(source, InMemory):
        found = spikes(source.points, mixture, weights=source.given_weights)
    else:
        points = position.statistics.counts * (source.n_samples / source.total_weight)
        found = found_spikes(mixture, lambda k: float(points[k]))
    if found and objective.floor is None and objective.prior is None:
        return Status.SPIKE, found[0].message
    held = objective.on_floor(mixture)
    words = [f"the floor holds up component {', '.join(map(str, held))}"] if held else []
    words += [f"component {spike.component} stands on {spike.effective_points:.3g} points only" for spike in found]
    return status, "; ".join(words)


def check_settings(tolerance: float, max_iterations: int, floor: float | None, threads: int | None) -> None:
    """Refuse settings that mean nothing, naming them."""
    if not _is_number(tolerance) or not (np.isfinite(tolerance) and tolerance >= 0.0):
        raise ValueError(f"tolerance must be a number of nats, 0 or more, not {tolerance!r}")
    as_whole_number(max_iterations, "max_iterations", least=0)
    if threads is not None:
        as_whole_number(threads, "threads", least=1)
    check_floor(floor)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _check_kinds(start: object, move: object, prior: object) -> None:
    as_mixture(start, "the start")
    if move is not None and not isinstance(move, Move):
        raise ValueError(f"move must be one of em.moves, such as em.moves.AcceleratedEM(), not {move!r}")
    if prior is not None and not isinstance(prior, ConjugatePrior):
        raise ValueError(f"prior must be a ConjugatePrior, such as ConjugatePrior.fraley_raftery(x, K), not {prior!r}")
