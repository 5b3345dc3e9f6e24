"""Standard errors from the curvature of the log-likelihood at its maximum."""

import numpy as np
from numpy.typing import ArrayLike

from em.arguments import as_mixture
from em.uncertainty.errors import StandardErrors
from mixture import GaussianMixture
from mixture.arrays import FloatArray
from mixture.information import information, representable


class NotAMaximum(ValueError):
    """The observed information is not positive definite: the mixture is not at a strict local maximum."""


def standard_errors(x: ArrayLike, mixture: GaussianMixture, *, weights: ArrayLike | None = None) -> StandardErrors:
    """C = I(theta)^-1, I the exact observed information at the optimum: right if the model is.

    x (N, D), weights (N,) counts of the points or None. The last weight, the scales and the stored covariances follow
    by the delta method. Raises NotAMaximum if I is not positive definite there, ValueError for bad data or an empty
    component.
    Source: Louis 1982, JRSS B 44:226; Efron & Hinkley 1978, Biometrika 65:457, for observed over expected information.
    """
    observed = information(x, as_mixture(mixture), weights=weights).observed
    with representable():
        return StandardErrors.of_free_parameters(inverse(observed), mixture)


def inverse(observed: FloatArray) -> FloatArray:
    """I^-1 of a positive definite information (P, P), scaled to unit diagonal first: units do not matter.

    Raises NotAMaximum, saying what to do, if it is not positive definite.
    """
    scale = np.sqrt(np.abs(np.diagonal(observed)))
    scale[scale == 0.0] = 1.0
    try:
        root = np.linalg.cholesky(observed / np.outer(scale, scale))
    except np.linalg.LinAlgError as error:
        raise NotAMaximum(
            "the observed information is not positive definite: this is not a strict local maximum of the likelihood."
            " Let EM converge further (a smaller tolerance, more iterations), or fit fewer components."
        ) from error
    with representable():
        inverse_root = np.linalg.inv(root) / scale
        covariance: FloatArray = inverse_root.T @ inverse_root
    return covariance
