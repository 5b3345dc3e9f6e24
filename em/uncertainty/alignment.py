"""Replicates carry the labels of the mixture they came from, and say where that was a close call."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.optimize import linear_sum_assignment

from mixture import GaussianMixture
from mixture.arrays import FloatArray, IntArray
from mixture.matching import bhattacharyya_distances, match

CLOSE_CALL = 0.25
"""Labels are ambiguous if, on the components two labellings dispute, the chosen one costs more than this share of the
other. The cost is a squared distance: the replicate is then more than half as far from its own labels as from others'.
"""


@dataclass(frozen=True)
class Alignment:
    """A replicate under the labels of the original.

    mixture    the replicate, permuted
    ambiguous  whether another labelling was nearly as good, see `closest_call`
    """

    mixture: GaussianMixture
    ambiguous: bool


def align(replicate: GaussianMixture, original: GaussianMixture) -> Alignment:
    """`replicate.permute(match(replicate, original))`, and whether that was ambiguous."""
    aligned = replicate.permute(match(replicate, original))
    return Alignment(aligned, closest_call(aligned, original) > CLOSE_CALL)


def closest_call(aligned: GaussianMixture, original: GaussianMixture) -> float:
    """The largest ratio, over other labellings nu, of sum_k B(k, k) to sum_k B(nu_k, k) over the k where nu_k != k.

    B(j, k) is the Bhattacharyya distance between component j of the replicate and k of the original, by which labels
    were matched; `aligned` is already permuted, so that its own labelling is the identity. The ratio is 0 where the
    replicate is the original, 1 where two labellings are equally good; components both agree on do not count. Looked at
    are all exchanges of two labels and, for each k, the cheapest labelling that does not give component k its own.
    """
    n_components = original.n_components
    if n_components == 1:
        return 0.0
    distances = bhattacharyya_distances(aligned, original)
    labels = np.arange(n_components)
    others = [_cheapest_without(distances, k) for k in range(n_components)]
    for i, j in combinations(labels, 2):
        exchanged = labels.copy()
        exchanged[[i, j]] = j, i
        others.append(exchanged)
    orders = np.array(others)
    disputed = orders != labels
    own = np.where(disputed, np.diagonal(distances), 0.0).sum(axis=1)
    other = np.where(disputed, distances[orders, labels], 0.0).sum(axis=1)
    ratios = np.divide(own, other, out=np.ones(len(own)), where=other > 0.0)
    return float(ratios.max())


def _cheapest_without(distances: FloatArray, k: int) -> IntArray:
    """The order of least cost in which component k does not keep its label."""
    costs = distances.T.copy()
    costs[k, k] = np.inf
    return linear_sum_assignment(costs)[1].astype(np.int64)
