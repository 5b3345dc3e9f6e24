"""The objective over unconstrained coordinates: where a climb stands, and where it may go."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from em.coordinates import Coordinates, EmptyComponent
from em.metric import CompleteMetric
from em.moves.expectation_maximisation import em_steps
from em.moves.move import Step
from em.objective import Objective, Position
from em.steps import covariance_floor
from em.stopping import rounding_of
from mixture import Moments, structure_named
from mixture.arrays import FloatArray
from mixture.covariance import InnerStep

NEAR_FLOOR = 1e-6
"""Covariances less than this share above the floor stand on it."""


@dataclass(frozen=True, eq=False)
class Place:
    """A position, its coordinates z (P,), its moments (with the prior in them) and the gradient (P,) there."""

    position: Position
    coordinates: Coordinates
    vector: FloatArray
    moments: Moments
    gradient: FloatArray

    @property
    def value(self) -> float:
        """The objective, in nats."""
        return self.position.value

    @property
    def total(self) -> float:
        """C, the weight of all the data."""
        return float(self.moments.counts.sum())

    @cached_property
    def metric(self) -> CompleteMetric:
        """The information of the complete data here."""
        return CompleteMetric(self.coordinates, self.vector, self.moments)

    @cached_property
    def rounding(self) -> float:
        """What of a gain may be rounding, in nats."""
        return rounding_of(self.position.statistics, self.position.mixture)


def with_em_beyond(objective: Objective, start: Position, steps: Iterator[Step]) -> Iterator[Step]:
    """`steps`, and EM's own from where a component becomes empty: a prior lets it, and it has no coordinates then."""
    position = start
    try:
        for step in steps:
            position = step.position
            yield step
    except EmptyComponent:
        yield from em_steps(objective, position, InnerStep.MAXIMISE)


class Landscape:
    """An objective in coordinates fixed at the start of a climb.

    Raises ValueError for a family that has no coordinates.
    """

    def __init__(self, objective: Objective, start: Position) -> None:
        self._objective = objective
        self._structure = structure_named(objective.structure)
        self._coordinates = Coordinates.of_data(self._structure, start.statistics)
        floor = objective.floor
        self._floor = None if floor is None else (1.0 + NEAR_FLOOR) * covariance_floor(start.statistics, floor)

    def place(self, position: Position, vector: FloatArray | None = None) -> Place:
        """The place of a position; raises EmptyComponent if it has none."""
        z = self._coordinates.vector(position.mixture) if vector is None else vector
        prior = self._objective.prior
        statistics = position.statistics
        moments = statistics.moments if prior is None else prior.moments(statistics, self._structure)
        return Place(position, self._coordinates, z, moments, self._coordinates.gradient(z, moments))

    def visit(self, vector: FloatArray) -> Place | None:
        """The place at z, by one pass; None, without a pass, where z is no mixture or on or below the floor."""
        try:
            mixture = self._coordinates.mixture(vector)
            if self.on_floor(mixture.covariances):
                return None
            position = self._objective.evaluate(mixture)
        except (ValueError, np.linalg.LinAlgError):  # no mixture, or one too close to singular for its prior
            return None
        if not np.isfinite(position.value):
            return None
        place = self.place(position, vector)
        return place if np.isfinite(place.gradient).all() else None

    def on_floor(self, covariances: FloatArray) -> bool:
        """Whether the floor holds one of these covariances up."""
        if self._floor is None:
            return False
        stack = self._structure.stack(covariances)
        return not np.array_equal(self._structure.clip(stack, self._floor), stack)

    def em_step(self, place: Place) -> Place:
        """The step of EM from here; raises SingularComponent where EM would."""
        return self.place(self._objective.evaluate(self._objective.maximise(place.position)))

    def inner(self, place: Place) -> bool:
        """Whether neither this place nor the next of EM stands on the floor, so that gradients tell the way.

        Raises SingularComponent where EM would: no other way may climb past it.
        """
        target = self._objective.maximise(place.position)
        return not (self.on_floor(place.position.mixture.covariances) or self.on_floor(target.covariances))
