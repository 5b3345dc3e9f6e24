"""Relabelling by Kullback-Leibler divergence (Stephens): draws of allocation probabilities about a common matrix q.

    minimise over orders and q:  sum_t sum_n sum_k p_tn[order_t(k)] log( p_tn[order_t(k)] / q_n[k] )

Two steps that each lower it, in turn: q is the mean of the relabelled p; then every draw takes its best order, one
assignment problem. The first term, sum p log p, no order can change: a draw's order maximises sum p log q.
Source: Stephens 2000, JRSS B 62:795, Algorithm 2.
"""

import warnings
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array

from bayesian.relabelling.assignment import best_orders, total_score
from bayesian.relabelling.orders import as_orders
from mixture.arrays import FloatArray, IntArray

CHUNK_VALUES = 2**18
"""How many probabilities are worked on at a time: two megabytes, which stay in the cache."""

SCOUT_DRAWS = 200
"""How many draws, evenly spaced, the starts are compared on; the best of them is then continued on all draws."""

SCOUT_ITERATIONS = 50
"""Iterations a start is given on those draws."""

START_SMOOTHING = 0.01
"""Share of the uniform distribution in a start made from a single draw: it may be sure of what others are not."""

SIMPLEX_TOLERANCE = 1e-6
"""How far the probabilities of a point may sum from 1."""

Q_FLOOR = float(np.finfo(np.float64).tiny)
"""log q of a label no draw gives to a point is log of this, not -inf; q itself is not changed by it."""


