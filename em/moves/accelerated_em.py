"""EM, accelerated by what its own steps tell of the curvature."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

from em.moves.landscape import with_em_beyond
from em.moves.move import Move, Step
from em.moves.quasi_newton import MEMORY, Memory, climb_by_pairs
from em.objective import Objective, Position


@final
@dataclass(frozen=True)
class AcceleratedEM(Move):
    """z <- z + t H g: quasi-Newton steps that begin from EM's own metric, H_0 = B^-1 with B the information of the
    complete data, so that without memory a step is to first order EM's; t by a line search, and it never falls.

    memory  pairs of steps and gradients remembered

    Near an optimum EM crawls along the directions of most missing information; these are what the memory learns, and
    convergence becomes superlinear. The first steps are EM's, and so is every step where nothing else gains or where
    the floor holds a covariance up. For the structures that share nothing or everything; ValueError for others.
    Sources: Jamshidian & Jennrich 1997, JRSS B 59:569 (quasi-Newton accelerators); Lange 1995, Statist. Sinica 5:1
    (the metric).
    """

    memory: int = MEMORY

    name = "accelerated EM"

    def steps(self, objective: Objective, start: Position) -> Iterator[Step]:
        return with_em_beyond(objective, start, climb_by_pairs(objective, start, Memory(self.memory)))
