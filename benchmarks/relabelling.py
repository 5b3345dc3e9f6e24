"""Relabelling against a plain loop over draws, and how long each method takes where there are many components."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from bayesian.mixture_draws import MixtureDraws
from bayesian.relabelling import ecr, stephens
from bayesian.relabelling.methods import METHODS, find_orders
from bayesian.relabelling.task import Task
from benchmarks.timing import clock_for, fastest, fastest_in_turn
from mixture import GaussianMixture, match

type Array = NDArray[np.float64]

SEPARATION = 3.0
"""Distance of neighbouring means, in standard deviations."""


def switched_draws(n_draws: int, n_samples: int, n_components: int) -> tuple[MixtureDraws, GaussianMixture]:
    """Draws about a bivariate mixture on a grid, the labels of each shuffled; and the mixture."""
    rng = np.random.default_rng(0)
    side = int(np.ceil(np.sqrt(n_components)))
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2)[:n_components]
    means = SEPARATION * grid + rng.normal(scale=0.2, size=grid.shape)
    truth = GaussianMixture(rng.dirichlet(np.full(n_components, 20.0)), means, [np.eye(2)] * n_components)
    orders = rng.permuted(np.tile(np.arange(n_components), (n_draws, 1)), axis=1)
    weights = rng.dirichlet(1 + n_samples * truth.weights, n_draws)
    centres = means + rng.normal(scale=0.15, size=(n_draws, *means.shape))
    roots = np.eye(2) + 0.1 * np.tril(rng.normal(size=(n_draws, n_components, 2, 2)))
    covariances = roots @ roots.swapaxes(-1, -2)
    draws = MixtureDraws.of(
        np.take_along_axis(weights, orders, axis=1),
        np.take_along_axis(centres, orders[:, :, None], axis=1),
        covariances=np.take_along_axis(covariances, orders[:, :, None, None], axis=1),
        data=truth.draw(n_samples, rng)[0],
    )
    return draws, truth


def plain_stephens(p: Array) -> NDArray[np.int64]:
    """Algorithm 2 of the paper draw by draw, p (T, N, K): a cost matrix in numpy, then scipy's assignment."""
    orders = np.tile(np.arange(p.shape[2]), (len(p), 1))
    while True:
        q = np.mean([draw[:, order] for draw, order in zip(p, orders, strict=True)], axis=0)
        log_q = np.log(np.maximum(q, 1e-300))
        found = np.empty_like(orders)
        for t, draw in enumerate(p):
            log_p = np.log(np.maximum(draw, 1e-300))
            cost = (draw[:, None, :] * (log_p[:, None, :] - log_q[:, :, None])).sum(axis=0)
            found[t] = linear_sum_assignment(cost)[1]
        if np.array_equal(found, orders):
            return orders
        orders = found


def plain_ecr(labels: NDArray[np.int64], pivot: NDArray[np.int64], n_components: int) -> NDArray[np.int64]:
    """The paper's assignment draw by draw, labels (T, N): a cost matrix in numpy, then scipy's assignment."""
    orders = np.empty((len(labels), n_components), dtype=np.int64)
    for t, draw in enumerate(labels):
        cost = np.empty((n_components, n_components))
        for k in range(n_components):
            for j in range(n_components):
                cost[k, j] = np.sum((pivot == k) & (draw != j))
        orders[t] = linear_sum_assignment(cost)[1]
    return orders


def counted_ecr(labels: NDArray[np.int64], pivot: NDArray[np.int64], n_components: int) -> NDArray[np.int64]:
    """The same with the cost matrix from one count of pairs of labels."""
    orders = np.empty((len(labels), n_components), dtype=np.int64)
    cells = n_components * n_components
    for t, draw in enumerate(labels):
        counts = np.bincount(pivot * n_components + draw, minlength=cells).reshape(n_components, n_components)
        orders[t] = linear_sum_assignment(counts, maximize=True)[1]
    return orders


def against_plain_loops(n_draws: int = 4000, n_samples: int = 1000, n_components: int = 4) -> None:
    """Print seconds of one processor that ours and the plain loops take, and their ratios."""
    draws, _ = switched_draws(n_draws, n_samples, n_components)
    p = np.concatenate([block for _, block in draws.probabilities().blocks()]).swapaxes(1, 2)
    labels = p.argmax(axis=2)
    pivot = labels[0]
    pairs: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "Stephens": (lambda: stephens(p), lambda: plain_stephens(p)),
        "ECR": (lambda: ecr(labels, pivot, n_components), lambda: plain_ecr(labels, pivot, n_components)),
        "ECR, pairs counted at once": (
            lambda: ecr(labels, pivot, n_components),
            lambda: counted_ecr(labels, pivot, n_components),
        ),
    }
    print(f"T = {n_draws}, N = {n_samples}, K = {n_components}: seconds, and plain loop over ours")
    for name, (ours, theirs) in pairs.items():
        pair = fastest_in_turn(ours, theirs, seconds=0.0, rounds=3, clock=clock_for(1))
        print(f"{name}: {pair.ours:.3f}, plain {pair.theirs:.3f} ({pair.ratio:.1f} times ours)")


def every_method(n_draws: int = 4000, n_samples: int = 1000, n_components: int = 10) -> None:
    """Print processor seconds of each method, allocations and probabilities from the densities included."""
    print(f"T = {n_draws}, N = {n_samples}, K = {n_components}, D = 2: seconds from the draws")
    draws, truth = switched_draws(n_draws, n_samples, n_components)
    arguments: dict[str, Any] = {"climb": lambda mixture: truth.permute(match(truth, mixture)), "truth": truth}
    for method in METHODS:
        wanted = {name: value for name, value in arguments.items() if name in method.needs}

        def run(name: str = method.name, wanted: dict[str, Any] = wanted) -> object:
            return find_orders(name, Task(replace(draws), **wanted))

        print(f"{method.name}: {fastest(run, rounds=1, seconds=0.0, clock=clock_for(1)):.2f}")


def main() -> None:
    """Both."""
    against_plain_loops()
    every_method()


if __name__ == "__main__":
    main()
