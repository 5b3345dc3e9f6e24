"""Relabelling by equivalence classes of allocations (ECR): agree with a pivot as often as possible.

    order_t = argmax over permutations of sum_n [ relabelled z_tn = pivot_n ] = sum_k count_t[k, order[k]],
    count_t[k, j] = how many points of pivot label k draw t allocates to its component j

Source: Papastamoulis & Iliopoulos 2010, JCGS 19:313.
"""

import numpy as np
from numpy.typing import ArrayLike

from bayesian.relabelling.assignment import best_orders, total_score
from bayesian.relabelling.orders import as_allocations, as_orders
from bayesian.relabelling.result import Orders
from bayesian.relabelling.tallies import agreements
from mixture.arrays import IntArray


def ecr(allocations: ArrayLike, pivot: ArrayLike, n_components: int) -> Orders:
    """Orders (T, K) that bring allocations (T, N), labels 0 to K - 1, closest to the pivot allocation (N,).

    Cost: relabelled allocations that differ from the pivot, of T x N. A label the pivot never uses goes to whatever
    component is left. Raises ValueError for other shapes, for NaN and for labels out of range.
    """
    labels, target = _as_pair(allocations, pivot, n_components)
    return Orders(*closest(labels, target, n_components))


def ecr_cost(allocations: ArrayLike, pivot: ArrayLike, permutations: ArrayLike) -> float:
    """Disagreements with the pivot: how many of the T x N relabelled allocations differ from it."""
    orders = np.asarray(permutations)
    n_components = orders.shape[-1] if orders.ndim == 2 else 1
    labels, target = _as_pair(allocations, pivot, n_components)
    orders = as_orders(orders, (len(labels), n_components))
    return labels.size - total_score(agreements(labels, target, n_components), orders)


def closest(labels: IntArray, pivot: IntArray, n_components: int) -> tuple[IntArray, float]:
    """Orders (T, K) of labels (T, N) and how many allocations still disagree with the pivot (N,)."""
    counts = agreements(labels, pivot, n_components)
    orders = best_orders(counts)
    return orders, labels.size - total_score(counts, orders)


def _as_pair(allocations: ArrayLike, pivot: ArrayLike, n_components: int) -> tuple[IntArray, IntArray]:
    labels = as_allocations(allocations, n_components, n_axes=2)
    target = as_allocations(pivot, n_components, n_axes=1, name="pivot")
    if target.shape[0] != labels.shape[1]:
        raise ValueError(f"the pivot allocates {target.shape[0]} points, but the draws allocate {labels.shape[1]}")
    return labels, target
