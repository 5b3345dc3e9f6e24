"""From a mixture to the point of a model's parameter space where it lies: starts of chains at given mixtures."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pymc as pm
import pytensor
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Constant

from bayesian.ops.transforms import NodeTransform
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


def _scale_rate(value: Callable[[str], FloatArray], mixture: GaussianMixture) -> FloatArray:
    """E[b | sigma] of b ~ Gamma(g + sum_k a_k, h + sum_k sigma_k^-2)."""
    shapes, g, h = value("prior_scales_shape"), value("prior_scale_rate_shape"), value("prior_scale_rate_rate")
    precisions = np.broadcast_to(_scales(mixture) ** -2.0, shapes.shape)
    over = tuple(range(shapes.ndim - g.ndim))
    return np.asarray((g + shapes.sum(axis=over)) / (h + precisions.sum(axis=over)), dtype=np.float64)


def _covariance_scale(value: Callable[[str], FloatArray], mixture: GaussianMixture) -> FloatArray:
    """E[Psi | Sigma] of Psi ~ W(n + sum_k nu_k, (S^-1 + sum_k Sigma_k^-1)^-1)."""
    dof, n = value("prior_covariances_dof"), value("prior_covariance_scale_dof")
    scale = value("prior_covariance_scale_scale")
    matrices = mixture.dense_covariances[: dof.size]
    psi: FloatArray = (n[0] + dof.sum()) * np.linalg.inv(np.linalg.inv(scale) + np.linalg.inv(matrices).sum(axis=0))
    return 0.5 * (psi + psi.T)


HYPERPARAMETERS: dict[str, Callable[[Callable[[str], FloatArray], GaussianMixture], FloatArray]] = {
    "scale_rate": _scale_rate,
    "covariance_scale": _covariance_scale,
}
"""The value of each unknown hyperparameter at a mixture: its mean given the mixture's covariances."""


def initial_values(
    model: pm.Model,
    mixture: GaussianMixture,
    *,
    data: Mapping[str, FloatArray] | None = None,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
) -> dict[str, FloatArray]:
    """The unconstrained coordinates of a mixture, by the names of the model's value variables.

    An ordered model gets the components sorted by the mean of the first feature. data: values by name in the place of
    those the model's `pm.Data` hold. shapes: of the value variables, if they are known. Raises ValueError if the
    mixture has another shape or structure than the model, or lies on the edge of the parameter space (an empty
    component, equal means under order).
    """
    if "means_ordered__" in (value.name for value in model.value_vars):
        mixture = mixture.permute(np.argsort(mixture.means[:, 0]))
    if shapes is None:
        shapes = {name: np.shape(value) for name, value in model.initial_point().items()}
    given: dict[str, Any] = dict(data or {})
    result: dict[str, FloatArray] = {}

    def hyperparameter(name: str) -> FloatArray:
        return np.asarray(_known(model[name], given))

    for rv in model.free_RVs:
        name = model.rvs_to_values[rv].name
        known = rv.name in PARAMETERS
        value = np.asarray(PARAMETERS[rv.name](mixture) if known else HYPERPARAMETERS[rv.name](hyperparameter, mixture))
        if value.ndim != rv.type.ndim:
            raise ValueError(
                f"a {mixture.structure} mixture does not fit this model: {rv.name} has another shape there"
            )
        with np.errstate(divide="ignore", invalid="ignore"):
            point = _forward(model, rv, value, given)
        if point.shape != tuple(shapes[name]):
            raise ValueError(
                f"the mixture has {mixture.n_components} components and {mixture.n_features} features;"
                " this model has others"
            )
        if not np.isfinite(point).all():
            raise ValueError(
                f"the mixture lies on the edge of the parameter space: its {rv.name} have no finite coordinates"
            )
        given[rv.name] = value
        result[name] = point
    return result


def unconstrained(
    model: pm.Model,
    mixture: GaussianMixture,
    *,
    data: Mapping[str, FloatArray] | None = None,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
) -> FloatArray:
    """`initial_values` as one vector (n_dim,), in the order of the model's variables: a start for `sample_chain`."""
    values = initial_values(model, mixture, data=data, shapes=shapes)
    return np.concatenate([value.ravel() for value in values.values()])


def _forward(
    model: pm.Model, rv: pytensor.tensor.TensorVariable, value: FloatArray, given: Mapping[str, FloatArray]
) -> FloatArray:
    """The coordinates of one variable, by the transform's kernel in plain Python where it has one: no graph is made."""
    transform = model.rvs_to_transforms[rv]
    if isinstance(transform, NodeTransform):
        return transform.coordinates(value, *(_known(variable, given) for variable in rv.owner.inputs))
    point = transform.forward(pytensor.tensor.constant(value, dtype="float64"), *rv.owner.inputs)
    return np.asarray(point.eval(mode="FAST_COMPILE"))


def _known(variable: Any, given: Mapping[str, FloatArray]) -> Any:
    """The number behind an input of a random variable: given by name, shared or constant; None for anything else."""
    if variable.name in given:
        return given[variable.name]
    if isinstance(variable, SharedVariable):
        return variable.get_value(borrow=True)
    return variable.data if isinstance(variable, Constant) else None
