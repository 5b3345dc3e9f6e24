"""Relabelling: planted permutations, brute force over K!, what common permutations may change, and bad input."""

import itertools
import json
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import SHARED

from bayesian.allocations import allocation_probabilities, allocations
from bayesian.posterior import Posterior
from bayesian.relabelling import ecr, ecr_cost, order_by, order_by_cost, stephens, stephens_cost
from bayesian.relabelling.assignment import best_orders, total_score
from bayesian.relabelling.methods import METHODS, relabel
from bayesian.relabelling.orders import inverse, relabel_allocations
from mixture import GaussianMixture

SEEDS = st.integers(0, 10_000)


def random_orders(n_draws, n_components, rng):
    return rng.permuted(np.tile(np.arange(n_components), (n_draws, 1)), axis=1)


def separated_probabilities(n_draws, n_components, rng, n_samples=30):
    """Allocation probabilities about a common matrix of nearly sure ones, labels in place; every label is used."""
    labels = np.arange(n_samples) % n_components
    odds = np.exp(rng.normal(scale=0.5, size=(n_draws, n_samples, n_components)))
    odds[:, np.arange(n_samples), labels] *= 50.0
    return odds / odds.sum(axis=2, keepdims=True)


def planted(n_draws, n_components, rng):
    """Probabilities whose labels are permuted in each draw, and the orders that undo it."""
    p = separated_probabilities(n_draws, n_components, rng)
    orders = random_orders(n_draws, n_components, rng)
    return np.take_along_axis(p, orders[:, None, :], axis=2), inverse(orders), p


def simulated_posterior(n_components, n_draws=60, n_chains=2, seed=3):
    """Draws about a well separated bivariate mixture, labels in place, means of both features ascending."""
    rng = np.random.default_rng(seed)
    means = 8.0 * np.arange(n_components)[:, None] * np.ones(2)
    x, _ = GaussianMixture(np.full(n_components, 1 / n_components), means, [np.eye(2)] * n_components).draw(80, rng)
    shape = (n_chains, n_draws, n_components)
    scale = rng.uniform(0.8, 1.2, shape)
    return Posterior.from_arrays(
        rng.dirichlet(np.full(n_components, 40.0), shape[:2]),
        means + 0.1 * rng.normal(size=(*shape, 2)),
        scale[..., None, None] * np.array([[1.0, 0.3], [0.3, 1.0]]),
        x,
    )


@given(SEEDS, st.integers(1, 6))
@settings(max_examples=40, deadline=None)
def test_assignment_is_the_best_of_all_permutations(seed, k):
    scores = np.random.default_rng(seed).normal(size=(5, k, k))
    found = best_orders(scores)
    best = [max(sum(s[i, o[i]] for i in range(k)) for o in itertools.permutations(range(k))) for s in scores]
    assert total_score(scores, found) == pytest.approx(sum(best), abs=1e-12)
    assert (np.sort(found, axis=1) == np.arange(k)).all()


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_equal_scores_leave_labels_alone(k):
    assert (best_orders(np.ones((3, k, k))) == np.arange(k)).all()


@given(SEEDS, st.integers(2, 5))
@settings(max_examples=20, deadline=None)
def test_planted_permutations_are_undone(seed, k):
    rng = np.random.default_rng(seed)
    permuted, undo, p = planted(40, k, rng)
    labels = permuted.argmax(axis=2)
    np.testing.assert_array_equal(ecr(labels, p[0].argmax(axis=1), k).permutations, undo)
    found = stephens(permuted).permutations
    common = inverse(undo)[0][found[0]]  # a permutation that all draws share is free
    np.testing.assert_array_equal(found, undo[:, common])


@given(SEEDS, st.integers(2, 4))
@settings(max_examples=15, deadline=None)
def test_each_draw_of_ecr_agrees_with_the_pivot_as_often_as_any_permutation_could(seed, k):
    rng = np.random.default_rng(seed)
    labels, pivot = rng.integers(0, k, (6, 12)), rng.integers(0, k, 12)
    orders = ecr(labels, pivot, k).permutations
    fewest = 0
    for draw in labels:
        candidates = (inverse(np.array(order))[draw] for order in itertools.permutations(range(k)))
        fewest += min(int((candidate != pivot).sum()) for candidate in candidates)
    assert ecr_cost(labels, pivot, orders) == fewest


