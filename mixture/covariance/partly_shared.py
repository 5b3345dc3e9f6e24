"""Families that share a part of their covariances: the M step around their own maximisers."""

from abc import abstractmethod

import numpy as np

from mixture.arrays import FloatArray
from mixture.covariance.covariance import Covariance
from mixture.covariance.freedom import Freedom
from mixture.covariance.inner_step import InnerStep

SLACK = 1e-10
"""By how much, relatively, rounding may leave a covariance below its lower bound."""
FLATTEST = 1e-14
"""Share of the lower bound below which an eigenvalue is rounding."""
HALVINGS = 8
"""Of the way from the current covariances to the clipped maximum."""


class PartlyShared(Covariance):
    """Abstract: a family in which some of volume, shape and orientation are shared and others are not.

    With a lower bound the M step is a step up, not the maximum, unless the unbounded maximum complies. Tried are the
    maximum, for the scatter of each component clipped at the bound and for mixtures of that with the scatter of
    `current`, scaled up to the bound (each component alone if volumes are free); the first that lies above `current`
    is taken, and `current` itself if none does.
    """

    shared = False

    @abstractmethod
    def maximise(
        self, counts: FloatArray, scatter: FloatArray, current: FloatArray | None, inner: InnerStep
    ) -> FloatArray:
        """The unbounded M step, stored; arguments as in `estimate`. May be singular, or too low by rounding."""

    def n_parameters(self, n_components: int, n_features: int) -> int:
        freedoms = self.freedoms
        return (
            len(freedoms.volume.groups(n_components))
            + len(freedoms.shape.groups(n_components)) * (n_features - 1)
            + len(freedoms.orientation.groups(n_components)) * (n_features * (n_features - 1) // 2)
        )

    def estimate(
        self,
        counts: FloatArray,
        scatter: FloatArray,
        floor: FloatArray | None = None,
        *,
        current: FloatArray | None = None,
        inner: InnerStep = InnerStep.MAXIMISE,
    ) -> FloatArray:
        proposal = self.maximise(counts, scatter, current, inner)
        if floor is not None and not self._complies(proposal, floor):
            return self._bounded(counts, scatter, floor, proposal, current)
        if current is None or not (self.iterative or floor is not None):
            return proposal
        risen = self._value(counts, scatter, proposal) >= self._value(counts, scatter, current)
        return proposal if risen or (floor is not None and not self._complies(current, floor)) else current

    def _bounded(
        self,
        counts: FloatArray,
        scatter: FloatArray,
        floor: FloatArray,
        proposal: FloatArray,
        current: FloatArray | None,
    ) -> FloatArray:
        column = counts.reshape(-1, *(1,) * (scatter.ndim - 1))
        clipped = column * self.clip(scatter / column, floor)
        best = self._raised(self.maximise(counts, clipped, None, InnerStep.MAXIMISE), floor)
        value = self._value(counts, scatter, best)
        if (self.margins(proposal, floor) > FLATTEST).all():
            raised = self._raised(proposal, floor)
            raised_value = self._value(counts, scatter, raised)
            if raised_value > value:
                best, value = raised, raised_value
        if current is None or not self._complies(current, floor):
            return best
        value_here = self._value(counts, scatter, current)
        share = 1.0
        for _ in range(HALVINGS):
            if value > value_here:
                return best
            share *= 0.5
            mixed = share * clipped + (1.0 - share) * column * current
            best = self._raised(self.maximise(counts, mixed, current, InnerStep.MAXIMISE), floor)
            value = self._value(counts, scatter, best)
        return best if value > value_here else current

    def _complies(self, stack: FloatArray, floor: FloatArray) -> bool:
        return bool((self.margins(stack, floor) >= 1.0 - SLACK).all())

    def _raised(self, stack: FloatArray, floor: FloatArray) -> FloatArray:
        """Scaled up to the bound: each component alone if volumes are free, else all alike. The spheres just above the
        bound, in every family, where a covariance is too flat to be scaled."""
        margins = self.margins(stack, floor)
        factors = 1.0 / np.clip(margins, FLATTEST, 1.0)
        if self.freedoms.volume is not Freedom.VARIABLE:
            factors = np.full_like(factors, factors.max())
        raised = stack * factors.reshape(-1, *(1,) * (stack.ndim - 1))
        if self._complies(raised, floor):
            return raised
        sphere = np.linalg.eigvalsh(floor)[-1] * np.eye(len(floor))
        return self.store(np.broadcast_to(sphere, (len(stack), *sphere.shape)))

    def _value(self, counts: FloatArray, scatter: FloatArray, covariances: FloatArray) -> float:
        """The expected log-likelihood, infinite where a covariance is singular."""
        if (self.pivots(covariances) <= 0.0).any():
            return np.inf
        try:
            return self.expected_log_likelihood(counts, scatter, covariances)
        except np.linalg.LinAlgError:
            return np.inf
