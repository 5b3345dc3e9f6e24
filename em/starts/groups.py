"""From groups of points to a mixture: the statistics of known allocations, and covariances that groups share."""

import numpy as np

from em.arguments import check_floor
from em.starts.sample import Sample
from em.steps import covariance_floor, m_step
from mixture import ExpectedStatistics, GaussianMixture, structure_named
from mixture.arrays import FloatArray, IntArray
from mixture.statistics import group_sums


def maximum_of(
    statistics: ExpectedStatistics, structure: str, floor: float | None, *, data: ExpectedStatistics | None = None
) -> GaussianMixture:
    """The M step of all starts: pi_k, mu_k and Sigma_k >= floor S from `statistics`, S the covariance of all the data.

    data  what S is taken from, if `statistics` holds scatter that is not the data's own.
    Raises ValueError for a floor outside (0, 1), SingularComponent (one too) if a component is empty or its covariance
    singular.
    """
    check_floor(floor)
    lower = None if floor is None else covariance_floor(statistics if data is None else data, floor)
    return m_step(statistics, structure=structure, floor=lower)


def group_statistics(
    points: FloatArray, mass: FloatArray, labels: IntArray, n_components: int, structure: str
) -> ExpectedStatistics:
    """The statistics of complete data, r_nk = 1 for k = labels[n]; points (M, D), mass (M,), labels (M,) in 0..K-1."""
    diagonal = structure_named(structure).diagonal
    return ExpectedStatistics.of_allocations(points, labels, n_components, mass, diagonal=diagonal)


def group_means(points: FloatArray, mass: FloatArray, labels: IntArray, n_components: int) -> FloatArray:
    """(K, D) means of the groups; 0 for an empty one."""
    counts = np.bincount(labels, weights=mass, minlength=n_components)[:, None]
    sums = group_sums(points * mass[:, None], labels, n_components)
    return np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0.0)


def mixture_of_groups(
    sample: Sample, labels: IntArray, n_components: int, structure: str, floor: float | None
) -> GaussianMixture:
    """pi_k and mu_k of the groups, and their covariances drawn towards the pooled one P = sum_k W_k / N:

        (W_k + nu P) / (N_k + nu),    nu = D + 2,

    as if every group held D + 2 more points of the common shape, so that a group of few points does not start singular.
    nu is the degrees of freedom of Fraley & Raftery 2007, J. Classification 24:155, section 3.
    """
    statistics = group_statistics(sample.points, sample.mass, labels, n_components, structure)
    extra = sample.points.shape[1] + 2.0
    scatter = statistics.centred
    counts = statistics.counts.reshape(-1, *(1,) * (scatter.ndim - 1))
    drawn = (scatter + extra * scatter.sum(axis=0) / counts.sum()) * (counts / (counts + extra))
    return maximum_of(_with_scatter(statistics, drawn), structure, floor, data=statistics)


def mixture_of_pooled_groups(
    sample: Sample, labels: IntArray, n_components: int, structure: str, floor: float | None
) -> GaussianMixture:
    """pi_k and mu_k of the groups; every component has the pooled within-group covariance sum_k W_k / N."""
    statistics = group_statistics(sample.points, sample.mass, labels, n_components, structure)
    scatter = statistics.centred.sum(axis=0)
    shares = (statistics.counts / statistics.counts.sum()).reshape(-1, *(1,) * scatter.ndim)
    return maximum_of(_with_scatter(statistics, shares * scatter), structure, floor, data=statistics)


def nearest(scaled: FloatArray, centres: FloatArray) -> tuple[IntArray, FloatArray]:
    """Index of the nearest centre of each point, the first of equals, and its squared distance; (M,), (M,).

    One centre at a time: no M x K array.
    """
    labels = np.zeros(len(scaled), dtype=np.int64)
    distances = np.full(len(scaled), np.inf)
    for k, centre in enumerate(centres):
        to_centre = np.square(scaled - centre).sum(axis=1)
        nearer = to_centre < distances
        labels[nearer], distances[nearer] = k, to_centre[nearer]
    return labels, distances


def _with_scatter(statistics: ExpectedStatistics, scatter: FloatArray) -> ExpectedStatistics:
    """The same counts and means with other scatter matrices about these means."""
    means = statistics.about + statistics.first / statistics.counts[:, None]
    return ExpectedStatistics(0.0, statistics.counts, np.zeros_like(means), scatter, means)
