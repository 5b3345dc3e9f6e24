"""Stopping, criteria and standard errors."""

import numpy as np
import pytest
from support import FAMILY_NAMES, STRUCTURE_NAMES, random_mixture, read_columns

import em
from em.stopping import StoppingRule, remaining_gain
from mixture import GaussianMixture
from mixture.information import information


@pytest.mark.parametrize("ratio", [0.1, 0.9, 0.999])
def test_aitken_is_exact_for_a_geometric_climb(ratio):
    gains = 3.0 * ratio ** np.arange(5)
    left = gains[-1] * ratio / (1 - ratio)
    assert remaining_gain(gains[-2], gains[-1]) == pytest.approx(left, rel=1e-9)


def test_a_ratio_of_one_or_more_is_not_yet():
    assert remaining_gain(1.0, 1.0) == np.inf
    assert remaining_gain(1e-12, 2e-12) == np.inf
    assert remaining_gain(0.0, 1e-12) == np.inf


def test_the_estimate_must_hold_on_three_steps():
    rule = StoppingRule(1e-3)
    assert [rule.converged(gain, 1e-15) for gain in (1e-3, 1e-5, 1e-7, 2e-7, 1e-8, 1e-9, 1e-10)] == [
        False,
        False,
        False,
        False,
        False,
        False,
        True,
    ]
    never = StoppingRule(0.0)
    assert not any(never.converged(gain, 1e-15) for gain in (1.0, 1e-9, 1e-12, 1e-14, 0.0, 0.0, 0.0))


def test_criteria_by_hand():
    """Two far groups of two points: every responsibility is 0 or 1, so ICL is BIC."""
    x = [[-1001.0], [-999.0], [999.0], [1001.0]]
    mixture = GaussianMixture([0.5, 0.5], [[-1000.0], [1000.0]], 1.0, "tied_spherical")
    log_likelihood = 4 * (np.log(0.5) - 0.5 * np.log(2 * np.pi) - 0.5)
    found = em.criteria(x, mixture)
    assert found.n_parameters == 4
    assert found.aic == pytest.approx(-2 * log_likelihood + 8)
    assert found.bic == pytest.approx(-2 * log_likelihood + 4 * np.log(4))
    assert found.icl == pytest.approx(found.bic)


def test_icl_adds_twice_the_log_of_the_certainty():
    x = read_columns("faithful")
    mixture = em.fit_best(x, 3, n_starts=4, rng=0).best.mixture
    found = em.criteria(x, mixture)
    assert found.icl - found.bic == pytest.approx(-2 * np.log(mixture.responsibilities(x).max(axis=1)).sum())
    assert found.icl > found.bic
    twice = em.criteria(x, mixture, weights=np.full(len(x), 2.0))
    assert twice.n_samples == 2 * len(x)
    assert twice.icl - twice.bic == pytest.approx(2 * (found.icl - found.bic))


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
def test_one_component_has_the_textbook_standard_errors(structure):
    """For one Gaussian: Sigma / n for the mean, 2 sigma^4 / n for a variance (4 / (n D), n D numbers, if spherical)."""
    rng = np.random.default_rng(3)
    x = random_mixture("full", 1, 2, rng).draw(400, rng)[0]
    mixture = em.fit_best(x, 1, structure=structure).best.mixture
    errors = em.standard_errors(x, mixture)
    n = len(x)
    variances = mixture.dense_covariances[0].diagonal()
    np.testing.assert_allclose(errors.means[0], np.sqrt(variances / n), rtol=1e-6)
    shared = 2.0 if structure in ("spherical", "tied_spherical") else 1.0
    np.testing.assert_allclose(errors.scales[0], np.sqrt(variances / (2 * n * shared)), rtol=1e-6)
    assert errors.weights.tolist() == [0.0]


@pytest.mark.parametrize("structure", FAMILY_NAMES)
def test_the_score_vanishes_at_the_optimum_and_errors_have_the_shape_of_the_mixture(structure):
    x = read_columns("faithful")
    mixture = em.fit_best(x, 2, structure=structure, n_starts=4, rng=0, tolerance=1e-12).best.mixture
    errors = em.standard_errors(x, mixture)
    newton_step = errors.covariance @ information(x, mixture).score
    assert np.abs(newton_step / np.sqrt(errors.covariance.diagonal())).max() < 1e-4
    assert errors.weights[0] == pytest.approx(errors.weights[1])
    assert errors.means.shape == (2, 2)
    assert errors.covariances.shape == mixture.covariances.shape


def test_standard_errors_are_refused_where_there_is_no_maximum():
    x = read_columns("faithful")
    off = GaussianMixture([0.5, 0.5], [[3.4, 70.0], [3.6, 71.0]], [np.diag([9.0, 900.0])] * 2)
    with pytest.raises(em.NotAMaximum, match="not a strict local maximum"):
        em.standard_errors(x, off)
