"""Each relabelling against its objective, written out in loops over all K! permutations."""

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from switched_draws import clouds, random_orders, separated_probabilities, simulated

from bayesian.allocations import allocation_probabilities, allocations
from bayesian.relabelling import (
    data_based,
    data_based_cost,
    ecr,
    ecr_cost,
    ecr_iterative_1,
    ecr_iterative_1_cost,
    ecr_iterative_2,
    ecr_iterative_2_cost,
    order_by,
    order_by_cost,
    pra,
    pra_cost,
    sjw,
    sjw_cost,
    stephens,
    stephens_cost,
)
from bayesian.relabelling.assignment import best_orders, total_score
from bayesian.relabelling.orders import inverse, relabel_allocations
from bayesian.relabelling.permutation_sums import permutation_marginals
from bayesian.relabelling.pra import noise_scale

SEEDS = st.integers(0, 10_000)


def every_order(k):
    return [np.array(order) for order in itertools.permutations(range(k))]


@given(SEEDS, st.integers(1, 6))
@settings(max_examples=40, deadline=None)
def test_assignment_is_the_best_of_all_permutations(seed, k):
    scores = np.random.default_rng(seed).normal(size=(5, k, k))
    found = best_orders(scores)
    best = [max(sum(s[i, o[i]] for i in range(k)) for o in every_order(k)) for s in scores]
    assert total_score(scores, found) == pytest.approx(sum(best), abs=1e-12)
    assert (np.sort(found, axis=1) == np.arange(k)).all()


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_equal_scores_leave_labels_alone(k):
    assert (best_orders(np.ones((3, k, k))) == np.arange(k)).all()


@given(SEEDS, st.integers(1, 6))
@settings(max_examples=20, deadline=None)
def test_sums_over_permutations_are_those_of_all_of_them(seed, k):
    scores = np.random.default_rng(seed).normal(scale=5.0, size=(3, k, k))
    for score, marginals in zip(scores, permutation_marginals(scores), strict=True):
        weights = {tuple(o): np.exp(score[np.arange(k), o].sum()) for o in every_order(k)}
        expected = np.zeros((k, k))
        for order, weight in weights.items():
            expected[np.arange(k), order] += weight / sum(weights.values())
        np.testing.assert_allclose(marginals, expected, atol=1e-12)


def test_order_by_sorts_each_draw_and_counts_what_is_out_of_order():
    values = np.array([[3.0, 1.0, 2.0], [1.0, 1.0, 0.0]])
    found = order_by(values)
    np.testing.assert_array_equal(found.permutations, [[1, 2, 0], [2, 0, 1]])
    assert found.cost == order_by_cost(values, found.permutations) == 0.0
    assert order_by_cost(values, [[0, 1, 2], [0, 1, 2]]) == 2.0


@given(SEEDS, st.integers(2, 4))
@settings(max_examples=15, deadline=None)
def test_each_draw_of_ecr_agrees_with_the_pivot_as_often_as_any_permutation_could(seed, k):
    rng = np.random.default_rng(seed)
    labels, pivot = rng.integers(0, k, (6, 12)), rng.integers(0, k, 12)
    found = ecr(labels, pivot, k)
    fewest = sum(min(int((inverse(order)[draw] != pivot).sum()) for order in every_order(k)) for draw in labels)
    assert found.cost == ecr_cost(labels, pivot, found.permutations) == fewest


@given(SEEDS, st.integers(2, 4))
@settings(max_examples=15, deadline=None)
def test_the_first_iterative_ecr_ends_where_no_draw_can_do_better_alone(seed, k):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, k, (20, 9))
    found = ecr_iterative_1(labels, k)
    relabelled = relabel_allocations(labels, found.permutations)
    frequent = np.array([np.bincount(column, minlength=k).argmax() for column in relabelled.T])
    disagreements = (relabelled != frequent).sum(axis=1)
    assert found.cost == ecr_iterative_1_cost(labels, found.permutations) == disagreements.sum()
    for draw, reached in zip(labels, disagreements, strict=True):
        assert reached == min((inverse(order)[draw] != frequent).sum() for order in every_order(k))