@given(SEEDS, st.integers(2, 3))
@settings(max_examples=15, deadline=None)
def test_stephens_stops_where_no_draw_can_do_better_alone(seed, k):
    """At the end each draw's order has the smallest divergence from q of all K!, written out term by term."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.full(k, 0.7), (12, 6))
    orders = stephens(p).permutations
    relabelled = np.take_along_axis(p, orders[:, None, :], axis=2)
    q = relabelled.mean(axis=0)

    def divergence(draw):
        return float((draw * np.log(draw / q)).sum())

    assert stephens_cost(p, orders) == pytest.approx(sum(map(divergence, relabelled)), rel=1e-9)
    for draw, chosen in zip(p, relabelled, strict=True):
        best = min(divergence(draw[:, list(order)]) for order in itertools.permutations(range(k)))
        assert divergence(chosen) <= best + 1e-9


@given(SEEDS)
@settings(max_examples=10, deadline=None)
def test_every_iteration_of_stephens_lowers_the_objective(seed):
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.full(3, 0.8), (300, 8))  # more draws than the starts are compared on
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # stopping early is the point here
        costs = [stephens_cost(p, stephens(p, max_iterations=iterations).permutations) for iterations in range(1, 12)]
    assert (np.diff(costs) <= 1e-9).all()
    assert costs[-1] <= stephens_cost(p, np.tile(np.arange(3), (300, 1)))


@given(SEEDS, st.integers(2, 4))
@settings(max_examples=15, deadline=None)
def test_a_permutation_common_to_all_draws_changes_nothing_but_that(seed, k):
    rng = np.random.default_rng(seed)
    p, _, _ = planted(25, k, rng)
    common = rng.permutation(k)
    labels, pivot = p.argmax(axis=2), p[3].argmax(axis=1)
    moved = inverse(common)[labels]  # the same allocations under names permuted alike in every draw
    np.testing.assert_array_equal(
        relabel_allocations(moved, ecr(moved, pivot, k).permutations),
        relabel_allocations(labels, ecr(labels, pivot, k).permutations),
    )
    first = np.take_along_axis(p, stephens(p).permutations[:, None, :], axis=2)
    second = np.take_along_axis(p[:, :, common], stephens(p[:, :, common]).permutations[:, None, :], axis=2)
    shared = [order for order in itertools.permutations(range(k)) if np.array_equal(second, first[:, :, list(order)])]
    assert len(shared) == 1


def test_stephens_takes_certainty_and_probabilities_of_zero():
    p = np.tile(np.eye(3)[[0, 0, 1, 1, 2, 2]], (10, 1, 1))
    orders = random_orders(10, 3, np.random.default_rng(5))
    permuted = np.take_along_axis(p, orders[:, None, :], axis=2)
    found = stephens(permuted).permutations
    assert stephens_cost(permuted, found) == 0.0
    relabelled = np.take_along_axis(permuted, found[:, None, :], axis=2)
    assert (relabelled == relabelled[0]).all()


def test_stephens_says_when_it_was_stopped_early():
    p = np.random.default_rng(0).dirichlet(np.ones(3), (500, 10))
    with pytest.warns(RuntimeWarning, match="max_iterations"):
        stephens(p, max_iterations=1)


def test_order_by_sorts_each_draw_and_counts_what_is_out_of_order():
    values = np.array([[3.0, 1.0, 2.0], [1.0, 1.0, 0.0]])
    orders = order_by(values).permutations
    np.testing.assert_array_equal(orders, [[1, 2, 0], [2, 0, 1]])
    assert order_by_cost(values, orders) == 0.0
    assert order_by_cost(values, [[0, 1, 2], [0, 1, 2]]) == 2.0


def test_one_component_has_one_order():
    for found in (stephens(np.ones((4, 5, 1))), ecr(np.zeros((4, 5)), np.zeros(5), 1), order_by(np.ones((4, 1)))):
        assert (found.permutations == 0).all()


@pytest.mark.parametrize("method", [method.name for method in METHODS])
@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_every_method_undoes_planted_permutations_of_a_posterior(method, k):
    clean = simulated_posterior(k)
    orders = random_orders(clean.n_chains * clean.n_draws, k, np.random.default_rng(k)).reshape(clean.weights.shape)
    mixed = clean.permute(orders)
    found = relabel(mixed, method)
    assert found.method == method
    np.testing.assert_array_equal(found.permutations, inverse(orders))
    assert found.apply(mixed).equals(clean)


@pytest.mark.parametrize("method", ["ecr", "stephens"])
def test_components_come_in_the_order_of_the_pivot(method):
    clean = simulated_posterior(3)
    wanted = np.array([2, 0, 1])
    pivot = inverse(wanted)[allocations(clean)[0]]
    found = relabel(clean, method, pivot=pivot)
    assert (found.permutations == wanted).all()


def test_any_component_variable_can_be_ordered_by():
    posterior = simulated_posterior(3)
    weights = relabel(posterior, "order", by="weights").apply(posterior).weights
    assert (np.diff(weights, axis=2) >= 0.0).all()


def test_on_toy_output_each_method_has_the_lowest_cost_by_its_own_measure():
    """300 draws of two univariate components and five points, where labels switch."""
    path = SHARED / "relabelling" / "label_switching_toy.json"
    if not path.exists():
        pytest.skip("label_switching_toy.json is not beside this checkout")
    toy = json.loads(path.read_text(encoding="utf-8"))
    means, p = np.array(toy["parameters"])[:, :, 0], np.array(toy["p"])
    labels = np.array(toy["allocations"]) - 1
    pivot = labels[toy["pivot_draw"] - 1]
    orders = {
        "order": order_by(means).permutations,
        "ecr": ecr(labels, pivot, 2).permutations,
        "stephens": stephens(p).permutations,
    }
    costs = {
        "order": lambda found: order_by_cost(means, found),
        "ecr": lambda found: ecr_cost(labels, pivot, found),
        "stephens": lambda found: stephens_cost(p, found),
    }
    untouched = np.tile([0, 1], (toy["m"], 1))
    for method, cost in costs.items():
        assert (np.sort(orders[method], axis=1) == [0, 1]).all()
        assert cost(orders[method]) < cost(untouched)
        assert all(cost(orders[method]) <= cost(other) for other in orders.values())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: order_by([[1.0, np.nan]]), "NaN"),
        (lambda: order_by([1.0, 2.0]), "shape"),
        (lambda: ecr([[0, 1]], [0, 1, 1], 2), "3 points"),
        (lambda: ecr([[0, 2]], [0, 1], 2), "labels 0 to 1"),
        (lambda: ecr([[0, 1]], [0, -1], 2), "pivot must be labels"),
        (lambda: ecr([[0.0, np.nan]], [0, 1], 2), "whole numbers"),
        (lambda: ecr([[0.5, 1.0]], [0, 1], 2), "whole numbers"),
        (lambda: ecr([0, 1], [0, 1], 2), "shape"),
        (lambda: stephens(np.full((2, 3, 2), np.nan)), "sum to 1"),
        (lambda: stephens(np.full((2, 3, 2), 0.4)), "draw 0, point 0"),
        (lambda: stephens(np.tile([1.5, -0.5], (2, 3, 1))), "at least 0"),
        (lambda: stephens(np.ones((3, 1))), "shape"),
        (lambda: stephens(np.ones((2, 3, 1)), max_iterations=0), "max_iterations"),
        (lambda: stephens_cost(np.full((2, 3, 2), 0.5), [[0, 0], [0, 1]]), "no permutation"),
        (lambda: relabel(simulated_posterior(2), "alphabet"), "it is one of order, ecr,"),
        (lambda: relabel(simulated_posterior(2), "ecr", pivot=[0, 1]), "80"),
        (lambda: relabel(simulated_posterior(2), "ecr", pivot=np.full(80, 2)), "labels 0 to 1"),
        (lambda: relabel(simulated_posterior(2), "order", pivot=np.zeros(80)), "no pivot"),
        (lambda: relabel(simulated_posterior(2), "order", by="colour"), "colour"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_place_of_a_bad_row_is_said():
    p = np.full((300, 50, 2), 0.5)
    p[271, 33] = [0.9, 0.2]
    with pytest.raises(ValueError, match="draw 271, point 33"):
        stephens(p)


def test_layout_in_memory_does_not_matter():
    p = allocation_probabilities(simulated_posterior(3))
    np.testing.assert_array_equal(stephens(p).permutations, stephens(np.ascontiguousarray(p)).permutations)
