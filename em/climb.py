"""The one loop that every way to climb goes through."""

import time
from dataclasses import dataclass

import numpy as np

from em.moves import Move
from em.objective import Objective, Position
from em.status import Status
from em.steps import SingularComponent
from em.stopping import StoppingRule, rounding_of
from mixture import GaussianMixture
from mixture.arrays import FloatArray


class LikelihoodFell(ArithmeticError):
    """The objective fell by more than rounding. No move may do that: it is an error of this code."""


OUT_OF_RANGE = (
    "the likelihood has left the range of floating-point numbers: rescale the columns, leave out constant ones,"
    " or take fewer components"
)


@dataclass(frozen=True, eq=False)
class Climb:
    """What the loop saw.

    position         where it ended; if it became singular, the last position before that
    values           (T + 1,) the objective after each step, in nats
    log_likelihoods  (T + 1,) log p(X | theta) after each step
    passes           (T + 1,) passes over the data until then
    status, detail   how it ended
    remaining_gain   estimated gain still to come, in nats; infinite if unknown
    rate             estimated rate of convergence of the parameters, from the trace; None if it showed none
    seconds          wall time
    """

    position: Position
    values: FloatArray
    log_likelihoods: FloatArray
    passes: FloatArray
    status: Status
    detail: str
    remaining_gain: float
    rate: float | None
    seconds: float


def climb(objective: Objective, start: GaussianMixture, move: Move, *, tolerance: float, max_iterations: int) -> Climb:
    """Take steps of `move` from `start` until the estimated gain still to come stays below `tolerance` nats.

    Raises LikelihoodFell if a step falls by more than rounding, and ValueError for a start without a likelihood; a
    singular component ends the climb instead.
    """
    began = time.perf_counter()
    rule = StoppingRule(tolerance)
    position = objective.evaluate(start)
    if not np.isfinite(position.value):
        raise ValueError(
            f"the likelihood of the start is {position.value}: it gives some point no density that a number can hold."
            " Start nearer to the data, or rescale the columns."
        )
    trace = [(position.value, position.log_likelihood, objective.passes)]
    status, detail = Status.ITERATION_LIMIT, ""
    steps = move.steps(objective, position)
    for _ in range(max_iterations):
        try:
            step = next(steps)
        except SingularComponent as singular:
            status, detail = Status.SINGULAR, str(singular)
            break
        if not np.isfinite(step.position.value):
            status, detail = Status.SINGULAR, OUT_OF_RANGE
            break
        gain = step.position.value - position.value
        rounding = rounding_of(step.position.statistics, step.position.mixture)
        # A start below the floor is not a point of the constrained problem, so its first step may fall.
        if gain < -rounding and not (objective.floor is not None and len(trace) == 1):
            raise LikelihoodFell(
                f"the objective fell by {-gain:.3g} nats at iteration {len(trace)} of {move.name}, where rounding"
                f" explains {rounding:.3g}. This is an error of this code; please report it with the data."
            )
        position = step.position
        trace.append((position.value, position.log_likelihood, objective.passes))
        if rule.converged(gain, rounding, step.remaining):
            status = Status.CONVERGED
            break
    values, log_likelihoods, passes = np.array(trace, dtype=np.float64).T
    return Climb(
        position=position,
        values=values,
        log_likelihoods=log_likelihoods,
        passes=passes,
        status=status,
        detail=detail,
        remaining_gain=rule.estimate,
        rate=rule.rate,
        seconds=time.perf_counter() - began,
    )