@given(SEEDS, st.integers(2, 4))
@settings(max_examples=15, deadline=None)
def test_the_second_iterative_ecr_agrees_with_the_most_probable_allocations(seed, k):
    """Where allocations are clear the two iterative ECRs are one; the cost is that of the pivot written out."""
    rng = np.random.default_rng(seed)
    p = separated_probabilities(25, k, rng)
    p = np.take_along_axis(p, random_orders(25, k, rng)[:, None, :], axis=2)
    labels = p.argmax(axis=2)
    found = ecr_iterative_2(labels, p)
    pivot = np.take_along_axis(p, found.permutations[:, None, :], axis=2).mean(axis=0).argmax(axis=1)
    relabelled = relabel_allocations(labels, found.permutations)
    assert found.cost == ecr_iterative_2_cost(labels, p, found.permutations) == (relabelled != pivot).sum()
    np.testing.assert_array_equal(found.permutations, ecr(labels, pivot, k).permutations)
    first = relabel_allocations(labels, ecr_iterative_1(labels, k).permutations)
    assert any(np.array_equal(relabelled, order[first]) for order in every_order(k))


@given(SEEDS, st.integers(2, 3))
@settings(max_examples=15, deadline=None)
def test_stephens_stops_where_no_draw_can_do_better_alone(seed, k):
    """At the end each draw's order has the smallest divergence from q of all K!, written out term by term."""
    p = np.random.default_rng(seed).dirichlet(np.full(k, 0.7), (12, 6))
    found = stephens(p)
    relabelled = np.take_along_axis(p, found.permutations[:, None, :], axis=2)
    q = relabelled.mean(axis=0)

    def divergence(draw):
        return float((draw * np.log(draw / q)).sum())

    assert found.cost == pytest.approx(sum(map(divergence, relabelled)), rel=1e-9)
    assert stephens_cost(p, found.permutations) == pytest.approx(found.cost, rel=1e-12)
    for draw, chosen in zip(p, relabelled, strict=True):
        assert divergence(chosen) <= min(divergence(draw[:, order]) for order in every_order(k)) + 1e-9


@given(SEEDS)
@settings(max_examples=4, deadline=None)
def test_every_iteration_of_stephens_lowers_the_objective(seed):
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.full(3, 0.8), (300, 8))  # more draws than the starts are compared on
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # stopping early is the point here
        costs = [stephens(p, max_iterations=iterations).cost for iterations in range(1, 12)]
    assert (np.diff(costs) <= 1e-9).all()
    assert costs[-1] <= stephens_cost(p, np.tile(np.arange(3), (300, 1)))


def test_stephens_takes_certainty_and_probabilities_of_zero():
    p = np.tile(np.eye(3)[[0, 0, 1, 1, 2, 2]], (10, 1, 1))
    orders = random_orders(10, 3, np.random.default_rng(5))
    permuted = np.take_along_axis(p, orders[:, None, :], axis=2)
    found = stephens(permuted)
    assert found.cost == 0.0
    relabelled = np.take_along_axis(permuted, found.permutations[:, None, :], axis=2)
    assert (relabelled == relabelled[0]).all()


def test_layout_in_memory_does_not_matter():
    p = allocation_probabilities(simulated(3)[0])
    np.testing.assert_array_equal(stephens(p).permutations, stephens(np.ascontiguousarray(p)).permutations)


@given(SEEDS, st.integers(2, 4))
@settings(max_examples=15, deadline=None)
def test_pra_has_the_largest_inner_product_of_all_permutations(seed, k):
    rng = np.random.default_rng(seed)
    parameters, pivot = rng.normal(size=(7, k, 3)), rng.normal(size=(k, 3))
    found = pra(parameters, pivot, scale=1.0)
    for draw, order in zip(parameters, found.permutations, strict=True):
        assert (draw[order] * pivot).sum() == pytest.approx(max((draw[o] * pivot).sum() for o in every_order(k)))
    distances = sum(np.square(d[o] - pivot).sum() for d, o in zip(parameters, found.permutations, strict=True))
    assert found.cost == pytest.approx(distances)
    assert pra_cost(parameters, pivot, found.permutations, scale=1.0) == pytest.approx(distances)


