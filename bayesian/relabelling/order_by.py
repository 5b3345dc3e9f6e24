"""Relabelling by the order of one parameter: the baseline.

    order_t = argsort of values_t,   so that values_t[order_t[0]] <= ... <= values_t[order_t[K - 1]]

It fails where the parameter does not tell the components apart (Celeux, Hurn & Robert 2000, JASA 95:957).
"""

import numpy as np
from numpy.typing import ArrayLike

from bayesian.relabelling.orders import as_orders
from bayesian.relabelling.result import Orders
from mixture.arrays import FloatArray


def order_by(values: ArrayLike) -> Orders:
    """Orders (T, K) that make each draw's values (T, K) ascend; ties keep the order they came in.

    Cost: neighbouring pairs that descend, which is 0. Raises ValueError for another shape, and for NaN.
    """
    return Orders(np.argsort(_as_values(values), axis=1, kind="stable").astype(np.int64), 0.0)


def order_by_cost(values: ArrayLike, permutations: ArrayLike) -> float:
    """How many neighbouring pairs of relabelled values (T, K) descend: 0 once ordered."""
    draws = _as_values(values)
    relabelled = np.take_along_axis(draws, as_orders(permutations, draws.shape), axis=1)
    return float((np.diff(relabelled, axis=1) < 0.0).sum())


def _as_values(values: ArrayLike) -> FloatArray:
    draws = np.asarray(values, dtype=np.float64)
    if draws.ndim != 2 or draws.size == 0:
        raise ValueError(f"values must have shape (draws, components) and hold something, not {draws.shape}")
    if np.isnan(draws).any():
        raise ValueError(f"values hold NaN, the first in draw {np.argwhere(np.isnan(draws))[0, 0]}")
    return draws
