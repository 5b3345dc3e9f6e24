"""Relabelling by Kullback-Leibler divergence (Stephens): draws of allocation probabilities about a common matrix q.

    minimise over orders and q:  sum_t sum_n sum_k p_tn[order_t(k)] log( p_tn[order_t(k)] / q_n[k] )

Two steps that each lower it, in turn: q is the mean of the relabelled p; then every draw takes its best order, one
assignment problem. The first term, sum p log p, no order can change: a draw's order maximises sum p log q.
Source: Stephens 2000, JRSS B 62:795, Algorithm 2.
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
)
from bayesian.relabelling.assignment import best_orders, total_score
from bayesian.relabelling.orders import as_orders
from bayesian.relabelling.probabilities import AllocationProbabilities, relabelled_total
from bayesian.relabelling.result import Orders
from mixture.arrays import FloatArray

START_SMOOTHING = 0.01
"""Share of the uniform distribution in a start made from a single draw: it may be sure of what others are not."""

Q_FLOOR = float(np.finfo(np.float64).tiny)
"""log q of a label no draw gives to a point is log of this, not -inf; q itself is not changed by it."""


def stephens(
    probabilities: ArrayLike | AllocationProbabilities, *, max_iterations: int = 100, tolerance: float = 1e-10
) -> Orders:
    """Orders (T, K) from allocation probabilities P(z_n = k | x_n, theta_t), (T, N, K).

    Starts: labels as they are; the draw that is surest of its allocations; the draw in the middle. The descent ends
    when no order changes or the objective falls by less than `tolerance` of itself; a RuntimeWarning says so if that
    takes more than max_iterations. The orders are determined up to one permutation common to all draws.
    Cost: the objective, in nats. An array is held in memory, 8 T N K bytes; `AllocationProbabilities` may compute its
    blocks anew at each pass. Raises ValueError for another shape, NaN, and rows off the simplex.
    """
    check_max_iterations(max_iterations)
    p = AllocationProbabilities.of(probabilities)
    some = p.at(scout_positions(p.shape[0]))
    scouts = AllocationProbabilities((some.shape[0], *p.shape[1:]), some.__getitem__)
    starts = [some.mean(axis=0), *(_smoothed(draw) for draw in (_surest(some), some[len(some) // 2]))]
    q = best_centre(lambda start: _step(scouts, start), starts, tolerance=tolerance)
    descent = descend(lambda centre: _step(p, centre), q, max_iterations=max_iterations, tolerance=tolerance)
    return as_result(descent, _divergence(p, descent.last.centre), "Stephens'")


def stephens_cost(probabilities: ArrayLike | AllocationProbabilities, permutations: ArrayLike) -> float:
    """The objective in nats: sum p log(p / q) of relabelled p (T, N, K) about their mean q; 0 log 0 is 0."""
    p = AllocationProbabilities.of(probabilities)
    return _divergence(p, p.mean(as_orders(permutations, p.shape[:2])))


def _divergence(p: AllocationProbabilities, q: FloatArray) -> float:
    """sum p log p - T sum q log q: the objective, where q (K, N) is the mean of the relabelled p."""
    negative_entropy = sum(float(np.vdot(block, _log(block))) for _, block in p.blocks())
    return max(0.0, negative_entropy - p.shape[0] * float(np.vdot(q, _log(q))))


def _step(p: AllocationProbabilities, q: FloatArray) -> Step[FloatArray]:
    """The best order of each draw given q (K, N), and the mean they give: one pass over the probabilities.

    score[t, k, j] = sum_n p_tn[j] log q_n[k] is what draw t gains by calling its component j k; the cost is minus
    their sum, the cross entropy.
    """
    n_draws, n_components, n_samples = p.shape
    orders = np.empty((n_draws, n_components), dtype=np.int64)
    total = np.zeros((n_components, n_samples))
    value = 0.0
    log_q = _log(q).T
    for chunk, block in p.blocks():
        gains = block.reshape(-1, n_samples) @ log_q
        scores = gains.reshape(-1, n_components, n_components).transpose(0, 2, 1)
        orders[chunk] = best_orders(scores)
        value += total_score(scores, orders[chunk])
        total += relabelled_total(block, orders[chunk])
    return Step(orders, -value, total / n_draws)


def _log(q: FloatArray) -> FloatArray:
    floored = np.maximum(q, Q_FLOOR)
    return np.log(floored, out=floored)


def _surest(p: FloatArray) -> FloatArray:
    """The draw whose allocation probabilities have the largest sum of squares, (K, N)."""
    return np.asarray(p[np.einsum("tkn,tkn->t", p, p).argmax()])


def _smoothed(draw: FloatArray) -> FloatArray:
    return (1.0 - START_SMOOTHING) * draw + START_SMOOTHING / len(draw)
