"""Relabelling of a simulation's draws by the truth they were simulated from.

    order_t = argmin over permutations of sum_k B( component order[k] of draw t, true component k )

B is the Bhattacharyya distance between normal densities, as in `mixture.matching.match`: it sees means and covariances
at once and does not depend on units. Where the true allocation is known, ECR with it as the pivot does the same.
"""

import numpy as np
from numpy.typing import ArrayLike

from bayesian.relabelling.assignment import best_orders, total_score
from bayesian.relabelling.orders import as_orders
from bayesian.relabelling.result import Orders
from mixture.arrays import FloatArray
from mixture.gaussian_mixture import GaussianMixture
from mixture.matching import normal_distances

CHUNK_VALUES = 2**18
"""How many doubles of covariances are worked on at a time: two megabytes."""


def to_truth(means: ArrayLike, covariances: ArrayLike, truth: GaussianMixture) -> Orders:
    """Orders (T, K) that match means (T, K, D) and dense covariances (T, K, D, D) with the components of the truth.

    Cost: Bhattacharyya distances to the true components, without unit. Raises ValueError for other shapes, another K
    or D than the truth's, and NaN.
    """
    centres, spreads = _as_draws(means, covariances, truth)
    parts = []
    for chunk in _chunks(spreads):
        scores = _scores(centres[chunk], spreads[chunk], truth)
        orders = best_orders(scores)
        parts.append(Orders(orders, -total_score(scores, orders)))
    return Orders.joined(parts)


def to_truth_cost(means: ArrayLike, covariances: ArrayLike, truth: GaussianMixture, permutations: ArrayLike) -> float:
    """Bhattacharyya distances of the relabelled components to the true ones, summed over draws and components."""
    centres, spreads = _as_draws(means, covariances, truth)
    orders = as_orders(permutations, centres.shape[:2])
    return sum(
        -total_score(_scores(centres[chunk], spreads[chunk], truth), orders[chunk]) for chunk in _chunks(spreads)
    )


def _scores(means: FloatArray, covariances: FloatArray, truth: GaussianMixture) -> FloatArray:
    """[t, k, j]: minus the distance between true component k and component j of draw t, (T, K, K)."""
    return -normal_distances(means, covariances, truth.means, truth.dense_covariances).swapaxes(1, 2)


def _chunks(covariances: FloatArray) -> list[slice]:
    n_draws, n_components, n_features, _ = covariances.shape
    per_chunk = max(1, CHUNK_VALUES // (n_components * n_features) ** 2)
    return [slice(start, start + per_chunk) for start in range(0, n_draws, per_chunk)]


def _as_draws(means: ArrayLike, covariances: ArrayLike, truth: GaussianMixture) -> tuple[FloatArray, FloatArray]:
    centres, spreads = np.asarray(means, dtype=np.float64), np.asarray(covariances, dtype=np.float64)
    k, d = truth.means.shape
    if centres.ndim != 3 or len(centres) == 0 or centres.shape[1:] != (k, d) or spreads.shape != (*centres.shape, d):
        raise ValueError(
            f"means and covariances must have shapes (draws, {k}, {d}) and (draws, {k}, {d}, {d}), as the truth has,"
            f" not {centres.shape} and {spreads.shape}"
        )
    wrong = np.flatnonzero(~(np.isfinite(centres).all(axis=(1, 2)) & np.isfinite(spreads).all(axis=(1, 2, 3))))
    if wrong.size:
        raise ValueError(
            f"{wrong.size} draws hold NaN or infinite values, the first is draw {wrong[0]}: leave them out"
        )
    return centres, spreads
