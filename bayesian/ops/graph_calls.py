"""Calls of a compiled PyTensor graph from C callbacks: by name, its shared arrays read from words of memory.

The words are what nutpie calls user data: the addresses of all shared arrays, their sizes, then their shapes one
after the other. Whoever holds a callback exchanges the data of the graph by exchanging the words.
"""

import uuid
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba import carray, types

from bayesian.ops.linking import as_pointer, linked

VECTOR = types.CPointer(types.float64)
FLAT = types.int64(types.uint64, types.uint64, VECTOR, VECTOR, types.CPointer(types.int64))
"""status = callback(n_in, n_out, values in, values out, words); 0 is success."""


def readonly(value: Any) -> Any:
    """A copy that callbacks may read while they live. Raises TypeError if it is not of float64."""
    if value.dtype != np.float64:
        raise TypeError(f"data of a model must be float64, not {value.dtype}")
    array = np.array(value, order="C", copy=True)
    array.flags.writeable = False
    return array


def graph_caller(function: Any, keys: dict[Any, str]) -> Callable[..., Any]:
    """graph(x, words): the compiled function at x, its shared arrays read from nutpie's user data.

    The user data are 8-byte words: the addresses of all shared arrays, their sizes, their shapes one after the other.
    """
    variables = list(keys)
    shared = function.get_shared()
    arguments = [types.Array(types.float64, 1, "C")]
    arguments += [types.Array(types.float64, variable.type.ndim, "C") for variable in shared]
    inner = linked(function.vm.jit_fn, tuple(arguments), uuid.uuid4().hex)
    starts = np.cumsum([2 * len(variables), *(variable.type.ndim for variable in variables)])
    arrays = []
    for variable in shared:
        i = variables.index(variable)
        shape = "".join(f"words[{starts[i] + axis}]," for axis in range(variable.type.ndim))
        arrays.append(f"carray(as_pointer(words[{i}]), ({shape}), float64)")
    scope = {"carray": carray, "as_pointer": as_pointer, "float64": np.float64, "inner": inner}
    exec(f"def graph(x, words):\n    return inner({', '.join(['x', *arrays])})", scope)
    graph: Callable[..., Any] = numba.njit(scope["graph"])
    return graph


def flat_callback(function: Any, keys: dict[Any, str], n_dim: int, n_out: int) -> Any:
    """A C callback FLAT around a compiled graph of one vector (n_dim,) with one result, a vector (n_out,)."""
    graph = graph_caller(function, keys)
    n_words = 1  # only the address matters

    def flat(dim: int, size: int, x: Any, out: Any, words: Any) -> int:
        if dim != n_dim or size != n_out:
            return -1
        try:
            (values,) = graph(carray(x, (n_dim,)), carray(words, (n_words,)))
        except Exception:  # the one form numba compiles; the caller is told by the code
            return -2
        for i in range(n_out):
            out[i] = values[i]
        return 0

    return numba.cfunc(FLAT)(flat)
