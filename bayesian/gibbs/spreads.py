"""Covariances as the sampler holds them, and the normal draws it makes with them: along the axes, or whole matrices."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Self, final

import numpy as np

from mixture.arrays import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Spread(ABC):
    """Abstract: the covariances of K components in D features, some or all of their numbers shared."""

    @property
    @abstractmethod
    def precision_factors(self) -> FloatArray:
        """U with U Sigma U^T = I, lower triangular (K or 1, D, D), or 1/sd (K or 1, D or 1)."""

    @abstractmethod
    def dense(self, n_components: int, n_features: int) -> FloatArray:
        """Sigma_k (K, D, D)."""

    @abstractmethod
    def permute(self, order: IntArray) -> Self:
        """New component k is the old order[k]; what is shared stays."""

    @abstractmethod
    def draw_about(self, centres: FloatArray, strength: FloatArray, rng: np.random.Generator) -> FloatArray:
        """mu_k ~ N(c_k, Sigma_k / s_k); centres (K, D), strength (K,)."""

    @abstractmethod
    def draw_means(
        self,
        location: FloatArray,
        precision: FloatArray,
        counts: FloatArray,
        averages: FloatArray,
        rng: np.random.Generator,
    ) -> FloatArray:
        """mu_k ~ N(m_k, diag(t_k)^-1) given counts n_k (K,) of points with averages xbar_k (K, D) and Sigma_k:

        N(V_k (t_k m_k + n_k Sigma_k^-1 xbar_k), V_k), V_k = (diag(t_k) + n_k Sigma_k^-1)^-1; m, t (K, D).
        """


@final
@dataclass(frozen=True, eq=False)
class AxisSpread(Spread):
    """Variances (K or 1, D or 1): with an axis of one where components or features share them."""

    variances: FloatArray

    @property
    def precision_factors(self) -> FloatArray:
        return 1.0 / np.sqrt(self.variances)

    def dense(self, n_components: int, n_features: int) -> FloatArray:
        return np.broadcast_to(self.variances, (n_components, n_features))[:, :, None] * np.eye(n_features)

    def permute(self, order: IntArray) -> Self:
        return self if len(self.variances) == 1 else type(self)(self.variances[order])

    def draw_about(self, centres: FloatArray, strength: FloatArray, rng: np.random.Generator) -> FloatArray:
        return centres + np.sqrt(self.variances / strength[:, None]) * rng.standard_normal(centres.shape)

    def draw_means(
        self,
        location: FloatArray,
        precision: FloatArray,
        counts: FloatArray,
        averages: FloatArray,
        rng: np.random.Generator,
    ) -> FloatArray:
        of_data = counts[:, None] / self.variances
        total = precision + of_data
        centres = (precision * location + of_data * averages) / total
        return centres + rng.standard_normal(location.shape) / np.sqrt(total)


@final
@dataclass(frozen=True, eq=False)
class MatrixSpread(Spread):
    """Sigma (K or 1, D, D) = L L^T and U = L^-1, lower triangular."""

    covariances: FloatArray
    roots: FloatArray
    factors: FloatArray

    @classmethod
    def of(cls, covariances: FloatArray) -> Self:
        """From symmetric positive definite matrices."""
        roots = np.linalg.cholesky(covariances)
        return cls(covariances, roots, np.tril(np.linalg.inv(roots)))

    @property
    def precision_factors(self) -> FloatArray:
        return self.factors

    @property
    def precisions(self) -> FloatArray:
        """Sigma^-1 = U^T U."""
        return np.swapaxes(self.factors, 1, 2) @ self.factors

    def dense(self, n_components: int, n_features: int) -> FloatArray:
        return np.broadcast_to(self.covariances, (n_components, n_features, n_features))

    def permute(self, order: IntArray) -> Self:
        if len(self.covariances) == 1:
            return self
        return type(self)(self.covariances[order], self.roots[order], self.factors[order])

    def draw_about(self, centres: FloatArray, strength: FloatArray, rng: np.random.Generator) -> FloatArray:
        noise = rng.standard_normal(centres.shape) / np.sqrt(strength)[:, None]
        return centres + (self.roots @ noise[:, :, None])[:, :, 0]

    def draw_means(
        self,
        location: FloatArray,
        precision: FloatArray,
        counts: FloatArray,
        averages: FloatArray,
        rng: np.random.Generator,
    ) -> FloatArray:
        of_data = counts[:, None, None] * self.precisions
        total = of_data + precision[:, :, None] * np.eye(location.shape[1])
        pull = (precision * location)[:, :, None] + of_data @ averages[:, :, None]
        inverse_root = np.linalg.inv(np.linalg.cholesky(total))
        noise = rng.standard_normal(pull.shape)
        return (np.swapaxes(inverse_root, 1, 2) @ (inverse_root @ pull + noise))[:, :, 0]
