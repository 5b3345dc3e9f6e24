"""The PyMC model of a marginalised Gaussian mixture.

    x_n ~ sum_k pi_k N(mu_k, Sigma_k)        log p(X | theta) = sum_n log sum_k pi_k N(x_n | mu_k, Sigma_k)

The allocations are summed out. The likelihood is the compiled routine of `mixture`, with its gradient by
Fisher's identity.
"""

from collections.abc import Sequence

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import ArrayLike
from pytensor.tensor.variable import TensorVariable

from bayesian.ops import correlations, densities, likelihood, transforms
from bayesian.ops.compiled_op import Field
from bayesian.priors import random_draws
from bayesian.priors.prior import Prior
from mixture.arrays import FloatArray, as_component_count, as_points
from mixture.covariance import Covariance, linear_structure_named

DENSITIES: dict[str, Field] = {
    "LogNormal": densities.lognormal,
    "HalfNormal": densities.halfnormal,
    "InverseGamma": densities.inversegamma,
}


def build(
    x: ArrayLike,
    n_components: int,
    *,
    structure: str = "full",
    prior: Prior | None = None,
    ordered: bool = False,
    features: Sequence[str] | None = None,
    allow_improper: bool = False,
) -> pm.Model:
    """A PyMC model of n_components Gaussians on the data x (N, D), for any sampler of PyMC and for nutpie.

    Variables (dimensions component, feature, feature_other, obs):

        weights (K,)        means (K, D)        covariances (K, D, D), dense for every structure
        scales              sds: full, diag (K, D), tied, tied_diag (D,), spherical (K,), tied_spherical ()
        correlations        full (K, D, D), tied (D, D), in more than one feature
        x (N, D)            the observed data; pointwise log densities (chain, draw, N) by `pm.compute_log_likelihood`,
                            replicated data by `pm.sample_posterior_predictive` (drawn in Python: ask for
                            compile_kwargs={"mode": "FAST_COMPILE"}, or numba says that it cannot compile them)

    Those the prior speaks of are random, the others follow from them (a tied inverse-Wishart prior speaks of
    `covariance`). Data are `pm.Data`: the points `x_data` and the hyperparameters `prior_*`; new data, also of
    another length, and new hyperparameters need no compilation.

    Predictive draws are made in Python: give `pm.sample_prior_predictive` and `pm.sample_posterior_predictive`
    the argument compile_kwargs={"mode": "FAST_COMPILE"}, which compiles nothing.

    prior: by default `Prior.weakly_informative`; checked to give a proper posterior unless `allow_improper`.
    ordered: means of the first feature increase with the component. An exchangeable prior is then restricted to
        that order and not renormalised: its mass is 1/K!, so an evidence from this density needs log K! added.
        By default components are exchangeable, and the posterior has K! copies of each mode.
    features: names of the features, for the coordinates.

    Raises ValueError for bad data or a prior that does not fit, ImproperPosterior (a ValueError) as in `Prior.check`.
    """
    points = as_points(x)
    n_samples, n_features = points.shape
    count = as_component_count(n_components, n_samples)
    form = linear_structure_named(structure)
    names = list(range(n_features)) if features is None else list(features)
    if len(set(names)) != n_features:
        raise ValueError(f"{n_features} different feature names are needed, not {names}")
    chosen = Prior.weakly_informative(points, count, structure) if prior is None else prior
    arrays = chosen.arrays(count, n_features, structure)
    if not allow_improper:
        chosen.check(points, count, structure)

    coords = {"component": np.arange(count), "feature": names, "feature_other": names}
    with pm.Model(coords=coords) as model:
        data = pm.Data("x_data", points, dims=("obs", "feature"))
        given = {name: pm.Data(name, value) for name, value in arrays.items()}
        weights = _weights(given)
        means = _means(given, ordered)
        spread = _spread(chosen, given, form, means, n_features)
        _observe(data, weights, means, spread, structure)
    return model


def _weights(given: dict[str, TensorVariable]) -> TensorVariable:
    return pm.CustomDist(
        "weights",
        given["prior_concentration"],
        logp=densities.dirichlet,
        random=random_draws.weights,
        support_point=lambda _, __, concentration: concentration / concentration.sum(),
        signature="(k)->(k)",
        class_name="Dirichlet",
        default_transform=transforms.simplex,
        dims="component",
    )


def _means(given: dict[str, TensorVariable], ordered: bool) -> TensorVariable:
    def dispersed(_: TensorVariable, __: object, location: TensorVariable, sd: TensorVariable) -> TensorVariable:
        """Spread over the prior: where all components agree, the posterior has a saddle and an ordered one no
        density.
        """
        n_components = location.shape[0]
        steps = (pt.arange(n_components) + 0.5) / n_components - 0.5
        return location + sd * steps[:, None]

    return pm.CustomDist(
        "means",
        given["prior_means_location"],
        given["prior_means_sd"],
        logp=densities.normal,
        random=random_draws.ordered_means if ordered else random_draws.means,
        support_point=dispersed,
        signature="(k,d),(k,d)->(k,d)",
        class_name="Normal",
        default_transform=transforms.ordered if ordered else transforms.standard,
        dims=("component", "feature"),
    )


