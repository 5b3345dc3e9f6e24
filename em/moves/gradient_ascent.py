"""Plain gradient ascent."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

from em.moves.landscape import Landscape, with_em_beyond
from em.moves.line_search import search
from em.moves.move import Move, Step
from em.moves.quasi_newton import Memory
from em.objective import Objective, Position

REMEMBERED = 100
"""Steps whose curvatures are kept."""
CAUTION = 10.0
"""How much flatter than any of these the flattest direction is feared to be."""


@final
@dataclass(frozen=True)
class GradientAscent(Move):
    """z <- z + t g in unconstrained coordinates, t by a line search that begins from the last t; it never falls.

    Slow wherever the curvature differs between directions: here for comparison. Its estimate of the gain still to come
    supposes that all of it lies along a tenth of the least curvature that a step has met. Steps of EM come where a line
    search finds nothing or the floor holds a covariance up. For the structures that share nothing or everything;
    ValueError for others.
    """

    name = "gradient ascent"

    def steps(self, objective: Objective, start: Position) -> Iterator[Step]:
        return with_em_beyond(objective, start, self._steps(objective, start))

    def _steps(self, objective: Objective, start: Position) -> Iterator[Step]:
        landscape = Landscape(objective, start)
        place = landscape.place(start)
        memory, length = Memory(REMEMBERED), 1.0 / place.total
        while True:
            if not landscape.inner(place):
                place = landscape.em_step(place)
                yield Step(place.position)
                continue
            found = search(landscape, place, place.gradient, length)
            after = landscape.em_step(place) if found is None else found
            if found is not None:
                slope = float(place.gradient @ place.gradient)
                length = float((found.vector - place.vector) @ place.gradient) / slope
            memory.note(place, after)
            place = after
            yield Step(place.position, CAUTION * memory.remaining(place))
