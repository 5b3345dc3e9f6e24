"""Relabellings by where components lie: the point process, modes that draws climb to, the truth of a simulation."""

import numpy as np
import pytest
from switched_draws import clouds, random_orders, simulated

import em
from bayesian.mixture_draws import MixtureDraws
from bayesian.relabelling import em_modes, point_process, point_process_cost, to_truth, to_truth_cost
from bayesian.relabelling.methods import relabel
from bayesian.relabelling.orders import inverse
from bayesian.relabelling.pra import noise_scale
from mixture import match


def test_point_process_marks_draws_whose_components_fall_into_one_cloud():
    rng = np.random.default_rng(0)
    draws = clouds(200, 3, rng)
    draws[50, 1] = draws[50, 0] + 0.1
    draws[120, 2] = draws[120, 0] + 0.1
    switched = np.take_along_axis(draws, random_orders(200, 3, rng)[:, :, None], axis=1)
    found = point_process(switched)
    np.testing.assert_array_equal(np.flatnonzero(~found.valid), [50, 120])
    assert found.non_permutation_rate == 2 / 200
    assert (np.sort(found.permutations, axis=1) == [0, 1, 2]).all()
    relabelled = found.relabelled(switched)
    assert (np.ptp(relabelled[found.valid], axis=0) < 3.0).all()  # each label is one cloud
    centred = np.square((relabelled - relabelled.mean(axis=0)) / noise_scale(switched)).sum()
    assert point_process_cost(switched, found.permutations) == pytest.approx(centred)


def test_point_process_comes_in_the_order_of_its_start():
    draws = clouds(50, 3, np.random.default_rng(0))
    start = draws[7][[2, 0, 1]]
    assert (point_process(draws, start).permutations == [2, 0, 1]).all()


def to_corner(draws, corners):
    """A climb in which each component goes to the nearest of some corners, and labels stay."""

    def climb(position):
        distances = np.abs(draws[position][:, None] - corners[None]).sum(axis=2)
        return corners[distances.argmin(axis=1)]

    return climb


def test_em_modes_climbs_once_for_each_group_and_agrees_with_a_climb_from_every_draw():
    rng = np.random.default_rng(0)
    corners = 4.0 * np.arange(3)[:, None] * np.ones(2)
    draws = np.take_along_axis(clouds(400, 3, rng), random_orders(400, 3, rng)[:, :, None], axis=1)
    climbed = []

    def climb(position):
        climbed.append(position)
        return to_corner(draws, corners)(position)

    found = em_modes(draws, climb, n_groups=20)
    assert found.iterations == len(climbed) <= 20
    every = em_modes(draws, to_corner(draws, corners), n_groups=400)
    assert every.iterations == 400
    np.testing.assert_array_equal(found.permutations, every.permutations[:, _common(every, found)])
    reached = np.stack([to_corner(draws, corners)(position) for position in range(400)])
    assert (every.relabelled(reached) == every.relabelled(reached)[0]).all()


def _common(first, second):
    return np.argsort(first.permutations[0])[second.permutations[0]]


def test_em_modes_marks_draws_that_climb_elsewhere_and_failed_climbs():
    rng = np.random.default_rng(0)
    draws = clouds(100, 2, rng)
    draws[80:, 1] += 20.0  # these climb to another mode
    corners = np.array([[0.0, 0.0], [4.0, 4.0], [24.0, 24.0]])

    def climb(position):
        return None if position == 5 else to_corner(draws, corners)(position)

    found = em_modes(draws, climb, n_groups=100)
    np.testing.assert_array_equal(np.flatnonzero(~found.valid), [5, *range(80, 100)])
    assert (found.permutations == found.permutations[0]).all()


def test_em_modes_by_em_itself():
    """Every climb is EM from a draw; whatever basin it begins in, labels come out as planted."""
    posterior, _, _ = simulated(2, n_draws=50, distance=3.0, noise=0.3)
    orders = random_orders(100, 2, np.random.default_rng(1)).reshape(2, 50, 2)

    def climb(mixture):
        return em.fit(posterior.data, start=mixture).mixture

    found = relabel(posterior.permute(orders), "em_modes", climb=climb)
    np.testing.assert_array_equal(found.permutations, inverse(orders))
    assert found.valid.all()
    assert found.iterations <= 50


def test_to_truth_matches_every_draw_as_two_mixtures_are_matched():
    posterior, truth, _ = simulated(3, n_draws=10, distance=1.0, noise=0.7)
    draws = MixtureDraws.of_posterior(posterior)
    found = to_truth(draws.means, draws.covariances, truth)
    for draw, order in enumerate(found.permutations):
        np.testing.assert_array_equal(order, match(draws.mixture(draw), truth))
    assert to_truth_cost(draws.means, draws.covariances, truth, found.permutations) == pytest.approx(found.cost)
