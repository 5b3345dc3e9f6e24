"""One likelihood: the compiled routine, the readable formula, scipy and scikit-learn give the same densities.

Relative to each density itself, at conditions up to 1e3; `tests/bayesian/test_one_likelihood.py` goes up to 1e6, where
a density near 1 (log near 0) can no longer be asked for its own tenth digit.
"""

import numpy as np
import pytest
from scipy.special import logsumexp
from support import STRUCTURE_NAMES, random_mixture, scipy_log_joint, sklearn_log_density

from mixture import GaussianMixture, expected_statistics, likelihood


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
def test_densities_agree_at_a_hundred_random_parameters(structure):
    rng = np.random.default_rng(20)
    for _ in range(100):
        k, d = int(rng.integers(1, 6)), int(rng.integers(1, 6))
        mixture = random_mixture(structure, k, d, rng, condition=1e3)
        x = mixture.draw(20, rng)[0] + rng.standard_normal((20, d))
        expected = logsumexp(scipy_log_joint(x, mixture), axis=1)
        readable = likelihood.log_density(x, mixture.weights, mixture.means, mixture.dense_covariances)
        np.testing.assert_allclose(mixture.log_density(x), expected, rtol=1e-10)
        np.testing.assert_allclose(readable, expected, rtol=1e-10)
        np.testing.assert_allclose(mixture.log_likelihood(x), expected.sum(), rtol=1e-10)
        np.testing.assert_allclose(sklearn_log_density(x, mixture), expected, rtol=1e-10)


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
@pytest.mark.parametrize("weighted", [False, True])
def test_expected_statistics_are_the_weighted_sums(structure, weighted):
    rng = np.random.default_rng(3)
    mixture = random_mixture(structure, 3, 4, rng)
    x = mixture.draw(500, rng)[0]
    w = rng.uniform(0.0, 3.0, len(x)) if weighted else np.ones(len(x))
    joint = scipy_log_joint(x, mixture)
    r = w[:, None] * np.exp(joint - logsumexp(joint, axis=1, keepdims=True))
    deviations = x[:, None, :] - mixture.means
    second = np.einsum("nk,nki,nkj->kij", r, deviations, deviations)
    if mixture.covariance_structure.diagonal:
        second = np.diagonal(second, axis1=1, axis2=2)
    found = expected_statistics(x, mixture, w if weighted else np.empty(0))
    np.testing.assert_allclose(found.counts, r.sum(axis=0), rtol=1e-11)
    np.testing.assert_allclose(found.first, np.einsum("nk,nki->ki", r, deviations), rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(found.second, second, rtol=1e-10, atol=1e-9)
    assert found.log_likelihood == pytest.approx(w @ logsumexp(joint, axis=1), rel=1e-12)
    np.testing.assert_allclose(found.total_variances, np.cov(x.T, aweights=w, ddof=0).diagonal(), rtol=1e-10)


def test_sums_do_not_depend_on_the_number_of_threads():
    rng = np.random.default_rng(4)
    mixture = random_mixture("full", 2, 2, rng)
    x = mixture.draw(200_000, rng)[0]
    one, three = (expected_statistics(x, mixture, threads=threads) for threads in (1, 3))
    assert one.log_likelihood == three.log_likelihood
    np.testing.assert_array_equal(one.second, three.second)
    np.testing.assert_array_equal(one.counts, three.counts)
    assert one.log_likelihood == pytest.approx(mixture.log_density(x).sum(), rel=1e-13)


def test_responsibilities_lie_on_the_simplex_even_for_far_outliers():
    mixture = GaussianMixture([0.3, 0.7], [[0.0], [1.0]], [1.0, 4.0], "spherical")
    x = np.array([[0.0], [1e6], [-1e6]])
    r = mixture.responsibilities(x)
    assert np.isfinite(r).all()
    np.testing.assert_allclose(r.sum(axis=1), 1.0, rtol=1e-14)
    np.testing.assert_allclose(r[1:, 1], 1.0)  # the wide component owns what is far
    assert np.isfinite(mixture.log_density(x)).all()


def test_an_empty_component_changes_nothing():
    whole = GaussianMixture([0.4, 0.6], [[0.0, 0.0], [2.0, 1.0]], [np.eye(2), 2 * np.eye(2)])
    padded = GaussianMixture([0.4, 0.0, 0.6], [[0, 0], [9, 9], [2, 1]], [np.eye(2), np.eye(2), 2 * np.eye(2)])
    x = np.random.default_rng(0).standard_normal((50, 2))
    np.testing.assert_allclose(padded.log_density(x), whole.log_density(x), rtol=1e-14)
    np.testing.assert_array_equal(padded.responsibilities(x)[:, 1], 0.0)
    assert expected_statistics(x, padded).counts[1] == 0.0
