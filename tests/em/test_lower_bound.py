"""The free energy under the log-likelihood."""

import itertools

import numpy as np
import pytest
from support import STRUCTURE_NAMES, random_mixture, scipy_log_joint

import em


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
def test_likelihood_is_bound_plus_divergence_after_each_half_step(structure):
    rng = np.random.default_rng(3)
    x = random_mixture(structure, 3, 2, rng, separation=3.0).draw(120, rng)[0]
    stairs = em.staircase(x, em.kmeans_plus_plus(x, 3, structure=structure, rng=rng), 15)
    scale = np.abs(stairs.log_likelihoods)
    np.testing.assert_array_less(
        np.abs(stairs.free_energies + stairs.divergences - stairs.log_likelihoods), 1e-10 * scale
    )
    assert np.diff(stairs.free_energies).min() > -1e-10 * scale.max()
    assert np.diff(stairs.log_likelihoods).min() > -1e-10 * scale.max()
    assert stairs.divergences.min() > -1e-10
    after_e = [half is em.HalfStep.E for half in stairs.halves]
    assert np.abs(stairs.divergences[after_e]).max() < 1e-10 * scale.max()
    assert stairs.divergences[np.logical_not(after_e)].max() > 1e-3  # after M it leaves the likelihood
    np.testing.assert_allclose(
        stairs.log_likelihoods[after_e],
        em.fit(x, stairs.mixtures[0], tolerance=0.0, max_iterations=15).log_likelihoods,
        rtol=1e-11,
    )


def test_the_bound_against_enumeration_of_all_allocations():
    """F = sum over all K^N allocations z of q(z) [log p(X, z) - log q(z)], q a product over points."""
    rng = np.random.default_rng(0)
    mixture = random_mixture("full", 2, 2, rng)
    x = mixture.draw(6, rng)[0]
    q = rng.dirichlet([1.0, 1.0], 6)
    joint = scipy_log_joint(x, mixture)
    free_energy = divergence = 0.0
    total = np.logaddexp.reduce(
        [sum(joint[n, z] for n, z in enumerate(zs)) for zs in itertools.product(range(2), repeat=6)]
    )
    for zs in itertools.product(range(2), repeat=6):
        log_q = sum(np.log(q[n, z]) for n, z in enumerate(zs))
        log_p = sum(joint[n, z] for n, z in enumerate(zs))
        free_energy += np.exp(log_q) * (log_p - log_q)
        divergence += np.exp(log_q) * (log_q - (log_p - total))
    found = em.lower_bound(x, q, mixture)
    assert found.free_energy == pytest.approx(free_energy, abs=1e-10)
    assert found.divergence == pytest.approx(divergence, abs=1e-10)
    assert found.log_likelihood == pytest.approx(total, abs=1e-10)


def test_hard_responsibilities_and_far_points_give_numbers():
    rng = np.random.default_rng(0)
    mixture = random_mixture("full", 2, 1, rng)
    x = np.array([[0.0], [1e3], [-1e4]])
    q = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    found = em.lower_bound(x, q, mixture, weights=[1.0, 2.0, 0.5])
    assert np.isfinite([found.free_energy, found.divergence, found.log_likelihood]).all()
    assert found.free_energy + found.divergence == pytest.approx(found.log_likelihood, rel=1e-10)


def test_rows_that_are_no_distributions_are_named():
    rng = np.random.default_rng(0)
    mixture = random_mixture("full", 2, 1, rng)
    x = rng.standard_normal((3, 1))
    with pytest.raises(ValueError, match="row 1 of the responsibilities"):
        em.lower_bound(x, [[0.5, 0.5], [0.5, 0.6], [1.0, 0.0]], mixture)
    with pytest.raises(ValueError, match="shape"):
        em.lower_bound(x, np.ones((2, 2)) / 2, mixture)
