"""Several relabellings of the same draws side by side: where they agree, what each costs by the others' measures."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from bayesian.mixture_draws import MixtureDraws
from bayesian.posterior import Posterior
from bayesian.relabelling.assignment import best_orders
from bayesian.relabelling.methods import METHODS, Method, Relabelling, find_orders, method_named
from bayesian.relabelling.orders import as_allocations, inverse
from bayesian.relabelling.result import Orders
from bayesian.relabelling.tallies import sums_by_label
from bayesian.relabelling.task import Climb, Task
from mixture import GaussianMixture
from mixture.arrays import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class RelabellingComparison:
    """What `compare_relabellings` found; methods by name, in the order of METHODS.

    relabellings: each method's, as `relabel` finds them.
    summary: per method seconds, iterations, share of valid draws, cost by its own measure, and that measure's unit.
    draws: similarity matrix: share of draws that two methods label alike, up to one permutation common to all draws.
    points: similarity matrix: share of draws x points that get the same label, up to one common permutation; empty
        where draws came without allocations.
    costs: row: the relabelling; column: whose measure it is judged by, up to one common permutation. The method itself
        should have the lowest entry of its column, but for local minima, for "sjw", whose orders are the best about
        another centre, and for "em_modes", which does not minimise a cost.
    """

    relabellings: dict[str, Relabelling]
    summary: pd.DataFrame
    draws: pd.DataFrame
    points: pd.DataFrame
    costs: pd.DataFrame

    @property
    def agreement(self) -> float:
        """Least share of draws that any two methods label alike."""
        return float(self.draws.to_numpy().min())

    def __str__(self) -> str:
        shares = self.draws.to_string(float_format="{:.3f}".format)
        return f"{self.summary.to_string(float_format='{:.4g}'.format)}\n\nshare of draws labelled alike\n{shares}"


def compare_relabellings(
    draws: Posterior | MixtureDraws,
    methods: Sequence[str] | None = None,
    *,
    pivot: ArrayLike | None = None,
    climb: Climb | None = None,
    truth: GaussianMixture | ArrayLike | None = None,
) -> RelabellingComparison:
    """Relabel the same draws by several methods and compare the permutations.

    methods: names of METHODS; None takes all that have what they need (data, a climb, the truth) and take so many
    components. pivot, climb, truth: as in `relabel`; the pivot is handed to those that follow one. Seconds are without
    the most probable allocations, which are computed once for all. Raises ValueError for an unknown method, one that
    lacks something, or fewer than one method.
    """
    if isinstance(draws, Posterior):
        n_chains, values = draws.n_chains, MixtureDraws.of_posterior(draws)
    else:
        n_chains, values = 1, draws
    k = values.n_components
    task = Task(
        values,
        pivot=None if pivot is None else as_allocations(pivot, k, n_axes=1, name="pivot"),
        climb=climb,
        truth=truth if truth is None or isinstance(truth, GaussianMixture) else as_allocations(truth, k, n_axes=1),
    )
    free = Task(values, climb=climb, truth=task.truth)  # for methods that follow no pivot
    if methods is None:
        chosen = [m for m in METHODS if not m.missing(task) and k <= m.largest_k]
    else:
        chosen = sorted({method_named(name) for name in methods}, key=METHODS.index)
    if not chosen:
        raise ValueError("name at least one method to compare")
    tasks = {method.name: task if method.follows_pivot else free for method in chosen}
    sizes = None if task.lacks("allocations") else _sizes(values)
    found: dict[str, Orders] = {}
    seconds = {}
    for method in chosen:
        began = time.perf_counter()
        found[method.name] = find_orders(method.name, tasks[method.name])
        seconds[method.name] = time.perf_counter() - began
    names = list(found)
    permutations = [found[name].permutations for name in names]
    return RelabellingComparison(
        relabellings={name: Relabelling.of(name, found[name], n_chains, seconds[name]) for name in names},
        summary=_summary(chosen, found, seconds),
        draws=_square([[_draws_alike(a, b) for b in permutations] for a in permutations], names),
        points=_square([[_points_alike(a, b, sizes) for b in permutations] for a in permutations], names)
        if sizes is not None
        else pd.DataFrame(),
        costs=_square(
            [
                [m.cost(tasks[m.name], orders[:, _common(found[m.name].permutations, orders)]) for m in chosen]
                for orders in permutations
            ],
            names,
        ),
    )


def _summary(methods: Sequence[Method], found: dict[str, Orders], seconds: dict[str, float]) -> pd.DataFrame:
    rows = {
        method.name: {
            "seconds": seconds[method.name],
            "iterations": found[method.name].iterations,
            "valid": float(found[method.name].valid.mean()),
            "cost": found[method.name].cost,
            "unit": method.cost_unit,
        }
        for method in methods
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("method")


def _square(values: Sequence[Sequence[float]], names: list[str]) -> pd.DataFrame:
    return pd.DataFrame(np.array(values, dtype=np.float64), index=pd.Index(names, name="method"), columns=names)


def _sizes(draws: MixtureDraws) -> FloatArray:
    """How many points each component of each draw holds, (T, K)."""
    labels = draws.allocations
    return sums_by_label(labels, np.ones((labels.shape[1], 1)), draws.n_components)[:, :, 0]


def _common(first: IntArray, second: IntArray) -> IntArray:
    """The order (K,) that makes the second orders (T, K) the first in the most draws."""
    return _differences(first, second)[0]


def _draws_alike(first: IntArray, second: IntArray) -> float:
    return _differences(first, second)[1]


def _differences(first: IntArray, second: IntArray) -> tuple[IntArray, float]:
    """The most frequent of the orders c_t with second_t[c_t] = first_t, and its share of the draws."""
    each = np.take_along_axis(inverse(second), first, axis=1)
    orders, counts = np.unique(each, axis=0, return_counts=True)
    return orders[counts.argmax()], float(counts.max() / len(first))


def _points_alike(first: IntArray, second: IntArray, sizes: FloatArray) -> float:
    """Share of draws x points with the same label, under the common order for which it is largest."""
    same = first[:, :, None] == second[:, None, :]  # (T, K, K)
    overlap = np.einsum("tkl,tk->kl", same, np.take_along_axis(sizes, first, axis=1))
    order = best_orders(overlap[None])[0]
    return float(overlap[np.arange(len(order)), order].sum() / sizes.sum())
