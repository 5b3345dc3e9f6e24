"""EM itself, and its generalised form."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

from em.moves.move import Move, Step
from em.objective import Objective, Position
from mixture.covariance import InnerStep


def em_steps(objective: Objective, start: Position, inner: InnerStep) -> Iterator[Step]:
    """theta <- argmax Q(theta | theta_old), or one inner step towards it, again and again."""
    position = start
    while True:
        position = objective.evaluate(objective.maximise(position, inner))
        yield Step(position)


@final
@dataclass(frozen=True)
class EM(Move):
    """theta <- argmax_theta Q(theta | theta_old), Q the expected complete-data log-likelihood: it never falls.

    Structures whose M step has no closed form are maximised by inner iterations.
    Source: Dempster, Laird & Rubin 1977, JRSS B 39:1.
    """

    name, linear = "EM", True

    def steps(self, objective: Objective, start: Position) -> Iterator[Step]:
        return em_steps(objective, start, InnerStep.MAXIMISE)


@final
@dataclass(frozen=True)
class GeneralisedEM(Move):
    """Q(theta | theta_old) >= Q(theta_old | theta_old): a single inner step in place of the maximum; it never falls.

    Differs from EM in the covariance structures whose M step has no closed form.
    Source: Dempster, Laird & Rubin 1977, section 3; Meng & Rubin 1993, Biometrika 80:267.
    """

    name, linear = "generalised EM", True

    def steps(self, objective: Objective, start: Position) -> Iterator[Step]:
        return em_steps(objective, start, InnerStep.SINGLE)
