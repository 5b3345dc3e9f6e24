"""Newton's method with the exact Hessian."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

import numpy as np
from scipy.linalg import eigh

from em.curvature import objective_hessian, whiten
from em.moves.landscape import Landscape, Place, with_em_beyond
from em.moves.line_search import search
from em.moves.move import Move, Step
from em.objective import Objective, Position
from em.sources import InMemory
from mixture.arrays import FloatArray

EM_FIRST = 3
"""Steps of EM before the first of Newton's: far from an optimum a quadratic says little."""
FLATTEST = 1e-8
"""Curvatures below this share of the complete data's are taken to be this."""
HESSIAN_PASSES = 2
NOTHING_LEFT = 1e-4
"""First-order gains below this share of rounding are no sign of a saddle point."""


@final
@dataclass(frozen=True)
class Newton(Move):
    """z <- z + t (-H)^-1 g in unconstrained coordinates, H the exact Hessian, t by a line search; it never falls.

    Curvatures, as shares of those of the complete data, are taken by size where H is not negative definite, so that
    every direction is one of ascent. Its own estimate of the gain still to come is half the Newton decrement,
    g (-H)^-1 g / 2. Every Hessian costs two further passes, which are counted, and P^2 numbers.

    For data in memory without missing cells and the structures that share nothing or everything; ValueError otherwise.
    Source: Nocedal & Wright 2006, Numerical Optimization, section 3.4; Louis 1982, JRSS B 44:226, for the Hessian.
    """

    name = "Newton"

    def steps(self, objective: Objective, start: Position) -> Iterator[Step]:
        return with_em_beyond(objective, start, self._steps(objective, start))

    def _steps(self, objective: Objective, start: Position) -> Iterator[Step]:
        source = objective.source
        if not isinstance(source, InMemory):
            raise ValueError(
                "Newton's method needs complete data in memory for its second derivatives: climb by AcceleratedEM()"
            )
        landscape = Landscape(objective, start)
        place = landscape.place(start)
        whitened = whiten(place.coordinates, source.points)
        for _ in range(EM_FIRST):
            place = landscape.em_step(place)
            yield Step(place.position, float("inf"))
        while True:
            found, remaining = None, None
            if landscape.inner(place):
                hessian = objective_hessian(place.coordinates, place.vector, place.moments, whitened, source.weights)
                objective.passes += HESSIAN_PASSES
                direction, remaining = _newton(place, hessian)
                found = search(landscape, place, direction)
            place = landscape.em_step(place) if found is None else found
            # The decrement belongs to the place before the step: what came after it can only be less.
            yield Step(place.position, remaining)


def _newton(place: Place, hessian: FloatArray) -> tuple[FloatArray, float]:
    """The direction, and the estimated gain to come from here; infinite where the objective is not concave."""
    complete = np.stack([place.metric.times(unit) for unit in np.eye(place.coordinates.size)])
    try:
        shares, directions = eigh(-0.5 * (hessian + hessian.T), 0.5 * (complete + complete.T))
    except np.linalg.LinAlgError:  # a component all but empty: EM's own direction
        return place.metric.inverse_times(place.gradient), float("inf")
    slopes = directions.T @ place.gradient
    sizes = np.maximum(np.abs(shares), FLATTEST)
    remaining = 0.5 * float(np.square(slopes) @ (1.0 / sizes))
    first_order = 0.5 * float(np.square(slopes).sum())
    if shares.min(initial=1.0) < -FLATTEST and first_order > NOTHING_LEFT * place.rounding:
        remaining = float("inf")
    return directions @ (slopes / sizes), remaining
