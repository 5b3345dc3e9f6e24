"""Every prior in every structure: the model's density against scipy's, its gradient, its draws, and its conjugate twin.

Values are those of the model at a mixture and at the hyperparameters where a chain would start there.
"""

from typing import NamedTuple

import numpy as np
import pymc as pm
import pytensor
import pytest
from scipy import stats
from scipy.integrate import quad
from scipy.special import betaln
from support import STRUCTURE_NAMES, random_mixture

from bayesian import ConjugateNormal, LogNormal, Normal, Prior, Uniform, UniformScale
from bayesian.model import build
from bayesian.priors.pieces import LKJ, HalfNormal
from bayesian.starts import unconstrained
from mixture import ConjugatePrior, GaussianMixture

PYTHON = "FAST_COMPILE"

AS_WRITTEN = pytensor.compile.mode.Mode(linker="py", optimizer=None)
"""Mode in which a graph is interpreted without any rewriting, which takes longer than a few evaluations."""

SHAPES = [(1, 1), (3, 2), (8, 10)]
DENSE = ("full", "tied")


def data(mixture: GaussianMixture) -> np.ndarray:
    return mixture.draw(30, np.random.default_rng(7))[0]


def bounded(x, structure):
    """Uniform priors whose bounds hold every mixture that is drawn here."""
    low, high = x.min(axis=0) - 60.0, x.max(axis=0) + 70.0
    correlations = 40.0 if structure in DENSE and x.shape[1] > 1 else None
    return Prior.uniform((low.min(), high.max()), (0.01, 30.0), correlations)


def mixed(x, structure):
    """What no constructor makes: conjugate means beside sds and correlations, and uniform variances."""
    correlations = LKJ(40.0) if structure in DENSE and x.shape[1] > 1 else None
    return Prior(ConjugateNormal(x.mean(axis=0), 0.3), 2.0, UniformScale(0.001, 900.0, "variance"), correlations)


PRIORS = {
    "weakly informative": lambda x, k, s: Prior.weakly_informative(x, k, s),
    "Richardson & Green": lambda x, k, s: Prior.richardson_green(x, k, s),
    "conjugate": lambda x, k, s: Prior.conjugate(x, k, s),
    "sparse": lambda x, k, s: Prior.sparse(x, k, s),
    "uniform": lambda x, _, s: bounded(x, s),
    "mixed": lambda x, _, s: mixed(x, s),
}


def scipy_log_prior(prior: Prior, mixture: GaussianMixture, values: dict) -> float:
    """The density of the model's own variables: sds where the prior is one of scales, covariances otherwise."""
    k, d = mixture.means.shape
    given = {name.removeprefix("prior_"): array for name, array in prior.arrays(k, d, mixture.structure).items()}
    shared = mixture.structure.startswith("tied")
    dense = mixture.dense_covariances
    total = stats.dirichlet(given["concentration"]).logpdf(mixture.weights) if k > 1 else 0.0
    if isinstance(prior.means, Normal):
        total += stats.norm(given["means_location"], given["means_sd"]).logpdf(mixture.means).sum()
    elif isinstance(prior.means, Uniform):
        total += stats.uniform(given["means_low"], given["means_high"] - given["means_low"]).logpdf(mixture.means).sum()
    else:
        for mean, location, strength, covariance in zip(
            mixture.means, given["means_location"], given["means_strength"], dense, strict=True
        ):
            total += stats.multivariate_normal(location, covariance / strength).logpdf(mean)
    if prior.covariances is not None:
        scale = given.get("covariances_scale", values.get("covariance_scale"))
        if "covariance_scale" in values:
            total += stats.wishart(given["covariance_scale_dof"][0], given["covariance_scale_scale"]).logpdf(scale)
        for i, covariance in enumerate(dense[:1] if shared else dense):
            psi = scale if scale.ndim == 2 else scale[i]
            total += stats.invwishart(given["covariances_dof"][i], psi).logpdf(covariance)
        return float(total)
    sds = values["scales"]
    if "scale_rate" in values:
        total += (
            stats.gamma(given["scale_rate_shape"], scale=1 / given["scale_rate_rate"])
            .logpdf(values["scale_rate"])
            .sum()
        )
        total += stats.invgamma(given["scales_shape"], scale=values["scale_rate"]).logpdf(sds**2).sum()
        total += np.log(2 * sds).sum()
    else:
        density = {
            "InverseGamma": lambda: stats.invgamma(given["scales_shape"], scale=given["scales_scale"]),
            "UniformScale": lambda: stats.uniform(given["scales_low"], given["scales_high"] - given["scales_low"]),
        }[prior.scales.family]()
        total += (density.logpdf(sds**prior.scales.power) + np.log(2 * sds) * (prior.scales.power == 2)).sum()
    if "correlations_eta" in given:
        for i, covariance in enumerate(dense[:1] if shared else dense):
            sd = np.sqrt(np.diag(covariance))
            total += log_lkj(covariance / np.outer(sd, sd), given["correlations_eta"][i])
    return float(total)


