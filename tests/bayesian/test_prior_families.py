"""Every prior in every structure: the model's density against scipy's, its gradient, its draws, and its conjugate twin.

Values are those of the model at a mixture and at the hyperparameters where a chain would start there.
"""

import numpy as np
import pymc as pm
import pytest
from prior_oracle import DENSE, PRIORS, assert_gradient, at, data, evaluator, scipy_log_prior
from scipy import stats
from scipy.integrate import quad
from support import STRUCTURE_NAMES, random_mixture

from bayesian import LogNormal, Normal, Prior, Uniform
from bayesian.model import build
from bayesian.priors.pieces import HalfNormal
from bayesian.sampling.problem import Problem
from bayesian.starts import unconstrained
from mixture import ConjugatePrior, GaussianMixture

PYTHON = "FAST_COMPILE"

SHAPES = [(1, 1), (3, 2), (8, 10)]

CASES = [
    *((name, (1, 1)) for name in ("Richardson & Green", "uniform")),
    *((name, (3, 2)) for name in ("Richardson & Green", "conjugate", "uniform", "mixed")),
    *((name, (8, 10)) for name in ("weakly informative", "Richardson & Green", "conjugate", "uniform")),
]


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
@pytest.mark.parametrize(("name", "shape"), CASES)
def test_log_prior_is_that_of_scipy_and_has_the_right_gradient(name, structure, shape):
    rng = np.random.default_rng(3)
    mixture = random_mixture(structure, *shape, rng)
    x = data(mixture)
    prior = PRIORS[name](x, shape[0], structure)
    evaluate, point, found = at(prior, x, mixture)
    np.testing.assert_allclose(found.values["covariances"], mixture.dense_covariances, rtol=1e-8, atol=1e-10)
    assert found.log_prior == pytest.approx(scipy_log_prior(prior, mixture, found.values), rel=1e-9)
    assert_gradient(evaluate, point, rng)


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
@pytest.mark.parametrize("name", ["Richardson & Green", "uniform", "mixed"])
def test_an_ordered_posterior_has_the_same_density_and_the_right_gradient(name, structure):
    rng = np.random.default_rng(5)
    shape = (8, 10) if structure in ("full", "diag") else (3, 2)
    mixture = random_mixture(structure, *shape, rng)
    mixture = mixture.permute(np.argsort(mixture.means[:, 0]))
    x = data(mixture)
    prior = PRIORS[name](x, shape[0], structure)
    evaluate, point, found = at(prior, x, mixture, ordered=True)
    assert found.log_prior == pytest.approx(scipy_log_prior(prior, mixture, found.values), rel=1e-9)
    assert_gradient(evaluate, point, rng)


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_conjugate_prior_is_that_of_map_em(structure, shape):
    """On the scale of variances; the model's sds carry |d sigma^2 / d sigma| = 2 sigma."""
    rng = np.random.default_rng(8)
    k, d = shape
    root = rng.normal(size=(d, d))
    model = None
    twin = ConjugatePrior(rng.normal(size=d), 0.4, d + 3.5, root @ root.T + np.eye(d))
    for _ in range(3):
        mixture = random_mixture(structure, k, d, rng)
        x = data(mixture)
        if model is None:
            model = build(x, k, structure=structure, prior=Prior.from_conjugate(twin, structure))
            evaluate, shapes = evaluator(model)
        at_mixture = evaluate(unconstrained(model, mixture, shapes=shapes))
        found = at_mixture.log_prior
        if structure not in DENSE:
            found -= np.log(2 * at_mixture.values["scales"]).sum()
        flat = stats.dirichlet(np.ones(k)).logpdf(mixture.weights) if k > 1 else 0.0
        assert found == pytest.approx(twin.log_density(mixture) + flat, rel=1e-9)
    fitted = Prior.conjugate(x, k, structure).arrays(k, d, structure)
    reference = Prior.from_conjugate(ConjugatePrior.fraley_raftery(x, k), structure).arrays(k, d, structure)
    assert all(np.array_equal(fitted[name], reference[name]) for name in reference)


