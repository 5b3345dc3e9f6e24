"""PyMC transforms whose three functions are single nodes of `transform_ops` and `correlation_ops`."""

from typing import Any

import pytensor.tensor as pt
from pymc.logprob.transforms import Transform

from bayesian import correlation_ops, covariance_ops, transform_ops
from bayesian.compiled_op import Field, Map


class NodeTransform(Transform):
    """parameter = backward(y, *c), c the inputs of the random variable at the positions `constants`.

    The first two inputs of a random variable are its generator and its size; its parameters follow.
    """

    def __init__(
        self, name: str, backward: Map, forward: Map, jacobian: Field, constants: tuple[int, ...] = ()
    ) -> None:
        self.name = name
        self._backward, self._forward, self._jacobian, self._constants = backward, forward, jacobian, constants

    def backward(self, value: Any, *inputs: Any) -> Any:
        return self._apply(self._backward, value, inputs)

    def forward(self, value: Any, *inputs: Any) -> Any:
        return self._apply(self._forward, value, inputs)

    def log_jac_det(self, value: Any, *inputs: Any) -> Any:
        return self._jacobian(pt.atleast_1d(value), *(inputs[i] for i in self._constants))

    def _apply(self, node: Map, value: Any, inputs: Any) -> Any:
        """The node at the value; a number goes through it as a vector of one."""
        value = pt.as_tensor_variable(value)
        if value.type.ndim == 0:
            return node(value[None], *(inputs[i] for i in self._constants))[0]
        return node(value, *(inputs[i] for i in self._constants))


simplex = NodeTransform(
    "contrasts", transform_ops.weights_from, transform_ops.weights_to, transform_ops.weights_jacobian
)
standard = NodeTransform(
    "standard", transform_ops.means_from, transform_ops.means_to, transform_ops.means_jacobian, (2, 3)
)
ordered = NodeTransform(
    "ordered", transform_ops.ordered_from, transform_ops.ordered_to, transform_ops.ordered_means_jacobian, (2, 3)
)
positive = NodeTransform("log", transform_ops.scales_from, transform_ops.scales_to, transform_ops.scales_jacobian)
matrix = NodeTransform(
    "triangle",
    covariance_ops.covariances_from,
    covariance_ops.covariances_to,
    covariance_ops.covariances_jacobian,
    (3,),
)
correlation = NodeTransform(
    "partial",
    correlation_ops.correlations_from,
    correlation_ops.correlations_to,
    correlation_ops.correlations_jacobian,
    (2, 3),
)
