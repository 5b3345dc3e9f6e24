"""Relabelling by turns: the best order of every draw given a centre, then the best centre given the orders.

Both steps lower one objective, so that the turns end. What the centre is (a pivot allocation, a matrix of
probabilities, means of clusters) is the method's own affair.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bayesian.relabelling.result import Orders
from mixture.arrays import IntArray

SCOUT_DRAWS = 200
"""How many draws, evenly spaced, the starts are compared on; the best of them is then continued on all draws."""

SCOUT_ITERATIONS = 50
"""Iterations a start is given on those draws."""

SCOUT_STARTS = 5
"""How many single draws are tried as starts, beside the labels as they are."""


@dataclass(frozen=True)
class Step[Centre]:
    """Orders (T, K) that are best given one centre, their cost about it, and the centre they give."""

    orders: IntArray
    cost: float
    centre: Centre


@dataclass(frozen=True)
class Descent[Centre]:
    """The last step that was worth taking, the number of steps, and whether they ended by themselves."""

    last: Step[Centre]
    iterations: int
    settled: bool


def descend[Centre](
    step: Callable[[Centre], Step[Centre]], start: Centre, *, max_iterations: int, tolerance: float = 0.0
) -> Descent[Centre]:
    """Take steps until no order changes or the cost falls by no more than `tolerance` of itself."""
    found = step(start)
    cost = np.inf  # the first one is about the centre handed in, which is no centre of these draws
    for iteration in range(2, max_iterations + 2):
        better = step(found.centre)
        if np.array_equal(better.orders, found.orders):
            return Descent(better, iteration, settled=True)
        if cost - better.cost <= tolerance * abs(better.cost):
            return Descent(better if better.cost <= cost else found, iteration, settled=True)
        found, cost = better, better.cost
    return Descent(found, max_iterations + 1, settled=False)


def scout_positions(n_draws: int) -> IntArray:
    """Positions of at most SCOUT_DRAWS draws, evenly spaced."""
    return np.unique(np.linspace(0, n_draws - 1, min(n_draws, SCOUT_DRAWS)).round().astype(np.int64))


def start_positions(n_scouts: int) -> IntArray:
    """Positions among the scouts of the draws that are tried as starts, evenly spaced within them."""
    n_starts = min(n_scouts, SCOUT_STARTS)
    return ((np.arange(n_starts) + 0.5) * n_scouts / n_starts).astype(np.int64)


def best_centre[Centre](
    step: Callable[[Centre], Step[Centre]], starts: Sequence[Centre], *, tolerance: float = 0.0
) -> Centre:
    """The centre at which the descent of lowest cost ended, of those from each start; of equal ones the first."""
    descents = [descend(step, start, max_iterations=SCOUT_ITERATIONS, tolerance=tolerance) for start in starts]
    return min(descents, key=lambda descent: descent.last.cost).last.centre


def as_result[Centre](descent: Descent[Centre], cost: float, name: str) -> Orders:
    """What a method returns; a RuntimeWarning names it if its turns were stopped early."""
    warn_unless_settled(descent, name)
    return Orders(descent.last.orders, cost, descent.iterations)


def warn_unless_settled[Centre](descent: Descent[Centre], name: str) -> None:
    """A RuntimeWarning that names the method if its turns were stopped early."""
    if not descent.settled:
        warnings.warn(
            f"{name} relabelling was still improving after {descent.iterations - 1} iterations: raise max_iterations",
            RuntimeWarning,
            stacklevel=3,
        )


def check_max_iterations(max_iterations: int) -> None:
    """Raises ValueError unless there is at least one iteration."""
    if max_iterations < 1:
        raise ValueError(f"max_iterations must be at least 1, not {max_iterations}")
