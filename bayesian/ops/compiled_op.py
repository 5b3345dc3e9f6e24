"""PyTensor Ops around numba kernels: the bridge from closed forms to the graph of a PyMC model.

Compilation is paid per node of a graph, so each transform, prior and likelihood of the model is one node here, with
its gradient in closed form. Two kinds are enough:

    Map      y = f(v, *others)                with the product of its Jacobian and a cotangent as a second kernel
    Field    a scalar f(v, *others)           whose kernel gives the value and its gradients together

The machine code PyTensor keeps on disk is found again by a key that holds a digest of every source it was made from.
"""

import hashlib
from collections.abc import Callable, Sequence
from math import nan
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytensor.tensor as pt
from numba import njit, types
from numba.np.numpy_support import from_dtype
from pytensor.gradient import DisconnectedType, grad_not_implemented
from pytensor.graph.basic import Apply, Variable
from pytensor.graph.op import Op
from pytensor.link.numba.cache import CACHED_SRC_FUNCTIONS
from pytensor.link.numba.dispatch.basic import register_funcify_and_cache_key

from bayesian.ops.linking import linked

type Kernel = Callable[..., Any]
type Shapes = list[tuple[Any, ...]]


def source_digest(*files: str, salt: str = "") -> str:
    """A sha256 over the source files that the kernels of a module are made of, over this one, and over `salt`."""
    digest = hashlib.sha256(salt.encode())
    for file in (__file__, *files):
        digest.update(Path(file).read_bytes())
    return digest.hexdigest()


def is_connected(cotangent: Variable) -> bool:
    return not isinstance(cotangent.type, DisconnectedType)


def compiled(digest: str) -> Callable[[Kernel], Any]:
    """Decorator: numba code, kept on disk under a key with the digest of every source it is made of.

    Numba's own key knows the file of the function only, not the files of the functions it calls.
    """

    def decorate(function: Kernel) -> Any:
        CACHED_SRC_FUNCTIONS[function] = f"{function.__name__}_{digest}"
        return njit(nogil=True, cache=True, error_model="numpy")(function)

    return decorate


class CompiledOp(Op):
    """An Op whose value is one call of a numba function of all its inputs.

    digest: of every source the kernel is made of, part of the key of PyTensor's cache.
    """

    __props__: tuple[str, ...] = ("name", "digest")
    name: str
    digest: str
    kernel: Kernel

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        results = self.interpreted(*[np.array(value, order="C", ndmin=1) for value in inputs])
        if len(output_storage) == 1:
            results = (results,)
        for storage, result in zip(output_storage, results, strict=True):
            storage[0] = np.asarray(result)

    @property
    def interpreted(self) -> Kernel:
        """The kernel as plain Python: for parameters it is fast enough, and nothing is compiled for a single call."""
        return cast(Kernel, cast(Any, self.kernel).py_func)

    def refuse(self, inputs: Sequence[Variable], reason: str) -> list[Variable]:
        """An error, raised when it is used, in the place of each gradient."""
        return [grad_not_implemented(self, i, variable, reason) for i, variable in enumerate(inputs)]


@register_funcify_and_cache_key(CompiledOp)
def _compile(op: CompiledOp, node: Apply, **_: Any) -> tuple[Kernel, str]:
    identity = (type(op).__qualname__, *(getattr(op, name) for name in op.__props__))
    key = hashlib.sha256(repr(identity).encode()).hexdigest()
    arguments = tuple(
        types.Array(from_dtype(np.dtype(variable.type.dtype)), variable.type.ndim, "C") for variable in node.inputs
    )
    return linked(op.kernel, arguments, key), key


