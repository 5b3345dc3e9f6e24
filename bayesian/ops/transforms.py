"""PyMC transforms whose three functions are single nodes of `coordinates` and `correlations`."""

from typing import Any

import numpy as np
import pytensor.tensor as pt
from pymc.logprob.transforms import Transform

from bayesian.ops import coordinates, correlations, covariances
from bayesian.ops.compiled_op import Field, Map


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

    def coordinates(self, value: Any, *inputs: Any) -> Any:
        """`forward` of an array, the inputs being arrays too: the kernel in plain Python."""
        array = np.asarray(value, dtype=np.float64, order="C")
        constants = [np.ascontiguousarray(inputs[i]) for i in self._constants]
        point = np.asarray(self._forward.interpreted(np.atleast_1d(array), *constants))
        return point[0] if array.ndim == 0 else point

    def log_jac_det(self, value: Any, *inputs: Any) -> Any:
        return self._jacobian(pt.atleast_1d(value), *(inputs[i] for i in self._constants))

    def _apply(self, node: Map, value: Any, inputs: Any) -> Any:
        """The node at the value; a number goes through it as a vector of one."""
        value = pt.as_tensor_variable(value)
        if value.type.ndim == 0:
            return node(value[None], *(inputs[i] for i in self._constants))[0]
        return node(value, *(inputs[i] for i in self._constants))


simplex = NodeTransform("contrasts", coordinates.weights_from, coordinates.weights_to, coordinates.weights_jacobian)
standard = NodeTransform("standard", coordinates.means_from, coordinates.means_to, coordinates.means_jacobian, (2, 3))
ordered = NodeTransform(
    "ordered", coordinates.ordered_from, coordinates.ordered_to, coordinates.ordered_means_jacobian, (2, 3)
)
positive = NodeTransform("log", coordinates.scales_from, coordinates.scales_to, coordinates.scales_jacobian)
matrix = NodeTransform(
    "triangle",
    covariances.covariances_from,
    covariances.covariances_to,
    covariances.covariances_jacobian,
    (3,),
)
correlation = NodeTransform(
    "partial",
    correlations.correlations_from,
    correlations.correlations_to,
    correlations.correlations_jacobian,
    (2, 3),
)
