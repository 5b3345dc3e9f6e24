"""Marginal mixtures over observed features, and how their sums are completed to sums over all features."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from mixture import GaussianMixture
from mixture.arrays import FloatArray, IntArray
from mixture.compiled import KernelArguments

type Completed = tuple[FloatArray, FloatArray, FloatArray]


@dataclass(frozen=True)
class Marginals:
    """sum_k pi_k N(x_o | mu_ko, Sigma_k,oo) for P patterns o with equally many observed features D_o.

    order      (P, D) the observed features of each pattern, then the missing ones m
    constants  (P, K), means (P, K, D_o), factors (P, K, D_o, D_o) or (P, K, D_o): see `KernelArguments`
    slopes     (P, K, D_m, D_o) B_k = Sigma_k,mo Sigma_k,oo^-1, or None without correlations: they are zero
    left       (P, K, D_m, D_m) C_k = Sigma_k,mm - B_k Sigma_k,om, or (P, K, D_m) its diagonal
    """

    order: IntArray
    constants: FloatArray
    means: FloatArray
    factors: FloatArray
    slopes: FloatArray | None
    left: FloatArray

    @classmethod
    def of(cls, mixture: GaussianMixture, observed: IntArray) -> Self:
        """The marginals of `mixture` over the observed features (P, D_o)."""
        given = mixture.kernel_arguments
        n_patterns, n_observed = observed.shape
        n_components, n_features = mixture.means.shape
        absent = np.ones((n_patterns, n_features), dtype=np.bool_)
        absent[np.arange(n_patterns)[:, None], observed] = False
        missing = np.nonzero(absent)[1].reshape(n_patterns, -1)
        order = np.concatenate([observed, missing], axis=1)
        means = np.ascontiguousarray(np.swapaxes(mixture.means[:, observed], 0, 1))
        slopes: FloatArray | None = None
        if not missing.size:
            factors = np.repeat(given.factors[None], n_patterns, axis=0)
            constants = np.repeat(given.constants[None], n_patterns, axis=0)
            shape = (n_patterns, n_components, 0) if given.factors.ndim == 2 else (n_patterns, n_components, 0, 0)
            return cls(order, constants, means, factors, slopes, np.zeros(shape))
        if given.factors.ndim == 2:
            factors = np.ascontiguousarray(np.swapaxes(given.factors[:, observed], 0, 1))
            left = np.swapaxes(1.0 / np.square(given.factors[:, missing]), 0, 1)
            diagonals = factors
        else:
            dense = mixture.dense_covariances
            matrices = np.moveaxis(dense[:, order[:, :, None], order[:, None, :]], 0, 1)  # (P, K, D, D)
            factors = np.tril(np.linalg.inv(np.linalg.cholesky(matrices[..., :n_observed, :n_observed])))
            across = matrices[..., n_observed:, :n_observed] @ np.swapaxes(factors, -1, -2)  # Sigma_mo U^T
            slopes = across @ factors
            left = matrices[..., n_observed:, n_observed:] - across @ np.swapaxes(across, -1, -2)
            diagonals = np.diagonal(factors, axis1=-2, axis2=-1)
        with np.errstate(divide="ignore"):
            log_weights = np.log(mixture.weights)  # an empty component has log 0 = -inf, exactly
        constants = log_weights + np.log(diagonals).sum(axis=-1) - 0.5 * n_observed * np.log(2.0 * np.pi)
        return cls(order, constants, means, factors, slopes, left)

    def arguments(self, pattern: int) -> KernelArguments:
        """One of the mixtures as the compiled pass wants it."""
        return KernelArguments(self.constants[pattern], self.means[pattern], self.factors[pattern])

    def complete(self, counts: FloatArray, first: FloatArray, second: FloatArray) -> Completed:
        """N_k, S1_k and S2_k over all features, summed over the patterns, from those over the observed features.

        counts (P, K), first (P, K, D_o), second (P, K, D_o, D_o) or its diagonals (P, K, D_o). Given z_n = k, the
        missing cells have mean mu_m + B_k (x_o - mu_o) and covariance C_k, so

            S1_m = B S1_o        S2_mo = B S2_oo        S2_mm = B S2_oo B^T + N C.

        Source: Ghahramani & Jordan 1994, Advances in NIPS 6:120, section 3; Little & Rubin 2002, section 11.2.
        """
        n_patterns, n_components, n_observed = first.shape
        n_features = self.order.shape[1]
        natural = np.argsort(self.order, axis=1)
        moments = np.zeros((n_patterns, n_components, n_features))
        moments[..., :n_observed] = first
        if second.ndim == 3:
            scatter = np.empty_like(moments)
            scatter[..., :n_observed] = second
            scatter[..., n_observed:] = counts[..., None] * self.left
            scatter = np.take_along_axis(scatter, natural[:, None, :], axis=-1)
        else:
            scatter = np.empty((n_patterns, n_components, n_features, n_features))
            scatter[..., :n_observed, :n_observed] = second
            if self.slopes is not None:
                moments[..., n_observed:] = (self.slopes @ first[..., None])[..., 0]
                across = self.slopes @ second
                scatter[..., n_observed:, :n_observed] = across
                scatter[..., :n_observed, n_observed:] = np.swapaxes(across, -1, -2)
                both = across @ np.swapaxes(self.slopes, -1, -2)
                both = 0.5 * (both + np.swapaxes(both, -1, -2))
                scatter[..., n_observed:, n_observed:] = both + counts[..., None, None] * self.left
            scatter = np.take_along_axis(scatter, natural[:, None, :, None], axis=-2)
            scatter = np.take_along_axis(scatter, natural[:, None, None, :], axis=-1)
        moments = np.take_along_axis(moments, natural[:, None, :], axis=-1)
        return counts.sum(axis=0), moments.sum(axis=0), scatter.sum(axis=0)
