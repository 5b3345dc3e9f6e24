"""The predictive log density of points that the posterior has not seen.

log p(x* | X) = log (1/T) sum_t p(x* | theta_t)
"""

from dataclasses import dataclass

import arviz as az
import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from bayesian.draws import log_densities
from bayesian.posterior import Posterior
from mixture.arrays import FloatArray, as_points


@dataclass(frozen=True, eq=False)
class HeldOut:
    """log_density (M,) of each point given the data, in nats; total: their sum, with its Monte Carlo standard error.

    mean_error: the standard error of total / M as an estimate for further points of the same kind, from how much the
    points differ; the Monte Carlo error is that of the draws.
    """

    log_density: FloatArray
    monte_carlo_error: float

    @property
    def total(self) -> float:
        return float(self.log_density.sum())

    @property
    def mean_error(self) -> float:
        return float(self.log_density.std(ddof=1) / np.sqrt(len(self.log_density)))

    def __str__(self) -> str:
        return (
            f"predictive log density of {len(self.log_density)} held-out points: {self.total:.3f} nats,"
            f" {self.total / len(self.log_density):.4f} a point (Monte Carlo error {self.monte_carlo_error:.3f})"
        )


def held_out_log_density(posterior: Posterior, x: ArrayLike) -> HeldOut:
    """sum_i log (1/T) sum_t p(x_i | theta_t) of new points x (M, D), each given the data of the posterior alone.

    The Monte Carlo error is that of the mean over draws of sum_i p(x_i | theta_t) / p(x_i | X), autocorrelation
    included (delta method). No labels are needed. Raises ValueError for points of another width or not finite, and for
    fewer than two of them.
    """
    points = as_points(x, n_features=posterior.n_features)
    if len(points) < 2:
        raise ValueError("give at least two held-out points: their spread is the error of the mean")
    shape = (posterior.n_chains, posterior.n_draws)
    flat = (
        values.reshape(-1, *values.shape[2:]) for values in (posterior.weights, posterior.means, posterior.covariances)
    )
    each = log_densities(points, *flat)
    mean = np.asarray(logsumexp(each, axis=0) - np.log(len(each)))
    ratios = np.exp(each - mean).sum(axis=1).reshape(shape)
    return HeldOut(mean, float(az.mcse(ratios)))