@pytest.mark.parametrize("structure", ["full", "tied", "diag", "spherical"])
def test_richardson_green_in_one_feature_is_the_published_prior(structure):
    """mu ~ N(middle, sd R), sigma^-2 ~ Gamma(2, b), b ~ Gamma(0.2, 10 / R^2): the same density in every structure."""
    rng = np.random.default_rng(2)
    mixture = random_mixture(structure, 3, 1, rng)
    x = data(mixture)
    prior = Prior.richardson_green(x, 3, structure)
    _, _, found = at(prior, x, mixture)
    width, variances = np.ptp(x), mixture.dense_covariances[:, 0, 0]
    if structure == "tied":
        variances = variances[:1]
    expected = stats.dirichlet(np.ones(3)).logpdf(mixture.weights)
    expected += stats.norm((x.min() + x.max()) / 2, width).logpdf(mixture.means).sum()
    if structure in DENSE:
        b, log_slope = found.values["covariance_scale"].item() / 2, np.log(0.5)
    else:
        b, log_slope = np.asarray(found.values["scale_rate"]).item(), np.log(2 * np.sqrt(variances)).sum()
    precisions = stats.gamma(2, scale=1 / b).logpdf(1 / variances).sum() - 2 * np.log(variances).sum()
    hyper = stats.gamma(0.2, scale=width**2 / 10).logpdf(b)
    assert found.log_prior == pytest.approx(expected + precisions + hyper + log_slope, rel=1e-9)


def test_stephens_hyperparameters_in_two_features():
    x = data(random_mixture("full", 2, 2, np.random.default_rng(4)))
    given = Prior.richardson_green(x, 2).arrays(2, 2, "full")
    np.testing.assert_allclose(given["prior_covariances_dof"], 6.0)  # 2 alpha, alpha = 3
    assert given["prior_covariance_scale_dof"] == 2.0  # 2 g, g = 1
    h = np.diag(100.0 / (3.0 * np.ptp(x, axis=0) ** 2))
    np.testing.assert_allclose(given["prior_covariance_scale_scale"], np.linalg.inv(h))  # 2 b ~ W(2 g, h^-1)


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
@pytest.mark.parametrize("name", ["Richardson & Green", "conjugate", "uniform"])
def test_draws_follow_the_prior(name, structure):
    """Shapes, structures, and the law of the first mean and of the first variance, by the model's own draws."""
    k, d = 3, 2
    x = data(random_mixture(structure, k, d, np.random.default_rng(3)))
    prior = PRIORS[name](x, k, structure)
    draws = prior.draw(k, d, structure, 2000, np.random.default_rng(1))
    assert draws["weights"].shape == (2000, k)
    assert draws["means"].shape == (2000, k, d)
    assert draws["covariances"].shape == (2000, k, d, d)
    assert ("scale_rate" in draws or "covariance_scale" in draws) == (name in ("Richardson & Green", "sparse"))
    np.linalg.cholesky(draws["covariances"])
    model = build(x, k, structure=structure, prior=prior, allow_improper=True)
    names = ["weights", "means", "covariances"]
    own = pm.draw([model[n] for n in names], 300, random_seed=2, mode=PYTHON)
    for variable, one in zip(names, own, strict=True):
        for index in ((0,) * (one.ndim - 1), (k - 1,) + (d - 1,) * (one.ndim - 2)):
            pvalue = stats.ks_2samp(draws[variable][:, *index], one[:, *index]).pvalue
            assert pvalue > 1e-4, (variable, index)
    form = GaussianMixture(draws["weights"][0], draws["means"][0], draws["covariances"][0], "full")
    assert np.isfinite(form.log_density(x)).all()


def test_hyperparameters_are_exchanged_without_compiling():
    """`pm.Data` of one model set to those of another prior of the same family: the density of that prior."""
    rng = np.random.default_rng(3)
    mixture = random_mixture("full", 2, 2, rng)
    x, other = data(mixture), 1.7 * data(random_mixture("full", 2, 2, rng))
    for name in ("Richardson & Green", "conjugate", "uniform"):
        first, second = (PRIORS[name](points, 2, "full") for points in (x, other))
        model = build(x, 2, prior=first, allow_improper=True)
        evaluate, shapes = evaluator(model)
        with model:
            pm.set_data({"x_data": other, **second.arrays(2, 2, "full")})
        _, point, expected = at(second, other, mixture)
        np.testing.assert_allclose(unconstrained(model, mixture, shapes=shapes), point, rtol=1e-12)
        assert evaluate(point).log_posterior == pytest.approx(expected.log_posterior, rel=1e-12)


