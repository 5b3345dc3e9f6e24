"""The PyMC model: its pieces against scipy and the mixture itself, starts, predictive draws, exchange of data."""

import ctypes
from math import factorial, log

import numpy as np
import pymc as pm
import pytest
import xarray as xr
from pytensor.gradient import NullTypeGradError
from scipy import stats
from support import STRUCTURE_NAMES, random_mixture, read_columns

from bayesian.model import build
from bayesian.ops.compilation import compile_model, constant_data, sample_chain
from bayesian.priors.pieces import LKJ, HalfNormal, InverseGamma, LogNormal, Normal
from bayesian.priors.prior import Prior
from bayesian.starts import initial_values, unconstrained
from mixture import GaussianMixture

PYTHON = "FAST_COMPILE"
INTERPRETED = {"mode": PYTHON}


def data(d=2, n=40, seed=3):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) + np.where(np.arange(n) % 2, 2.0, -2.0)[:, None]


def separate_prior(x, structure, family=LogNormal):
    """Scales with LKJ correlations, where the structure has any."""
    scales = {
        LogNormal: LogNormal(0.2, 0.7),
        HalfNormal: HalfNormal(2.0, on="variance"),
        InverseGamma: InverseGamma(3, 2),
    }
    correlations = LKJ(3.5) if structure in ("full", "tied") and x.shape[1] > 1 else None
    return Prior(Normal(0.5, 3.0), concentration=2.0, scales=scales[family], correlations=correlations)


def at(model, mixture, outputs):
    function = model.compile_fn(outputs, inputs=model.value_vars, mode=PYTHON, on_unused_input="ignore")
    return function(initial_values(model, mixture))


@pytest.mark.parametrize("separate", [False, True])
@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
def test_likelihood_and_variables_are_those_of_the_mixture(structure, separate):
    x = data()
    model = build(x, 3, structure=structure, prior=separate_prior(x, structure) if separate else None)
    mixture = random_mixture(structure, 3, 2, np.random.default_rng(1))
    (pointwise,) = model.logp(vars=[model["x"]], sum=False)
    names = [
        v
        for v in model.unobserved_value_vars
        if v.name in ("weights", "means", "covariances", "scales", "correlations")
    ]
    log_density, *values = at(model, mixture, [pointwise, *names])
    np.testing.assert_allclose(log_density, mixture.log_density(x), rtol=1e-10)
    found = dict(zip([v.name for v in names], values, strict=True))
    dense = mixture.dense_covariances
    sds = np.sqrt(np.diagonal(dense, axis1=1, axis2=2))
    np.testing.assert_allclose(found["weights"], mixture.weights, rtol=1e-10)
    np.testing.assert_allclose(found["means"], mixture.means, rtol=1e-10)
    np.testing.assert_allclose(found["covariances"], dense, rtol=1e-10, atol=1e-12)
    shape = {"full": sds, "diag": sds, "tied": sds[0], "tied_diag": sds[0], "spherical": sds[:, 0]}
    np.testing.assert_allclose(found["scales"], shape.get(structure, sds[0, 0]), rtol=1e-10)
    assert ("correlations" in found) == (structure in ("full", "tied"))


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
def test_gradient_of_the_log_posterior(structure):
    x = data()
    model = build(x, 3, structure=structure, prior=separate_prior(x, structure))
    mixture = random_mixture(structure, 3, 2, np.random.default_rng(2))
    joined = model.logp_dlogp_function(ravel_inputs=True, mode=PYTHON)
    joined.set_extra_values({})
    point = unconstrained(model, mixture)
    _, gradient = joined(point)
    for i in range(point.size):
        step = 1e-5 * np.eye(point.size)[i]
        slope = (joined(point + step)[0] - joined(point - step)[0]) / 2e-5
        assert gradient[i] == pytest.approx(slope, rel=1e-5, abs=1e-5)


