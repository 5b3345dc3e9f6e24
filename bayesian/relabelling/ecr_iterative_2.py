"""ECR whose pivot is found from the mean allocation probabilities, in turns.

    q_n[k] = mean over draws of p_tn[order_t(k)],   pivot_n = argmax over k of q_n[k];
    order_t = argmin over permutations of sum_n [ relabelled z_tn != pivot_n ]

Probabilities know how sure an allocation is, which allocations do not. The two steps do not share an objective: the
turns end when no order changes, or when the disagreements fall no more.
Source: Papastamoulis & Iliopoulos 2010, JCGS 19:313 (iterative version 2); Rodriguez & Walker 2014, JCGS 23:25.
"""

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
from bayesian.relabelling.ecr import closest, ecr_cost
from bayesian.relabelling.orders import as_allocations, as_orders
from bayesian.relabelling.probabilities import AllocationProbabilities
from bayesian.relabelling.result import Orders
from mixture.arrays import IntArray


def ecr_iterative_2(
    allocations: ArrayLike, probabilities: ArrayLike | AllocationProbabilities, *, max_iterations: int = 100
) -> Orders:
    """Orders (T, K) from allocations (T, N), labels 0 to K - 1, and their probabilities (T, N, K).

    The orders are determined up to one permutation common to all draws. Starts: the labels as they are, and the
    allocations of single draws; compared on 200 draws, the best is continued. Cost: relabelled allocations that differ
    from the pivot. A RuntimeWarning says so if max_iterations did not suffice. Raises ValueError for shapes that do
    not agree, NaN, labels out of range and rows off the simplex.
    """
    check_max_iterations(max_iterations)
    p = AllocationProbabilities.of(probabilities)
    n_draws, n_components, n_samples = p.shape
    labels = as_allocations(allocations, n_components, n_axes=2)
    if labels.shape != (n_draws, n_samples):
        raise ValueError(
            f"allocations have shape {labels.shape}, but the probabilities are those of {(n_draws, n_samples)}"
        )
    positions = scout_positions(n_draws)
    some, chosen = p.at(positions), labels[positions]
    scouts = AllocationProbabilities((some.shape[0], n_components, n_samples), some.__getitem__)
    starts = [some.mean(axis=0).argmax(axis=0), *chosen[start_positions(len(chosen))]]
    pivot = best_centre(lambda start: _step(chosen, scouts, start), starts)
    descent = descend(lambda centre: _step(labels, p, centre), pivot, max_iterations=max_iterations)
    cost = ecr_cost(labels, descent.last.centre, descent.last.orders)
    return as_result(descent, cost, "ECR's iterative (version 2)")


def ecr_iterative_2_cost(
    allocations: ArrayLike, probabilities: ArrayLike | AllocationProbabilities, permutations: ArrayLike
) -> float:
    """How many of the T x N relabelled allocations differ from the label of highest mean probability of their point."""
    p = AllocationProbabilities.of(probabilities)
    orders = as_orders(permutations, p.shape[:2])
    return ecr_cost(allocations, p.mean(orders).argmax(axis=0), orders)


def _step(labels: IntArray, p: AllocationProbabilities, pivot: IntArray) -> Step[IntArray]:
    orders, cost = closest(labels, pivot, p.shape[1])
    return Step(orders, cost, p.mean(orders).argmax(axis=0))
