"""From a mixture to the point of a model's parameter space where it lies: starts of chains at given mixtures."""

from collections.abc import Callable

import numpy as np
import pymc as pm
import pytensor

from mixture import GaussianMixture
from mixture.arrays import FloatArray


def _correlations(mixture: GaussianMixture) -> FloatArray:
    sds = np.sqrt(np.diagonal(mixture.dense_covariances, axis1=1, axis2=2))
    correlations: FloatArray = mixture.dense_covariances / (sds[:, :, None] * sds[:, None, :])
    return correlations


def _scales(mixture: GaussianMixture) -> FloatArray:
    """Sds in the shape of the structure: (K, D) of dense covariances, one row if they are shared."""
    if mixture.structure not in ("full", "tied"):
        return np.sqrt(mixture.covariances)
    sds = np.sqrt(np.diagonal(mixture.dense_covariances, axis1=1, axis2=2))
    return sds[0] if mixture.structure == "tied" else sds


PARAMETERS: dict[str, Callable[[GaussianMixture], FloatArray]] = {
    "weights": lambda mixture: mixture.weights,
    "means": lambda mixture: mixture.means,
    "scales": _scales,
    "correlations": lambda mixture: _correlations(mixture)[0 if mixture.structure == "tied" else slice(None)],
    "covariances": lambda mixture: mixture.covariances,
    "covariance": lambda mixture: mixture.covariances,
}
"""The value of each random variable of a model at a mixture."""


def initial_values(model: pm.Model, mixture: GaussianMixture) -> dict[str, FloatArray]:
    """The unconstrained coordinates of a mixture, by the names of the model's value variables.

    An ordered model gets the components sorted by the mean of the first feature. Raises ValueError if the
    mixture has another shape or structure than the model, or lies on the edge of the parameter space (an empty
    component, equal means under order).
    """
    if "means_ordered__" in (value.name for value in model.value_vars):
        mixture = mixture.permute(np.argsort(mixture.means[:, 0]))
    expected = model.initial_point()
    result: dict[str, FloatArray] = {}
    for rv in model.free_RVs:
        name = model.rvs_to_values[rv].name
        value = np.asarray(PARAMETERS[rv.name](mixture))
        if value.ndim != rv.type.ndim:
            raise ValueError(
                f"a {mixture.structure} mixture does not fit this model: {rv.name} has another shape there"
            )
        with np.errstate(divide="ignore", invalid="ignore"):
            point = _forward(model, rv, value)
        if point.shape != expected[name].shape:
            raise ValueError(
                f"the mixture has {mixture.n_components} components and {mixture.n_features} features;"
                " this model has others"
            )
        if not np.isfinite(point).all():
            raise ValueError(
                f"the mixture lies on the edge of the parameter space: its {rv.name} have no finite coordinates"
            )
        result[name] = point
    return result


def unconstrained(model: pm.Model, mixture: GaussianMixture) -> FloatArray:
    """`initial_values` as one vector (n_dim,), in the order of the model's variables: a start for `sample_chain`."""
    return np.concatenate([value.ravel() for value in initial_values(model, mixture).values()])


def _forward(model: pm.Model, rv: pytensor.tensor.TensorVariable, value: FloatArray) -> FloatArray:
    transform = model.rvs_to_transforms[rv]
    point = transform.forward(pytensor.tensor.constant(value, dtype="float64"), *rv.owner.inputs)
    return np.asarray(point.eval(mode="FAST_COMPILE"))
