"""What every way to climb has in common."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from em.objective import Objective, Position


@dataclass(frozen=True)
class Step:
    """One step of a climb.

    position   where it ended; not below where it began, but for rounding
    remaining  the move's own estimate of the gain still to come, in nats; None leaves it to the trace
    """

    position: Position
    remaining: float | None = None


class Move(ABC):
    """Abstract: a way to climb. Settings are fields; what it remembers of the climb lives in the generator.

    name    how reports call it
    linear  whether it converges at EM's own rate, which the trace then shows
    """

    name: ClassVar[str]
    linear: ClassVar[bool] = False

    @abstractmethod
    def steps(self, objective: Objective, start: Position) -> Iterator[Step]:
        """Steps from `start` upwards, without end; the loop decides when to stop.

        Raises SingularComponent when the climb runs into the boundary.
        """
