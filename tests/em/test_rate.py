"""The rate of convergence: from the trace, and from the exact matrices."""

import numpy as np
import pytest
from support import random_mixture, read_columns

import em
from mixture import FAMILIES


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_trace_and_matrices_agree(family):
    rng = np.random.default_rng(2)
    x = random_mixture("full", 2, 2, rng, separation=2.5).draw(300, rng)[0]
    fit = em.fit(x, em.kmeans_plus_plus(x, 2, structure=family.name, rng=rng), tolerance=1e-11)
    assert fit.status is em.Status.CONVERGED
    exact = em.convergence_rate(x, fit.mixture)
    assert 0.0 < exact.rate < 1.0
    assert fit.rate == pytest.approx(exact.rate, abs=0.02)
    assert exact.fractions.size == fit.mixture.n_parameters


def test_the_rate_is_that_of_the_distance_to_the_optimum():
    """Means of successive EM iterates on Old Faithful shrink towards the optimum by the exact rate."""
    x = read_columns("faithful")
    best = em.fit_best(x, 2, rng=0, n_starts=4, tolerance=1e-12).best
    rate = em.convergence_rate(x, best.mixture).rate
    mixture, distances = best.start, []
    for _ in range(60):
        mixture = em.m_step(em.e_step(x, mixture), structure="full")
        distances.append(np.abs(mixture.means - best.mixture.means).max())
    kept = np.array(distances)
    kept = kept[(kept > 1e-6) & (kept < 1e-3)]
    assert np.exp(np.diff(np.log(kept)).mean()) == pytest.approx(rate, abs=0.01)


def test_well_separated_components_lose_no_information():
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.standard_normal(200), 100.0 + rng.standard_normal(200)])
    fit = em.fit(x, em.kmeans_plus_plus(x, 2, rng=rng))
    assert em.convergence_rate(x, fit.mixture).rate < 1e-6


def test_the_direction_is_an_eigenvector_and_a_saddle_shows():
    x = read_columns("faithful")
    centre = em.kmeans_plus_plus(x, 1, rng=np.random.default_rng(0))
    twice = type(centre)([0.5, 0.5], np.repeat(centre.means, 2, axis=0), np.repeat(centre.covariances, 2, axis=0))
    saddle = em.convergence_rate(x, twice)
    assert saddle.rate >= 1.0 - 1e-9
    assert saddle.direction.size == twice.n_parameters


def test_both_rates_are_part_of_the_result():
    x = read_columns("faithful")
    restarts = em.fit_best(x, 2, rng=0, n_starts=4)
    assert restarts.best.exact_rate == pytest.approx(em.convergence_rate(x, restarts.best.mixture).rate)
    assert restarts.best.rate == pytest.approx(restarts.best.exact_rate, abs=0.02)
    assert em.EMFit.from_dict(restarts.best.to_dict()) == restarts.best
    alone = em.fit(x, restarts.best.start, exact_rate=True)
    assert alone.exact_rate == pytest.approx(restarts.best.exact_rate, rel=1e-6)
    with pytest.raises(ValueError, match="complete data in memory"):
        em.fit(np.where(x > 95, np.nan, x), restarts.best.start, missing=True, exact_rate=True)
