"""Relabelling of a posterior: one permutation per draw, and the new posterior it gives."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bayesian.allocations import allocation_probabilities, allocations
from bayesian.draws import log_joints
from bayesian.posterior import Posterior
from bayesian.relabelling import ecr, ecr_cost, order_by, order_by_cost, stephens, stephens_cost
from bayesian.relabelling.assignment import best_orders
from bayesian.relabelling.orders import as_allocations, inverse, then
from mixture.arrays import FloatArray, IntArray


@dataclass(frozen=True)
class Relabelling:
    """One permutation per draw, an order: new component k of draw (c, s) is its old component permutations[c, s, k].

    method: name of the method, one of METHODS.
    permutations: (C, S, K), int64.
    cost: what the method minimises, summed over draws, in the unit that METHODS names for it.
    """

    method: str
    permutations: IntArray
    cost: float

    def apply(self, posterior: Posterior) -> Posterior:
        """The posterior with every variable that has the dimension `component` permuted, draw by draw."""
        return posterior.permute(self.permutations)


@dataclass(frozen=True)
class Task:
    """What a method is given: the posterior, a checked pivot allocation (N,) or none, the variable to order by."""

    posterior: Posterior
    pivot: IntArray | None
    by: str


@dataclass(frozen=True)
class Method:
    """A relabelling method: its name, the unit of its cost, and how it finds orders (T, K) and their cost."""

    name: str
    cost_unit: str
    run: Callable[[Task], tuple[IntArray, float]]


def relabel(
    posterior: Posterior, method: str = "ecr", *, pivot: ArrayLike | None = None, by: str = "means"
) -> Relabelling:
    """Find the permutations of every draw by one of METHODS; `Relabelling.apply` gives the relabelled posterior.

    method: "order" sorts each draw by its first feature's mean, or by the first entry of the variable named `by`;
        "ecr" makes each draw's most probable allocations agree with the pivot's; "stephens" brings the allocation
        probabilities closest to their common mean, in Kullback-Leibler divergence.
    pivot: an allocation of the points, labels 0 to K - 1, (N,), for instance the most probable one under a point
        estimate: the relabelled components come in its order. Without one the pivot of "ecr" is the most probable
        allocation of the draw with the highest log-likelihood, and components come in ascending order of the first
        feature's mean (of that draw for "ecr", averaged over the relabelled draws for "stephens").
    by: a posterior variable with the dimension component, for "order" alone.

    Raises ValueError for an unknown method, a pivot of the wrong length or labels, a pivot given to "order".
    """
    chosen = [entry for entry in METHODS if entry.name == method]
    if not chosen:
        raise ValueError(f"no relabelling method {method!r}: it is one of {', '.join(m.name for m in METHODS)}")
    labels = None if pivot is None else as_allocations(pivot, posterior.n_components, n_axes=1, name="pivot")
    if labels is not None and len(labels) != len(posterior.data):
        raise ValueError(f"the pivot allocates {len(labels)} points, but the data are {len(posterior.data)}")
    orders, cost = chosen[0].run(Task(posterior, labels, by))
    shape = (posterior.n_chains, posterior.n_draws, posterior.n_components)
    return Relabelling(method=method, permutations=orders.reshape(shape), cost=cost)


def _order(task: Task) -> tuple[IntArray, float]:
    if task.pivot is not None:
        raise ValueError('method "order" follows no pivot: leave it out, or take "ecr" or "stephens"')
    values = _first_entry(task.posterior, task.by)
    orders = order_by(values)
    return orders, order_by_cost(values, orders)


def _ecr(task: Task) -> tuple[IntArray, float]:
    labels = allocations(task.posterior)
    target = _highest_draw_allocation(task.posterior) if task.pivot is None else task.pivot
    orders = ecr(labels, target, task.posterior.n_components)
    return orders, ecr_cost(labels, target, orders)


def _stephens(task: Task) -> tuple[IntArray, float]:
    probabilities = allocation_probabilities(task.posterior)
    orders = stephens(probabilities)
    if task.pivot is None:
        relabelled = np.take_along_axis(_first_entry(task.posterior, "means"), orders, axis=1)
        common = order_by(relabelled.mean(axis=0)[None])[0]
    else:
        common = _towards(probabilities, orders, task.pivot)
    orders = then(orders, common)
    return orders, stephens_cost(probabilities, orders)


METHODS: tuple[Method, ...] = (
    Method("order", "neighbouring pairs out of order", _order),
    Method("ecr", "allocations that disagree with the pivot", _ecr),
    Method("stephens", "nats", _stephens),
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


def _highest_draw_allocation(posterior: Posterior) -> IntArray:
    """MAP allocation (N,) of the draw of highest log-likelihood, its components sorted by their first mean."""
    chain, draw = np.unravel_index(posterior.log_likelihood.argmax(), posterior.log_likelihood.shape)
    weights, means = posterior.weights[chain, draw], posterior.means[chain, draw]
    [(_, joint)] = log_joints(posterior.data, weights[None], means[None], posterior.covariances[chain, draw][None])
    labels: IntArray = inverse(order_by(means[None, :, 0])[0])[joint[0].argmax(axis=0)]
    return labels


def _towards(probabilities: FloatArray, orders: IntArray, pivot: IntArray) -> IntArray:
    """The common order (K,) that brings the mean relabelled probabilities closest to a pivot allocation."""
    mean = np.stack([probabilities[range(len(orders)), :, old].mean(axis=0) for old in orders.T])  # q, (K, N)
    agreement = mean @ (pivot[:, None] == np.arange(len(mean)))  # by relabelled component and pivot label
    common: IntArray = best_orders(agreement.T[None])[0]
    return common
