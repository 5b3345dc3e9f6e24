"""Relabelling by where the points are that each label holds (data-based), in turns.

    minimise over orders, m and s:  sum_t sum_n sum_d  ((x_nd - m_kd) / s_kd)^2 + 2 log s_kd,   k = relabelled z_tn

m_k and s_k are mean and standard deviation of the points that label k holds, over all draws at once; then every draw
takes its best order. Of a draw only numbers, sums and sums of squares of the points of each label enter.
Source: Rodriguez & Walker 2014, JCGS 23:25. Their loss of k-means type lacks the logarithm; with it both steps lower
one objective, so that the turns end, and labels that hold wide and narrow clusters about one mean are told apart.
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
from bayesian.relabelling.assignment import best_orders, total_score
from bayesian.relabelling.orders import as_allocations, as_orders
from bayesian.relabelling.result import Orders
from bayesian.relabelling.tallies import sums_by_label
from mixture.arrays import FloatArray, IntArray, as_points

SMALLEST_VARIANCE = 1e-6
"""Least variance of a label's points, relative to that of all points: a label may hold copies of one point."""

TOLERANCE = 1e-12
"""The turns end when the objective falls by less than this share of itself."""


def data_based(
    allocations: ArrayLike, x: ArrayLike, n_components: int | None = None, *, max_iterations: int = 100
) -> Orders:
    """Orders (T, K) from allocations (T, N), labels 0 to K - 1, of the points x (N, D).

    n_components: K, by default one more than the largest label. The orders are determined up to one permutation common
    to all draws. Starts: the labels as they are, and the clusters of single draws; compared on 200 draws, the best is
    continued. Cost: the objective, x in units of its standard deviations. A RuntimeWarning says so if max_iterations
    did not suffice. Raises ValueError for other shapes, NaN, and labels out of range.
    """
    check_max_iterations(max_iterations)
    labels, points, k = _as_pair(allocations, x, n_components)
    sums = _sums(labels, points, k)
    scouts = sums[scout_positions(len(sums))]
    untouched = np.tile(np.arange(k), (len(scouts), 1))
    starts = [_centre(scouts, untouched)]
    starts += [_centre(scouts[i : i + 1], untouched[:1]) for i in start_positions(len(scouts))]
    start = best_centre(lambda centre: _step(scouts, centre), starts, tolerance=TOLERANCE)
    descent = descend(lambda centre: _step(sums, centre), start, max_iterations=max_iterations, tolerance=TOLERANCE)
    return as_result(descent, _objective(sums, descent.last.orders), "data-based")


def data_based_cost(allocations: ArrayLike, x: ArrayLike, permutations: ArrayLike) -> float:
    """The objective at given orders (T, K), without unit: m and s are those of the points the new labels hold."""
    orders = np.asarray(permutations)
    labels, points, k = _as_pair(allocations, x, orders.shape[-1] if orders.ndim == 2 else 1)
    return _objective(_sums(labels, points, k), as_orders(orders, (len(labels), k)))


def _objective(sums: FloatArray, orders: IntArray) -> float:
    scores = _scores(sums, _centre(sums, orders))
    return -total_score(scores, orders)


def _step(sums: FloatArray, centre: FloatArray) -> Step[FloatArray]:
    scores = _scores(sums, centre)
    orders = best_orders(scores)
    return Step(orders, -total_score(scores, orders), _centre(sums, orders))


def _sums(labels: IntArray, points: FloatArray, n_components: int) -> FloatArray:
    """[t, j]: number, sum and sum of squares of the points draw t allocates to j, (T, K, 1 + 2 D)."""
    values = np.concatenate([np.ones((len(points), 1)), points, np.square(points)], axis=1)
    return sums_by_label(labels, values, n_components)


def _centre(sums: FloatArray, orders: IntArray) -> FloatArray:
    """Mean and variance of the points each new label holds, (2, K, D): of a label without points, those of all."""
    pooled = np.take_along_axis(sums, orders[:, :, None], axis=1).sum(axis=0)
    n_features = (pooled.shape[1] - 1) // 2
    every = pooled.sum(axis=0)
    pooled = np.where(pooled[:, :1] > 0.0, pooled, every)
    means = pooled[:, 1 : 1 + n_features] / pooled[:, :1]
    variances = pooled[:, 1 + n_features :] / pooled[:, :1] - np.square(means)
    return np.stack([means, np.maximum(variances, SMALLEST_VARIANCE)])


def _scores(sums: FloatArray, centre: FloatArray) -> FloatArray:
    """[t, k, j]: minus what the points of draw t's component j cost under label k, (T, K, K)."""
    means, variances = centre
    constant = (np.square(means) / variances + np.log(variances)).sum(axis=1)
    coefficients = np.concatenate([constant[:, None], -2.0 * means / variances, 1.0 / variances], axis=1)
    return -(coefficients @ sums.swapaxes(1, 2))


def _as_pair(allocations: ArrayLike, x: ArrayLike, n_components: int | None) -> tuple[IntArray, FloatArray, int]:
    """Labels (T, N), points (N, D) about their mean in units of their standard deviations, and K."""
    points = as_points(x)
    given = np.asarray(allocations)
    if n_components is None:
        n_components = int(given.max()) + 1 if given.size and np.isfinite(given).all() else 1
    labels = as_allocations(given, n_components, n_axes=2)
    if labels.shape[1] != len(points):
        raise ValueError(f"the draws allocate {labels.shape[1]} points, but the data are {len(points)}")
    sds = points.std(axis=0)
    return labels, (points - points.mean(axis=0)) / np.where(sds > 0.0, sds, 1.0), n_components
