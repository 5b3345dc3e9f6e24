"""Probabilistic relabelling by the complete-data likelihood (SJW): EM over the K! permutations of every draw.

    P_t(order) proportional to  exp( sum_k score_t[k, order[k]] ),
    score_t[k, j] = sum over points n with z_tn = j of log( pi_k f(x_n | theta_k) )   at the current theta;
    theta_k = mean over t of sum_j P_t(order[k] = j) theta_tj

The complete-data log-likelihood of relabelled allocations is a sum over labels, so that all K! permutations of a draw
come from one K x K matrix. In the end every draw takes its most probable order, one assignment problem.
Source: Sperrin, Jaki & Wit 2010, Stat. Comput. 20:357.
"""

from collections.abc import Callable

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
from bayesian.relabelling.assignment import best_orders, total_score
from bayesian.relabelling.orders import as_allocations, as_orders
from bayesian.relabelling.permutation_sums import permutation_marginals
from bayesian.relabelling.pra import as_parameters
from bayesian.relabelling.result import Orders
from bayesian.relabelling.tallies import sums_by_label
from mixture.arrays import FloatArray, IntArray

LARGEST_K = 10
"""Most components: the sum over permutations grows as K 2^K, and beyond it takes minutes."""

LOWEST_TERM = -1e12
"""A log density below it, of an empty component say, counts as this much: sums stay finite."""

type LogTerms = Callable[[FloatArray], FloatArray]
"""From parameters (K, J) of a mixture to log( pi_k f(x_n | theta_k) ) of the data, (N, K), in nats."""


def sjw(allocations: ArrayLike, parameters: ArrayLike, log_terms: LogTerms, *, max_iterations: int = 100) -> Orders:
    """Orders (T, K) from allocations (T, N), labels 0 to K - 1, and the components' parameters (T, K, J).

    log_terms: from a mixture's parameters (K, J) to log( pi_k f(x_n | theta_k) ), (N, K): parameters are averaged over
    draws, so take such as may be (weights, means, covariances). The orders are determined up to one permutation common
    to all draws. Starts: the parameters under the labels as they are, and of single draws; compared on 200 draws.
    Cost: minus the complete-data log-likelihood of the relabelled draws at their mean parameters, in nats. A
    RuntimeWarning says so if max_iterations did not suffice. Raises ValueError for more than 10 components, shapes
    that do not agree, NaN, and labels out of range.
    """
    check_max_iterations(max_iterations)
    labels, draws = _as_pair(allocations, parameters)

    def step(indices: IntArray | slice, centre: FloatArray) -> Step[FloatArray]:
        scores = _scores(labels[indices], log_terms(centre))
        orders = best_orders(scores)
        moved = np.einsum("tkj,tjp->kp", permutation_marginals(scores), draws[indices]) / len(scores)
        return Step(orders, -total_score(scores, orders), moved)

    scouts = scout_positions(len(draws))
    starts = [draws[scouts].mean(axis=0), *draws[scouts[start_positions(len(scouts))]]]
    start = best_centre(lambda centre: step(scouts, centre), starts)
    descent = descend(lambda centre: step(slice(None), centre), start, max_iterations=max_iterations)
    return as_result(descent, _cost(labels, draws, log_terms, descent.last.orders), "SJW's")


def sjw_cost(allocations: ArrayLike, parameters: ArrayLike, log_terms: LogTerms, permutations: ArrayLike) -> float:
    """Minus the complete-data log-likelihood of relabelled draws at the mean of their relabelled parameters, nats."""
    labels, draws = _as_pair(allocations, parameters)
    return _cost(labels, draws, log_terms, as_orders(permutations, draws.shape[:2]))


def _cost(labels: IntArray, draws: FloatArray, log_terms: LogTerms, orders: IntArray) -> float:
    centre = np.take_along_axis(draws, orders[:, :, None], axis=1).mean(axis=0)
    return -total_score(_scores(labels, log_terms(centre)), orders)


def _scores(labels: IntArray, terms: FloatArray) -> FloatArray:
    """score[t, k, j]: sum of terms (N, K) [., k] over the points draw t allocates to j; (T, K, K)."""
    return sums_by_label(labels, np.maximum(terms, LOWEST_TERM), terms.shape[1]).swapaxes(1, 2)


def _as_pair(allocations: ArrayLike, parameters: ArrayLike) -> tuple[IntArray, FloatArray]:
    draws = as_parameters(parameters)
    n_draws, n_components, _ = draws.shape
    if n_components > LARGEST_K:
        raise ValueError(
            f"SJW sums over all permutations of {n_components} components: it takes at most {LARGEST_K}."
            " Take another method, such as ecr or stephens."
        )
    labels = as_allocations(allocations, n_components, n_axes=2)
    if len(labels) != n_draws:
        raise ValueError(f"{len(labels)} draws of allocations, but {n_draws} of parameters")
    return labels, draws
