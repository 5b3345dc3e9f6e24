"""The expected statistics: what the E step leaves of the data, and all that EM, gradients and NUTS ask of them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from mixture import compiled
from mixture.arrays import FloatArray, IntArray
from mixture.compiled import pairwise_sum
from mixture.gaussian_mixture import GaussianMixture


@dataclass(frozen=True)
class ExpectedStatistics:
    """Sums over the data, weighted by responsibilities r_nk = P(z_n = k | x_n, theta) and point weights w_n.

    log_likelihood  sum_n w_n log p(x_n | theta), of the same theta as the responsibilities
    counts          (K,)       N_k  = sum_n w_n r_nk, the effective number of points of a component
    first           (K, D)     S1_k = sum_n w_n r_nk (x_n - mu_k)
    second          (K, D, D)  S2_k = sum_n w_n r_nk (x_n - mu_k)(x_n - mu_k)^T, or its diagonal (K, D) for
                               structures without correlations
    about           (K, D)     mu_k, the current means from which deviations are taken, so that nothing cancels
                               for data far from the origin
    Source: Dempster, Laird & Rubin 1977, JRSS B 39:1; McLachlan & Krishnan 2008, The EM Algorithm, section 1.4.
    """

    log_likelihood: float
    counts: FloatArray
    first: FloatArray
    second: FloatArray
    about: FloatArray

    @property
    def centred(self) -> FloatArray:
        """Scatter about the new means: W_k = S2_k - N_k d_k d_k^T with d_k = S1_k / N_k; in the shape of `second`."""
        shift = self.first / self.counts[:, None]
        if self.second.ndim == 2:
            return self.second - self.counts[:, None] * shift**2
        scatter = self.second - self.counts[:, None, None] * shift[:, :, None] * shift[:, None, :]
        symmetric: FloatArray = 0.5 * (scatter + np.swapaxes(scatter, 1, 2))  # far points leave rounding in it
        return symmetric

    @property
    def total_variances(self) -> FloatArray:
        """(D,) variance of each feature over all the data, whatever the components."""
        total = self.counts.sum()
        mean = (self.counts @ self.about + self.first.sum(axis=0)) / total
        offset = self.about - mean
        second = self.second if self.second.ndim == 2 else np.diagonal(self.second, axis1=1, axis2=2)
        moments = second + 2.0 * offset * self.first + self.counts[:, None] * offset**2
        return np.maximum(moments.sum(axis=0) / total, 0.0)

    @classmethod
    def total(cls, parts: Sequence[Self]) -> Self:
        """The statistics of all the data from those of its chunks, about the same means; added pairwise."""
        return cls(
            math.fsum(part.log_likelihood for part in parts),
            pairwise_sum([part.counts for part in parts]),
            pairwise_sum([part.first for part in parts]),
            pairwise_sum([part.second for part in parts]),
            parts[0].about,
        )

    @classmethod
    def of_allocations(
        cls,
        points: FloatArray,
        allocations: IntArray,
        n_components: int,
        weights: FloatArray,
        *,
        diagonal: bool,
    ) -> Self:
        """The statistics of complete data, where r_nk is 1 for the known allocation; log-likelihood NaN-free at 0.

        points (N, D), allocations (N,) in 0..K-1, weights (N,) or empty for ones.
        """
        indicator = (allocations[:, None] == np.arange(n_components)).astype(np.float64)
        if weights.size:
            indicator *= weights[:, None]
        counts = indicator.sum(axis=0)
        origin = points.mean(axis=0)
        about = origin + (indicator.T @ (points - origin)) / np.where(counts > 0.0, counts, 1.0)[:, None]
        deviations = points - about[allocations]
        first = indicator.T @ deviations
        if diagonal:
            return cls(0.0, counts, first, indicator.T @ deviations**2, about)
        second = np.stack([(deviations * column[:, None]).T @ deviations for column in indicator.T])
        return cls(0.0, counts, first, second, about)


def expected_statistics(
    points: FloatArray,
    mixture: GaussianMixture,
    weights: FloatArray = compiled.NOTHING,
    *,
    threads: int | None = None,
) -> ExpectedStatistics:
    """log p(X | theta) and N_k, S1_k, S2_k in one pass over the data (see `ExpectedStatistics`).

    points (N, D) and weights (N,) as `as_points` and `as_point_weights` give them; no N x K array is stored.
    `threads` defaults to the cores of this machine; the sums do not depend on it.
    """
    return ExpectedStatistics(*compiled.statistics(points, weights, mixture.kernel_arguments, threads), mixture.means)
