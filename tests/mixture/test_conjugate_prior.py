"""The conjugate prior: its density, and the M step it gives."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import invgamma, invwishart, multivariate_normal
from support import STRUCTURE_NAMES, random_mixture

import em
from mixture import ConjugatePrior, expected_statistics, structure_named


def prior_of(d: int, rng: np.random.Generator) -> ConjugatePrior:
    root = rng.standard_normal((d, d)) + 2.0 * np.eye(d)
    return ConjugatePrior(rng.standard_normal(d), 0.7, d + 2.5, root @ root.T)


@pytest.mark.parametrize("d", [1, 3])
@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
def test_log_density_against_scipy(structure, d):
    rng = np.random.default_rng(d)
    prior, mixture = prior_of(d, rng), random_mixture(structure, 3, d, rng)
    nu, scale = prior.degrees_of_freedom, prior.scale
    expected = sum(
        multivariate_normal(prior.mean, covariance / prior.mean_strength).logpdf(mean)
        for mean, covariance in zip(mixture.means, mixture.dense_covariances, strict=True)
    )
    own = mixture.dense_covariances[:1] if mixture.covariance_structure.shared else mixture.dense_covariances
    for covariance in own:
        variances = np.diagonal(covariance)
        if structure in ("full", "tied"):
            expected += invwishart(nu, scale).logpdf(covariance)
        elif structure in ("diag", "tied_diag"):
            expected += invgamma(nu / 2, scale=np.diagonal(scale) / 2).logpdf(variances).sum()
        else:
            expected += invgamma(nu / 2, scale=np.trace(scale) / d / 2).logpdf(variances[0])
    assert prior.log_density(mixture) == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
def test_the_m_step_is_the_maximum_of_the_expected_log_posterior(structure):
    """Against a numerical optimiser over means and covariances, from values of Q + log prior alone."""
    rng = np.random.default_rng(8)
    k, d = 2, 2
    prior, truth = prior_of(d, rng), random_mixture(structure, k, d, rng)
    x = truth.draw(40, rng)[0]
    r = truth.responsibilities(x)
    form = structure_named(structure)
    found = em.m_step(expected_statistics(x, truth), structure=structure, prior=prior)

    def mixture_at(theta):
        if (np.linalg.eigvalsh(form.dense(form.unpack(theta[k * d :], k, d), k, d)) < 1e-6).any():
            return None
        return type(truth)(found.weights, theta[: k * d].reshape(k, d), form.unpack(theta[k * d :], k, d), structure)

    def loss(theta):
        mixture = mixture_at(theta)
        if mixture is None:
            return 1e9
        q = sum(
            r[:, j] @ multivariate_normal(mean, covariance).logpdf(x)
            for j, (mean, covariance) in enumerate(zip(mixture.means, mixture.dense_covariances, strict=True))
        )
        return -(q + prior.log_density(mixture))

    rows, columns = np.tril_indices(d)
    elements = found.covariances[..., rows, columns] if structure in ("full", "tied") else found.covariances
    at = np.concatenate([found.means.ravel(), np.ravel(elements)])
    best = minimize(
        loss,
        at + 0.05 * rng.standard_normal(at.size),
        method="Nelder-Mead",
        options={"maxiter": 20_000, "maxfev": 20_000, "xatol": 1e-9, "fatol": 1e-12, "adaptive": True},
    )
    assert loss(at) <= best.fun + 1e-7
    np.testing.assert_allclose(at, best.x, atol=2e-3)
    np.testing.assert_allclose(found.weights, r.mean(axis=0), rtol=1e-12)  # the prior is flat in the weights


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
def test_map_em_climbs_the_log_posterior(structure):
    rng = np.random.default_rng(4)
    x = random_mixture(structure, 2, 2, rng).draw(150, rng)[0]
    prior = ConjugatePrior.fraley_raftery(x, 2)
    fit = em.fit(x, em.kmeans_plus_plus(x, 2, structure=structure, rng=rng), prior=prior)
    assert fit.status is em.Status.CONVERGED
    assert np.diff(fit.values).min() > -1e-9
    expected = fit.mixture.log_likelihood(x) + prior.log_density(fit.mixture)
    assert fit.value == pytest.approx(expected, rel=1e-12)
    assert fit.log_likelihood == pytest.approx(fit.mixture.log_likelihood(x), rel=1e-12)


def test_fraley_and_rafterys_choice():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((30, 2)) @ np.array([[2.0, 0.3], [0.0, 0.5]]) + 1e6
    prior = ConjugatePrior.fraley_raftery(x, 4)
    np.testing.assert_allclose(prior.mean, x.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(prior.scale, np.cov(x.T) / 4.0, rtol=1e-8)
    assert (prior.mean_strength, prior.degrees_of_freedom) == (0.01, 4.0)
    twice = ConjugatePrior.fraley_raftery(x, 4, weights=np.full(30, 2.0))
    np.testing.assert_allclose(twice.scale, np.cov(np.vstack([x, x]).T) / 4.0, rtol=1e-8)


def test_a_prior_keeps_components_off_single_points():
    x = np.append(np.random.default_rng(0).standard_normal(50), 8.0)[:, None]
    start = em.from_allocations(x, np.append(np.zeros(50, dtype=int), 1), floor=1e-3)
    assert em.fit(x, start).status is em.Status.SINGULAR
    held = em.fit(x, start, prior=ConjugatePrior.fraley_raftery(x, 2))
    assert held.status is em.Status.CONVERGED


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (([[0.0]], 1.0, 3.0, [[1.0]]), "prior mean"),
        (([0.0], 0.0, 3.0, [[1.0]]), "mean_strength"),
        (([0.0, 0.0], 1.0, 1.0, np.eye(2)), "degrees_of_freedom"),
        (([0.0, 0.0], 1.0, 4.0, np.ones((2, 2))), "positive definite"),
    ],
)
def test_wrong_priors_are_refused(arguments, named):
    with pytest.raises(ValueError, match=named):
        ConjugatePrior(*arguments)


def test_a_prior_for_other_features_is_refused():
    x = np.random.default_rng(0).standard_normal((20, 2))
    start = em.kmeans_plus_plus(x, 2, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="3 features"):
        em.fit(x, start, prior=prior_of(3, np.random.default_rng(0)))
