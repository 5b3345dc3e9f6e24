"""The type every method ends in: standard errors, shaped like the mixture they belong to."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from em.uncertainty.elements import free_moves, split
from mixture import GaussianMixture
from mixture.arrays import FloatArray

METHOD = "observed information"
SOURCE = "Louis 1982, JRSS B 44:226; Efron & Hinkley 1978, Biometrika 65:457"
"""What standard errors are by unless something else is said."""


@dataclass(frozen=True, eq=False)
class StandardErrors:
    """Square roots of the diagonal of C, the estimated covariance matrix of the maximum likelihood estimate.

    weights      (K,)   SE of pi_k
    means        (K, D) SE of mu_k, in the units of the data
    covariances  in the shape of the structure, units squared; an off-diagonal element and its mirror are one parameter
    scales       (K, D) SE of the standard deviations sqrt(Sigma_k[d, d]), units of the data
    covariance   (P, P) C of the free parameters (order as in `mixture.information.Information`)
    method       how C was estimated
    source       where that is from
    """

    weights: FloatArray
    means: FloatArray
    covariances: FloatArray
    scales: FloatArray
    covariance: FloatArray
    method: str = METHOD
    source: str = SOURCE

    @classmethod
    def of_free_parameters(
        cls, covariance: FloatArray, mixture: GaussianMixture, method: str = METHOD, source: str = SOURCE
    ) -> "StandardErrors":
        """From C (P, P): SE of every stored number t by the delta method, sqrt(diag(T C T^T)), T = dt / d theta."""
        moves = free_moves(mixture)
        errors = np.sqrt(np.maximum(np.einsum("qi,ij,qj->q", moves, covariance, moves, optimize=True), 0.0))
        weights, means, covariances = split(errors, mixture)
        return cls(weights, means, covariances, scale_errors(covariances, mixture), covariance, method, source)

    def to_dataset(self, mixture: GaussianMixture) -> xr.Dataset:
        """Estimates and standard errors side by side, for the mixture they belong to.

        Variables weights (quantity, component), means (quantity, component, feature), covariances (quantity, component,
        feature, feature_other), always dense, and scales (quantity, component, feature); the coordinate of `quantity`
        is "estimate", "standard_error". C stands beside them as `covariance` (parameter, parameter_other).
        """
        k, d = mixture.means.shape
        dense = mixture.dense_covariances
        structure = mixture.covariance_structure
        pairs = {
            "weights": (mixture.weights, self.weights),
            "means": (mixture.means, self.means),
            "covariances": (dense, structure.dense(self.covariances, k, d)),
            "scales": (np.sqrt(np.diagonal(dense, axis1=1, axis2=2)), self.scales),
        }
        dims = ("component", "feature", "feature_other")
        variables = {
            name: (("quantity", *dims[: estimate.ndim]), np.stack([estimate, error]))
            for name, (estimate, error) in pairs.items()
        }
        coords = {
            "quantity": ["estimate", "standard_error"],
            "component": np.arange(k),
            "feature": np.arange(d),
            "feature_other": np.arange(d),
        }
        attrs = {"method": self.method, "structure": mixture.structure, "source": self.source}
        dataset = xr.Dataset(variables, coords=coords, attrs=attrs)
        return dataset.assign(covariance=(("parameter", "parameter_other"), self.covariance))


def scale_errors(covariances: FloatArray, mixture: GaussianMixture) -> FloatArray:
    """SE of sqrt(Sigma_k[d, d]), (K, D), from those of the stored covariances: SE(s^2) / (2 s)."""
    k, d = mixture.means.shape
    variances = np.diagonal(mixture.dense_covariances, axis1=1, axis2=2)
    of_variances = np.diagonal(mixture.covariance_structure.dense(covariances, k, d), axis1=1, axis2=2)
    errors: FloatArray = of_variances / (2.0 * np.sqrt(variances))
    return errors
