"""Limited-memory BFGS over unconstrained coordinates, whatever the metric it begins with."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

import numpy as np

from em.moves.landscape import Landscape, Place
from em.moves.line_search import search
from em.moves.move import Step
from em.objective import Objective, Position
from mixture.arrays import FloatArray

SLOWEST = 1e-3
"""Curvature, as a share of that of the complete data, feared as long as nothing is known of it."""
MEMORY = 20
"""Pairs remembered."""
EM_FIRST = 3
"""Steps of EM before the first of its own: far from an optimum no step is better, and they choose its basin."""
NOTHING_LEFT = 1e-4
"""First-order gains below this share of rounding are no sign of a saddle point."""


@dataclass(frozen=True, eq=False)
class Pair:
    """A step s, the fall y of the gradient over it, s y, and the share of the complete data's curvature along it."""

    step: FloatArray
    fall: FloatArray
    along: float
    share: float


class Memory:
    """The last pairs of a climb, and what they say of the curvature."""

    def __init__(self, size: int) -> None:
        self.pairs: deque[Pair] = deque(maxlen=size)
        self._concave = True

    def forget(self) -> None:
        """Drop all pairs."""
        self.pairs.clear()

    def note(self, before: Place, after: Place) -> None:
        """Take up a step, if the objective was concave along it."""
        step, fall = after.vector - before.vector, before.gradient - after.gradient
        along = float(step @ fall)
        self._concave = along > 1e-12 * float(np.linalg.norm(step) * np.linalg.norm(fall))
        if self._concave:
            complete = float(step @ after.metric.times(step))
            self.pairs.append(Pair(step, fall, along, along / complete if complete > 0.0 else 1.0))

    def first_guess(self, place: Place, vector: FloatArray) -> FloatArray:
        """H_0 v: B^-1 v, B the information of the complete data."""
        return place.metric.inverse_times(vector)

    def direction(self, place: Place) -> FloatArray:
        """H g by the two-loop recursion. Source: Nocedal & Wright 2006, Numerical Optimization, algorithm 7.4."""
        vector, factors = place.gradient, []
        for pair in reversed(self.pairs):
            factor = float(pair.step @ vector) / pair.along
            vector = vector - factor * pair.fall
            factors.append(factor)
        vector = self.first_guess(place, vector)
        for pair, factor in zip(self.pairs, reversed(factors), strict=True):
            vector = vector + (factor - float(pair.fall @ vector) / pair.along) * pair.step
        return vector

    def remaining(self, place: Place, direction: FloatArray | None = None) -> float:
        """Estimated gain still to come, in nats: the larger of g H g / 2 and g B^-1 g / (2 lambda).

        lambda is the least curvature, as a share of that of the complete data B, met by a step in memory: the second
        would be the gain to come if all of the gradient lay along the slowest direction, and so errs on the safe side.
        Infinite after a step along which the objective was not concave.
        """
        slowest = min((pair.share for pair in self.pairs), default=SLOWEST)
        of_metric = 0.5 * float(place.gradient @ place.metric.inverse_times(place.gradient))
        if not self._concave and of_metric > NOTHING_LEFT * place.rounding:
            return float("inf")
        own = 0.0 if direction is None else 0.5 * float(place.gradient @ direction)
        return max(own, of_metric / min(slowest, 1.0))


@final
class EuclideanMemory(Memory):
    """The same, with H_0 a multiple of the identity."""

    def first_guess(self, place: Place, vector: FloatArray) -> FloatArray:
        """v s y / y y of the last pair; v / C as long as there is none."""
        if not self.pairs:
            return vector / place.total
        pair = self.pairs[-1]
        return vector * (pair.along / float(pair.fall @ pair.fall))


def climb_by_pairs(objective: Objective, start: Position, memory: Memory, em_first: int = EM_FIRST) -> Iterator[Step]:
    """z <- z + t H g with t by line search, after `em_first` steps of EM.

    Where that gains nothing the memory is dropped; where H_0 alone gains nothing either, and as long as the
    floor holds a covariance up, the step is EM's.
    """
    landscape = Landscape(objective, start)
    place = landscape.place(start)
    for _ in range(em_first):
        after = landscape.em_step(place)
        memory.note(place, after)
        place = after
        yield Step(place.position, memory.remaining(place))
    direction = memory.direction(place)
    while True:
        if not landscape.inner(place):
            memory.forget()
            place = landscape.em_step(place)
            direction = memory.direction(place)
            yield Step(place.position)
            continue
        found = search(landscape, place, direction)
        if found is None and memory.pairs:
            memory.forget()
            found = search(landscape, place, memory.direction(place))
        after = landscape.em_step(place) if found is None else found
        memory.note(place, after)
        place = after
        direction = memory.direction(place)
        yield Step(place.position, memory.remaining(place, direction))