class Map(CompiledOp):
    """y = f(*inputs), an array.

    kernel(*inputs) -> y                       like   the input with as many axes as y (`fewer`: or more than
                                               y by that), unless their number `ndim` is given
    pull(*inputs, cotangent) -> gradients      of sum(cotangent * y) with respect to the first `n_wrt` inputs, a tuple
                                               if there are several; the other inputs have no gradient
    shape(*shapes of inputs) -> shape of y
    """

    def __init__(
        self,
        name: str,
        digest: str,
        kernel: Kernel,
        *,
        shape: Callable[..., tuple[Any, ...]],
        like: int = 0,
        fewer: int = 0,
        ndim: int | None = None,
        pull: Kernel | None = None,
        n_wrt: int = 1,
    ) -> None:
        self.name, self.digest, self.kernel = name, digest, kernel
        self.shape, self.pull, self.n_wrt = shape, pull, n_wrt
        self.like, self.fewer, self.ndim = like, fewer, ndim

    def make_node(self, *inputs: Any) -> Apply:
        variables = [pt.as_tensor_variable(value) for value in inputs]
        ndim = variables[self.like].type.ndim - self.fewer if self.ndim is None else self.ndim
        unknown = [tuple(nan if size is None else size for size in variable.type.shape) for variable in variables]
        sizes = tuple(None if size != size else int(size) for size in self.shape(*unknown))
        assert len(sizes) == ndim
        return Apply(self, variables, [pt.tensor(dtype="float64", shape=sizes)])

    def infer_shape(self, node: Apply, shapes: Shapes) -> Shapes:
        return [tuple(self.shape(*shapes))]

    def pullback(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], cotangents: Sequence[Variable]
    ) -> list[Variable]:
        gradients = self.refuse(inputs, "this input is a constant of the model")
        if self.pull is None:
            return self.refuse(inputs, "this quantity is only reported")
        results = _Pull(self)(*inputs, cotangents[0], return_list=True)
        gradients[: self.n_wrt] = results
        return gradients


class _Pull(CompiledOp):
    """The product of a cotangent and the Jacobian of a Map."""

    def __init__(self, parent: Map) -> None:
        assert parent.pull is not None
        self.name, self.digest, self.kernel, self.n_wrt = parent.name, parent.digest, parent.pull, parent.n_wrt

    def make_node(self, *inputs: Any) -> Apply:
        variables = [pt.as_tensor_variable(value) for value in inputs]
        return Apply(self, variables, [variable.type() for variable in variables[: self.n_wrt]])

    def infer_shape(self, node: Apply, shapes: Shapes) -> Shapes:
        return shapes[: self.n_wrt]

    def pullback(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], cotangents: Sequence[Variable]
    ) -> list[Variable]:
        return self.refuse(inputs, "second derivatives are not implemented")


class Field(CompiledOp):
    """A scalar f(v, *others); kernel(v, *others) -> (f, df/dv, ..), the derivatives by the inputs at positions `wrt`.

    Outputs: all of them, of which the first is meant. The inputs not in `wrt` are constants.
    """

    default_output = 0

    def __init__(self, name: str, digest: str, kernel: Kernel, *, wrt: tuple[int, ...] = (0,)) -> None:
        self.name, self.digest, self.kernel, self.wrt = name, digest, kernel, wrt

    def make_node(self, *inputs: Any) -> Apply:
        variables = [pt.as_tensor_variable(value) for value in inputs]
        return Apply(self, variables, [pt.dscalar(), *(variables[i].type() for i in self.wrt)])

    def infer_shape(self, node: Apply, shapes: Shapes) -> Shapes:
        return [(), *(shapes[i] for i in self.wrt)]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True] * (1 + len(self.wrt)) for _ in node.inputs]

    def pullback(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], cotangents: Sequence[Variable]
    ) -> list[Variable]:
        if any(is_connected(cotangent) for cotangent in cotangents[1:]):
            return self.refuse(inputs, "second derivatives are not implemented")
        gradients = self.refuse(inputs, "this input is a constant of the model")
        for i, derivative in zip(self.wrt, outputs[1:], strict=True):
            gradients[i] = cotangents[0] * derivative
        return gradients
