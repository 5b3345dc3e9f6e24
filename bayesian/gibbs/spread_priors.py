"""Conjugate updates of covariances given the groups: inverse-gamma variances and inverse-Wishart matrices.

Where the scale of the prior is itself random (Richardson & Green's hierarchy, and its Wishart form), it is drawn
first, given the current covariances:

    b | v ~ Gamma(g + sum a, rate h + sum 1/v)             v ~ InvGamma(a, b), b ~ Gamma(g, rate h)
    Psi | Sigma ~ W(f + sum nu, (S^-1 + sum Sigma^-1)^-1)    Sigma ~ IW(nu, Psi), Psi ~ W(f, S)

Source: Richardson & Green 1997, JRSS B 59:731, section 2; Fruehwirth-Schnatter 2006, Finite Mixture and Markov
Switching Models, section 6.3.2.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import final

import numpy as np

from bayesian.gibbs.spreads import AxisSpread, MatrixSpread, Spread
from bayesian.gibbs.wishart import draw_inverse_wishart, draw_wishart_of_inverse
from mixture.arrays import FloatArray


@dataclass(frozen=True, eq=False)
class SpreadPrior(ABC):
    """Abstract: p(Sigma), and the draws that it makes conjugate. scale: of the density, its mean if it is random."""

    scale: FloatArray

    @abstractmethod
    def spread_of(self, dense: FloatArray) -> Spread:
        """The covariances of a start, dense (K, D, D), as the sampler holds them."""

    @abstractmethod
    def draw_scale(self, spread: Spread, rng: np.random.Generator) -> FloatArray:
        """The scale of the prior given the covariances; the prior's own if it is fixed."""

    @abstractmethod
    def draw_spread(
        self, scale: FloatArray, counts: FloatArray, scatter: FloatArray, rng: np.random.Generator
    ) -> Spread:
        """Sigma given the scale, counts (K,) of normal vectors and their scatter (K, D, D) or (K, D)."""

    @property
    @abstractmethod
    def hierarchical(self) -> bool:
        """Whether the scale is random."""


@final
@dataclass(frozen=True, eq=False)
class InverseGammaVariances(SpreadPrior):
    """v ~ InvGamma(a, b), in cells (K or 1, D or 1): one for what shares a variance.

    shape a, and scale b unless it is random, in the shape of the cells; rate_shape g and rate_rate h (1, D or 1), or
    None: b ~ Gamma(g, rate h), one for each column of cells.
    """

    shape: FloatArray
    rate_shape: FloatArray | None = None
    rate_rate: FloatArray | None = None

    @property
    def hierarchical(self) -> bool:
        return self.rate_shape is not None

    def spread_of(self, dense: FloatArray) -> AxisSpread:
        rows, columns = self.shape.shape
        return AxisSpread(np.diagonal(dense, axis1=1, axis2=2)[:rows, :columns].copy())

    def draw_scale(self, spread: Spread, rng: np.random.Generator) -> FloatArray:
        if self.rate_shape is None or self.rate_rate is None:
            return self.scale
        assert isinstance(spread, AxisSpread)
        shape = self.rate_shape + self.shape.sum(axis=0, keepdims=True)
        rate = self.rate_rate + (1.0 / spread.variances).sum(axis=0, keepdims=True)
        return rng.standard_gamma(shape) / rate

    def draw_spread(
        self, scale: FloatArray, counts: FloatArray, scatter: FloatArray, rng: np.random.Generator
    ) -> AxisSpread:
        shared = tuple(axis for axis in (0, 1) if self.shape.shape[axis] == 1)
        numbers = np.broadcast_to(counts[:, None], scatter.shape)
        shape = self.shape + 0.5 * numbers.sum(axis=shared, keepdims=True)
        return AxisSpread((scale + 0.5 * scatter.sum(axis=shared, keepdims=True)) / rng.standard_gamma(shape))


@final
@dataclass(frozen=True, eq=False)
class InverseWishartMatrices(SpreadPrior):
    """Sigma ~ IW(nu, Psi), for each component or shared: nu (K or 1,), Psi (K or 1, D, D).

    scale_dof f and inverse_scale S^-1 (D, D), or None: Psi ~ W(f, S), one for all.
    """

    dof: FloatArray
    scale_dof: float | None = None
    inverse_scale: FloatArray | None = None

    @property
    def hierarchical(self) -> bool:
        return self.scale_dof is not None

    def spread_of(self, dense: FloatArray) -> MatrixSpread:
        return MatrixSpread.of(dense[: len(self.dof)])

    def draw_scale(self, spread: Spread, rng: np.random.Generator) -> FloatArray:
        if self.scale_dof is None or self.inverse_scale is None:
            return self.scale
        assert isinstance(spread, MatrixSpread)
        dof = self.scale_dof + float(self.dof.sum())
        return draw_wishart_of_inverse(dof, self.inverse_scale + spread.precisions.sum(axis=0), rng)[None]

    def draw_spread(
        self, scale: FloatArray, counts: FloatArray, scatter: FloatArray, rng: np.random.Generator
    ) -> MatrixSpread:
        if len(self.dof) == 1:
            counts, scatter = counts.sum(keepdims=True), scatter.sum(axis=0, keepdims=True)
        return MatrixSpread(*draw_inverse_wishart(self.dof + counts, scale + scatter, rng))