def _spread(
    prior: Prior, given: dict[str, TensorVariable], form: Covariance, means: TensorVariable, n_features: int
) -> TensorVariable:
    """Declares scales, correlations and covariances; returns what the likelihood takes: covariances, or sds if
    diagonal.
    """
    own = () if form.shared else ("component",)
    square = (*own, "feature", "feature_other")
    dense = ("component", "feature", "feature_other")
    if prior.covariances is not None:
        matrices = _covariances(given, "covariance" if form.shared else "covariances", square)
        pm.Deterministic("scales", correlations.sds_of(matrices), dims=(*own, "feature"))
        if n_features > 1:
            pm.Deterministic("correlations", correlations.correlations_of(matrices), dims=square)
        if form.shared:
            pm.Deterministic("covariances", correlations.repeat(matrices, means), dims=dense)
        return matrices
    if form.diagonal:
        along = ("feature",) if form.element_shape(n_features) else ()
        scales = _scales(prior, given, (*own, *along))
        steps = np.array(likelihood.STEPS[form.name], dtype=np.int64)
        pm.Deterministic("covariances", correlations.dense_of(pt.atleast_1d(scales), means, steps), dims=dense)
        return scales
    scales = _scales(prior, given, (*own, "feature"))
    n_components = len(pm.modelcontext(None).coords["component"])
    identity = np.broadcast_to(np.eye(n_features), form.shape(n_components, n_features)).copy()
    correlation = _correlations(given, identity, square) if n_features > 1 else identity
    matrices = correlations.assemble(scales, correlation)
    reported = correlations.repeat(matrices, means) if form.shared else matrices
    pm.Deterministic("covariances", reported, dims=dense)
    return matrices


def _scales(prior: Prior, given: dict[str, TensorVariable], dims: tuple[str, ...]) -> TensorVariable:
    assert prior.scales is not None
    family = prior.scales.family
    density, power = DENSITIES[family], np.array([prior.scales.power], dtype=np.int64)

    def logp(value: TensorVariable, first: TensorVariable, second: TensorVariable) -> TensorVariable:
        return density(pt.atleast_1d(value), pt.atleast_1d(first), pt.atleast_1d(second), power)

    def typical(_: TensorVariable, __: object, first: TensorVariable, second: TensorVariable) -> TensorVariable:
        targets = {"LogNormal": pt.exp(first), "HalfNormal": first, "InverseGamma": second / (first + 1.0)}
        return targets[family] ** (1.0 / int(power[0]))

    first, second = (given[f"prior_scales_{name}"] for name in prior.scales.names)
    axes = ",".join(dim[0] for dim in dims)
    return pm.CustomDist(
        "scales",
        first,
        second,
        logp=logp,
        random=random_draws.scales(family, int(power[0])),
        support_point=typical,
        signature=f"({axes}),({axes})->({axes})",
        class_name=family,
        default_transform=transforms.positive,
        dims=dims,
    )


def _correlations(given: dict[str, TensorVariable], identity: FloatArray, dims: tuple[str, ...]) -> TensorVariable:
    axes = "c,d,e" if identity.ndim == 3 else "d,e"
    return pm.CustomDist(
        "correlations",
        given["prior_correlations_eta"],
        identity,
        logp=lambda value, eta, _: densities.lkj(value, eta),
        random=random_draws.correlations,
        support_point=lambda *inputs: inputs[-1],
        signature=f"(c),({axes})->({axes})",
        class_name="LKJ",
        default_transform=transforms.correlation,
        dims=dims,
    )


def _covariances(given: dict[str, TensorVariable], name: str, dims: tuple[str, ...]) -> TensorVariable:
    axes = "c,d,e" if len(dims) == 3 else "d,e"
    return pm.CustomDist(
        name,
        given["prior_covariances_dof"],
        given["prior_covariances_scale"],
        logp=densities.inverse_wishart,
        random=random_draws.covariances,
        support_point=lambda *inputs: inputs[-1],
        signature=f"(c),({axes})->({axes})",
        class_name="InverseWishart",
        default_transform=transforms.matrix,
        dims=dims,
    )


def _observe(
    data: TensorVariable, weights: TensorVariable, means: TensorVariable, spread: TensorVariable, structure: str
) -> None:
    def logp(
        value: TensorVariable, weights: TensorVariable, means: TensorVariable, spread: TensorVariable
    ) -> TensorVariable:
        return likelihood.log_density(value, weights[0], means[0], spread[0], structure)  # PyMC adds an axis

    axes = {0: "", 1: "i", 2: "i,j", 3: "i,j,l"}[spread.type.ndim]
    pm.CustomDist(
        "x",
        weights,
        means,
        spread,
        logp=logp,
        random=random_draws.points(structure, spread.type.ndim),
        signature=f"(k),(k,d),({axes})->(d)",
        class_name="GaussianMixture",
        observed=data,
        dims=("obs", "feature"),
    )
