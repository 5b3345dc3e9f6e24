"""Vector functions compiled from a PyMC model and called row by row: f(y; data), y (n_in,), f (n_out,).

    values[t] = f(rows[t]; data)         t = 1..T, on several threads

The compiled graph stands behind a C callback (`graph_calls`), of which the loop over the rows, and any sampler
around it, knows only the address. So loops and samplers are compiled once for all models, and the data of a model
are exchanged by exchanging the words that its callback reads.
"""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, final

import numpy as np
import pytensor.tensor as pt
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from pymc.pytensorf import compile as compile_graph
from pytensor.graph import clone_replace

from bayesian.ops import graph_calls
from bayesian.ops.compiled_op import compiled, source_digest
from bayesian.ops.graph_calls import flat_callback, readonly
from mixture.arrays import FloatArray, IntArray

DIGEST = source_digest(__file__, graph_calls.__file__)

THREADED_ROWS = 256
"""Rows from which several threads are used."""

type Shapes = Mapping[str, tuple[int, ...]]


@intrinsic
def call_flat(_: Any, given: Any) -> Any:
    """status = (callback at an address)(n_in, n_out, values in, values out, words), from these six as a tuple of
    64-bit integers.
    """

    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        word, vector = ir.IntType(64), cgutils.voidptr_t
        address, n_in, n_out, *addresses = cgutils.unpack_tuple(builder, arguments[0])
        kind = ir.FunctionType(word, [word, word, vector, vector, vector])
        function = builder.inttoptr(address, kind.as_pointer())
        return builder.call(function, [n_in, n_out, *(builder.inttoptr(value, vector) for value in addresses)])

    return types.int64(given), generate


@compiled(DIGEST)
def over_rows(address: int, words: int, rows: FloatArray, values: FloatArray, first: int, last: int) -> int:
    """values[t] = f(rows[t]) for first <= t < last; the number of rows that failed, whose values are NaN."""
    n_in, n_out = rows.shape[1], values.shape[1]
    failures = 0
    for t in range(first, last):
        given, result = rows.ctypes.data + 8 * t * n_in, values.ctypes.data + 8 * t * n_out
        status = call_flat((address, n_in, n_out, given, result, words))
        if status != 0:
            failures += 1
            for i in range(n_out):
                values[t, i] = np.nan
    return failures


def pieces(n_rows: int, threads: int | None) -> list[tuple[int, int]]:
    """Consecutive ranges of rows, one per thread."""
    workers = (os.cpu_count() or 1) if threads is None else threads
    count = workers if n_rows >= THREADED_ROWS else 1
    edges = np.linspace(0, n_rows, count + 1).astype(int).tolist()
    return list(pairwise(edges))


@dataclass(frozen=True, eq=False)
class Words:
    """The data of a model as its callbacks read them; `arrays` keeps them alive."""

    arrays: tuple[FloatArray, ...]
    values: IntArray

    @classmethod
    def of(cls, arrays: Sequence[FloatArray]) -> "Words":
        kept = tuple(readonly(array) for array in arrays)
        words = [array.ctypes.data for array in kept] + [array.size for array in kept]
        shapes = [size for array in kept for size in array.shape]
        return cls(kept, np.array([*words, *shapes], dtype=np.int64))

    @property
    def address(self) -> int:
        return int(self.values.ctypes.data)


@final
class FlatFunction:
    """f(y): the variables of `given`, joined to one vector y in their order -> the `wanted` expressions, joined.

    given: variables with their shapes; wanted: expressions of them and of the `pm.Data` of a model.
    """

    def __init__(self, given: Sequence[Any], shapes: Sequence[tuple[int, ...]], wanted: Sequence[Any]) -> None:
        sizes = [int(np.prod(shape)) for shape in shapes]
        edges = np.cumsum([0, *sizes])
        self.n_in = int(edges[-1])
        joined = pt.TensorType("float64", shape=(self.n_in,))(name="_point")
        split = {
            variable: joined[int(low) : int(high)].reshape(shape)
            for variable, shape, low, high in zip(given, shapes, edges[:-1], edges[1:], strict=True)
        }
        replaced = clone_replace(list(wanted), split)
        result = pt.concatenate([value.ravel() for value in replaced])
        self._function = compile_graph((joined,), [result], mode="NUMBA", on_unused_input="ignore")
        self.data_names = tuple(variable.name for variable in self._function.get_shared())
        keys = {variable: variable.name for variable in self._function.get_shared()}
        self.n_out = int(np.asarray(self._function(np.zeros(self.n_in))[0]).size)
        self._callback = flat_callback(self._function, keys, self.n_in, self.n_out)

    @property
    def address(self) -> int:
        """Of the C callback; valid while this object lives."""
        return int(self._callback.address)

    def words(self, data: Mapping[str, FloatArray]) -> Words:
        """The words for the callback, from the data of the model by name."""
        return Words.of([data[name] for name in self.data_names])

    def __call__(self, rows: FloatArray, words: Words, threads: int | None = None) -> FloatArray:
        """f of each row (T, n_in): (T, n_out). Rows where the graph fails are NaN."""
        rows = np.ascontiguousarray(rows, dtype=np.float64)
        values = np.empty((len(rows), self.n_out))
        ranges = pieces(len(rows), threads)

        def run(piece: tuple[int, int]) -> int:
            return int(over_rows(self.address, words.address, rows, values, *piece))

        if len(ranges) == 1:
            run(ranges[0])
        else:
            with ThreadPoolExecutor(len(ranges)) as pool:
                list(pool.map(run, ranges))
        return values
