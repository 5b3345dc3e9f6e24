"""Each method run on a task: what of the draws it is handed, and the order its components come in."""

import numpy as np

from bayesian import relabelling as methods
from bayesian.relabelling.em_modes import orders_by_modes
from bayesian.relabelling.result import Orders
from bayesian.relabelling.task import Task
from mixture import GaussianMixture
from mixture.arrays import FloatArray, IntArray
from mixture.likelihood import log_joint


def order(task: Task) -> Orders:
    """By one parameter."""
    return methods.order_by(_values(task))


def order_cost(task: Task, orders: IntArray) -> float:
    """Of any orders (T, K), as in the functions below."""
    return methods.order_by_cost(_values(task), orders)


def ecr(task: Task) -> Orders:
    """Block by block: allocations of all draws are never held."""
    return _ecr(task, task.pivot_allocation)


def ecr_cost(task: Task, orders: IntArray) -> float:
    """Disagreements with the task's pivot."""
    return _ecr_cost(task, task.pivot_allocation, orders)


def ecr_iterative_1(task: Task) -> Orders:
    """Holds allocations, a byte each."""
    return task.settled(methods.ecr_iterative_1(task.draws.allocations, task.draws.n_components))


def ecr_iterative_1_cost(task: Task, orders: IntArray) -> float:
    """Disagreements with the most frequent allocations."""
    return methods.ecr_iterative_1_cost(task.draws.allocations, orders)


def ecr_iterative_2(task: Task) -> Orders:
    """Holds allocations, and probabilities unless they are too many."""
    return task.settled(methods.ecr_iterative_2(task.draws.allocations, task.draws.probabilities()))


def ecr_iterative_2_cost(task: Task, orders: IntArray) -> float:
    """Disagreements with the most probable allocations."""
    return methods.ecr_iterative_2_cost(task.draws.allocations, task.draws.computed_probabilities(), orders)


def stephens(task: Task) -> Orders:
    """Holds probabilities unless they are too many."""
    return task.settled(methods.stephens(task.draws.probabilities()))


def stephens_cost(task: Task, orders: IntArray) -> float:
    """Divergence from the mean probabilities, in nats."""
    return methods.stephens_cost(task.draws.computed_probabilities(), orders)


def pra(task: Task) -> Orders:
    """Parameters of the components against those of the pivot draw."""
    return methods.pra(task.draws.parameters, task.pivot_parameters)


def pra_cost(task: Task, orders: IntArray) -> float:
    """Squared scaled distances to the pivot draw."""
    return methods.pra_cost(task.draws.parameters, task.pivot_parameters, orders)


def sjw(task: Task) -> Orders:
    """Weights, means and covariances are averaged, each as it is."""
    log_terms = _LogTerms(task.draws.points)
    return task.settled(methods.sjw(task.draws.allocations, log_terms.parameters(task), log_terms))


def sjw_cost(task: Task, orders: IntArray) -> float:
    """Minus the complete-data log-likelihood at the mean parameters, in nats."""
    log_terms = _LogTerms(task.draws.points)
    return methods.sjw_cost(task.draws.allocations, log_terms.parameters(task), log_terms, orders)


def data_based(task: Task) -> Orders:
    """Allocations and the points themselves."""
    draws = task.draws
    return task.settled(methods.data_based(draws.allocations, draws.points, draws.n_components))


def data_based_cost(task: Task, orders: IntArray) -> float:
    """Squared scaled distances of points to the means of their labels, and logarithms of the scales."""
    return methods.data_based_cost(task.draws.allocations, task.draws.points, orders)


def point_process(task: Task) -> Orders:
    """All components of all draws at once."""
    return task.settled(methods.point_process(task.draws.parameters))


def point_process_cost(task: Task, orders: IntArray) -> float:
    """Squared scaled distances to the means of the relabelled components."""
    return methods.point_process_cost(task.draws.parameters, orders)


def em_modes(task: Task) -> Orders:
    """By the modes groups of draws climb to."""
    return task.settled(orders_by_modes(task.draws.parameters, task.modes))


def em_modes_cost(task: Task, orders: IntArray) -> float:
    """Squared scaled distances to the main mode."""
    return methods.em_modes_cost(task.draws.parameters, task.modes.parameters[0], orders)


def to_truth(task: Task) -> Orders:
    """By the true mixture, or by ECR with the true allocation as the pivot."""
    if isinstance(task.truth, GaussianMixture):
        return methods.to_truth(task.draws.means, task.draws.covariances, task.truth)
    return _ecr(task, _true_allocation(task))


def to_truth_cost(task: Task, orders: IntArray) -> float:
    """Bhattacharyya distances to the true components, or disagreements with the true allocation."""
    if isinstance(task.truth, GaussianMixture):
        return methods.to_truth_cost(task.draws.means, task.draws.covariances, task.truth, orders)
    return _ecr_cost(task, _true_allocation(task), orders)


class _LogTerms:
    """log( pi_k N(x_n | mu_k, Sigma_k) ) of parameters (K, 1 + D + D^2): weights, means, covariances, side by side."""

    def __init__(self, x: FloatArray) -> None:
        self.x = x

    def parameters(self, task: Task) -> FloatArray:
        """Of all draws, (T, K, 1 + D + D^2)."""
        weights, means, covariances = task.draws.weights, task.draws.means, task.draws.covariances
        flat = covariances.reshape(*means.shape[:2], -1)
        return np.concatenate([weights[..., None], means, flat], axis=2)

    def __call__(self, parameters: FloatArray) -> FloatArray:
        n_features = self.x.shape[1]
        weights, means, flat = np.split(parameters, [1, 1 + n_features], axis=1)
        return log_joint(self.x, weights[:, 0], means, flat.reshape(-1, n_features, n_features))


def _ecr(task: Task, pivot: IntArray) -> Orders:
    k = task.draws.n_components
    return Orders.joined([methods.ecr(labels, pivot, k) for _, labels in task.draws.allocation_blocks()])


def _ecr_cost(task: Task, pivot: IntArray, orders: IntArray) -> float:
    blocks = task.draws.allocation_blocks()
    return sum(methods.ecr_cost(labels, pivot, orders[chunk]) for chunk, labels in blocks)


def _true_allocation(task: Task) -> IntArray:
    if task.truth is None or isinstance(task.truth, GaussianMixture):
        raise ValueError("hand in the truth: a mixture, or the allocation of the points")
    return task.truth


def _values(task: Task) -> FloatArray:
    return task.draws.means[:, :, 0] if task.by is None else task.by
