"""Relabelling of a posterior: one permutation per draw, and the new posterior it gives."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from bayesian.mixture_draws import MixtureDraws
from bayesian.posterior import Posterior
from bayesian.relabelling import runs
from bayesian.relabelling.orders import as_allocations
from bayesian.relabelling.result import BoolArray, Orders, all_valid
from bayesian.relabelling.sjw import LARGEST_K
from bayesian.relabelling.task import Climb, Task
from mixture import GaussianMixture
from mixture.arrays import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Relabelling:
    """One permutation per draw, an order: new component k of draw (c, s) is its old component permutations[c, s, k].

    method: name of the method, one of METHODS.
    permutations: (C, S, K), int64.
    cost: what the method minimises, summed over draws, in the unit that METHODS names for it.
    iterations: passes over the draws until nothing changed; 1 where the method needs no second.
    valid: (C, S), False where the method's own rule gave no permutation and the nearest one stands in.
    seconds: what finding them took.
    """

    method: str
    permutations: IntArray
    cost: float
    iterations: int = 1
    valid: BoolArray = field(default_factory=all_valid)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.valid.size == 0:
            object.__setattr__(self, "valid", np.ones(self.permutations.shape[:2], dtype=np.bool_))

    @classmethod
    def of(cls, method: str, orders: Orders, n_chains: int, seconds: float = 0.0) -> "Relabelling":
        """Orders of draws that stand chain after chain, as a relabelling of the chains."""
        permutations = orders.permutations.reshape(n_chains, -1, orders.permutations.shape[1])
        valid = orders.valid.reshape(n_chains, -1)
        return cls(method, permutations, orders.cost, orders.iterations, valid, seconds)

    @property
    def non_permutation_rate(self) -> float:
        """Share of the draws that are not valid."""
        return float((~self.valid).mean())

    def apply(self, posterior: Posterior) -> Posterior:
        """The posterior with every variable that has the dimension `component` permuted, draw by draw."""
        return posterior.permute(self.permutations)


@dataclass(frozen=True)
class Method:
    """A relabelling method: its name, the unit of its cost, how it finds orders, and what any orders cost by it.

    find: from a task to orders (T, K). cost: from a task and orders (T, K) to what the method minimises.
    needs: what of a task the method cannot do without. follows_pivot: whether components may come in its order.
    largest_k: most components it takes.
    """

    name: str
    cost_unit: str
    find: Callable[[Task], Orders]
    cost: Callable[[Task, IntArray], float]
    needs: tuple[str, ...] = ()
    follows_pivot: bool = True
    largest_k: float = math.inf

    def missing(self, task: Task) -> tuple[str, ...]:
        """What the method needs and the task lacks."""
        return tuple(need for need in self.needs if task.lacks(need))


def relabel(
    posterior: Posterior,
    method: str = "ecr",
    *,
    pivot: ArrayLike | None = None,
    by: str = "means",
    climb: Climb | None = None,
    truth: GaussianMixture | ArrayLike | None = None,
) -> Relabelling:
    """Find the permutations of every draw by one of METHODS; `Relabelling.apply` gives the relabelled posterior.

    method: "order" sorts each draw by its first feature's mean, or by the first entry of the variable named `by`;
        "ecr" makes each draw's most probable allocations agree with the pivot's, "ecr_iterative_1" and
        "ecr_iterative_2" find that pivot themselves; "stephens" brings the allocation probabilities closest to their
        common mean, in Kullback-Leibler divergence; "pra" brings parameters (weights, means, log sds, correlations)
        closest to those of the pivot draw; "sjw" is EM over permutations by the complete-data likelihood (K <= 10);
        "data_based" compares the points that labels hold; "point_process" clusters all components of all draws, and
        marks as not valid the draws whose labels are then no permutation; "em_modes" lets groups of draws climb, and
        marks those that reach another mode than most; "to_truth" matches with the truth of a simulation.
    pivot: an allocation of the points, labels 0 to K - 1, (N,), for instance the most probable one under a point
        estimate: the relabelled components come in its order. Without one the pivot is the draw with the highest log
        posterior density (log-likelihood, where the sampler did not keep it), and components come in ascending order
        of the first feature's mean: of that draw for "ecr" and "pra", averaged over the relabelled draws for others.
    by: a posterior variable with the dimension component, for "order" alone.
    climb: for "em_modes" alone: from a draw's mixture to the mode it climbs to, components in the same order; None
        where the climb fails.
    truth: for "to_truth" alone: the true mixture, or the true allocation of the points (N,).

    Raises ValueError for an unknown method, what it needs and was not handed, a pivot of the wrong length or labels,
    a pivot given to "order" or "to_truth".
    """
    k = posterior.n_components
    task = Task(
        MixtureDraws.of_posterior(posterior),
        pivot=None if pivot is None else as_allocations(pivot, k, n_axes=1, name="pivot"),
        by=_first_entry(posterior, by) if method == "order" else None,
        climb=climb,
        truth=truth if truth is None or isinstance(truth, GaussianMixture) else as_allocations(truth, k, n_axes=1),
    )
    began = time.perf_counter()
    orders = find_orders(method, task)
    return Relabelling.of(method, orders, posterior.n_chains, time.perf_counter() - began)


def find_orders(method: str, task: Task) -> Orders:
    """Orders (T, K) of a task's draws by one of METHODS.

    Raises ValueError for an unknown method, and for what it needs and the task lacks.
    """
    chosen = method_named(method)
    if missing := chosen.missing(task):
        raise ValueError(f"method {method!r} needs {' and '.join(missing)}: hand in what is missing")
    if task.pivot is not None and not chosen.follows_pivot:
        followers = ", ".join(entry.name for entry in METHODS if entry.follows_pivot)
        raise ValueError(f"method {method!r} follows no pivot: leave it out, or take one of {followers}")
    return chosen.find(task)


def method_named(name: str) -> Method:
    """One of METHODS; raises ValueError naming them for another name."""
    for method in METHODS:
        if method.name == name:
            return method
    raise ValueError(f"no relabelling method {name!r}: it is one of {', '.join(m.name for m in METHODS)}")


METHODS: tuple[Method, ...] = (
    Method("order", "neighbouring pairs out of order", runs.order, runs.order_cost, follows_pivot=False),
    Method("ecr", "allocations that disagree with the pivot", runs.ecr, runs.ecr_cost, ("allocations", "a pivot draw")),
    Method(
        "ecr_iterative_1",
        "allocations that disagree with the most frequent",
        runs.ecr_iterative_1,
        runs.ecr_iterative_1_cost,
        ("allocations",),
    ),
    Method(
        "ecr_iterative_2",
        "allocations that disagree with the most probable",
        runs.ecr_iterative_2,
        runs.ecr_iterative_2_cost,
        ("allocations",),
    ),
    Method("stephens", "nats", runs.stephens, runs.stephens_cost, ("allocations",)),
    Method("pra", "squared scaled distances to the pivot", runs.pra, runs.pra_cost, ("a pivot draw",)),
    Method("sjw", "nats", runs.sjw, runs.sjw_cost, ("data",), largest_k=LARGEST_K),
    Method("data_based", "squared scaled distances, and logs", runs.data_based, runs.data_based_cost, ("data",)),
    Method("point_process", "squared scaled distances to the centres", runs.point_process, runs.point_process_cost),
    Method("em_modes", "squared scaled distances to the mode", runs.em_modes, runs.em_modes_cost, ("climb",)),
    Method("to_truth", "distances to the truth", runs.to_truth, runs.to_truth_cost, ("truth",), follows_pivot=False),
)
"""Every relabelling method `relabel` knows."""


def _first_entry(posterior: Posterior, name: str) -> FloatArray:
    """The first entry of a component's variable in each draw, (T, K): for the means, those of the first feature."""
    variables = posterior.tree["posterior"].data_vars
    if name not in variables or not {"chain", "draw", "component"} <= set(variables[name].dims):
        usable = [str(n) for n, v in variables.items() if {"chain", "draw", "component"} <= set(v.dims)]
        raise ValueError(f"cannot order by {name!r}: it is one of {', '.join(sorted(usable))}")
    values = np.asarray(variables[name].transpose("chain", "draw", "component", ...).values, dtype=np.float64)
    entries: FloatArray = values.reshape(posterior.n_chains * posterior.n_draws, posterior.n_components, -1)[:, :, 0]
    return entries