def log_lkj(matrix: np.ndarray, eta: float) -> float:
    """(eta - 1) log |R| less its constant: partial correlations of row j given those before are Betas, |R| their
    product of 1 - p^2 (Lewandowski, Kurowicka & Joe 2009), so the constant is a product of Beta functions."""
    d = len(matrix)
    constant = sum(
        (d - j) * ((2 * eta - 2 + d - j) * np.log(2) + betaln(eta + (d - j - 1) / 2, eta + (d - j - 1) / 2))
        for j in range(1, d)
    )
    return (eta - 1) * np.linalg.slogdet(matrix)[1] - constant


class Evaluated(NamedTuple):
    """A model at one point of its coordinates."""

    log_prior: float
    log_posterior: float
    gradient: np.ndarray
    means: np.ndarray
    values: dict


def evaluator(model: pm.Model):
    """point (n_dim,) -> Evaluated: one graph, interpreted as it was written. The log prior is without Jacobians."""
    reported = [v for v in model.unobserved_value_vars if v not in model.value_vars]
    (means,) = model.replace_rvs_by_values([model["means"]])
    outputs = [model.logp(vars=model.free_RVs, jacobian=False), model.logp(), model.dlogp(), means, *reported]
    function = pytensor.function(model.value_vars, outputs, mode=AS_WRITTEN, on_unused_input="ignore")
    shapes = {name: value.shape for name, value in model.initial_point().items()}
    ends = np.cumsum([int(np.prod(shapes[v.name])) for v in model.value_vars])

    def evaluate(point: np.ndarray) -> Evaluated:
        parts = np.split(point, ends[:-1])
        arrays = [part.reshape(shapes[v.name]) for part, v in zip(parts, model.value_vars, strict=True)]
        log_prior, log_posterior, gradient, means, *values = function(*arrays)
        named = dict(zip([v.name for v in reported], values, strict=True))
        return Evaluated(float(log_prior), float(log_posterior), gradient, means, named)

    return evaluate, shapes


def assert_gradient(evaluate, point: np.ndarray, rng: np.random.Generator) -> None:
    """Of the whole log posterior: along every coordinate, or along two random directions where there are many."""
    gradient, n, step = evaluate(point).gradient, point.size, 1e-5
    directions = np.eye(n) if n <= 20 else rng.normal(size=(2, n)) / np.sqrt(n)
    ahead, behind = (
        np.array([evaluate(point + sign * step * v).log_posterior for v in directions]) for sign in (1.0, -1.0)
    )
    scale = np.linalg.norm(gradient)
    np.testing.assert_allclose(directions @ gradient / scale, (ahead - behind) / (2 * step * scale), atol=2e-6)


def at(prior: Prior, x: np.ndarray, mixture: GaussianMixture, *, ordered: bool = False):
    """(the model's evaluator, the point of the mixture, what the model says there)."""
    settings = {"structure": mixture.structure, "prior": prior, "ordered": ordered, "allow_improper": True}
    model = build(x, mixture.n_components, **settings)
    evaluate, shapes = evaluator(model)
    point = unconstrained(model, mixture, shapes=shapes)
    return evaluate, point, evaluate(point)


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
