"""From the errors of the parameters to those of anything computed from them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from em.arguments import as_mixture
from em.uncertainty.elements import free_moves, moved
from em.uncertainty.errors import StandardErrors
from mixture import GaussianMixture
from mixture.arrays import FloatArray

STEP = 1e-3
"""Size of a step, in standard errors: differences are then wrong by about 1e-6 of themselves."""


@dataclass(frozen=True, eq=False)
class DeltaMethod:
    """A function of the parameters and its standard errors.

    estimate        g(mixture), in its own shape
    standard_error  in the same shape
    covariance      (M, M) of the M values, row by row
    method          where the covariance of the parameters is from
    """

    estimate: FloatArray
    standard_error: FloatArray
    covariance: FloatArray
    method: str

    def to_dataset(self, dims: tuple[str, ...] | None = None) -> xr.Dataset:
        """Variables `estimate` and `standard_error` over `dims` (value_0, value_1, ... unless named), `covariance`."""
        axes = tuple(f"value_{i}" for i in range(self.estimate.ndim)) if dims is None else dims
        variables = {"estimate": (axes, self.estimate), "standard_error": (axes, self.standard_error)}
        pair = (("value", "value_other"), self.covariance)
        return xr.Dataset({**variables, "covariance": pair}, attrs={"method": f"delta method, {self.method}"})


def delta_method(
    function: Callable[[GaussianMixture], ArrayLike], mixture: GaussianMixture, errors: StandardErrors
) -> DeltaMethod:
    """Cov g = G C G^T, G = d g / d theta, for a smooth function g of the mixture.

    function  from a mixture to a number or an array, smooth about `mixture`
    errors    of the parameters of `mixture`, by any method: C = `errors.covariance`

    C is split into independent directions u_j with C = sum_j u_j u_j^T, along which g is differenced centrally with
    steps of 0.001 standard errors: G C G^T = sum_j (G u_j)(G u_j)^T. So every step is in the scale of its parameters.
    The function may be handed a mixture of structure "full" or "diag" where `mixture` has covariances that share a
    shape or an orientation. Raises ValueError if g is not finite, if steps leave the parameter space, or if `errors`
    are none, or of another number of parameters.
    Source: Efron & Tibshirani 1993, An Introduction to the Bootstrap, section 21.2; Casella & Berger 2002, 5.5.4.
    """
    mixture = as_mixture(mixture)
    errors = _errors_of(errors, mixture)
    estimate = _value(function, mixture)
    steps = free_moves(mixture) @ _directions(errors.covariance)
    slopes = np.zeros((estimate.size, steps.shape[1]))
    for j, direction in enumerate(steps.T):
        ahead, behind = (_value(function, moved(mixture, sign * STEP * direction)) for sign in (1.0, -1.0))
        if ahead.shape != estimate.shape:
            raise ValueError(f"the function changes its shape: {estimate.shape} at the estimate, {ahead.shape} near it")
        slopes[:, j] = (ahead - behind).ravel() / (2.0 * STEP)
    covariance = slopes @ slopes.T
    standard_error = np.sqrt(np.diagonal(covariance)).reshape(estimate.shape)
    return DeltaMethod(estimate, standard_error, covariance, errors.method)


def _errors_of(errors: object, mixture: GaussianMixture) -> StandardErrors:
    if not isinstance(errors, StandardErrors):
        kind = type(errors).__name__
        known = {"Jackknife": ": hand in its .errors", "Replicates": ": hand in its .standard_errors()"}
        advice = known.get(kind, ": take those of standard_errors or sandwich")
        raise ValueError(f"errors must be StandardErrors, not {kind}{advice}")
    if len(errors.covariance) != mixture.n_parameters:
        raise ValueError(
            f"errors are those of {len(errors.covariance)} parameters, but the mixture has {mixture.n_parameters}: hand"
            " in the errors of this mixture"
        )
    return errors


def _directions(covariance: FloatArray) -> FloatArray:
    """U (P, R) with U U^T = C, by the eigenvectors of the correlation matrix: units do not matter."""
    scales = np.sqrt(np.diagonal(covariance))
    safe = np.where(scales > 0.0, scales, 1.0)
    values, vectors = np.linalg.eigh(covariance / np.outer(safe, safe))
    kept = values > len(values) * np.finfo(np.float64).eps * max(values.max(initial=0.0), 0.0)
    directions: FloatArray = scales[:, None] * vectors[:, kept] * np.sqrt(values[kept])
    return directions


def _value(function: Callable[[GaussianMixture], ArrayLike], mixture: GaussianMixture) -> FloatArray:
    value = np.array(function(mixture), dtype=np.float64)
    if not np.isfinite(value).all():
        raise ValueError("the function is not finite at or near the estimate: the delta method needs a smooth one")
    return value