def test_uniform_prior_has_the_evidence_of_quadrature():
    """K = 1, one point, one feature, fixed bounds: p(x) = int int N(x | m, s) dm ds / area, over m in closed form and s
    by scipy, and over the model's own coordinates on a grid.
    """
    x, low, high, narrow, wide = 0.7, -1.0, 3.0, 0.8, 2.0
    model = build([[x]], 1, structure="diag", prior=Prior.uniform((low, high), (narrow, wide)))
    over_m = quad(lambda s: stats.norm.cdf((high - x) / s) - stats.norm.cdf((low - x) / s), narrow, wide)[0]
    expected = over_m / ((high - low) * (wide - narrow))
    evaluate, _ = evaluator(model)
    grid = np.linspace(-8.0, 8.0, 33)
    total = sum(np.exp(evaluate(np.array([a, b])).log_posterior) for a in grid for b in grid)
    assert total * (grid[1] - grid[0]) ** 2 == pytest.approx(expected, rel=1e-3)


def test_flat_priors_have_a_density_when_they_are_allowed():
    """A flat mean of one component: the density is the likelihood's and the scale's; nothing can be drawn from it."""
    x = data(random_mixture("diag", 1, 2, np.random.default_rng(3)))
    mixture = random_mixture("diag", 1, 2, np.random.default_rng(4))
    for means in (Normal(0.0, np.inf), Uniform(-np.inf, np.inf), Uniform(-900.0, np.inf), Uniform(-np.inf, 900.0)):
        prior = Prior(means, scales=LogNormal(0.0, 1.0))
        evaluate, point, found = at(prior, x, mixture)
        assert found.log_prior == pytest.approx(stats.lognorm(1.0).logpdf(found.values["scales"]).sum(), rel=1e-9)
        assert_gradient(evaluate, point, np.random.default_rng(1))
        with pytest.raises(ValueError, match="improper"):
            prior.draw(1, 2, "diag", 3, 0)


def test_ordered_uniform_means_need_one_interval_and_lie_in_it():
    x = data(random_mixture("diag", 3, 2, np.random.default_rng(3)))
    scales = LogNormal(0.0, 1.0)
    for means in (Uniform([[0.0], [1.0], [1.0]], 90.0), Uniform(-np.inf, 9.0)):
        with pytest.raises(ValueError, match="same finite bounds"):
            build(x, 3, structure="diag", prior=Prior(means, scales=scales), ordered=True, allow_improper=True)
        with pytest.raises(ValueError, match="same finite bounds"):
            Problem.of(x, 3, "diag", Prior(means, scales=scales), ordered=True, allow_improper=True)
    model = build(x, 3, structure="diag", prior=Prior(Uniform(-40.0, 60.0), scales=scales), ordered=True)
    evaluate, _ = evaluator(model)
    for point in 3.0 * np.random.default_rng(1).normal(size=(20, 14)):
        means = evaluate(point).means
        assert (np.diff(means[:, 0]) > 0.0).all()
        assert ((means > -40.0) & (means < 60.0)).all()


def test_an_ordered_model_with_conjugate_means_has_no_draws_of_its_own():
    x = data(random_mixture("diag", 2, 1, np.random.default_rng(3)))
    model = build(x, 2, structure="diag", prior=Prior.conjugate(x, 2, "diag"), ordered=True)
    with pytest.raises(ValueError, match=r"take Prior\.draw"):
        pm.draw(model["means"], mode=PYTHON)


def test_names_and_sources_are_printed():
    x = data(random_mixture("full", 2, 2, np.random.default_rng(3)))
    for name, make in PRIORS.items():
        prior = make(x, 2, "full")
        if name == "mixed":
            assert prior.describe()[0].startswith("weights")
            continue
        assert str(prior).splitlines()[0].startswith(f"{prior.name} ({prior.source}")
    assert "b ~ Gamma(shape = 0.2, rate = " in str(Prior.richardson_green(x, 2, "diag"))
    assert "Ψ ~ Wishart(ν = 2, S = " in str(Prior.richardson_green(x, 2, "full"))
    assert str(Prior.chib()).splitlines()[0].startswith("Chib (Chib 1995")
    assert "HalfNormal" in str(Prior(Normal(0, 1), scales=HalfNormal(1.0)))
