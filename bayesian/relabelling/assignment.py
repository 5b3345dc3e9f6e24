"""The assignment problem of one draw, for many draws at once.

order_t = argmax over permutations of sum_k score_t[k, order[k]]
"""

from itertools import permutations

import numpy as np
from scipy.optimize import linear_sum_assignment

from mixture.arrays import FloatArray, IntArray

ENUMERATED = 4
"""Up to this K all K! permutations are scored at once; above it each draw is one linear assignment."""


def best_orders(scores: FloatArray) -> IntArray:
    """Orders (T, K) with the highest total score; scores (T, K, K): [t, new label, old component].

    Up to K = 4 a tie goes to the first permutation in lexicographic order, so that equal scores leave labels alone.
    Above, each draw is solved by scipy's linear_sum_assignment (Crouse 2016, IEEE Trans. Aerosp. 52:1679).
    """
    n_draws, n_components, _ = scores.shape
    if n_components > ENUMERATED:
        return np.array([linear_sum_assignment(score, maximize=True)[1] for score in scores], dtype=np.int64)
    candidates = np.array(list(permutations(range(n_components))), dtype=np.int64)
    best = np.zeros(n_draws, dtype=np.int64)
    highest = np.full(n_draws, -np.inf)
    for index, candidate in enumerate(candidates):
        total = scores[:, np.arange(n_components), candidate].sum(axis=1)
        better = total > highest
        best[better] = index
        highest[better] = total[better]
    return candidates[best]


def total_score(scores: FloatArray, orders: IntArray) -> float:
    """sum_t sum_k score_t[k, order_t[k]]."""
    return float(np.take_along_axis(scores, orders[:, :, None], axis=2).sum())
