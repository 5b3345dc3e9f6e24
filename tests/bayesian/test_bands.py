"""Predictive bands against dense densities, one draw at a time."""

import numpy as np
import pytest
from scipy import stats
from support import random_mixture, scipy_log_joint

from bayesian.label_free import joint_bands, predictive_bands, proportion_bands
from bayesian.label_free.spacing import spaced_draws
from bayesian.posterior import Posterior


def posterior_about(mixture, data, *, chains=2, draws=4, spread=0.3, seed=0):
    """Draws scattered about a mixture, each with its components in another order."""
    rng = np.random.default_rng(seed)
    shape, (k, d) = (chains, draws), mixture.means.shape
    weights = rng.dirichlet(np.full(k, 5.0), shape)
    means = mixture.means + spread * rng.standard_normal((*shape, k, d))
    scale = np.exp(spread * rng.standard_normal((*shape, 1, 1, 1)))
    posterior = Posterior.from_arrays(weights, means, scale * mixture.dense_covariances, data)
    return posterior.permute(np.argsort(rng.random((*shape, k)), axis=-1))


@pytest.fixture
def posterior():
    rng = np.random.default_rng(4)
    mixture = random_mixture("full", 3, 2, rng, separation=8.0, condition=10.0)
    return posterior_about(mixture, mixture.draw(60, rng)[0])


GRID = np.stack([np.linspace(-20, 20, 7), np.linspace(-10, 30, 7)])


def draws_of(posterior):
    return [posterior.mixture(c, s) for c, s in np.ndindex(posterior.n_chains, posterior.n_draws)]


def test_marginal_bands_against_dense_densities(posterior):
    bands = predictive_bands(posterior, GRID, 0.5)
    for d in range(2):
        densities = [
            sum(
                w * stats.norm.pdf(GRID[d], m[d], np.sqrt(v[d, d]))
                for w, m, v in zip(draw.weights, draw.means, draw.dense_covariances, strict=True)
            )
            for draw in draws_of(posterior)
        ]
        np.testing.assert_allclose(bands.middle[d], np.mean(densities, axis=0), rtol=1e-10)
        np.testing.assert_allclose(bands.lower[d], np.quantile(densities, 0.25, axis=0), rtol=1e-10)
        np.testing.assert_allclose(bands.upper[d], np.quantile(densities, 0.75, axis=0), rtol=1e-10)


def test_joint_bands_against_dense_densities(posterior):
    points = posterior.data[:9]
    bands = joint_bands(posterior, points, 0.8)
    densities = [np.exp(scipy_log_joint(points, draw)).sum(axis=1) for draw in draws_of(posterior)]
    np.testing.assert_allclose(bands.middle, np.mean(densities, axis=0), rtol=1e-10)
    np.testing.assert_allclose([bands.lower, bands.upper], np.quantile(densities, [0.1, 0.9], axis=0), rtol=1e-10)


def test_a_joint_density_integrates_to_one():
    rng = np.random.default_rng(0)
    mixture = random_mixture("full", 2, 2, rng, separation=2.0, condition=3.0)
    posterior = posterior_about(mixture, mixture.draw(20, rng)[0], spread=0.05)
    side = np.linspace(-25.0, 25.0, 251)
    points = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    assert joint_bands(posterior, points, 0.5).middle.sum() * (side[1] - side[0]) ** 2 == pytest.approx(1.0, abs=1e-6)


def test_labels_do_not_matter(posterior):
    turned = posterior.permute(np.broadcast_to([2, 0, 1], (2, 4, 3)))
    for bands in (lambda p: predictive_bands(p, GRID, 0.9), lambda p: joint_bands(p, GRID.T, 0.9)):
        for name in ("lower", "middle", "upper"):
            np.testing.assert_allclose(getattr(bands(turned), name), getattr(bands(posterior), name), rtol=1e-12)


def test_one_feature_is_both_joint_and_marginal():
    rng = np.random.default_rng(1)
    mixture = random_mixture("full", 2, 1, rng)
    posterior = posterior_about(mixture, mixture.draw(30, rng)[0])
    grid = np.linspace(-5.0, 5.0, 11)
    marginal, joint = predictive_bands(posterior, grid, 0.9), joint_bands(posterior, grid, 0.9)
    np.testing.assert_allclose(joint.upper, marginal.upper[0], rtol=1e-12)


def test_draws_are_evenly_spaced(posterior):
    weights = posterior.weights.reshape(8, 3)
    assert spaced_draws(posterior, 100)[0] == pytest.approx(weights)
    assert spaced_draws(posterior, 2)[0] == pytest.approx(weights[[0, 7]])
    assert predictive_bands(posterior, GRID, 0.9, at_most=1).lower == pytest.approx(
        predictive_bands(posterior, GRID, 0.9, at_most=1).upper
    )


def test_bad_requests_are_refused(posterior):
    with pytest.raises(ValueError, match="a row for each of the 2 features"):
        predictive_bands(posterior, GRID[0], 0.5)
    with pytest.raises(ValueError, match="has 2 features"):
        joint_bands(posterior, GRID, 0.5)
    for bands in (predictive_bands, joint_bands):
        with pytest.raises(ValueError, match="strictly between"):
            bands(posterior, GRID, 90)
        with pytest.raises(ValueError, match="at least one draw"):
            bands(posterior, GRID if bands is predictive_bands else GRID.T, 0.5, at_most=0)


@pytest.mark.parametrize("between", [False, True])
def test_proportion_bands_against_enumeration(between):
    """Five points: every count from 0 to 5, its probability averaged over the draws."""
    first = np.array([0.2, 0.3, 0.3, 0.4])
    weights = np.stack([first, 1.0 - first], axis=-1)[None]
    means = np.array([[-1.0, 10.0], [0.0, 11.0], [1.0, 12.0], [2.0, 11.0]])[None, :, :, None]
    covariances = np.array([[1.0, 4.0], [1.0, 4.0], [4.0, 9.0], [4.0, 9.0]])[None, :, :, None, None]
    posterior = Posterior.from_arrays(weights, means, covariances, np.arange(5.0)[:, None])
    grid = np.array([-1.0, 0.5, 2.0, 9.0, 12.0])
    bands = proportion_bands(posterior, grid, 0.8, between=between)
    below = np.array(
        [
            sum(
                w * stats.norm.cdf(grid, m[0], np.sqrt(v[0, 0]))
                for w, m, v in zip(draw.weights, draw.means, draw.dense_covariances, strict=True)
            )
            for draw in draws_of(posterior)
        ]
    )
    shares = np.diff(below, axis=1) if between else below
    np.testing.assert_allclose(bands.middle, shares.mean(axis=0), rtol=1e-10)
    for g in range(shares.shape[1]):
        cumulative = np.cumsum(np.mean([stats.binom.pmf(np.arange(6), 5, p) for p in shares[:, g]], axis=0))
        for tail, found in ((0.1, bands.lower[g]), (0.9, bands.upper[g])):
            count = int(np.argmax(cumulative >= tail))
            if not between:
                steps = np.append(0.0, cumulative)
                count = max(0.0, count - 1 + (tail - steps[count]) / (steps[count + 1] - steps[count]))
            assert found == pytest.approx(count / 5.0)
