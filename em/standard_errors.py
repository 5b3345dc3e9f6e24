"""How well the likelihood determines its maximum: standard errors from the observed information."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mixture import GaussianMixture
from mixture.arrays import FloatArray
from mixture.information import information, representable


class NotAMaximum(ValueError):
    """The observed information is not positive definite: the mixture is not at a strict local maximum."""


@dataclass(frozen=True)
class StandardErrors:
    """Square roots of the diagonal of I(theta)^-1, on the natural parameters, shaped like those of the mixture.

    weights      (K,)   SE of pi_k; the last by the delta method, as one minus the others
    means        (K, D) SE of mu_k, in the units of the data
    covariances  in the shape of the structure, units squared; an off-diagonal element and its mirror are one parameter
    scales       (K, D) SE of the standard deviations sqrt(Sigma_k[d, d]), by the delta method, units of the data
    covariance   (P, P) I(theta)^-1 of the free parameters (order as in `mixture.information.Information`)
    """

    weights: FloatArray
    means: FloatArray
    covariances: FloatArray
    scales: FloatArray
    covariance: FloatArray


def standard_errors(x: ArrayLike, mixture: GaussianMixture, *, weights: ArrayLike | None = None) -> StandardErrors:
    """SE(theta_p) = sqrt([I(theta)^-1]_pp), I the exact observed information at the optimum.

    x (N, D). Raises NotAMaximum if I is not positive definite there, ValueError for bad data or an empty component.
    Source: Louis 1982, JRSS B 44:226; Efron & Hinkley 1978, Biometrika 65:457, for observed over expected information.
    """
    observed = information(x, mixture, weights=weights).observed
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
        covariance = inverse_root.T @ inverse_root
    k, d = mixture.n_components, mixture.n_features
    structure = mixture.covariance_structure
    errors = np.sqrt(np.diagonal(covariance))
    last = np.sqrt(covariance[: k - 1, : k - 1].sum())
    of_covariances = errors[k - 1 + k * d :]
    stored = structure.unpack(of_covariances, k, d)
    variances = np.diagonal(mixture.dense_covariances, axis1=1, axis2=2)
    of_variances = np.diagonal(structure.dense(stored, k, d), axis1=1, axis2=2)
    return StandardErrors(
        weights=np.append(errors[: k - 1], last),
        means=errors[k - 1 : k - 1 + k * d].reshape(k, d),
        covariances=stored,
        scales=of_variances / (2.0 * np.sqrt(variances)),
        covariance=covariance,
    )
