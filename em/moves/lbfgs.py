"""Direct ascent by a limited-memory quasi-Newton method that knows nothing of EM."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

from em.moves.landscape import with_em_beyond
from em.moves.move import Move, Step
from em.moves.quasi_newton import MEMORY, EuclideanMemory, climb_by_pairs
from em.objective import Objective, Position


@final
@dataclass(frozen=True)
class LBFGS(Move):
    """z <- z + t H g in unconstrained coordinates, H from the last steps with H_0 a multiple of the identity.

    memory  pairs of steps and gradients remembered

    It never falls. Steps of EM come where a line search finds nothing or the floor holds a covariance up. For the
    structures that share nothing or everything; ValueError for others.
    Source: Liu & Nocedal 1989, Math. Program. 45:503.
    """

    memory: int = MEMORY

    name = "L-BFGS"

    def steps(self, objective: Objective, start: Position) -> Iterator[Step]:
        return with_em_beyond(
            objective, start, climb_by_pairs(objective, start, EuclideanMemory(self.memory), em_first=0)
        )
