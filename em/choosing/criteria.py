"""Criteria that weigh the likelihood against the number of parameters."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mixture import GaussianMixture, expected_statistics
from mixture.arrays import as_point_weights, as_points


@dataclass(frozen=True)
class Criteria:
    """AIC, BIC and ICL of one mixture on one data set. SMALLER IS BETTER, as in scikit-learn; mclust prints -BIC, -ICL.

    log_likelihood  log L, total in nats
    n_parameters    free parameters p
    n_samples       n (sum of point weights)
    aic             -2 log L + 2 p                                   (Akaike 1974)
    bic             -2 log L + p log n                               (Schwarz 1978)
    icl             bic - 2 sum_n log max_k r_nk, with the MAP allocation  (Biernacki, Celeux & Govaert 2000)
    """

    log_likelihood: float
    n_parameters: int
    n_samples: float
    aic: float
    bic: float
    icl: float

    sign = "smaller is better"


def criteria(x: ArrayLike, mixture: GaussianMixture, *, weights: ArrayLike | None = None) -> Criteria:
    """AIC = -2 log L + 2 p, BIC = -2 log L + p log n, ICL = BIC - 2 sum_n log max_k r_nk; smaller is better.

    x (N, D), weights (N,) or None. ICL takes the MAP allocation, as mclust does. Raises ValueError for bad data.
    Source: Biernacki, Celeux & Govaert 2000, IEEE PAMI 22:719; Fraley & Raftery 2007 for mclust's sign, -BIC.
    """
    points = as_points(x, n_features=mixture.n_features)
    point_weights = as_point_weights(weights, len(points))
    log_likelihood = expected_statistics(points, mixture, point_weights).log_likelihood
    n_samples = float(point_weights.sum()) if point_weights.size else float(len(points))
    p = mixture.n_parameters
    bic = -2.0 * log_likelihood + p * math.log(n_samples)
    log_certainty = np.log(mixture.responsibilities(points).max(axis=1))
    entropy = float(point_weights @ log_certainty) if point_weights.size else float(log_certainty.sum())
    return Criteria(log_likelihood, p, n_samples, -2.0 * log_likelihood + 2.0 * p, bic, bic - 2.0 * entropy)
