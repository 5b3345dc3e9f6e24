"""Covariance families: what the covariances of the components share, and how their M step reads.

A family is stateless. It knows the shape in which its covariances are stored, how to make them dense, the precision
factors the compiled likelihood wants, its M step from scatter matrices, its number of free parameters and how the
covariances move with them. The likelihood is one routine for all of them.

Names of mclust (Celeux & Govaert 1995, Pattern Recognition 28:781) stand beside ours.
"""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from mixture.arrays import FloatArray
from mixture.covariance.freedom import Freedoms
from mixture.covariance.inner_step import InnerStep


class Covariance(ABC):
    """Abstract: one covariance family, Sigma_k = lambda_k D_k A_k D_k^T with constraints on volume lambda_k, shape A_k
    (diagonal, |A_k| = 1) and orientation D_k (orthogonal).

    Arrays are stored in `shape`; `stack` puts the component axis first.

    name       how users name it            mclust     the name in mclust: volume, shape, orientation
    shared     all components have one      diagonal   no correlations: precision factors are (K, D), not (K, D, D)
    meaning    one phrase for reports       iterative  the M step has no closed form
    """

    name: ClassVar[str]
    mclust: ClassVar[str]
    meaning: ClassVar[str]
    shared: ClassVar[bool]
    diagonal: ClassVar[bool]
    iterative: ClassVar[bool] = False

    @abstractmethod
    def element_shape(self, n_features: int) -> tuple[int, ...]:
        """Shape of the stored covariance of one component."""

    @abstractmethod
    def n_parameters(self, n_components: int, n_features: int) -> int:
        """Free parameters of all covariances, as mclust counts them."""

    @abstractmethod
    def restrict(self, scatter: FloatArray) -> FloatArray:
        """Scatter matrices (..., D, D), or their diagonals (..., D) if `diagonal`, in the form of the element."""

    @abstractmethod
    def clip(self, stack: FloatArray, floor: FloatArray) -> FloatArray:
        """Covariances raised to Sigma >= floor (Loewner order; its diagonal or mean variance for simpler elements):
        the exact maximiser of -N/2 (log|Sigma| + tr Sigma^-1 S) under it, S the stack, as both terms separate over the
        eigenvectors of S once `floor` is whitened to the identity. A covariance that complies is left as it is."""

    @abstractmethod
    def margins(self, stack: FloatArray, floor: FloatArray) -> FloatArray:
        """The smallest eigenvalue of each covariance in the metric of `floor`: 1 or more where Sigma >= floor."""

    @abstractmethod
    def expand(self, stack: FloatArray, n_features: int) -> FloatArray:
        """Dense matrices (..., D, D) of stored covariances (..., *element)."""

    @abstractmethod
    def invert_root(self, stack: FloatArray, n_features: int) -> FloatArray:
        """Precision factors U with U Sigma U^T = I: lower triangular (..., D, D), or 1/sd (..., D) if `diagonal`."""

    @abstractmethod
    def pivots(self, stack: FloatArray) -> FloatArray:
        """1 - R^2 of the most predictable feature given those before it, (...,): 0 where a covariance is singular,
        1 where features are uncorrelated. Unit free; what rounding errors of the quadratic form grow with."""

    @abstractmethod
    def estimate(
        self,
        counts: FloatArray,
        scatter: FloatArray,
        floor: FloatArray | None = None,
        *,
        current: FloatArray | None = None,
        inner: InnerStep = InnerStep.MAXIMISE,
    ) -> FloatArray:
        """M step: the maximiser over the family of -1/2 sum_k [N_k log|Sigma_k| + tr(Sigma_k^-1 W_k)].

        counts   N_k (K,), positive
        scatter  W_k = sum_n r_nk (x_n - new mu_k)(x_n - new mu_k)^T (K, D, D), or its diagonal (K, D) if `diagonal`
        floor    (D, D) symmetric positive definite lower bound, Sigma_k >= floor, or None. The maximum under it is
                 `clip`'s for families that share nothing or everything, and a local one for the others
        current  stored covariances from which a family that is `iterative` starts, and below whose value neither it
                 nor one with a floor falls
        inner    how far a family that is `iterative` goes

        Returns the stored shape. Scatter without full rank gives a singular covariance, not an error.
        Source: Celeux & Govaert 1995, section 4.
        """

    @abstractmethod
    def retract(self, covariances: FloatArray, theta: FloatArray, n_components: int, n_features: int) -> FloatArray:
        """Stored covariances Sigma(theta), theta (P,) the coordinates of the family with Sigma(0) = `covariances`."""

    @abstractmethod
    def tangent(self, covariances: FloatArray, n_components: int, n_features: int) -> FloatArray:
        """d Sigma_k / d theta_p, (P, K, D, D), in the coordinates of the family at its stored covariances."""

    @abstractmethod
    def bend(self, covariances: FloatArray, slopes: FloatArray, n_components: int, n_features: int) -> FloatArray:
        """sum_k tr(G_k d^2 Sigma_k / d theta_p d theta_q), (P, P), for symmetric slopes G_k (K, D, D): what curved
        coordinates add to the second derivatives of a function whose gradient in Sigma_k is G_k."""

    @abstractmethod
    def log_volumes(self, stack: FloatArray) -> FloatArray:
        """log lambda = log|Sigma| / D of positive definite covariances, (...,)."""

    @property
    def freedoms(self) -> Freedoms:
        """What may differ between the components."""
        return Freedoms.from_letters(self.mclust)

    def contains(self, other: "Covariance") -> bool:
        """Whether every set of covariances of `other` is one of this family."""
        return self.freedoms.allow(other.freedoms)

    def embed(self, dense: FloatArray, other: "Covariance") -> FloatArray:
        """Matrices (K, D, D) of `other`, a family contained in this one, stored as covariances of this family: exact.

        Raises ValueError if this family does not contain `other`.
        """
        if not self.contains(other):
            raise ValueError(f"the family {self.name} ({self.mclust}) does not contain {other.name} ({other.mclust})")
        return self.store(dense)

    def store(self, dense: FloatArray) -> FloatArray:
        """Dense matrices (K, D, D) of this family in its stored shape."""
        stack = self.restrict(np.diagonal(dense, axis1=-2, axis2=-1) if self.diagonal else dense)
        return np.array(stack[0] if self.shared else stack)

    def shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        """Shape of the stored covariances."""
        element = self.element_shape(n_features)
        return element if self.shared else (n_components, *element)

    def stack(self, covariances: FloatArray) -> FloatArray:
        """Stored covariances with a leading component axis: (K, *element), or (1, *element) if shared."""
        return covariances[None] if self.shared else covariances

    def dense(self, covariances: FloatArray, n_components: int, n_features: int) -> FloatArray:
        """Sigma_k as dense matrices (K, D, D)."""
        matrices = self.expand(self.stack(covariances), n_features)
        return np.array(np.broadcast_to(matrices, (n_components, n_features, n_features)), order="C")

    def precision_factors(self, covariances: FloatArray, n_components: int, n_features: int) -> FloatArray:
        """U_k with U_k Sigma_k U_k^T = I: (K, D, D) lower triangular, or 1/sd (K, D) if `diagonal`."""
        roots = self.invert_root(self.stack(covariances), n_features)
        return np.array(np.broadcast_to(roots, (n_components, *roots.shape[1:])), order="C")

    def expected_log_likelihood(self, counts: FloatArray, scatter: FloatArray, covariances: FloatArray) -> float:
        """-1/2 sum_k [N_k log|Sigma_k| + tr(Sigma_k^-1 W_k)], what the M step maximises; arguments as in `estimate`.

        Raises numpy's LinAlgError if a covariance is not positive definite.
        """
        n_components, n_features = scatter.shape[:2]
        factors = self.precision_factors(covariances, n_components, n_features)
        if self.diagonal:
            log_roots = np.log(factors).sum(axis=1)
            distance = np.square(factors).ravel() @ scatter.ravel()
        else:
            log_roots = np.log(np.diagonal(factors, axis1=1, axis2=2)).sum(axis=1)
            distance = (factors @ scatter).ravel() @ factors.ravel()
        return float(counts @ log_roots - 0.5 * distance)

    def permute(self, covariances: FloatArray, order: FloatArray | list[int]) -> FloatArray:
        """Stored covariances with new component k the old order[k]."""
        return covariances if self.shared else covariances[np.asarray(order, dtype=np.intp)]
