"""Draws as arrays: what they give to relabelling, and draws that are no mixtures."""

import numpy as np
import pytest
from switched_draws import simulated

from bayesian.allocations import allocation_probabilities, allocations
from bayesian.mixture_draws import MixtureDraws, component_parameters

GOOD = {"weights": [[0.3, 0.7]], "means": [[0.0, 1.0]], "sds": [[1.0, 2.0]], "data": [0.0, 0.5, 2.0]}


def test_allocations_and_probabilities_are_those_of_the_posterior():
    posterior, _, _ = simulated(3, distance=2.0)
    draws = MixtureDraws.of_posterior(posterior)
    np.testing.assert_array_equal(draws.allocations, allocations(posterior))
    assert draws.allocations.dtype == np.int8
    for chunk, block in draws.probabilities().blocks():
        np.testing.assert_array_equal(block.swapaxes(1, 2), allocation_probabilities(posterior)[chunk])


def test_sds_and_covariances_say_the_same():
    rng = np.random.default_rng(0)
    weights, means, sds = rng.dirichlet([1, 1], 5), rng.normal(size=(5, 2, 3)), rng.uniform(1, 2, (5, 2, 3))
    first = MixtureDraws.of(weights, means, sds=sds)
    second = MixtureDraws.of(weights, means, covariances=[[np.diag(s**2) for s in draw] for draw in sds])
    np.testing.assert_allclose(first.covariances, second.covariances)
    one_for_all = MixtureDraws.of(weights, means, sds=sds[:, :, 0])
    np.testing.assert_allclose(one_for_all.covariances[2, 1], sds[2, 1, 0] ** 2 * np.eye(3))


def test_parameters_are_weight_means_log_sds_and_correlations():
    covariance = np.array([[4.0, 3.0], [3.0, 9.0]])
    found = component_parameters(np.array([1.0]), np.array([[5.0, 6.0]]), covariance[None])
    np.testing.assert_allclose(found, [[1.0, 5.0, 6.0, np.log(2.0), np.log(3.0), 0.5]])


def test_given_probabilities_stand_in_for_the_normal_densities():
    p = np.random.default_rng(0).dirichlet([1, 1], (4, 7))
    ones = np.ones((4, 2))
    draws = MixtureDraws.of(0.5 * ones, ones, sds=ones, probabilities=p)
    np.testing.assert_array_equal(draws.allocations, p.argmax(axis=2))
    np.testing.assert_array_equal(draws.only(2).allocations, p[2:3].argmax(axis=2))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weights": [[0.3, 0.6]]}, "simplex in 1 draws, the first is draw 0"),
        ({"weights": [[-0.3, 1.3]]}, "simplex"),
        ({"weights": [[np.nan, 0.7]]}, "weights: 1 draws hold NaN"),
        ({"means": [[0.0, np.inf]]}, "means: 1 draws hold NaN or infinite"),
        ({"sds": [[1.0, np.nan]]}, "covariances: 1 draws hold NaN"),
        ({"sds": [[1.0, 0.0]]}, "above 0"),
        ({"sds": [[1.0]]}, "sds have shape"),
        ({"sds": None}, "either sds or covariances"),
        ({"covariances": [[[[1.0]], [[2.0]]]]}, "either sds or covariances"),
        ({"sds": None, "covariances": [[[[1.0]], [[-2.0]]]]}, "positive definite"),
        ({"sds": None, "covariances": [[1.0, 2.0]]}, "covariances have shape"),
        ({"means": [[0.0, 1.0, 2.0]]}, "weights must have shape"),
        ({"weights": np.empty((0, 2)), "means": np.empty((0, 2))}, "none of them 0"),
        ({"data": [[0.0, 1.0]]}, "columns"),
        ({"data": [0.0, np.nan]}, "NaN"),
        ({"log_posterior": [1.0, 2.0]}, "log_posterior has shape"),
        ({"log_posterior": [np.nan]}, "NaN in draw 0"),
        ({"probabilities": np.full((1, 2, 2), 0.5)}, "disagree"),
        ({"probabilities": np.full((1, 3, 2), 0.4)}, "sum to 1"),
    ],
)
def test_draws_that_are_no_mixtures_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        MixtureDraws.of(**{**GOOD, **changes})
    MixtureDraws.of(**GOOD)
