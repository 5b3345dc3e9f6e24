"""What a partition is expected to cost under the posterior, and what moving one point would change.

    Binder                     E[ sum_{n<m} |1(c_n = c_m) - 1(z_n = z_m)| | X ]
    variation of information   E[ H(c) + H(z) - 2 I(c, z) | X ]

c is the partition that is judged, z that of a draw. Both losses are sums over clusters, so that a point can be moved at
the price of looking at its own rows alone: a `Tally` keeps what is needed for that.
"""

from abc import ABC, abstractmethod
from typing import ClassVar, final

import numpy as np
from scipy.special import xlogy

from mixture.arrays import FloatArray, IntArray

OUTSIDE = -1
"""Label of a point that is in no cluster yet."""


class Tally(ABC):
    """Clusters of some of the points, to which points are added and from which they are taken."""

    def __init__(self, n_samples: int) -> None:
        self.labels = np.full(n_samples, OUTSIDE, dtype=np.int64)
        self.sizes = np.zeros(1, dtype=np.int64)

    def fill(self, partition: IntArray) -> None:
        """Put every point where the partition has it."""
        for n, cluster in enumerate(partition):
            while cluster >= len(self.sizes) - 1:
                self._grow()
            self._count(n, int(cluster), 1)
        self.labels = partition.copy()

    def take(self, n: int) -> int:
        """Take point n out; returns the cluster it was in."""
        cluster = int(self.labels[n])
        self.labels[n] = OUTSIDE
        self._count(n, cluster, -1)
        return cluster

    def put(self, n: int, cluster: int) -> None:
        """Put point n, which is in no cluster, into one, or into a cluster of its own by an empty one."""
        self.labels[n] = cluster
        self._count(n, cluster, 1)
        if (self.sizes > 0).all():
            self._grow()

    def _grow(self) -> None:
        self.sizes = np.append(self.sizes, 0)

    def _count(self, n: int, cluster: int, change: int) -> None:
        self.sizes[cluster] += change

    @abstractmethod
    def costs(self, n: int) -> FloatArray:
        """What the expected loss grows by if point n, which is in no cluster, enters each cluster; 0 for an empty one.

        In units of `Loss.step`; there is always at least one empty cluster.
        """


class Loss(ABC):
    """An expected loss of partitions of the N points that draws of allocations speak of."""

    name: ClassVar[str]
    unit: ClassVar[str]

    @abstractmethod
    def __init__(self, allocations: IntArray, coclustering: FloatArray) -> None: ...

    @abstractmethod
    def expected(self, partition: IntArray) -> float:
        """The expected loss of a partition (N,) with labels 0, 1, 2, ..."""

    @abstractmethod
    def tally(self) -> Tally:
        """An empty tally of this loss."""


@final
class Binder(Loss):
    """sum_{n<m} [ 1(c_n = c_m)(1 - P_nm) + 1(c_n != c_m) P_nm ], P the co-clustering matrix; in pairs of points.

    Both mistakes, together and apart, cost the same. Source: Binder 1978, Biometrika 65:31; Lau & Green 2007, J.
    Computational and Graphical Statistics 16:526, eq. 4.
    """

    name = "binder"
    unit = "pairs"

    def __init__(self, allocations: IntArray, coclustering: FloatArray) -> None:
        del allocations  # the matrix holds all that this loss asks about them
        self.penalties = 1.0 - 2.0 * coclustering
        np.fill_diagonal(self.penalties, 0.0)
        self.all_apart = 0.5 * (float(coclustering.sum()) - float(np.trace(coclustering)))

    def expected(self, partition: IntArray) -> float:
        together = 0.0
        for cluster in range(int(partition.max()) + 1):
            members = np.flatnonzero(partition == cluster)
            together += float(self.penalties[np.ix_(members, members)].sum())
        return max(0.0, self.all_apart + 0.5 * together)

    def tally(self) -> Tally:
        return _BinderTally(self)


@final
class VariationOfInformation(Loss):
    """(1/N) ( sum_c f(n_c) + E sum_z f(n_z) - 2 E sum_cz f(n_cz) ), f(n) = n log n, exact over the draws; in nats.

    n_cz is how many points cluster c shares with cluster z of a draw: no bound in the place of the expectation. Source:
    Wade & Ghahramani 2018, Bayesian Analysis 13:559, section 2.2 (there in bits); Meila 2007.
    """

    name = "vi"
    unit = "nats"

    def __init__(self, allocations: IntArray, coclustering: FloatArray) -> None:
        del coclustering
        self.n_draws, self.n_samples = allocations.shape
        self.n_cells = self.n_draws * (int(allocations.max()) + 1)
        starts = np.arange(self.n_draws) * (int(allocations.max()) + 1)
        self.cells = np.ascontiguousarray((starts[:, None] + allocations).T)  # (N, T): where each draw has the point
        counts = np.arange(self.n_samples + 1, dtype=np.float64)
        self.f = xlogy(counts, counts)
        self.steps = np.append(np.diff(self.f), 0.0)  # f(n + 1) - f(n)
        self.of_draws = float(self.f[np.bincount(self.cells.ravel(), minlength=self.n_cells)].sum()) / self.n_draws

    def expected(self, partition: IntArray) -> float:
        shared = 0.0
        for cluster in range(int(partition.max()) + 1):
            counts = np.bincount(self.cells[partition == cluster].ravel(), minlength=self.n_cells)
            shared += float(self.f[counts].sum())
        own = float(self.f[np.bincount(partition)].sum())
        return max(0.0, own + self.of_draws - 2.0 * shared / self.n_draws) / self.n_samples

    def tally(self) -> Tally:
        return _InformationTally(self)


LOSSES: tuple[type[Loss], ...] = (Binder, VariationOfInformation)
"""Every loss a partition can be estimated under."""


@final
class _BinderTally(Tally):
    def __init__(self, loss: Binder) -> None:
        super().__init__(len(loss.penalties))
        self.penalties = loss.penalties

    def costs(self, n: int) -> FloatArray:
        return np.bincount(self.labels + 1, weights=self.penalties[n], minlength=len(self.sizes) + 1)[1:]


@final
class _InformationTally(Tally):
    def __init__(self, loss: VariationOfInformation) -> None:
        super().__init__(loss.n_samples)
        self.loss = loss
        self.shared = np.zeros((1, loss.n_cells), dtype=np.int64)  # n_cz: cluster, draw and its cluster

    def _grow(self) -> None:
        super()._grow()
        if len(self.sizes) > len(self.shared):
            self.shared = np.concatenate([self.shared, np.zeros_like(self.shared)])

    def _count(self, n: int, cluster: int, change: int) -> None:
        super()._count(n, cluster, change)
        self.shared[cluster, self.loss.cells[n]] += change

    def costs(self, n: int) -> FloatArray:
        steps = self.loss.steps
        shared = self.shared[: len(self.sizes), self.loss.cells[n]]  # (clusters, T)
        return np.asarray(steps[self.sizes] - 2.0 * steps[shared].mean(axis=1))
