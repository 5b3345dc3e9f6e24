"""Which priors have conjugate updates, and their hyperparameters as these updates take them."""

from collections.abc import Mapping

import numpy as np

from bayesian.gibbs.mean_priors import ConjugateMeans, IndependentMeans, MeanPrior
from bayesian.gibbs.spread_priors import InverseGammaVariances, InverseWishartMatrices, SpreadPrior
from bayesian.priors.prior import Prior
from mixture.arrays import FloatArray
from mixture.covariance import linear_structure_named

INSTEAD = "Sample this posterior by NUTS, `bayesian.sample`."


def mean_prior(arrays: Mapping[str, FloatArray]) -> MeanPrior:
    """Raises ValueError unless the means are normal, with a finite sd or in proportion to the covariances."""
    if "prior_means_strength" in arrays:
        return ConjugateMeans(arrays["prior_means_location"], arrays["prior_means_strength"])
    if "prior_means_sd" not in arrays:
        raise ValueError(f"Gibbs sampling wants Normal or ConjugateNormal means. {INSTEAD}")
    sd = arrays["prior_means_sd"]
    if not np.isfinite(sd).all():
        raise ValueError("Gibbs sampling wants a proper prior: an empty component is drawn from it. Give a finite sd.")
    return IndependentMeans(arrays["prior_means_location"], 1.0 / sd**2)


def spread_prior(
    prior: Prior, arrays: Mapping[str, FloatArray], n_components: int, n_features: int, structure: str
) -> SpreadPrior:
    """Raises ValueError unless variances are inverse-gamma, or covariance matrices inverse-Wishart."""
    form = linear_structure_named(structure)
    by_feature = bool(form.element_shape(n_features))
    cells = (1 if form.shared else n_components, n_features if by_feature else 1)
    if "prior_correlations_eta" in arrays:
        raise ValueError(f"Gibbs sampling has no update for LKJ correlations: take InverseWishart. {INSTEAD}")
    if "prior_covariances_dof" in arrays:
        inverse_wishart = _inverse_wishart(arrays, cells[0], n_features)
        return _of_one_feature(inverse_wishart) if n_features == 1 else inverse_wishart
    if "prior_scales_shape" not in arrays or prior.scales is None or prior.scales.target == "sd":
        raise ValueError(f"Gibbs sampling has an update for InverseGamma scales on the variance only. {INSTEAD}")
    shape = arrays["prior_scales_shape"].reshape(cells)
    if "prior_scale_rate_shape" not in arrays:
        return InverseGammaVariances(scale=arrays["prior_scales_scale"].reshape(cells), shape=shape)
    rate_shape, rate_rate = (
        np.broadcast_to(arrays[f"prior_scale_rate_{name}"], (1, cells[1])) for name in ("shape", "rate")
    )
    return InverseGammaVariances(rate_shape / rate_rate, shape, rate_shape, rate_rate)


def _inverse_wishart(arrays: Mapping[str, FloatArray], n_matrices: int, n_features: int) -> InverseWishartMatrices:
    dof, shape = arrays["prior_covariances_dof"], (n_matrices, n_features, n_features)
    if "prior_covariance_scale_dof" not in arrays:
        return InverseWishartMatrices(np.broadcast_to(arrays["prior_covariances_scale"], shape), dof)
    scale_dof = float(arrays["prior_covariance_scale_dof"].item())
    scale = arrays["prior_covariance_scale_scale"].reshape(n_features, n_features)
    return InverseWishartMatrices((scale_dof * scale)[None], dof, scale_dof, np.linalg.inv(scale))


def _of_one_feature(prior: InverseWishartMatrices) -> InverseGammaVariances:
    """IW(nu, Psi) = InvGamma(nu / 2, Psi / 2) of a variance; Psi ~ W(f, S) gives b ~ Gamma(f / 2, S^-1)."""
    shape, scale = 0.5 * prior.dof[:, None], 0.5 * prior.scale[:, :, 0]
    if prior.scale_dof is None or prior.inverse_scale is None:
        return InverseGammaVariances(scale, shape)
    return InverseGammaVariances(scale, shape, np.array([[0.5 * prior.scale_dof]]), prior.inverse_scale)
