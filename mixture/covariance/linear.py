"""Structures whose covariances are linear in their free parameters, their own elements."""

from abc import abstractmethod

import numpy as np

from mixture.arrays import FloatArray
from mixture.covariance.covariance import Covariance
from mixture.covariance.inner_step import InnerStep


class LinearCovariance(Covariance):
    """Abstract: covariances that share nothing or everything. The M step is the scatter in the form of the structure,
    and the parameters are its natural ones: the free elements of the covariances, lower triangles row by row."""

    @abstractmethod
    def n_element_parameters(self, n_features: int) -> int:
        """Free parameters of one covariance."""

    @abstractmethod
    def fill(self, values: FloatArray, n_features: int) -> FloatArray:
        """Stored covariances (..., *element) from their free parameters (..., n_element_parameters)."""

    def n_parameters(self, n_components: int, n_features: int) -> int:
        return self.n_element_parameters(n_features) * (1 if self.shared else n_components)

    def unpack(self, values: FloatArray, n_components: int, n_features: int) -> FloatArray:
        """Stored covariances from the vector of all free parameters (n_parameters,)."""
        rows = 1 if self.shared else n_components
        stack = self.fill(values.reshape(rows, self.n_element_parameters(n_features)), n_features)
        return stack[0] if self.shared else stack

    def estimate(
        self,
        counts: FloatArray,
        scatter: FloatArray,
        floor: FloatArray | None = None,
        *,
        current: FloatArray | None = None,
        inner: InnerStep = InnerStep.MAXIMISE,
    ) -> FloatArray:
        """Sigma_k = W_k / N_k, or Sigma = sum_k W_k / sum_k N_k if shared, in the structure's form; then clipped."""
        restricted = self.restrict(scatter)
        if self.shared:
            stack = restricted.sum(axis=0, keepdims=True) / counts.sum()
        else:
            stack = restricted / counts.reshape(-1, *(1,) * (restricted.ndim - 1))
        if floor is not None:
            stack = self.clip(stack, floor)
        return stack[0] if self.shared else stack

    def retract(self, covariances: FloatArray, theta: FloatArray, n_components: int, n_features: int) -> FloatArray:
        """Sums, which may leave the positive definite matrices."""
        return covariances + self.unpack(theta, n_components, n_features)

    def tangent(self, covariances: FloatArray, n_components: int, n_features: int) -> FloatArray:
        units = np.eye(self.n_parameters(n_components, n_features))
        return np.stack(
            [self.dense(self.unpack(unit, n_components, n_features), n_components, n_features) for unit in units]
        )

    def bend(self, covariances: FloatArray, slopes: FloatArray, n_components: int, n_features: int) -> FloatArray:
        count = self.n_parameters(n_components, n_features)
        return np.zeros((count, count))