def test_the_scale_of_noise_is_the_same_whatever_the_labels_and_distances():
    rng = np.random.default_rng(0)
    draws = clouds(4000, 3, rng, noise=0.3)
    switched = np.take_along_axis(draws, random_orders(4000, 3, rng)[:, :, None], axis=1)
    np.testing.assert_allclose(noise_scale(switched), 0.3, rtol=0.05)
    np.testing.assert_allclose(noise_scale(switched), noise_scale(draws), rtol=1e-12)
    assert noise_scale(np.full((5, 2, 1), 0.1)) == 1.0


@given(SEEDS, st.integers(2, 3))
@settings(max_examples=15, deadline=None)
def test_data_based_ends_where_no_draw_can_do_better_alone(seed, k):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(25, 2)) * [1.0, 10.0] + 5.0
    labels = rng.integers(0, k, (15, 25))
    found = data_based(labels, x, k)
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    relabelled = relabel_allocations(labels, found.permutations)
    held = [np.concatenate([z[draw == label] for draw in relabelled]) for label in range(k)]

    def cost(draw):
        terms = [((z[draw == i] - held[i].mean(axis=0)) / held[i].std(axis=0)) ** 2 for i in range(k)]
        return sum((t + 2 * np.log(held[i].std(axis=0))).sum() for i, t in enumerate(terms))

    assert found.cost == pytest.approx(sum(map(cost, relabelled)), rel=1e-9)
    assert data_based_cost(labels, x, found.permutations) == pytest.approx(found.cost)
    for draw, chosen in zip(labels, relabelled, strict=True):
        assert cost(chosen) <= min(cost(inverse(order)[draw]) for order in every_order(k)) + 1e-9


@given(SEEDS, st.integers(2, 3))
@settings(max_examples=10, deadline=None)
def test_sjw_takes_the_most_probable_permutation_of_complete_data(seed, k):
    rng = np.random.default_rng(seed)
    means = clouds(12, k, rng, n_parameters=1)
    x = 4.0 * rng.integers(0, k, 30) + rng.normal(size=30)
    orders = random_orders(12, k, rng)
    labels = inverse(orders)[np.arange(12)[:, None], np.rint(x / 4.0).clip(0, k - 1).astype(int)]
    switched = np.take_along_axis(means, orders[:, :, None], axis=1)

    def log_terms(parameters):
        return -0.5 * (x[:, None] - parameters[:, 0]) ** 2 - np.log(k)

    found = sjw(labels, switched, log_terms)
    centre = np.take_along_axis(switched, found.permutations[:, :, None], axis=1).mean(axis=0)

    def complete(draw, order):  # allocations take the inverse of the order
        return log_terms(centre)[np.arange(30), inverse(order)[draw]].sum()

    totals = [complete(draw, order) for draw, order in zip(labels, found.permutations, strict=True)]
    assert found.cost == pytest.approx(-sum(totals))
    assert sjw_cost(labels, switched, log_terms, found.permutations) == pytest.approx(-sum(totals))
    for draw, total in zip(labels, totals, strict=True):
        assert total == pytest.approx(max(complete(draw, order) for order in every_order(k)))


@given(SEEDS, st.integers(2, 6))
@settings(max_examples=20, deadline=None)
def test_planted_permutations_are_undone(seed, k):
    rng = np.random.default_rng(seed)
    p = separated_probabilities(40, k, rng)
    orders = random_orders(40, k, rng)
    permuted, undo = np.take_along_axis(p, orders[:, None, :], axis=2), inverse(orders)
    labels = permuted.argmax(axis=2)
    np.testing.assert_array_equal(ecr(labels, p[0].argmax(axis=1), k).permutations, undo)
    x = 10.0 * (np.arange(30) % k) + rng.normal(size=30)
    free = [stephens(permuted), ecr_iterative_1(labels, k), ecr_iterative_2(labels, permuted), data_based(labels, x, k)]
    for found in free:
        common = inverse(undo)[0][found.permutations[0]]  # a permutation that all draws share is free
        np.testing.assert_array_equal(found.permutations, undo[:, common])


def test_allocations_of_a_posterior_may_be_handed_to_the_functions():
    posterior, _, _ = simulated(3)
    labels = allocations(posterior)
    np.testing.assert_array_equal(ecr_iterative_1(labels, 3).permutations, np.tile([0, 1, 2], (120, 1)))
