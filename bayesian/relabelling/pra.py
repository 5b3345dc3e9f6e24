"""Relabelling by a pivot draw (PRA, pivotal reordering): stay as close to it as possible.

    order_t = argmax over permutations of <theta_t permuted, pivot>
            = argmin over permutations of sum_k sum_j ( (theta_t[order[k], j] - pivot[k, j]) / scale_j )^2

The two are the same: no permutation changes the norms. The pivot is usually the draw of highest posterior density.
Source: Marin, Mengersen & Robert 2005, Handbook of Statistics 25:459 (with scale_j = 1).
"""

import numpy as np
from numpy.typing import ArrayLike

from bayesian.relabelling.assignment import best_orders, total_score
from bayesian.relabelling.orders import as_orders
from bayesian.relabelling.result import Orders
from mixture.arrays import FloatArray, IntArray

CHUNK_VALUES = 2**18
"""How many parameters are worked on at a time: two megabytes."""

CONSTANT = 1e-12
"""A parameter that varies by less, relative to its size, does not vary: that is rounding, not to be blown up."""


def pra(parameters: ArrayLike, pivot: ArrayLike, scale: ArrayLike | None = None) -> Orders:
    """Orders (T, K) that bring the components' parameters (T, K, J) closest to the pivot (K, J).

    scale: (J,), in the parameters' units; 1 leaves them as they are; None takes `noise_scale`. Cost: squared scaled
    distances to the pivot, summed over draws. Raises ValueError for other shapes, NaN and infinite values, and scales
    that are not above 0.
    """
    draws = as_parameters(parameters)
    divisor = as_scale(scale, draws)
    return nearest(draws / divisor, as_pivot(pivot, draws) / divisor)


def pra_cost(parameters: ArrayLike, pivot: ArrayLike, permutations: ArrayLike, scale: ArrayLike | None = None) -> float:
    """Squared scaled distances of the relabelled parameters (T, K, J) to the pivot (K, J), summed over draws."""
    draws = as_parameters(parameters)
    divisor = as_scale(scale, draws)
    orders = as_orders(permutations, draws.shape[:2])
    return squared_distance(draws / divisor, as_pivot(pivot, draws) / divisor, orders)


def nearest(draws: FloatArray, centre: FloatArray) -> Orders:
    """Orders (T, K) that bring draws (T, K, J) closest to a centre (K, J), both scaled already."""
    parts = []
    for chunk in chunks(draws):
        scores = -squared_distances(draws[chunk], centre)
        orders = best_orders(scores)
        parts.append(Orders(orders, -total_score(scores, orders)))
    return Orders.joined(parts)


def squared_distance(draws: FloatArray, centre: FloatArray, orders: IntArray) -> float:
    """Of the relabelled draws (T, K, J) to the centre (K, J), summed over draws; both scaled already."""
    return float(np.square(Orders(orders, 0.0).relabelled(draws) - centre).sum())


def squared_distances(draws: FloatArray, centre: FloatArray) -> FloatArray:
    """[t, k, j]: from the centre's component k to component j of draw t, (T, K, K)."""
    return np.square(centre[:, None] - draws[:, None]).sum(axis=-1)


def as_scale(scale: ArrayLike | None, draws: FloatArray) -> FloatArray:
    """What each parameter of the draws (T, K, J) is divided by, (J,); None is `noise_scale`."""
    if scale is None:
        return noise_scale(draws)
    divisor = np.asarray(scale, dtype=np.float64)
    if divisor.shape not in ((), draws.shape[2:]) or not (np.isfinite(divisor) & (divisor > 0.0)).all():
        raise ValueError(f"scale must be finite and above 0, one for each of {draws.shape[2]} parameters, not {scale}")
    return np.broadcast_to(divisor, draws.shape[2:])


def noise_scale(draws: FloatArray) -> FloatArray:
    """How much each parameter varies from draw to draw within a component, (J,), whatever the labels of (T, K, J).

    The standard deviation over draws of the k-th smallest of its K values, pooled over k: no permutation of components
    changes it, and unlike the standard deviation over draws and components it does not grow as components move apart,
    which would drown what tells them apart in the noise of what does not. 1 for a parameter that does not vary.
    """
    sds = np.sqrt(np.sort(draws, axis=1).var(axis=0).mean(axis=0))
    return np.where(sds > CONSTANT * np.abs(draws).max(axis=(0, 1)), sds, 1.0)


def as_parameters(parameters: ArrayLike) -> FloatArray:
    """(T, K, J), checked."""
    draws = np.asarray(parameters, dtype=np.float64)
    if draws.ndim != 3 or draws.size == 0:
        raise ValueError(
            f"parameters must have shape (draws, components, parameters), none of them 0, not {draws.shape}"
        )
    wrong = np.argwhere(~np.isfinite(draws).all(axis=(1, 2)))
    if wrong.size:
        raise ValueError(
            f"{len(wrong)} draws hold NaN or infinite parameters, the first is draw {wrong[0, 0]}: leave them out"
        )
    return draws


def chunks(draws: FloatArray) -> list[slice]:
    """Slices of draws that are worked on at a time."""
    _, n_components, n_parameters = draws.shape
    per_chunk = max(1, CHUNK_VALUES // (n_components * n_components * n_parameters))
    return [slice(start, start + per_chunk) for start in range(0, len(draws), per_chunk)]


def as_pivot(pivot: ArrayLike, draws: FloatArray) -> FloatArray:
    """(K, J) as one of the draws (T, K, J), checked."""
    centre = np.asarray(pivot, dtype=np.float64)
    if centre.shape != draws.shape[1:] or not np.isfinite(centre).all():
        raise ValueError(f"the pivot must be finite and have shape {draws.shape[1:]}, as one draw, not {centre.shape}")
    return centre