def test_log_prior_is_that_of_scipy():
    x = data()
    mixture = random_mixture("full", 3, 2, np.random.default_rng(4))
    default = build(x, 3)
    found = at(default, mixture, [default.logp(vars=default.free_RVs, jacobian=False)])[0]
    psi = np.diag(x.var(axis=0)) / 3
    middle, width = (x.min(axis=0) + x.max(axis=0)) / 2, np.ptp(x, axis=0)
    expected = stats.dirichlet(np.ones(3)).logpdf(mixture.weights)
    expected += stats.norm(middle, width).logpdf(mixture.means).sum()
    expected += sum(stats.invwishart(4, psi).logpdf(c) for c in mixture.covariances)
    assert found == pytest.approx(expected, rel=1e-10)

    separate = build(x, 3, prior=separate_prior(x, "full"))
    found = at(separate, mixture, [separate.logp(vars=separate.free_RVs, jacobian=False)])[0]
    sds = np.sqrt(np.diagonal(mixture.covariances, axis1=1, axis2=2))
    r = mixture.covariances[:, 0, 1] / sds.prod(axis=1)
    expected = stats.dirichlet(np.full(3, 2.0)).logpdf(mixture.weights) + stats.norm(0.5, 3).logpdf(mixture.means).sum()
    expected += stats.lognorm(0.7, scale=np.exp(0.2)).logpdf(sds).sum()
    expected += (stats.beta(3.5, 3.5).logpdf((r + 1) / 2) - np.log(2)).sum()
    assert found == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("structure", ["spherical", "tied_spherical"])
@pytest.mark.parametrize("family", [HalfNormal, InverseGamma])
def test_log_prior_of_variances(structure, family):
    x = data()
    model = build(x, 2, structure=structure, prior=separate_prior(x, structure, family))
    mixture = random_mixture(structure, 2, 2, np.random.default_rng(4))
    found = at(model, mixture, [model.logp(vars=[model["scales"]], jacobian=False)])[0]
    variance = mixture.covariances
    density = stats.halfnorm(scale=2.0) if family is HalfNormal else stats.invgamma(3, scale=2)
    assert found == pytest.approx((density.logpdf(variance) + np.log(2 * np.sqrt(variance))).sum(), rel=1e-10)


def test_posterior_is_exchangeable_and_ordering_keeps_its_density():
    x = data()
    free, ordered = build(x, 3), build(x, 3, ordered=True)
    mixture = random_mixture("full", 3, 2, np.random.default_rng(6))
    densities = [at(free, mixture.permute(o), [free.logp(jacobian=False)])[0] for o in ([0, 1, 2], [2, 0, 1])]
    assert densities[0] == pytest.approx(densities[1], rel=1e-12)
    value, means = at(ordered, mixture, [ordered.logp(jacobian=False), ordered.unobserved_value_vars[-1]])
    assert value == pytest.approx(densities[0], rel=1e-12)  # the same density, on 1/K! of the space
    assert means is not None
    start = ordered.initial_point()["means_ordered__"]
    assert np.isfinite(start).all()


def test_ordered_prior_integrates_to_one_over_k_factorial():
    rng = np.random.default_rng(8)
    draws = rng.normal(size=(20000, 3))
    share = (np.diff(draws, axis=1) > 0).all(axis=1).mean()
    assert log(share) == pytest.approx(-log(factorial(3)), abs=0.05)


def test_second_derivatives_of_the_model_raise():
    model = build(data(), 2)
    with pytest.raises((NullTypeGradError, NotImplementedError), match=r"[Nn]ot implemented|second"):
        model.d2logp()


def test_starts_that_do_not_fit_are_refused():
    x = data()
    model = build(x, 3)
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="does not fit this model"):
        initial_values(model, random_mixture("tied", 3, 2, rng))
    with pytest.raises(ValueError, match="2 components and 2 features"):
        initial_values(model, random_mixture("full", 2, 2, rng))
    empty = GaussianMixture(np.array([0.0, 0.5, 0.5]), np.eye(3, 2), np.stack([np.eye(2)] * 3), "full")
    with pytest.raises(ValueError, match="edge of the parameter space: its weights"):
        initial_values(model, empty)


def test_bad_input_is_refused():
    x = data()
    with pytest.raises(ValueError, match="NaN"):
        build(np.where(x > 3, np.nan, x), 2)
    with pytest.raises(ValueError, match="at least 1"):
        build(x, 0)
    with pytest.raises(ValueError, match="unknown covariance structure"):
        build(x, 2, structure="banana")
    with pytest.raises(ValueError, match="different feature names"):
        build(x, 2, features=["a", "a"])
    with pytest.raises(ValueError, match="has no correlations"):
        build(x, 2, structure="diag", prior=Prior.weakly_informative(x, 2, "full"))


