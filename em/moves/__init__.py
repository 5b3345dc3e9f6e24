"""Ways to climb the log-sum likelihood. One loop drives them all; see `em.climb`.

`MOVES` is every one of them with its own settings. EM and generalised EM climb all covariance families, the others the
structures that share nothing or everything.
"""

from em.moves.accelerated_em import AcceleratedEM
from em.moves.expectation_maximisation import EM, GeneralisedEM
from em.moves.gradient_ascent import GradientAscent
from em.moves.lbfgs import LBFGS
from em.moves.move import Move, Step
from em.moves.newton import Newton
from em.moves.squarem import Squarem

MOVES: tuple[Move, ...] = (EM(), GeneralisedEM(), AcceleratedEM(), Squarem(), LBFGS(), Newton(), GradientAscent())

__all__ = [
    "EM",
    "LBFGS",
    "MOVES",
    "AcceleratedEM",
    "GeneralisedEM",
    "GradientAscent",
    "Move",
    "Newton",
    "Squarem",
    "Step",
]
