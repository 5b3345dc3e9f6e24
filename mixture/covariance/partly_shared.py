"""Families that share a part of their covariances: the M step around their own maximisers."""

from abc import abstractmethod

import numpy as np

from mixture.arrays import FloatArray
from mixture.covariance.bounded import bounded_maximum
from mixture.covariance.covariance import Covariance
from mixture.covariance.freedom import Freedom
from mixture.covariance.inner_step import InnerStep

SLACK = 1e-10
"""By how much, relatively, rounding may leave a covariance below its lower bound."""
FLATTEST = 1e-14
"""Share of the lower bound below which an eigenvalue is rounding."""


class PartlyShared(Covariance):
    """Abstract: a family in which some of volume, shape and orientation are shared and others are not.

    With a lower bound the M step is the maximum of the family, if that complies, else a local maximum under the bound
    (see `bounded_maximum`). It is sought from the best of `current`, if that complies, the maximum scaled up to the
    bound, and that for the scatter of each component clipped at it (each component alone if volumes are free).
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
        starts = [self._raised(self.maximise(counts, clipped, current, InnerStep.MAXIMISE), floor)]
        if (self.margins(proposal, floor) > FLATTEST).all():
            starts.append(self._raised(proposal, floor))
        if current is not None and self._complies(current, floor):
            starts.append(current)
        values = [self._value(counts, scatter, start) for start in starts]
        best = int(np.argmax(values))
        end = bounded_maximum(self, counts, scatter, floor, starts[best])
        return end if self._value(counts, scatter, end) > values[best] else starts[best]

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
