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
class Moments:
    """What the M step maximises over: sum_k c_k log pi_k - 1/2 sum_k [n_k log|Sigma_k| + tr Sigma_k^-1 T_k(mu_k)].

    T_k(mu) = sum of m_k points' scatter about mu. Without a prior all three counts are N_k.

    counts             (K,) c_k, of the weights
    mean_counts        (K,) m_k, of the means
    covariance_counts  (K,) n_k, of the covariances
    first              (K, D) sum of deviations from `about`
    second             (K, D, D) scatter about `about`, or its diagonal (K, D)
    about              (K, D) the current means
    """

    counts: FloatArray
    mean_counts: FloatArray
    covariance_counts: FloatArray
    first: FloatArray
    second: FloatArray
    about: FloatArray

    @property
    def centred(self) -> FloatArray:
        """Scatter about the new means: T_k - m_k d_k d_k^T with d_k = first_k / m_k; in the shape of `second`."""
        shift = self.first / self.mean_counts[:, None]
        if self.second.ndim == 2:
            return self.second - self.mean_counts[:, None] * shift**2
        scatter = self.second - self.mean_counts[:, None, None] * shift[:, :, None] * shift[:, None, :]
        symmetric: FloatArray = 0.5 * (scatter + np.swapaxes(scatter, 1, 2))  # far points leave rounding in it
        return symmetric


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
    def moments(self) -> Moments:
        """What the M step of maximum likelihood maximises over."""
        counts = self.counts
        return Moments(counts, counts, counts, self.first, self.second, self.about)

    @property
    def centred(self) -> FloatArray:
        """Scatter about the new means: W_k = S2_k - N_k d_k d_k^T with d_k = S1_k / N_k; in the shape of `second`."""
        return self.moments.centred

    @property
    def uncorrelated(self) -> Self:
        """The same statistics with the diagonals of S2_k alone, as structures without correlations want them."""
        diagonals = np.array(np.diagonal(self.second, axis1=1, axis2=2))
        return type(self)(self.log_likelihood, self.counts, self.first, diagonals, self.about)

    @property
    def total_variances(self) -> FloatArray:
        """(D,) variance of each feature over all the data, whatever the components."""
        total = self.counts.sum()
        mean = (self.counts @ self.about + self.first.sum(axis=0)) / total
        offset = self.about - mean
        second = self.second if self.second.ndim == 2 else np.diagonal(self.second, axis1=1, axis2=2)
        moments = second + 2.0 * offset * self.first + self.counts[:, None] * offset**2
        return np.maximum(moments.sum(axis=0) / total, 0.0)

    @property
    def total_covariance(self) -> FloatArray:
        """(D, D) covariance of all the data, whatever the components; diagonal if only that was summed."""
        if self.second.ndim == 2:
            return np.diag(self.total_variances)
        total = self.counts.sum()
        mean = (self.counts @ self.about + self.first.sum(axis=0)) / total
        offset = self.about - mean
        across = offset.T @ self.first
        covariance = self.second.sum(axis=0) + across + across.T + (self.counts[:, None] * offset).T @ offset
        symmetric: FloatArray = 0.5 * (covariance + covariance.T) / total
        return symmetric

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
        log_likelihood: float = 0.0,
    ) -> Self:
        """The statistics of complete data, where r_nk is 1 for the known allocation.

        points (N, D), allocations (N,) in 0..K-1, weights (N,) or empty for ones; `log_likelihood` is passed on. An
        empty component has N_k = 0. No N x K array is held.
        """
        mass = weights if weights.size else np.ones(len(points))
        counts = np.bincount(allocations, weights=mass, minlength=n_components)
        origin = points.mean(axis=0)
        sums = group_sums(mass[:, None] * (points - origin), allocations, n_components)
        about = origin + sums / np.where(counts > 0.0, counts, 1.0)[:, None]
        deviations = points - about[allocations]
        weighted = mass[:, None] * deviations
        first = group_sums(weighted, allocations, n_components)
        if diagonal:
            second = group_sums(weighted * deviations, allocations, n_components)
        else:
            members = [allocations == k for k in range(n_components)]
            second = np.stack([weighted[rows].T @ deviations[rows] for rows in members])
        return cls(log_likelihood, counts, first, second, about)


def group_sums(values: FloatArray, allocations: IntArray, n_components: int) -> FloatArray:
    """(K, D) sums of the rows of `values` (N, D) over groups; allocations (N,) in 0..K-1."""
    columns = [np.bincount(allocations, weights=column, minlength=n_components) for column in values.T]
    return np.ascontiguousarray(np.stack(columns, axis=1))


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
