"""Criteria that weigh the likelihood against the number of parameters."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from em.arguments import check_switch
from em.sources import Incomplete
from em.sources.patterns import as_cells
from mixture import GaussianMixture, expected_statistics
from mixture.arrays import FloatArray, as_point_weights, as_points


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


def criteria(
    x: ArrayLike, mixture: GaussianMixture, *, weights: ArrayLike | None = None, missing: bool = False
) -> Criteria:
    """AIC = -2 log L + 2 p, BIC = -2 log L + p log n, ICL = BIC - 2 sum_n log max_k r_nk; smaller is better.

    x (N, D), weights (N,) or None. missing: whether NaN stands for a missing cell; each row then counts by its observed
    cells, and is one of the N. ICL takes the MAP allocation, as mclust does. Raises ValueError for bad data.
    Source: Biernacki, Celeux & Govaert 2000, IEEE PAMI 22:719; Fraley & Raftery 2007 for mclust's sign, -BIC.
    """
    check_switch(missing, "missing")
    if missing and np.isnan(cells := as_cells(x)).any():
        source = Incomplete(cells, weights, n_features=mixture.n_features)
        log_likelihood = source.statistics(mixture).log_likelihood
        return _criteria(mixture, log_likelihood, source.total_weight, source.responsibilities(mixture), source.weights)
    points = as_points(x, n_features=mixture.n_features)
    point_weights = as_point_weights(weights, len(points))
    log_likelihood = expected_statistics(points, mixture, point_weights).log_likelihood
    n_samples = float(point_weights.sum()) if point_weights.size else float(len(points))
    return _criteria(mixture, log_likelihood, n_samples, mixture.responsibilities(points), point_weights)


def _criteria(
    mixture: GaussianMixture,
    log_likelihood: float,
    n_samples: float,
    responsibilities: FloatArray,
    weights: FloatArray,
) -> Criteria:
    p = mixture.n_parameters
    bic = -2.0 * log_likelihood + p * math.log(n_samples)
    log_certainty = np.log(responsibilities.max(axis=1))
    entropy = float(weights @ log_certainty) if weights.size else float(log_certainty.sum())
    return Criteria(log_likelihood, p, n_samples, -2.0 * log_likelihood + 2.0 * p, bic, bic - 2.0 * entropy)
