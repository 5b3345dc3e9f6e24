"""EM, accelerated by squared extrapolation."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

import numpy as np

from em.moves.landscape import Landscape, Place, with_em_beyond
from em.moves.move import Move, Step
from em.moves.quasi_newton import Memory
from em.objective import Objective, Position

REMEMBERED = 10
"""Cycles whose longest extrapolation and least curvature say how slow EM is here."""
MAX_HALVINGS = 4


@final
@dataclass(frozen=True)
class Squarem(Move):
    """z <- z - 2 a r + a^2 v with r = M(z) - z, v = M(M(z)) - 2 M(z) + z, a = -|r| / |v|, M the step of EM.

    Scheme S3, in unconstrained coordinates and with EM's own metric as the norm, so that units do not matter. Without
    the stabilising third step of EM: the next cycle begins with one. Extrapolations that fall below M(z), are no
    mixture or lie below the floor are halved towards M(M(z)), at last replaced by M(z): it never falls.
    For the structures that share nothing or everything; ValueError for others.
    Source: Varadhan & Roland 2008, Scand. J. Stat. 35:335, sections 5 and 6.
    """

    name = "SQUAREM"

    def steps(self, objective: Objective, start: Position) -> Iterator[Step]:
        return with_em_beyond(objective, start, self._steps(objective, start))

    def _steps(self, objective: Objective, start: Position) -> Iterator[Step]:
        landscape = Landscape(objective, start)
        place = landscape.place(start)
        lengths: deque[float] = deque(maxlen=REMEMBERED)
        memory = Memory(REMEMBERED)
        while True:
            inner = landscape.inner(place)
            once = landscape.em_step(place)
            if not inner or not landscape.inner(once):
                place = once
                yield Step(place.position)
                continue
            memory.note(place, once)
            place, length = _extrapolate(landscape, objective, place, once)
            lengths.append(length)
            first_order = 0.5 * float(place.gradient @ place.metric.inverse_times(place.gradient))
            yield Step(place.position, max(first_order * max(lengths), memory.remaining(place)))


def _extrapolate(landscape: Landscape, objective: Objective, place: Place, once: Place) -> tuple[Place, float]:
    """The place after one cycle, and the length -a it tried first."""
    twice = place.coordinates.vector(objective.maximise(once.position))
    change = once.vector - place.vector
    bend = twice - once.vector - change
    sizes = [float(vector @ place.metric.times(vector)) for vector in (change, bend)]
    wanted = max(1.0, float(np.sqrt(sizes[0] / sizes[1]))) if min(sizes) > 0.0 else 1.0
    length = wanted
    for _ in range(MAX_HALVINGS):
        found = landscape.visit(place.vector + 2.0 * length * change + length**2 * bend)
        if found is not None and found.value >= once.value:
            return found, wanted
        if length == 1.0:
            break
        length = 0.5 * (length + 1.0) if length > 1.01 else 1.0
    return once, wanted
