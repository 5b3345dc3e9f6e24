"""Partitions of small expected loss: points allocated one after the other, then moved while that helps.

    c_n <- argmin_c of what the expected loss grows by if point n enters cluster c, an empty one among them,

for the points in random order, first into nothing (each point sees those before it), then again and again until no move
lowers the loss. Source: Dahl, Johnson & Mueller 2022, J. Computational and Graphical Statistics 31:1189 (SALSO).
"""

from collections.abc import Iterator

import numpy as np
from scipy.cluster.hierarchy import cut_tree, linkage
from scipy.spatial.distance import squareform

from bayesian.label_free.losses import Loss, Tally
from mixture.arrays import FloatArray, IntArray
from mixture.partitions import as_partition

MOST_SWEEPS = 100
"""Sweeps over the points after which a search ends in any case; it has come to rest after a handful."""

LEAST_GAIN = 1e-10
"""A point moves only if the loss falls by more than this, relative to what the move costs: rounding moves nothing."""


def allocated_in_turn(loss: Loss, rng: np.random.Generator, n_samples: int, most_clusters: int) -> IntArray:
    """A partition (N,) made point by point in random order, each put where the loss grows least, then sweetened."""
    tally = loss.tally()
    for n in rng.permutation(n_samples):
        tally.put(int(n), _cheapest(tally, tally.costs(int(n)), most_clusters))
    return _sweep(tally, rng, most_clusters)


def sweetened(loss: Loss, partition: IntArray, rng: np.random.Generator, most_clusters: int) -> IntArray:
    """The partition (N,) that moves of single points lead to from this one; its expected loss is not larger."""
    tally = loss.tally()
    tally.fill(partition)
    return _sweep(tally, rng, most_clusters)


def hierarchical_cuts(coclustering: FloatArray, most_clusters: int) -> Iterator[IntArray]:
    """Average linkage of the distances 1 - P(z_n = z_m | X), cut into 1, 2, ..., most_clusters clusters, (N,) each.

    Source: Medvedovic & Sivaganesan 2002, Bioinformatics 18:1194.
    """
    if len(coclustering) == 1:
        yield np.zeros(1, dtype=np.int64)
        return
    tree = linkage(squareform(1.0 - coclustering, checks=False), method="average")
    counts = range(1, min(most_clusters, len(coclustering)) + 1)
    for cut in cut_tree(tree, n_clusters=list(counts)).T:
        yield as_partition(cut)


def _sweep(tally: Tally, rng: np.random.Generator, most_clusters: int) -> IntArray:
    for _ in range(MOST_SWEEPS):
        moved = False
        for n in rng.permutation(len(tally.labels)):
            before = tally.take(int(n))
            costs = tally.costs(int(n))
            best = _cheapest(tally, costs, most_clusters)
            stays = costs[before] - costs[best] <= LEAST_GAIN * (1.0 + abs(costs[before]))
            tally.put(int(n), before if stays else best)
            moved = moved or not stays
        if not moved:
            break
    return as_partition(tally.labels)


def _cheapest(tally: Tally, costs: FloatArray, most_clusters: int) -> int:
    """The cluster of least cost; an empty one only where there are fewer than so many clusters."""
    full = tally.sizes > 0
    if int(full.sum()) >= most_clusters:
        costs = np.where(full, costs, np.inf)
    return int(costs.argmin())
