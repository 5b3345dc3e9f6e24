"""Label-invariant quantities of a posterior: what permuting the components of a draw cannot change.

If these have converged, whatever else looks wrong is the labels; if they have not, no relabelling will help.
"""

import numpy as np
import xarray as xr

from bayesian.draws import log_densities
from bayesian.posterior import Posterior
from mixture.arrays import FloatArray

LOG_POSTERIOR_NAMES = ("lp", "logp")
"""What samplers call log p(theta | X) up to a constant in sample_stats: ArviZ and PyMC, nutpie."""

POINT_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Which data points the density is followed at: their ranks along the first principal axis."""


def invariants(posterior: Posterior) -> xr.Dataset:
    """Label-invariant quantities of each draw, variables with dimensions (chain, draw, ...):

    log_likelihood: log p(X | theta), nats. log_posterior: log p(theta | X) up to a constant, where the sampler kept
    it; it is invariant only under an exchangeable prior, and that it is not under another is what tells copies of one
    mode from modes of different height. log_density (point): log p(x | theta) at five data points, nats. sorted_means
    (rank, feature): each feature's means in ascending order. mixture_mean (feature): sum_k pi_k mu_k. mixture_trace:
    trace of the covariance of the mixture as a whole.
    """
    weights, means, covariances = posterior.weights, posterior.means, posterior.covariances
    n_chains, n_draws = weights.shape[:2]
    points = fixed_points(posterior.data)
    flat = (draws.reshape(-1, *draws.shape[2:]) for draws in (weights, means, covariances))
    overall = np.einsum("csk,cskd->csd", weights, means)
    within = np.einsum("csk,cskdd->cs", weights, covariances)
    between = np.einsum("csk,cskd->cs", weights, np.square(means - overall[:, :, None]))
    draws = ("chain", "draw")
    variables = {
        "log_likelihood": (draws, posterior.log_likelihood),
        "log_density": ((*draws, "point"), log_densities(points, *flat).reshape(n_chains, n_draws, -1)),
        "sorted_means": ((*draws, "rank", "feature"), np.sort(means, axis=2)),
        "mixture_mean": ((*draws, "feature"), overall),
        "mixture_trace": (draws, within + between),
    }
    stats = posterior.tree["sample_stats"].data_vars
    for name in LOG_POSTERIOR_NAMES:
        if name in stats:
            variables["log_posterior"] = (draws, np.asarray(stats[name].transpose(*draws).values, dtype=np.float64))
            break
    return xr.Dataset(variables)


def fixed_points(x: FloatArray) -> FloatArray:
    """The data points (P, D) at POINT_QUANTILES of the scores on the first principal axis of the data x (N, D)."""
    centred = x - x.mean(axis=0)
    axis = np.linalg.eigh(centred.T @ centred)[1][:, -1]
    ranked = np.argsort(centred @ axis, kind="stable")
    positions = np.round(np.array(POINT_QUANTILES) * (len(x) - 1)).astype(np.int64)
    return x[ranked[np.unique(positions)]]