def callback(compiled, point):
    """Log density and gradient as nutpie sees them."""
    gradient, value = np.empty_like(point), np.empty(1)

    def pointer(array):
        return array.ctypes.data_as(ctypes.POINTER(ctypes.c_double))

    words = compiled.user_data.ctypes.data_as(ctypes.POINTER(ctypes.c_int64))
    function = compiled.compiled_logp_func.ctypes
    code = function(point.size, pointer(point), pointer(gradient), pointer(value), words)
    return code, value[0], gradient


@pytest.fixture(scope="module")
def compiled_model():
    x = data()
    model = build(x, 2, features=["length", "width"])
    return x, model, compile_model(model)


def test_compiled_model_agrees_with_the_interpreted_one_and_takes_new_data(compiled_model):
    _, model, compiled = compiled_model
    mixture = random_mixture("full", 2, 2, np.random.default_rng(9))
    other = data(n=63, seed=12) * 1.5
    prior = Prior.weakly_informative(other, 2).arrays(2, 2, "full")
    exchanged = compiled.with_data(x_data=other, **prior)
    assert exchanged.compiled_logp_func is compiled.compiled_logp_func
    fresh = build(other, 2)
    for machine, reference in ((compiled, model), (exchanged, fresh)):
        function = reference.logp_dlogp_function(ravel_inputs=True, mode=PYTHON)
        function.set_extra_values({})
        point = unconstrained(reference, mixture)
        code, value, gradient = callback(machine, point)
        expected, slope = function(point)
        assert code == 0
        assert value == pytest.approx(expected, rel=1e-12)
        np.testing.assert_allclose(gradient, slope, rtol=1e-9, atol=1e-9)
    assert callback(compiled, np.full(compiled.n_dim, 1e3))[0] > 0  # no density there: recoverable, not an exception


def test_chains_start_where_they_are_told_and_pointwise_densities_are_those_of_the_mixture(compiled_model):
    x, model, compiled = compiled_model
    mixture = random_mixture("full", 2, 2, np.random.default_rng(5))
    start = unconstrained(model, mixture)
    tree = sample_chain(compiled, start, draws=5, tune=20, seed=1, progress_bar=False, store_unconstrained=True)
    again = sample_chain(compiled, start, draws=5, tune=20, seed=1, progress_bar=False)
    assert tree.posterior.covariances.dims == ("chain", "draw", "component", "feature", "feature_other")
    assert tree.posterior.coords["feature"].values.tolist() == ["length", "width"]
    np.testing.assert_array_equal(tree.posterior.means, again.posterior.means)
    with pytest.raises(ValueError, match="must have shape"):
        sample_chain(compiled, start[1:], seed=1)
    result = pm.compute_log_likelihood(tree, model=model, progressbar=False)
    assert result.log_likelihood["x"].shape == (1, 5, len(x))
    last = tree.posterior.isel(chain=0, draw=-1)
    drawn = GaussianMixture(last.weights.values, last.means.values, last.covariances.values, "full")
    np.testing.assert_allclose(result.log_likelihood["x"][0, -1], drawn.log_density(x), rtol=1e-10)
    tree["constant_data"] = xr.DataTree(constant_data(model))
    predictive = pm.sample_posterior_predictive(
        tree, model=model, progressbar=False, random_seed=1, compile_kwargs=INTERPRETED
    )
    assert predictive.posterior_predictive["x"].shape == (1, 5, *x.shape)


@pytest.mark.parametrize("structure", ["full", "tied_spherical"])
def test_prior_draws(structure):
    model = build(data(), 2, structure=structure)
    tree = pm.sample_prior_predictive(50, model=model, random_seed=2, compile_kwargs=INTERPRETED)
    assert np.allclose(tree.prior["weights"].sum("component"), 1.0)
    assert (np.linalg.eigvalsh(tree.prior["covariances"].values) > 0).all()
    assert tree.prior_predictive["x"].shape == (1, 50, 40, 2)


def test_old_faithful_has_a_proper_default():
    build(read_columns("faithful"), 2)
