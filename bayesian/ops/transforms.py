"""PyMC transforms whose three functions are single nodes of `coordinates` and `correlations`."""

from typing import Any

import numpy as np
import pytensor.tensor as pt
from pymc.logprob.transforms import Transform

from bayesian.ops import coordinates, coordinates_bounded, correlations, covariances
from bayesian.ops.compiled_op import Field, Map


class NodeTransform(Transform):
    """parameter = backward(y, *c, *extra), c the inputs of the random variable at the positions `constants`.

    The first two inputs of a random variable are its generator and its size; its parameters follow. `extra` are arrays.
    """

    def __init__(
        self,
        name: str,
        backward: Map,
        forward: Map,
        jacobian: Field,
        constants: tuple[int, ...] = (),
        extra: tuple[Any, ...] = (),
    ) -> None:
        self.name = name
        self._backward, self._forward, self._jacobian = backward, forward, jacobian
        self._constants, self._extra = constants, extra

    def backward(self, value: Any, *inputs: Any) -> Any:
        return self._apply(self._backward, value, inputs)

    def forward(self, value: Any, *inputs: Any) -> Any:
        return self._apply(self._forward, value, inputs)

    def coordinates(self, value: Any, *inputs: Any) -> Any:
        """`forward` of an array, the inputs being arrays too: the kernel in plain Python."""
        array = np.asarray(value, dtype=np.float64, order="C")
        constants = [np.ascontiguousarray(inputs[i]) for i in self._constants]
        point = np.asarray(self._forward.interpreted(np.atleast_1d(array), *constants, *self._extra))
        return point[0] if array.ndim == 0 else point

    def log_jac_det(self, value: Any, *inputs: Any) -> Any:
        return self._jacobian(pt.atleast_1d(value), *self._others(inputs))

    def _apply(self, node: Map, value: Any, inputs: Any) -> Any:
        """The node at the value; a number goes through it as a vector of one."""
        value = pt.as_tensor_variable(value)
        if value.type.ndim == 0:
            return node(value[None], *self._others(inputs))[0]
        return node(value, *self._others(inputs))

    def _others(self, inputs: Any) -> tuple[Any, ...]:
        return (*(pt.atleast_1d(inputs[i]) for i in self._constants), *self._extra)


FIRST_POWER, SECOND_POWER = (np.array([power], dtype=np.int64) for power in (1, 2))
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
matrix_in_unit = NodeTransform(
    "triangle",
    covariances.covariances_from,
    covariances.covariances_to,
    covariances.covariances_jacobian,
    (4,),
)
correlation = NodeTransform(
    "partial",
    correlations.correlations_from,
    correlations.correlations_to,
    correlations.correlations_jacobian,
    (2, 3),
)
bounded, bounded_variance = (
    NodeTransform(
        "interval",
        coordinates_bounded.bounded_from,
        coordinates_bounded.bounded_to,
        coordinates_bounded.bounded_jacobian,
        (2, 3),
        (power,),
    )
    for power in (FIRST_POWER, SECOND_POWER)
)
ordered_bounded = NodeTransform(
    "ordered",
    coordinates_bounded.ordered_from,
    coordinates_bounded.ordered_to,
    coordinates_bounded.ordered_jacobian,
    (2, 3),
    (FIRST_POWER,),
)
