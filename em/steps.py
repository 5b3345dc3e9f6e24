"""The two steps of EM, as pure functions over the expected statistics."""

import numpy as np

from mixture import ConjugatePrior, ExpectedStatistics, GaussianMixture, expected_statistics, structure_named
from mixture.arrays import FloatArray
from mixture.covariance import Covariance, InnerStep

EPSILON = float(np.finfo(np.float64).eps)
SMALLEST_VARIANCE_SHARE = 1e-20
"""A component's variance of a feature below this share of the feature's variance over all data has collapsed."""
SMALLEST_PIVOT = 1e-12
"""A covariance in which 1 - R^2 of one feature given others is below this is singular to working precision."""


class SingularComponent(ValueError):
    """An M step whose maximum lies on the boundary: the likelihood is unbounded there.

    component         index of the component
    effective_points  N_k = sum_n w_n r_nk it held
    """

    def __init__(self, component: int, effective_points: float, reason: str) -> None:
        self.reason = reason
        self.component = component
        self.effective_points = effective_points
        super().__init__(
            f"component {component}, which holds {effective_points:.3g} effective points, {reason}: the likelihood is"
            " unbounded there. Take fewer components, a shared or simpler covariance structure, a floor under the"
            " covariances (floor=1e-3) or a prior."
        )

    def __reduce__(self) -> tuple[type["SingularComponent"], tuple[int, float, str]]:
        return type(self), (self.component, self.effective_points, self.reason)


def e_step(
    points: FloatArray, mixture: GaussianMixture, weights: FloatArray | None = None, *, threads: int | None = None
) -> ExpectedStatistics:
    """E step: r_nk = pi_k N(x_n | mu_k, Sigma_k) / p(x_n), summed into N_k, S1_k, S2_k, with log p(X | theta).

    points (N, D) float64, weights (N,) or None for ones. Never holds an N x K array.
    Source: Dempster, Laird & Rubin 1977, JRSS B 39:1, section 4.3; Bishop 2006, eq. 9.23.
    """
    return expected_statistics(points, mixture, np.empty(0) if weights is None else weights, threads=threads)


def m_step(
    statistics: ExpectedStatistics,
    *,
    structure: str,
    floor: FloatArray | None = None,
    prior: ConjugatePrior | None = None,
    current: GaussianMixture | None = None,
    inner: InnerStep = InnerStep.MAXIMISE,
) -> GaussianMixture:
    """M step: pi_k = N_k / N, mu_k' = mu_k + S1_k / N_k, Sigma_k' the structure's estimate from W_k about mu_k'.

    structure  name of the covariance structure
    floor      (D, D) lower bound of the covariances, Sigma_k >= floor; the constrained maximum, see `Covariance`
    prior      adds its own counts and scatter: the maximum of Q + log p(theta) (MAP-EM)
    current    the mixture the statistics belong to: where structures without a closed form begin
    inner      whether these are maximised or take a single step that does not fall

    Raises SingularComponent if a component is empty or its covariance is singular to working precision.
    Source: Bishop 2006, eqs. 9.24 to 9.26; Celeux & Govaert 1995, section 4, for the structures; Fraley & Raftery
    2007, table 2, for the prior.
    """
    covariance = structure_named(structure)
    moments = statistics.moments if prior is None else prior.moments(statistics, covariance)
    empty = np.flatnonzero(~(moments.mean_counts > 0.0))
    if empty.size:
        raise SingularComponent(int(empty[0]), float(statistics.counts[empty[0]]), "is empty")
    means = statistics.about + moments.first / moments.mean_counts[:, None]
    covariances = covariance.estimate(
        moments.covariance_counts,
        moments.centred,
        floor,
        current=None if current is None else current.covariances,
        inner=inner,
    )
    pivots = _regular_pivots(covariance, covariances, means, statistics)
    weights = statistics.counts / statistics.counts.sum()
    return GaussianMixture.of_checked(weights, means, np.asarray(covariances), covariance.name, pivots)


def covariance_floor(statistics: ExpectedStatistics, floor: float) -> FloatArray:
    """floor S, (D, D), S the covariance of all the data; its diagonal where S is singular or was not summed.

    Raises ValueError, naming the column, if one does not vary: a share of nothing is no floor.
    """
    total = statistics.total_covariance
    variances = np.diagonal(total)
    resolution = np.square(4.0 * EPSILON * np.abs(statistics.about).max(axis=0))
    constant = np.flatnonzero(~(variances > np.maximum(resolution, np.finfo(np.float64).tiny)))
    if constant.size:
        raise ValueError(f"column {constant[0]} does not vary, so that a floor relative to it is zero: leave it out")
    scale = np.sqrt(variances)
    if np.linalg.eigvalsh(total / np.outer(scale, scale))[0] < 1e-12:
        total = np.diag(variances)
    return floor * total


def _regular_pivots(
    covariance: Covariance, covariances: FloatArray, means: FloatArray, statistics: ExpectedStatistics
) -> FloatArray:
    """The pivots of the covariances; raises SingularComponent if one is singular, or has left the numbers."""
    stack = covariance.stack(covariances)
    variances = np.diagonal(covariance.expand(stack, means.shape[1]), axis1=-2, axis2=-1)
    # Deviations from a mean of size m are known to EPSILON m at best, their squares to that squared.
    resolution = np.square(4.0 * EPSILON * np.abs(means).max(axis=0))
    smallest = np.maximum(SMALLEST_VARIANCE_SHARE * statistics.total_variances, resolution)
    collapsed, features = np.nonzero(~(variances > smallest))
    counts = statistics.counts.sum(keepdims=True) if covariance.shared else statistics.counts
    owner = "(the shared covariance) " if covariance.shared else ""
    if collapsed.size:
        k = int(collapsed[0])
        raise SingularComponent(k, float(counts[k]), f"{owner}has no variance left in feature {features[0]}")
    pivots = covariance.pivots(stack)
    collinear = np.flatnonzero(~(pivots >= SMALLEST_PIVOT))
    if collinear.size:
        k = int(collinear[0])
        raise SingularComponent(k, float(counts[k]), f"{owner}has collapsed onto a line or plane")
    infinite = np.flatnonzero(~np.isfinite(means).all(axis=1))
    if infinite.size or not np.isfinite(covariances).all():
        k = int(infinite[0]) if infinite.size else 0
        raise SingularComponent(k, float(statistics.counts[k]), "has left the range of floating-point numbers")
    return pivots
