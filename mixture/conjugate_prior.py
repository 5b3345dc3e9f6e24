"""The conjugate prior of means and covariances: normal-inverse-Wishart, and its diagonal and spherical kin."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln, multigammaln

from mixture.arrays import FloatArray, as_component_count, as_point_weights, as_points
from mixture.covariance import Covariance
from mixture.gaussian_mixture import GaussianMixture
from mixture.statistics import ExpectedStatistics, Moments

MEAN_STRENGTH = 0.01
"""Points' worth of prior information about a mean, as Fraley & Raftery 2007 take it."""


@dataclass(frozen=True, eq=False)
class ConjugatePrior:
    """mu_k | Sigma_k ~ N(mu_p, Sigma_k / kappa_p), Sigma_k ~ IW(nu_p, Lambda_p); flat in the weights.

    mean                (D,) mu_p, in the units of the data
    mean_strength       kappa_p > 0, in points
    degrees_of_freedom  nu_p > D - 1
    scale               (D, D) Lambda_p, units of the data squared

    Uncorrelated covariances have sigma_kd^2 ~ InvGamma(nu_p / 2, Lambda_p[d, d] / 2) for each feature; spherical ones a
    single sigma_k^2 ~ InvGamma(nu_p / 2, tr Lambda_p / 2D). A covariance shared by all components is drawn once.
    Families that share a volume, shape or orientation have the same density, restricted to them.
    Source: Fraley & Raftery 2007, J. Classif. 24:155, section 3, but for uncorrelated covariances, whose scale is each
    feature's own here (theirs is the average of all features, which depends on units).
    """

    mean: FloatArray
    mean_strength: float
    degrees_of_freedom: float
    scale: FloatArray

    def __post_init__(self) -> None:
        mean, scale = np.array(self.mean, dtype=np.float64), np.array(self.scale, dtype=np.float64)
        if mean.ndim != 1 or not mean.size or not np.isfinite(mean).all():
            raise ValueError("the prior mean must be a vector of D finite numbers")
        d = mean.size
        symmetric = scale.shape == (d, d) and bool(np.isfinite(scale).all()) and np.allclose(scale, scale.T)
        if not symmetric or np.linalg.eigvalsh(scale)[0] <= 0.0:
            raise ValueError(f"the prior scale must be a symmetric positive definite matrix of shape ({d}, {d})")
        if not self.mean_strength > 0.0 or not np.isfinite(self.mean_strength):
            raise ValueError(f"mean_strength must be positive, not {self.mean_strength}")
        if not self.degrees_of_freedom > d - 1 or not np.isfinite(self.degrees_of_freedom):
            raise ValueError(f"degrees_of_freedom must be more than D - 1 = {d - 1}, not {self.degrees_of_freedom}")
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "scale", scale)

    @classmethod
    def fraley_raftery(
        cls, x: ArrayLike, n_components: int, *, weights: ArrayLike | None = None, mean_strength: float = MEAN_STRENGTH
    ) -> "ConjugatePrior":
        """mu_p the mean of the data, nu_p = D + 2, Lambda_p = S / K^(2/D), S the covariance of the data.

        x (N, D), weights (N,) or None. Raises ValueError for bad data and for data with a singular covariance.
        Source: Fraley & Raftery 2007, section 3.2.
        """
        points = as_points(x)
        k = as_component_count(n_components, len(points))
        mass = as_point_weights(weights, len(points))
        mass = mass if mass.size else np.ones(len(points))
        total = float(mass.sum())
        if total <= 1.0:
            raise ValueError("a prior from the data needs more than one point")
        mean = mass @ points / total
        centred = points - mean
        mean += mass @ centred / total
        d = points.shape[1]
        covariance = (mass[:, None] * centred).T @ centred / (total - 1.0)
        return cls(mean, mean_strength, d + 2.0, 0.5 * (covariance + covariance.T) / k ** (2.0 / d))

    def moments(self, statistics: ExpectedStatistics, structure: Covariance) -> Moments:
        """What the data and the prior together give the M step."""
        k, d = statistics.about.shape
        sharing = k if structure.shared else 1
        exponent, scale = self._of_structure(structure, k, d)
        offset = self.mean - statistics.about
        second = statistics.second + scale / sharing
        if structure.diagonal:
            second = second + self.mean_strength * offset**2
        else:
            second = second + self.mean_strength * offset[:, :, None] * offset[:, None, :]
        return Moments(
            counts=statistics.counts,
            mean_counts=statistics.counts + self.mean_strength,
            covariance_counts=statistics.counts + 1.0 + exponent / sharing,
            first=statistics.first + self.mean_strength * offset,
            second=second,
            about=statistics.about,
        )

    def log_density(self, mixture: GaussianMixture) -> float:
        """log p(mu, Sigma), a sum over components (over the one covariance, if it is shared), in nats."""
        structure, (k, d) = mixture.covariance_structure, mixture.means.shape
        nu = self.degrees_of_freedom
        _, scale = self._of_structure(structure, k, d)
        dense = mixture.dense_covariances
        roots = np.linalg.cholesky(dense)
        log_determinants = 2.0 * np.log(np.diagonal(roots, axis1=1, axis2=2)).sum(axis=1)
        standardised = np.linalg.solve(roots, (mixture.means - self.mean)[:, :, None])
        of_means = 0.5 * (
            d * np.log(self.mean_strength / (2.0 * np.pi))
            - log_determinants
            - self.mean_strength * np.square(standardised).sum(axis=(1, 2))
        )
        rows = slice(0, 1) if structure.shared else slice(None)
        variances = np.diagonal(dense, axis1=1, axis2=2)[rows]
        if _spherical(structure, k, d):
            of_covariances = _log_inverse_gamma(variances[:, 0], 0.5 * nu, 0.5 * d * scale[0])
        elif structure.diagonal:
            of_covariances = _log_inverse_gamma(variances, 0.5 * nu, 0.5 * scale).sum(axis=1)
        else:
            of_covariances = (
                0.5 * nu * (np.linalg.slogdet(scale)[1] - d * np.log(2.0))
                - multigammaln(0.5 * nu, d)
                - 0.5 * (nu + d + 1.0) * log_determinants[rows]
                - 0.5 * np.trace(np.linalg.solve(dense[rows], scale), axis1=1, axis2=2)
            )
        return float(of_means.sum() + of_covariances.sum())

    def _of_structure(self, structure: Covariance, k: int, d: int) -> tuple[float, FloatArray]:
        """a and Lambda in |Sigma|^(-a/2) exp(-tr(Lambda Sigma^-1) / 2); Lambda (D,) for uncorrelated structures."""
        nu = self.degrees_of_freedom
        if _spherical(structure, k, d):
            return (nu + 2.0) / d, np.full(d, np.trace(self.scale) / d**2)
        if structure.diagonal:
            return nu + 2.0, np.diagonal(self.scale)
        return nu + d + 1.0, self.scale


def _spherical(structure: Covariance, k: int, d: int) -> bool:
    return structure.shape(k, d) == (() if structure.shared else (k,))


def _log_inverse_gamma(v: FloatArray, shape: float, scale: FloatArray | float) -> FloatArray:
    """log InvGamma(v; a, b) = a log b - log Gamma(a) - (a + 1) log v - b / v."""
    density: FloatArray = shape * np.log(scale) - gammaln(shape) - (shape + 1.0) * np.log(v) - scale / v
    return density
