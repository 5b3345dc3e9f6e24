"""Draws from a prior: mixtures, and the hyperparameters that are unknown, in numpy alone."""

from typing import TYPE_CHECKING

import numpy as np

from bayesian.priors import random_draws, random_matrices
from mixture.arrays import FloatArray
from mixture.covariance import linear_structure_named

if TYPE_CHECKING:
    from bayesian.priors.prior import Prior


def draw_prior(
    prior: "Prior", n_components: int, n_features: int, structure: str, n: int, rng: np.random.Generator
) -> dict[str, FloatArray]:
    """n draws: weights (n, K), means (n, K, D), dense covariances (n, K, D, D), and of a hierarchical prior scale_rate
    (n, D), or (n,) where the structure is spherical, or covariance_scale (n, D, D).

    Raises ValueError for an improper prior, from which nothing can be drawn.
    """
    given = prior.arrays(n_components, n_features, structure)
    result = {"weights": rng.dirichlet(given["prior_concentration"], size=n)}
    if prior.covariances is not None:
        stack = _covariances(given, n, rng, result)
    else:
        stack = _from_scales(prior, given, structure, n_features, n, rng, result)
    shape = (n, n_components, n_features)
    dense = np.array(np.broadcast_to(stack, (*shape, n_features)))
    names = [name for name in given if name.startswith("prior_means_")]
    parameters = [np.broadcast_to(given[name], (n, *given[name].shape)) for name in names]
    if prior.means.family == "ConjugateNormal":
        parameters.append(dense)
    result["means"] = random_draws.means(prior.means.family, "full")(*parameters, rng=rng)
    result["covariances"] = dense
    return result


def _covariances(
    given: dict[str, FloatArray], n: int, rng: np.random.Generator, result: dict[str, FloatArray]
) -> FloatArray:
    """Matrices (n, K or 1, D, D); what they depend on goes into `result`."""
    dof = given["prior_covariances_dof"]
    if "prior_covariances_scale" in given:
        scale = given["prior_covariances_scale"]
        scale = np.broadcast_to(scale, (n, dof.size, *scale.shape[-2:]))
    else:
        wishart = given["prior_covariance_scale_scale"]
        psi = random_matrices.wishart(
            np.broadcast_to(given["prior_covariance_scale_dof"], (n,)),
            np.broadcast_to(wishart, (n, *wishart.shape)),
            rng,
        )
        result["covariance_scale"] = psi
        scale = np.broadcast_to(psi[:, None], (n, dof.size, *wishart.shape))
    return random_matrices.inverse_wishart(np.broadcast_to(dof, (n, dof.size)), scale, rng)


def _from_scales(
    prior: "Prior",
    given: dict[str, FloatArray],
    structure: str,
    n_features: int,
    n: int,
    rng: np.random.Generator,
    result: dict[str, FloatArray],
) -> FloatArray:
    """Matrices (n, K or 1, D, D) from sds, and from correlations if there are any."""
    assert prior.scales is not None
    form = linear_structure_named(structure)
    names = [name for name in given if name.startswith("prior_scales_")]
    parameters = [np.broadcast_to(given[name], (n, *given[name].shape)) for name in names]
    if "prior_scale_rate_shape" in given:
        shape = given["prior_scale_rate_shape"]
        rate = rng.gamma(np.broadcast_to(shape, (n, *shape.shape))) / given["prior_scale_rate_rate"]
        result["scale_rate"] = rate
        parameters.append(rate[:, None] if parameters[0].ndim > rate.ndim else rate)
    sds = random_draws.scales(prior.scales.family, prior.scales.power)(*parameters, rng=rng)
    sds = sds[:, None] if form.shared else sds
    if form.diagonal:
        return form.expand(sds**2, n_features)
    if n_features == 1:
        return sds[..., None] ** 2
    eta = given["prior_correlations_eta"]
    correlations = random_matrices.lkj(np.broadcast_to(eta, (n, eta.size)), n_features, rng)
    return correlations * sds[..., :, None] * sds[..., None, :]
