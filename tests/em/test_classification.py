"""Complete data, classification EM, and the k-means limit."""

import numpy as np
import pytest
from scipy.cluster.vq import kmeans2
from support import STRUCTURE_NAMES, random_mixture, read_columns, scipy_log_joint

import em
from mixture import GaussianMixture


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
def test_it_climbs_the_classification_likelihood_to_a_fixed_point(structure):
    rng = np.random.default_rng(1)
    x = random_mixture(structure, 3, 2, rng, separation=4.0).draw(200, rng)[0]
    found = em.classification_em(x, em.kmeans_plus_plus(x, 3, structure=structure, rng=rng))
    assert found.status is em.Status.CONVERGED
    assert np.diff(found.log_likelihoods).min() > -1e-9
    joint = scipy_log_joint(x, found.mixture)
    assert found.log_likelihoods[-1] == pytest.approx(joint.max(axis=1).sum(), rel=1e-12)
    assert np.array_equal(found.allocations, joint.argmax(axis=1))
    again = em.from_allocations(x, found.allocations, structure=structure, n_components=3)
    np.testing.assert_allclose(again.means, found.mixture.means, rtol=1e-10)
    np.testing.assert_allclose(again.covariances, found.mixture.covariances, rtol=1e-9)


def test_with_a_shared_sphere_and_equal_weights_it_is_k_means():
    """Against scipy's Lloyd iterations from the same centres."""
    rng = np.random.default_rng(2)
    x = random_mixture("tied_spherical", 4, 3, rng, separation=3.0).draw(300, rng)[0]
    centres = x[rng.choice(300, 4, replace=False)]
    theirs, labels = kmeans2(x, centres, iter=100, minit="matrix")
    start = GaussianMixture(np.full(4, 0.25), centres, 1.0, "tied_spherical")
    ours = em.classification_em(x, start, equal_weights=True)
    assert np.array_equal(ours.allocations, labels)
    np.testing.assert_allclose(ours.mixture.means, theirs, rtol=1e-12)


def test_as_sigma_vanishes_em_becomes_lloyds_algorithm():
    x = read_columns("faithful") / np.array([1.0, 12.0])
    rng = np.random.default_rng(0)
    centres = x[rng.choice(len(x), 3, replace=False)]
    nearest = ((x[:, None, :] - centres) ** 2).sum(axis=2).argmin(axis=1)
    lloyd = np.stack([x[nearest == k].mean(axis=0) for k in range(3)])
    distances = []
    for sigma in (1.0, 0.3, 0.1, 0.03, 1e-4):
        mixture = GaussianMixture(np.full(3, 1 / 3), centres, sigma**2, "tied_spherical")
        r = mixture.responsibilities(x)
        means = em.m_step(em.e_step(x, mixture), structure="tied_spherical").means
        distances.append((1.0 - r.max(axis=1).mean(), np.abs(means - lloyd).max()))
    soft, away = np.array(distances).T
    assert (np.diff(soft) < 0.0).all()
    assert soft[-1] < 1e-12  # one-hot
    assert away[-1] < 1e-12
    assert (np.diff(away) < 0.0).all()


def test_known_allocations_need_no_iteration():
    """The complete-data estimate: weights, means and covariances of the groups, by numpy's own."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((30, 2))
    z = np.arange(30) % 3
    found = em.from_allocations(x, z)
    for k in range(3):
        np.testing.assert_allclose(found.means[k], x[z == k].mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose(found.covariances[k], np.cov(x[z == k].T, bias=True), rtol=1e-12)
    np.testing.assert_allclose(found.weights, 1 / 3)


def test_weights_count_points_twice():
    rng = np.random.default_rng(5)
    x = rng.standard_normal((60, 1)) + 4.0 * (np.arange(60) % 2)[:, None]
    start = em.kmeans_plus_plus(x, 2, rng=rng)
    weights = 1.0 + (np.arange(60) < 20)
    one = em.classification_em(x, start, weights=weights)
    other = em.classification_em(np.vstack([x, x[:20]]), start)
    np.testing.assert_allclose(one.mixture.means, other.mixture.means, rtol=1e-12)
    np.testing.assert_allclose(one.log_likelihoods, other.log_likelihoods, rtol=1e-12)
