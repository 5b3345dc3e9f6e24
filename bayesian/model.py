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

from bayesian import variables
from bayesian.ops import correlations, likelihood
from bayesian.priors import random_draws
from bayesian.priors.pieces import ConjugateNormal
from bayesian.priors.prior import Prior
from mixture.arrays import as_component_count, as_points
from mixture.covariance import Covariance, linear_structure_named

IN_ONE_FEATURE = {"full": "diag", "tied": "tied_diag"}
"""Structures that are the same in one feature, where an sd is all there is of a covariance."""


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
        scale_rate (D,)     b of a prior sigma^2 | b ~ InvGamma(a, b), b ~ Gamma; () for spherical structures
        covariance_scale    Psi (D, D) of a prior Sigma | Psi ~ IW(nu, Psi), Psi ~ Wishart
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
    read_as = _read_as(chosen, structure, n_features)
    if not allow_improper:
        chosen.check(points, count, structure)
    if ordered:
        chosen.check_order(count, n_features, structure)

    coords = {"component": np.arange(count), "feature": names, "feature_other": names}
    with pm.Model(coords=coords) as model:
        data = pm.Data("x_data", points, dims=("obs", "feature"))
        given = {name: pm.Data(name, value) for name, value in arrays.items()}
        weights = variables.weights(given)
        if isinstance(chosen.means, ConjugateNormal):
            spread = _spread(chosen, given, form, count, n_features)
            means = variables.means(chosen.means, given, ordered, read_as, spread)
        else:
            means = variables.means(chosen.means, given, ordered, structure)
            spread = _spread(chosen, given, form, count, n_features)
        _observe(data, weights, means, spread, read_as)
    return model


def _spread(
    prior: Prior, given: dict[str, TensorVariable], form: Covariance, n_components: int, n_features: int
) -> TensorVariable:
    """Declares scales, correlations and covariances; returns what the likelihood takes: covariances, or sds if
    diagonal.
    """
    own = () if form.shared else ("component",)
    square = (*own, "feature", "feature_other")
    dense = ("component", "feature", "feature_other")
    shape = next(given[name] for name in given if name.startswith("prior_means_"))  # (K, D)
    if prior.covariances is not None:
        matrices = variables.covariances(given, "covariance" if form.shared else "covariances", square)
        pm.Deterministic("scales", correlations.sds_of(matrices), dims=(*own, "feature"))
        if n_features > 1:
            pm.Deterministic("correlations", correlations.correlations_of(matrices), dims=square)
        if form.shared:
            pm.Deterministic("covariances", correlations.repeat(matrices, shape), dims=dense)
        return matrices
    assert prior.scales is not None
    if form.diagonal or n_features == 1:
        along = ("feature",) if form.element_shape(n_features) else ()
        scales = variables.scales(prior.scales, given, (*own, *along), along)
        steps = np.array(likelihood.STEPS[_read_as(prior, form.name, n_features)], dtype=np.int64)
        pm.Deterministic("covariances", correlations.dense_of(pt.atleast_1d(scales), shape, steps), dims=dense)
        return scales
    scales = variables.scales(prior.scales, given, (*own, "feature"), ("feature",))
    identity = np.broadcast_to(np.eye(n_features), form.shape(n_components, n_features)).copy()
    matrices = correlations.assemble(scales, variables.correlations(given, identity, square))
    reported = correlations.repeat(matrices, shape) if form.shared else matrices
    pm.Deterministic("covariances", reported, dims=dense)
    return matrices


def _read_as(prior: Prior, structure: str, n_features: int) -> str:
    """The structure whose likelihood is evaluated: from sds instead of covariances wherever they say the same."""
    return IN_ONE_FEATURE.get(structure, structure) if n_features == 1 and prior.scales is not None else structure


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
