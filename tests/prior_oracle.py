"""Priors as scipy says them, and the density of a PyMC model at a point, interpreted as it was written."""

from typing import NamedTuple

import numpy as np
import pymc as pm
import pytensor
from scipy import stats
from scipy.special import betaln

from bayesian import ConjugateNormal, Normal, Prior, Uniform, UniformScale
from bayesian.model import build
from bayesian.priors.pieces import LKJ
from bayesian.starts import unconstrained
from mixture import GaussianMixture

AS_WRITTEN = pytensor.compile.mode.Mode(linker="py", optimizer=None)
"""Mode in which a graph is interpreted without any rewriting, which takes longer than a few evaluations."""

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
