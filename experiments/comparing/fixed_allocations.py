"""What the prior makes of EM's estimates while EM's allocations stand: how far it goes towards the posterior mean."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.special import gammaln

from bayesian import Prior
from bayesian.gibbs.mean_priors import ConjugateMeans, IndependentMeans, MeanPrior
from bayesian.gibbs.model import GibbsModel
from bayesian.gibbs.spread_priors import InverseGammaVariances, InverseWishartMatrices
from mixture import GaussianMixture
from mixture.arrays import FloatArray


@dataclass(frozen=True, eq=False)
class FixedAllocations:
    """One number for each natural parameter, in the order of `natural_parameters`.

    means     E[parameter | EM's allocation probabilities as counts, the component's other parameters at EM's estimates]
    shares    of an sd, the prior's share of the sum of squares that makes it; None for other parameters
    """

    means: tuple[float, ...]
    shares: tuple[float | None, ...]


def fixed_allocations(points: FloatArray, best: GaussianMixture, prior: Prior) -> FixedAllocations | None:
    """The conditional means that a Gibbs sampler has at EM's optimum, points (N, D); None without conjugate updates.

    weights       (n_k + a_k) / (N + sum a)
    means         of normal times normal: precisions add; or (kappa m + n xbar) / (kappa + n)
    sds           of sigma^2 ~ InvGamma(a, b): E sigma = sqrt(b) Gamma(a - 1/2) / Gamma(a); IW(nu, Psi) has a =
                  (nu - D + 1) / 2, b = Psi_dd / 2 for each feature
    correlations  those of Psi
    """
    n_features = points.shape[1]
    try:
        model = GibbsModel.of(prior, best.n_components, n_features, best.structure)
    except ValueError:
        return None
    spread, means = model.spread_prior, model.mean_prior
    if spread.hierarchical:
        return None
    allocated = best.responsibilities(points)
    counts = allocated.sum(axis=0)
    weights = (counts + model.concentration) / (counts.sum() + model.concentration.sum())
    scatter = _scatter(points, best, allocated, means)
    if isinstance(spread, InverseGammaVariances):
        shared = tuple(axis for axis in (0, 1) if spread.shape.shape[axis] == 1)
        diagonal = np.diagonal(scatter, axis1=1, axis2=2)
        shape = spread.shape + 0.5 * np.broadcast_to(counts[:, None], diagonal.shape).sum(axis=shared, keepdims=True)
        scale = spread.scale + 0.5 * diagonal.sum(axis=shared, keepdims=True)
        share, correlations = spread.scale / scale, []
    else:
        assert isinstance(spread, InverseWishartMatrices)
        shared = (0,) if len(spread.dof) == 1 else ()
        dof, matrix = (
            spread.dof + counts.sum(axis=shared, keepdims=True),
            spread.scale + scatter.sum(axis=shared, keepdims=True),
        )
        shape, scale = 0.5 * (dof[:, None] - n_features + 1.0), 0.5 * np.diagonal(matrix, axis1=1, axis2=2)
        share = 0.5 * np.diagonal(spread.scale, axis1=1, axis2=2) / scale
        sds = np.sqrt(np.diagonal(matrix, axis1=1, axis2=2))
        pairs = list(combinations(range(n_features), 2))
        correlations = [float(m[i, j] / (sd[i] * sd[j])) for m, sd in zip(matrix, sds, strict=True) for i, j in pairs]
    sigma = np.sqrt(scale) * np.exp(gammaln(shape - 0.5) - gammaln(shape))
    centres = _centres(points, best, allocated, means)
    before, after = (None,) * (weights.size + centres.size), (None,) * len(correlations)
    return FixedAllocations(
        (*weights.tolist(), *centres.ravel().tolist(), *sigma.ravel().tolist(), *correlations),
        (*before, *np.broadcast_to(share, sigma.shape).ravel().tolist(), *after),
    )


def _averages(points: FloatArray, allocated: FloatArray) -> FloatArray:
    return np.asarray(allocated.T @ points / allocated.sum(axis=0)[:, None])


def _centres(points: FloatArray, best: GaussianMixture, allocated: FloatArray, prior: MeanPrior) -> FloatArray:
    """E mu_k given EM's covariance, (K, D)."""
    counts, averages = allocated.sum(axis=0), _averages(points, allocated)
    if isinstance(prior, ConjugateMeans):
        strength = prior.strength[:, None]
        return np.asarray((strength * prior.location + counts[:, None] * averages) / (strength + counts[:, None]))
    assert isinstance(prior, IndependentMeans)
    location, precision = (np.broadcast_to(part, averages.shape) for part in (prior.location, prior.precision))
    of_data = counts[:, None, None] * np.linalg.inv(best.dense_covariances)
    of_prior = np.eye(points.shape[1]) * precision[:, :, None]
    sums = of_prior @ location[:, :, None] + of_data @ averages[:, :, None]
    return np.asarray(np.linalg.solve(of_prior + of_data, sums)[:, :, 0])


def _scatter(points: FloatArray, best: GaussianMixture, allocated: FloatArray, prior: MeanPrior) -> FloatArray:
    """Sums of squares about EM's means, and about the prior's where means move with covariances: (K, D, D)."""
    about = points[:, None, :] - best.means  # (N, K, D)
    scatter = np.einsum("nk,nki,nkj->kij", allocated, about, about)
    if isinstance(prior, ConjugateMeans):
        counts = allocated.sum(axis=0)
        pull = _averages(points, allocated) - prior.location
        weight = prior.strength * counts / (prior.strength + counts)
        scatter = scatter + weight[:, None, None] * pull[:, :, None] * pull[:, None, :]
    return np.asarray(scatter)
