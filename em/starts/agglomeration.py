"""Agglomeration: points, then groups, merged pair by pair, always the pair that costs a criterion least."""

from abc import ABC, abstractmethod
from typing import final

import numpy as np

from mixture.arrays import FloatArray, IntArray

LARGEST_SAMPLE = 1000
"""Points agglomerated at most: the costs of all pairs are kept, 8 MB here, and time grows with their number."""


class Criterion(ABC):
    """Abstract: a sum over groups of a term of the group's mass n_k and scatter W_k about its mean; lower is better."""

    @abstractmethod
    def scatter(self, deviations: FloatArray) -> FloatArray:
        """What is kept of d d^T, for deviations (M, D): all of it (M, D, D), its diagonal (M, D) or trace (M, 1)."""

    @abstractmethod
    def term(self, mass: FloatArray, scatter: FloatArray) -> FloatArray:
        """The group's share of the criterion, (M,), for mass (M,) and scatter (M, ...)."""


@final
class SumOfSquares(Criterion):
    """tr W_k: Ward's criterion, the classification likelihood of one common sigma^2 I (EII)."""

    def scatter(self, deviations: FloatArray) -> FloatArray:
        return np.square(deviations).sum(axis=1, keepdims=True)

    def term(self, mass: FloatArray, scatter: FloatArray) -> FloatArray:
        return scatter[:, 0]


@final
class LogVariance(Criterion):
    """n_k D log((tr W_k / D + a) / n_k), a group's own sigma_k^2 I (VII)."""

    def __init__(self, least: float, n_features: int) -> None:
        self.least, self.n_features = least, n_features

    def scatter(self, deviations: FloatArray) -> FloatArray:
        return np.square(deviations).mean(axis=1, keepdims=True)

    def term(self, mass: FloatArray, scatter: FloatArray) -> FloatArray:
        terms: FloatArray = self.n_features * mass * np.log((scatter[:, 0] + self.least) / mass)
        return terms


@final
class LogVariances(Criterion):
    """n_k sum_j log((W_kjj + a) / n_k), a group's own diagonal covariance (VVI)."""

    def __init__(self, least: float) -> None:
        self.least = least

    def scatter(self, deviations: FloatArray) -> FloatArray:
        return np.square(deviations)

    def term(self, mass: FloatArray, scatter: FloatArray) -> FloatArray:
        terms: FloatArray = mass * np.log((scatter + self.least) / mass[:, None]).sum(axis=1)
        return terms


@final
class LogDeterminant(Criterion):
    """n_k log|(W_k + a I) / n_k|, a group's own covariance matrix (VVV)."""

    def __init__(self, least: float) -> None:
        self.least = least

    def scatter(self, deviations: FloatArray) -> FloatArray:
        return deviations[:, :, None] * deviations[:, None, :]

    def term(self, mass: FloatArray, scatter: FloatArray) -> FloatArray:
        n_features, least = scatter.shape[-1], self.least
        logs = np.linalg.slogdet(scatter + least * np.eye(n_features))[1]
        # Never below the determinant were all of W_k along one axis: where it is so large that a is rounded away.
        logs = np.maximum(logs, np.log(np.trace(scatter, axis1=1, axis2=2) + least) + (n_features - 1) * np.log(least))
        terms: FloatArray = mass * (logs - n_features * np.log(mass))
        return terms


def agglomerate(points: FloatArray, mass: FloatArray, n_groups: int, criterion: Criterion) -> IntArray:
    """Groups 0..K-1 of the points (M,), numbered by their first point, once M - K pairs have been merged.

    points (M, D), mass (M,). Each step merges the pair whose cost, term(a + b) - term(a) - term(b), is least (the first
    of equals). The costs of all pairs are kept, M x M; a merge computes one row anew.
    Source: Murtagh & Raftery 1984, Pattern Recognition 17:479; Fraley 1998, SIAM J. Sci. Comput. 20:270.
    """
    size = len(points)
    owner = np.arange(size)
    means, masses = points.copy(), mass.copy()
    scatters = criterion.scatter(np.zeros_like(points))
    terms = criterion.term(masses, scatters)
    alive = np.ones(size, dtype=bool)

    def costs_of(group: int, others: IntArray) -> FloatArray:
        total = masses[others] + masses[group]
        between = np.sqrt(masses[others] / total * masses[group])
        merged = criterion.scatter((means[others] - means[group]) * between[:, None])
        merged += scatters[others] + scatters[group]
        rise: FloatArray = criterion.term(total, merged) - terms[others] - terms[group]
        return rise

    costs = np.full((size, size), np.inf)
    for group in range(size - 1):
        later = np.arange(group + 1, size)
        costs[group, later] = costs[later, group] = costs_of(group, later)
    partners = costs.argmin(axis=1)
    least = costs[np.arange(size), partners]
    for _ in range(size - n_groups):
        first = int(least.argmin())
        kept, gone = sorted((first, int(partners[first])))
        shift = means[gone] - means[kept]
        total = masses[kept] + masses[gone]
        between = np.sqrt(masses[kept] / total * masses[gone])
        scatters[kept] += scatters[gone] + criterion.scatter((shift * between)[None])[0]
        means[kept] += shift * (masses[gone] / total)
        masses[kept] = total
        terms[kept] = criterion.term(masses[kept : kept + 1], scatters[kept : kept + 1])[0]
        owner[owner == gone] = kept
        alive[gone] = False
        costs[gone], costs[:, gone], least[gone] = np.inf, np.inf, np.inf
        others = np.flatnonzero(alive & (np.arange(size) != kept))
        costs[kept, others] = costs[others, kept] = costs_of(kept, others)
        stale = alive & ((partners == kept) | (partners == gone) | (costs[kept] <= least))
        stale[kept] = True
        rows = np.flatnonzero(stale)
        partners[rows] = costs[rows].argmin(axis=1)
        least[rows] = costs[rows, partners[rows]]
    labels: IntArray = np.unique(owner, return_inverse=True)[1].astype(np.int64)
    return labels