def stephens(probabilities: ArrayLike, *, max_iterations: int = 100, tolerance: float = 1e-10) -> IntArray:
    """Orders (T, K) from allocation probabilities P(z_n = k | x_n, theta_t), (T, N, K).

    Starts: labels as they are; the draw that is surest of its allocations; the draw in the middle. The descent ends
    when no order changes or the objective falls by less than `tolerance` of itself; a RuntimeWarning says so if that
    takes more than max_iterations. The orders are determined up to one permutation common to all draws.
    Raises ValueError for another shape, NaN, and rows off the simplex.
    """
    if max_iterations < 1:
        raise ValueError(f"max_iterations must be at least 1, not {max_iterations}")
    p = _as_probabilities(probabilities)
    scouts = p[np.unique(np.linspace(0, len(p) - 1, min(len(p), SCOUT_DRAWS)).round().astype(np.int64))]
    starts = [scouts.mean(axis=0), *(_smoothed(draw) for draw in (_surest(scouts), scouts[len(scouts) // 2]))]
    best = max((_descend(scouts, start, SCOUT_ITERATIONS, tolerance) for start in starts), key=lambda run: run.value)
    found = _descend(p, best.q, max_iterations, tolerance)
    if not found.settled:
        warnings.warn(
            f"Stephens' relabelling was still improving after {max_iterations} iterations: raise max_iterations",
            RuntimeWarning,
            stacklevel=2,
        )
    return found.orders


def stephens_cost(probabilities: ArrayLike, permutations: ArrayLike) -> float:
    """The objective in nats: sum p log(p / q) of relabelled p (T, N, K) about their mean q; 0 log 0 is 0."""
    p = _as_probabilities(probabilities)
    orders = as_orders(permutations, p.shape[:2])
    total = np.zeros(p.shape[1:])
    negative_entropy = 0.0
    for chunk in _chunks(p):
        total += _total(p[chunk], orders[chunk])
        negative_entropy += float((p[chunk] * _log(p[chunk])).sum())
    q = total / len(p)
    return max(0.0, negative_entropy - len(p) * float((q * _log(q)).sum()))


@dataclass(frozen=True)
class _Descent:
    """Orders (T, K), the mean q (K, N) of what they relabel, sum p log q as it was when they were chosen, and whether
    the last iteration changed nothing worth the name."""

    orders: IntArray
    q: FloatArray
    value: float
    settled: bool


def _descend(p: FloatArray, q: FloatArray, max_iterations: int, tolerance: float) -> _Descent:
    """Alternate orders and q, from a first q (K, N), over p (T, K, N)."""
    found = _step(p, q)
    value = -np.inf  # the first one belongs to the q handed in, which is no mean of these draws
    for _ in range(max_iterations):
        better = _step(p, found.q)
        if np.array_equal(better.orders, found.orders) or better.value - value <= tolerance * abs(better.value):
            return replace(better, settled=True)
        found, value = better, better.value
    return found


def _step(p: FloatArray, q: FloatArray) -> _Descent:
    """The best order of each draw given q, and the mean they give: one pass over the probabilities.

    score[t, k, j] = sum_n p_tn[j] log q_n[k] is what draw t gains by calling its component j k.
    """
    n_draws, n_components, n_samples = p.shape
    orders = np.empty((n_draws, n_components), dtype=np.int64)
    total = np.zeros((n_components, n_samples))
    value = 0.0
    log_q = _log(q).T
    for chunk in _chunks(p):
        gains = p[chunk].reshape(-1, n_samples) @ log_q
        scores = gains.reshape(-1, n_components, n_components).transpose(0, 2, 1)
        orders[chunk] = best_orders(scores)
        value += total_score(scores, orders[chunk])
        total += _total(p[chunk], orders[chunk])
    return _Descent(orders, total / n_draws, value, settled=False)


def _total(p: FloatArray, orders: IntArray) -> FloatArray:
    """sum_t p_tn[order_t(k)], (K, N): one product with the permutations as a sparse 0-1 matrix."""
    n_draws, n_components, n_samples = p.shape
    columns = (np.arange(n_draws)[:, None] * n_components + orders).T.ravel()
    pointers = np.arange(n_components + 1) * n_draws
    chosen = csr_array((np.ones(columns.size), columns, pointers), shape=(n_components, n_draws * n_components))
    return np.asarray(chosen @ p.reshape(-1, n_samples))


def _chunks(p: FloatArray) -> list[slice]:
    per_chunk = max(1, CHUNK_VALUES // (p.shape[1] * p.shape[2]))
    return [slice(start, start + per_chunk) for start in range(0, len(p), per_chunk)]


def _log(q: FloatArray) -> FloatArray:
    return np.log(np.maximum(q, Q_FLOOR))


def _surest(p: FloatArray) -> FloatArray:
    """The draw whose allocation probabilities have the largest sum of squares, (K, N)."""
    return np.asarray(p[np.einsum("tkn,tkn->t", p, p).argmax()])


def _smoothed(draw: FloatArray) -> FloatArray:
    return (1.0 - START_SMOOTHING) * draw + START_SMOOTHING / len(draw)


def _as_probabilities(probabilities: ArrayLike) -> FloatArray:
    """(T, N, K), checked, as contiguous (T, K, N): the points of a component side by side."""
    values = np.asarray(probabilities, dtype=np.float64)
    if values.ndim != 3 or values.size == 0:
        raise ValueError(f"probabilities must have shape (draws, points, components), not {values.shape}")
    p = np.ascontiguousarray(values.transpose(0, 2, 1))
    wrong = [found for chunk in _chunks(p) for found in _off_simplex(p[chunk]) + (chunk.start, 0)]
    if wrong:
        draw, point = wrong[0]
        raise ValueError(
            f"allocation probabilities must be at least 0 and sum to 1: draw {draw}, point {point} has"
            f" {values[draw, point]}"
        )
    return p


def _off_simplex(p: FloatArray) -> IntArray:
    """Draw and point, (n, 2), where p (t, K, N) is negative, NaN or does not sum to 1."""
    on = np.abs(p.sum(axis=1) - 1.0) <= SIMPLEX_TOLERANCE
    if p.min() < 0.0:
        on &= (p >= 0.0).all(axis=1)
    return np.argwhere(~on)
