"""One Gibbs sweep of a Gaussian mixture, at any temperature.

    p_beta(theta, z | X) proportional to p(theta) prod_n (pi_{z_n} N(x_n | mu_{z_n}, Sigma_{z_n}))^beta

beta = 1 is the posterior. beta = 0 is the prior, with z uniform: summed over z, p_0 is K^N times the prior.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from bayesian.gibbs.conjugacy import mean_prior, spread_prior
from bayesian.gibbs.groups import Groups
from bayesian.gibbs.mean_priors import MeanPrior
from bayesian.gibbs.parameters import Parameters
from bayesian.gibbs.spread_priors import SpreadPrior
from bayesian.priors.prior import Prior
from mixture import GaussianMixture
from mixture.arrays import FloatArray

SMALLEST_WEIGHT = float(np.finfo(np.float64).tiny)
"""Weights below the smallest normal double are raised to it: a sparse Dirichlet draws e^-1000, whose log is wanted."""


@dataclass(frozen=True, eq=False)
class GibbsModel:
    """The prior as conditional updates; the data are arguments. concentration (K,)."""

    concentration: FloatArray
    mean_prior: MeanPrior
    spread_prior: SpreadPrior

    @classmethod
    def of(cls, prior: Prior, n_components: int, n_features: int, structure: str) -> Self:
        """Raises ValueError, naming NUTS instead, for a prior without conjugate updates."""
        arrays = prior.arrays(n_components, n_features, structure)
        means = mean_prior(arrays)
        spread = spread_prior(prior, arrays, n_components, n_features, structure)
        return cls(arrays["prior_concentration"], means, spread)

    def parameters_of(self, mixture: GaussianMixture) -> Parameters:
        """A start."""
        spread = self.spread_prior.spread_of(mixture.dense_covariances)
        weights = np.maximum(mixture.weights, SMALLEST_WEIGHT)
        return Parameters(weights, mixture.means, spread, self.spread_prior.scale)

    def allocate(self, points: FloatArray, theta: Parameters, rng: np.random.Generator, beta: float = 1.0) -> Groups:
        """z | theta, X; points (N, D)."""
        k, d = theta.means.shape
        factors = theta.spread.precision_factors
        factors = np.ascontiguousarray(np.broadcast_to(factors, (k, d) if factors.ndim == 2 else (k, d, d)))
        return Groups.draw(points, theta.weights, theta.means, factors, beta, rng)

    def draw_parameters(
        self, theta: Parameters, groups: Groups, rng: np.random.Generator, beta: float = 1.0
    ) -> Parameters:
        """theta | z, X: the scale of the covariances' prior, weights, then means and covariances."""
        tempered = groups.tempered(beta)
        scale = self.spread_prior.draw_scale(theta.spread, rng)
        weights = np.maximum(rng.dirichlet(self.concentration + tempered.counts), SMALLEST_WEIGHT)
        means, spread = self.mean_prior.draw_pair(tempered, theta.spread, self.spread_prior, scale, rng)
        return Parameters(weights, means, spread, scale)

    def sweep(self, points: FloatArray, theta: Parameters, rng: np.random.Generator, beta: float = 1.0) -> Parameters:
        """One kernel that leaves p_beta(theta | X), z summed out, where it is; points (N, D), 0 <= beta <= 1."""
        return self.draw_parameters(theta, self.allocate(points, theta, rng, beta), rng, beta)
