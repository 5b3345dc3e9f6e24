"""ECR whose pivot is found from the allocations themselves, in turns.

    minimise over orders and pivot:  sum_t sum_n [ relabelled z_tn != pivot_n ]

The pivot gives each point the label most draws give it; then every draw takes its best order by ECR. Both steps lower
the objective, a count, so that the turns end.
Source: Papastamoulis & Iliopoulos 2010, JCGS 19:313 (iterative version 1); Rodriguez & Walker 2014, JCGS 23:25.
"""

import numpy as np
from numpy.typing import ArrayLike

from bayesian.relabelling.alternation import (
    Step,
    as_result,
    best_centre,
    check_max_iterations,
    descend,
    scout_positions,
    start_positions,
)
from bayesian.relabelling.ecr import closest
from bayesian.relabelling.orders import as_allocations, as_orders
from bayesian.relabelling.result import Orders
from bayesian.relabelling.tallies import votes
from mixture.arrays import IntArray


def ecr_iterative_1(allocations: ArrayLike, n_components: int, *, max_iterations: int = 100) -> Orders:
    """Orders (T, K) from allocations (T, N), labels 0 to K - 1; determined up to one permutation common to all draws.

    Starts: the labels as they are, and the allocations of single draws; compared on 200 draws, the best is continued.
    Cost: relabelled allocations that differ from the most frequent one of their point. A RuntimeWarning says so if
    max_iterations did not suffice. Raises ValueError for other shapes, for NaN and for labels out of range.
    """
    check_max_iterations(max_iterations)
    labels = as_allocations(allocations, n_components, n_axes=2)

    def step(draws: IntArray, pivot: IntArray) -> Step[IntArray]:
        orders, cost = closest(draws, pivot, n_components)
        return Step(orders, cost, votes(draws, orders).argmax(axis=0))

    scouts = labels[scout_positions(len(labels))]
    untouched = np.tile(np.arange(n_components), (len(scouts), 1))
    starts = [votes(scouts, untouched).argmax(axis=0), *scouts[start_positions(len(scouts))]]
    pivot = best_centre(lambda start: step(scouts, start), starts)
    descent = descend(lambda centre: step(labels, centre), pivot, max_iterations=max_iterations)
    return as_result(descent, ecr_iterative_1_cost(labels, descent.last.orders), "ECR's iterative (version 1)")


def ecr_iterative_1_cost(allocations: ArrayLike, permutations: ArrayLike) -> float:
    """How many of the T x N relabelled allocations differ from the one most frequent for their point."""
    orders = np.asarray(permutations)
    n_components = orders.shape[-1] if orders.ndim == 2 else 1
    labels = as_allocations(allocations, n_components, n_axes=2)
    counted = votes(labels, as_orders(orders, (len(labels), n_components)))
    return float(labels.size - counted.max(axis=0).sum())
