"""Relabelling by the mode a draw climbs to (EM modes): draws that reach the same mode share its labels.

    theta_t -> climb -> mode_t = main mode under some labelling;   order_t is the order that undoes this labelling

A climb that keeps labels (EM from the draw) takes a draw to the copy of the mode in whose basin it lies, and among the
K! copies of one mode labels are known exactly. A climb for every draw would be slow: draws are grouped first, the one
in the middle of each group is climbed, and the others are labelled by assignment to it.
Source: Yao & Lindsay 2009, JASA 104:758, who climb from every draw: `n_groups` at least T does that.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bayesian.relabelling.groups import group_draws
from bayesian.relabelling.orders import as_orders
from bayesian.relabelling.pra import as_parameters, as_pivot, as_scale, nearest, squared_distance
from bayesian.relabelling.result import Orders
from mixture.arrays import FloatArray, IntArray

N_GROUPS = 50
"""Groups of draws, each of which is climbed once."""

SAME_MODE = 0.1
"""Two climbs ended at one mode if no parameter differs by more than this, in units of its noise within components:
climbs stop a little short of the top."""

type Climb = Callable[[int], FloatArray | None]
"""From the position of a draw to the parameters (K, J) of the mode it climbs to, components in the draw's order; None
where the climb fails (a component collapses, say)."""


@dataclass(frozen=True, eq=False)
class Modes:
    """Where climbs from groups of draws ended.

    group: the group of each draw, (T,). members: the position of the draw climbed from in each group, (G,).
    orders: (G, K), from a climbed draw's labels to those of the main mode. reached: the mode of each group, (G,):
    0 is the main mode, which most draws climb to; -1 where the climb failed. parameters: each mode's, (M, K, J).
    """

    group: IntArray
    members: IntArray
    orders: IntArray
    reached: IntArray
    parameters: FloatArray


def em_modes(
    parameters: ArrayLike, climb: Climb, scale: ArrayLike | None = None, *, n_groups: int = N_GROUPS
) -> Orders:
    """Orders (T, K) from the components' parameters (T, K, J), up to one permutation common to all draws.

    climb: see `Climb`. scale: (J,) as in `pra`: None takes the noise within components; distances between draws and
    between modes are measured in it. Cost: squared scaled distances of the relabelled draws to the main mode.
    iterations: the number of climbs. `valid` marks draws that climb to the main mode; the others' labels are those by
    which their mode lies closest to it. Raises ValueError for other shapes, NaN and infinite values, and if every
    climb fails.
    """
    return orders_by_modes(parameters, climb_modes(parameters, climb, scale, n_groups=n_groups), scale)


def orders_by_modes(parameters: ArrayLike, modes: Modes, scale: ArrayLike | None = None) -> Orders:
    """The orders of `em_modes` from climbs made already, with the same scale."""
    draws = as_parameters(parameters)
    divisor = as_scale(scale, draws)
    draws, main = draws / divisor, modes.parameters[0] / divisor
    orders = np.empty(draws.shape[:2], dtype=np.int64)
    sizes = np.bincount(modes.group, minlength=len(modes.members))
    by_group = np.split(np.argsort(modes.group, kind="stable"), np.cumsum(sizes)[:-1])
    for group, (member, positions) in enumerate(zip(modes.members, by_group, strict=True)):
        orders[positions] = nearest(draws[positions], draws[member, modes.orders[group]]).permutations
    return Orders(orders, squared_distance(draws, main, orders), len(modes.members), modes.reached[modes.group] == 0)


def em_modes_cost(
    parameters: ArrayLike, mode: ArrayLike, permutations: ArrayLike, scale: ArrayLike | None = None
) -> float:
    """Squared scaled distances of relabelled draws (T, K, J) to the mode (K, J), whose labels are taken as fit best."""
    draws = as_parameters(parameters)
    divisor = as_scale(scale, draws)
    draws, main = draws / divisor, as_pivot(mode, draws) / divisor
    orders = as_orders(permutations, draws.shape[:2])
    mean = Orders(orders, 0.0).relabelled(draws).mean(axis=0)
    return squared_distance(draws, main[_closest(main, mean)], orders)


def climb_modes(
    parameters: ArrayLike, climb: Climb, scale: ArrayLike | None = None, *, n_groups: int = N_GROUPS
) -> Modes:
    """Group the draws, climb from each group's middle, and say which climbs ended at the same mode."""
    draws = as_parameters(parameters)
    divisor = as_scale(scale, draws)
    group, members = group_draws(draws / divisor, n_groups)
    ends = [_end(climb(int(member)), draws) for member in members]
    distinct: list[FloatArray] = []
    reached = np.full(len(members), -1)
    orders = np.empty((len(members), draws.shape[1]), dtype=np.int64)
    for climbed, end in enumerate(ends):
        if end is not None:
            reached[climbed], orders[climbed] = _find(end, distinct, divisor)
    if not distinct:
        raise ValueError(f"all {len(members)} climbs failed: look at what the climb returns from a single draw")
    sizes = np.bincount(group, minlength=len(members))
    weights = np.bincount(reached[reached >= 0], weights=sizes[reached >= 0], minlength=len(distinct))
    ranks = np.argsort(-weights, kind="stable")
    main = distinct[ranks[0]] / divisor
    to_main = [_closest(mode / divisor, main) for mode in distinct]
    for climbed, member in enumerate(members):
        mode = reached[climbed]
        orders[climbed] = _closest(draws[member] / divisor, main) if mode < 0 else orders[climbed][to_main[mode]]
    rank_of = np.append(np.argsort(ranks), -1)  # a failed climb, -1, keeps its -1
    parameters_of = np.stack([distinct[mode][to_main[mode]] for mode in ranks])
    return Modes(group, members, orders, rank_of[reached], parameters_of)


def _find(end: FloatArray, distinct: list[FloatArray], divisor: FloatArray) -> tuple[int, IntArray]:
    """Which of the distinct modes a climb's end is, and the order that gives it its labels; a new one is added."""
    for index, mode in enumerate(distinct):
        order = _closest(end / divisor, mode / divisor)
        if (np.abs(end[order] - mode) <= SAME_MODE * divisor).all():
            return index, order
    distinct.append(end)
    return len(distinct) - 1, np.arange(len(end))


def _closest(source: FloatArray, target: FloatArray) -> IntArray:
    """The order (K,) that brings a source (K, J) closest to a target (K, J), both scaled."""
    return nearest(source[None], target).permutations[0]


def _end(end: FloatArray | None, draws: FloatArray) -> FloatArray | None:
    """Where a climb ended; one that ended nowhere finite failed."""
    if end is None or not np.isfinite(end).all():
        return None
    return as_pivot(end, draws)
