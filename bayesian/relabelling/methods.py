"""Relabelling of a posterior: one permutation per draw, and the new posterior it gives."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from bayesian.mixture_draws import MixtureDraws
from bayesian.posterior import Posterior
from bayesian.relabelling.ecr import ecr, ecr_cost
from bayesian.relabelling.ecr_iterative_1 import ecr_iterative_1, ecr_iterative_1_cost
from bayesian.relabelling.ecr_iterative_2 import ecr_iterative_2, ecr_iterative_2_cost
from bayesian.relabelling.order_by import order_by, order_by_cost
from bayesian.relabelling.orders import as_allocations
from bayesian.relabelling.pra import pra, pra_cost
from bayesian.relabelling.result import BoolArray, Orders, all_valid
from bayesian.relabelling.stephens import stephens, stephens_cost
from bayesian.relabelling.task import Task
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

    def apply(self, posterior: Posterior) -> Posterior:
        """The posterior with every variable that has the dimension `component` permuted, draw by draw."""
        return posterior.permute(self.permutations)


@dataclass(frozen=True)
class Method:
    """A relabelling method: its name, the unit of its cost, how it finds orders, and what any orders cost by it.

    find: from a task to orders (T, K). cost: from a task and orders (T, K) to what the method minimises.
    needs: what of a task the method cannot do without.
    """

    name: str
    cost_unit: str
    find: Callable[[Task], Orders]
    cost: Callable[[Task, IntArray], float]
    needs: tuple[str, ...] = ()


def relabel(
    posterior: Posterior, method: str = "ecr", *, pivot: ArrayLike | None = None, by: str = "means"
) -> Relabelling:
    """Find the permutations of every draw by one of METHODS; `Relabelling.apply` gives the relabelled posterior.

    method: "order" sorts each draw by its first feature's mean, or by the first entry of the variable named `by`;
        "ecr" makes each draw's most probable allocations agree with the pivot's, "ecr_iterative_1" and
        "ecr_iterative_2" find that pivot themselves; "stephens" brings the allocation probabilities closest to their
        common mean, in Kullback-Leibler divergence; "pra" brings parameters closest to those of the pivot draw.
    pivot: an allocation of the points, labels 0 to K - 1, (N,), for instance the most probable one under a point
        estimate: the relabelled components come in its order. Without one the pivot is the draw with the highest log
        posterior density (log-likelihood, where the sampler did not keep it), and components come in ascending order
        of the first feature's mean: of that draw for "ecr" and "pra", averaged over the relabelled draws for others.
    by: a posterior variable with the dimension component, for "order" alone.

    Raises ValueError for an unknown method, a pivot of the wrong length or labels, a pivot given to "order".
    """
    labels = None if pivot is None else as_allocations(pivot, posterior.n_components, n_axes=1, name="pivot")
    chosen = method_named(method)
    task = Task(
        MixtureDraws.of_posterior(posterior),
        pivot=labels,
        by=_first_entry(posterior, by) if method == "order" else None,
    )
    began = time.perf_counter()
    orders = chosen.find(task)
    return Relabelling.of(method, orders, posterior.n_chains, time.perf_counter() - began)


def method_named(name: str) -> Method:
    """One of METHODS; raises ValueError naming them for another name."""
    for method in METHODS:
        if method.name == name:
            return method
    raise ValueError(f"no relabelling method {name!r}: it is one of {', '.join(m.name for m in METHODS)}")


def _order(task: Task) -> Orders:
    if task.pivot is not None:
        raise ValueError('method "order" follows no pivot: leave it out, or take "ecr" or "stephens"')
    return order_by(_values(task))


def _ecr(task: Task) -> Orders:
    k = task.draws.n_components
    return Orders.joined([ecr(labels, task.pivot_allocation, k) for _, labels in task.draws.allocation_blocks()])


def _ecr_cost(task: Task, orders: IntArray) -> float:
    blocks = task.draws.allocation_blocks()
    return sum(ecr_cost(labels, task.pivot_allocation, orders[chunk]) for chunk, labels in blocks)


METHODS: tuple[Method, ...] = (
    Method("order", "neighbouring pairs out of order", _order, lambda task, o: order_by_cost(_values(task), o)),
    Method("ecr", "allocations that disagree with the pivot", _ecr, _ecr_cost, ("data",)),
    Method(
        "ecr_iterative_1",
        "allocations that disagree with the most frequent",
        lambda task: task.settled(ecr_iterative_1(task.draws.allocations, task.draws.n_components)),
        lambda task, orders: ecr_iterative_1_cost(task.draws.allocations, orders),
        ("data",),
    ),
    Method(
        "ecr_iterative_2",
        "allocations that disagree with the most probable",
        lambda task: task.settled(ecr_iterative_2(task.draws.allocations, task.draws.probabilities())),
        lambda task, orders: ecr_iterative_2_cost(task.draws.allocations, task.draws.probabilities(), orders),
        ("data",),
    ),
    Method(
        "stephens",
        "nats",
        lambda task: task.settled(stephens(task.draws.probabilities())),
        lambda task, orders: stephens_cost(task.draws.probabilities(), orders),
        ("data",),
    ),
    Method(
        "pra",
        "squared scaled distances to the pivot",
        lambda task: pra(task.draws.parameters, task.pivot_parameters),
        lambda task, orders: pra_cost(task.draws.parameters, task.pivot_parameters, orders),
    ),
)
"""Every relabelling method `relabel` knows."""


def _values(task: Task) -> FloatArray:
    return task.draws.means[:, :, 0] if task.by is None else task.by


def _first_entry(posterior: Posterior, name: str) -> FloatArray:
    """The first entry of a component's variable in each draw, (T, K): for the means, those of the first feature."""
    variables = posterior.tree["posterior"].data_vars
    if name not in variables or not {"chain", "draw", "component"} <= set(variables[name].dims):
        usable = [str(n) for n, v in variables.items() if {"chain", "draw", "component"} <= set(v.dims)]
        raise ValueError(f"cannot order by {name!r}: it is one of {', '.join(sorted(usable))}")
    values = np.asarray(variables[name].transpose("chain", "draw", "component", ...).values, dtype=np.float64)
    entries: FloatArray = values.reshape(posterior.n_chains * posterior.n_draws, posterior.n_components, -1)[:, :, 0]
    return entries
