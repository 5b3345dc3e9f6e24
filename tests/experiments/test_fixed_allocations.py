"""What the prior makes of EM's estimates: against quadrature, draws, and the sums of squares by hand."""

import numpy as np
import pytest
from scipy import integrate, stats

import bayesian
import em
from experiments.comparing.fixed_allocations import fixed_allocations
from mixture import GaussianMixture

RNG = np.random.default_rng(3)
X = np.concatenate([RNG.normal([0.0, 0.0], 1.0, (30, 2)), RNG.normal([40.0, 0.0], 2.0, (50, 2))])
"""Two groups so far apart that allocations are certain."""


def best_of(points, structure):
    best = em.fit_best(points, 2, structure=structure, n_starts=2, rng=0).best.mixture
    return best.permute(np.argsort(best.means[:, 0]))


def test_one_feature_against_quadrature():
    points = X[:, :1]
    best = best_of(points, "full")
    prior = bayesian.Prior(bayesian.Normal(20.0, 9.0), 2.0, scales=bayesian.InverseGamma(3.0, 20.0, on="variance"))
    found = fixed_allocations(points, best, prior)
    squares = [np.square(group - group.mean()).sum() for group in (points[:30], points[30:])]
    assert found.means[:2] == pytest.approx([32 / 84, 52 / 84])
    for k, n in enumerate((30, 50)):
        error = np.sqrt(best.dense_covariances[k, 0, 0] / n)
        grid = np.linspace(-5.0, 45.0, 50001)
        density = stats.norm.pdf(grid, 20.0, 9.0) * stats.norm.pdf(grid, best.means[k, 0], error)
        assert found.means[2 + k] == pytest.approx((grid * density).sum() / density.sum(), rel=1e-6)
        variance = stats.invgamma(3.0 + 0.5 * n, scale=20.0 + 0.5 * squares[k])
        expected, _ = integrate.quad(lambda v, of=variance: np.sqrt(v) * of.pdf(v), 0.0, 60.0)
        assert found.means[4 + k] == pytest.approx(expected, rel=1e-6)
        assert found.shares[4 + k] == pytest.approx(20.0 / (20.0 + 0.5 * squares[k]))
    assert found.shares[:4] == (None,) * 4


@pytest.mark.parametrize("structure", ["full", "tied"])
def test_covariance_matrices_against_draws(structure):
    best = best_of(X, structure)
    scale = np.array([[30.0, 5.0], [5.0, 40.0]])
    prior = bayesian.Prior(bayesian.Normal(0.0, 1e6), 1.0, covariances=bayesian.InverseWishart(6.0, scale))
    found = fixed_allocations(X, best, prior)
    groups = [X[:30] - best.means[0], X[30:] - best.means[1]]
    groups = [np.concatenate(groups)] if structure == "tied" else groups
    assert found.means[2:6] == pytest.approx(best.means.ravel(), abs=1e-3)
    for k, group in enumerate(groups):
        matrix = scale + group.T @ group
        draws = stats.invwishart(6 + len(group), matrix).rvs(20000, random_state=1)
        sds = np.sqrt(np.diagonal(draws, axis1=1, axis2=2)).mean(axis=0)
        assert found.means[6 + 2 * k : 8 + 2 * k] == pytest.approx(sds, rel=5e-3)
        correlation = matrix[0, 1] / np.sqrt(matrix[0, 0] * matrix[1, 1])
        assert found.means[6 + 2 * len(groups) + k] == pytest.approx(correlation)


def test_priors_without_conjugate_updates_have_none():
    best = GaussianMixture([0.5, 0.5], [[0.0, 0.0], [40.0, 0.0]], np.ones((2, 2)), "diag")
    assert (
        fixed_allocations(X, best, bayesian.Prior(bayesian.Normal(0.0, 9.0), scales=bayesian.HalfNormal(5.0))) is None
    )
    assert fixed_allocations(X, best, bayesian.Prior.richardson_green(X, 2, "diag")) is None
    assert fixed_allocations(X, best, bayesian.Prior.conjugate(X, 2, "diag")) is not None
