"""EM from one start: the loop, and what it returns."""

import time
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from em.status import Status
from em.steps import SingularComponent, e_step, m_step
from em.stopping import StoppingRule, rounding_of
from mixture import GaussianMixture
from mixture.arrays import FloatArray, as_point_weights, as_points, as_whole_number
from mixture.storage import Stored

MAX_ITERATIONS = 10_000
TOLERANCE = 1e-8


class LikelihoodFell(ArithmeticError):
    """The log-likelihood fell by more than rounding. EM cannot do that: it is an error of this code."""


@dataclass(frozen=True, eq=False)
class EMFit(Stored):
    """The end of one climb.

    mixture          the last mixture; if the fit became singular, the last one before that
    log_likelihoods  (T + 1,) totals in nats; entry t belongs to the mixture after t M steps, the last to `mixture`
    status           how it ended, as an enum whose value advises
    detail           what happened, naming the singular component; empty if nothing did
    remaining_gain   estimated gain still to come in nats (Aitken); infinite if it could not be estimated
    seconds          wall time
    start            the mixture it started from
    start_name       how that start was made
    """

    mixture: GaussianMixture
    log_likelihoods: FloatArray
    status: Status
    detail: str
    remaining_gain: float
    seconds: float
    start: GaussianMixture
    start_name: str = "given"

    @property
    def log_likelihood(self) -> float:
        """log p(X | theta) of `mixture`: a total, in nats."""
        return float(self.log_likelihoods[-1])

    @property
    def n_iterations(self) -> int:
        """M steps taken."""
        return len(self.log_likelihoods) - 1

    @property
    def message(self) -> str:
        """One sentence: how it ended and what to do."""
        return self.detail or self.status.value

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings, exact in JSON; an infinite remaining gain is None."""
        return {
            "mixture": self.mixture.to_dict(),
            "log_likelihoods": self.log_likelihoods.tolist(),
            "status": self.status.name,
            "detail": self.detail,
            "remaining_gain": self.remaining_gain if np.isfinite(self.remaining_gain) else None,
            "seconds": self.seconds,
            "start": self.start.to_dict(),
            "start_name": self.start_name,
        }

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Self:
        """The fit that `to_dict` wrote; raises ValueError if fields are missing."""
        try:
            gain = content["remaining_gain"]
            return cls(
                mixture=GaussianMixture.from_dict(content["mixture"]),
                log_likelihoods=np.array(content["log_likelihoods"], dtype=np.float64),
                status=Status[content["status"]],
                detail=content["detail"],
                remaining_gain=np.inf if gain is None else gain,
                seconds=content["seconds"],
                start=GaussianMixture.from_dict(content["start"]),
                start_name=content["start_name"],
            )
        except KeyError as error:
            raise ValueError(f"this is not a stored EM fit: {error} missing") from error

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EMFit) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.mixture, self.log_likelihoods.tobytes(), self.status))


def fit(
    x: ArrayLike,
    start: GaussianMixture,
    *,
    tolerance: float = TOLERANCE,
    max_iterations: int = MAX_ITERATIONS,
    weights: ArrayLike | None = None,
    floor: float | None = None,
    start_name: str = "given",
    threads: int | None = None,
) -> EMFit:
    """Climb log p(X | theta) = sum_n w_n log sum_k pi_k N(x_n | mu_k, Sigma_k) by EM, from `start` to a local optimum.

    x               (N, D) data
    tolerance       on the *estimated remaining gain* of the total log-likelihood, in nats, held on three consecutive
                    steps (see `em.stopping`); 0 takes exactly `max_iterations` M steps
    weights         (N,) point weights w_n >= 0; a weight of 2 counts a point twice
    floor           lower bound on the covariance eigenvalues, in units of the data squared: clipped, never added
    threads         threads for large N; default all cores

    The covariance structure is that of `start`. Raises ValueError for bad data, weights or settings, and
    LikelihoodFell if the likelihood falls by more than rounding. A singular component does not raise: see `status`.
    Source: Dempster, Laird & Rubin 1977, JRSS B 39:1.
    """
    points = as_points(x, n_features=start.n_features)
    point_weights = as_point_weights(weights, len(points))
    _check_settings(tolerance, max_iterations, floor, threads)
    began = time.perf_counter()
    rule = StoppingRule(tolerance)
    mixture, status, detail = start, Status.ITERATION_LIMIT, ""
    statistics = e_step(points, mixture, point_weights, threads=threads)
    trace = [statistics.log_likelihood]
    for _ in range(max_iterations):
        try:
            candidate = m_step(statistics, structure=start.structure, floor=floor)
        except SingularComponent as singular:
            status, detail = Status.SINGULAR, str(singular)
            break
        statistics = e_step(points, candidate, point_weights, threads=threads)
        gain = statistics.log_likelihood - trace[-1]
        rounding = rounding_of(statistics, candidate)
        # A start below the floor is not a point of the constrained problem, so its first step may fall.
        if gain < -rounding and not (floor is not None and len(trace) == 1):
            raise LikelihoodFell(
                f"the log-likelihood fell by {-gain:.3g} nats at iteration {len(trace)}, where rounding explains"
                f" {rounding:.3g}. This is an error of this code; please report it with the data."
            )
        mixture = candidate
        trace.append(statistics.log_likelihood)
        if rule.converged(gain, rounding):
            status = Status.CONVERGED
            break
    return EMFit(
        mixture=mixture,
        log_likelihoods=np.array(trace),
        status=status,
        detail=detail,
        remaining_gain=rule.estimate,
        seconds=time.perf_counter() - began,
        start=start,
        start_name=start_name,
    )


def _check_settings(tolerance: float, max_iterations: int, floor: float | None, threads: int | None) -> None:
    if not (np.isfinite(tolerance) and tolerance >= 0.0):
        raise ValueError(f"tolerance must be a number of nats, 0 or more, not {tolerance}")
    as_whole_number(max_iterations, "max_iterations", least=0)
    if threads is not None:
        as_whole_number(threads, "threads", least=1)
    if floor is not None and not (np.ndim(floor) == 0 and np.isfinite(floor) and floor > 0.0):
        raise ValueError(f"floor must be positive (a variance, in units of the data squared), not {floor}")
