"""PyTensor's numba linker without a compiled and stored copy of every node.

PyTensor wraps each node of a graph, and the graph itself, in one more function each, all of them compiled and kept on
disk: worth it where graphs share nodes. The graphs of a mixture are compiled once for a class of shapes, so here nodes
are compiled into the one function of their graph, and only that is kept, under a key of all its nodes and constants.
"""

import hashlib
from types import FunctionType
from typing import Any

from pytensor.compile.mode import Mode
from pytensor.graph.basic import Constant
from pytensor.graph.rewriting.db import RewriteDatabaseQuery
from pytensor.link.numba.cache import CACHED_SRC_FUNCTIONS
from pytensor.link.numba.dispatch.basic import (
    cache_key_for_constant,
    numba_funcify_and_cache_key,
    numba_njit,
    numba_typify,
)
from pytensor.link.numba.linker import NumbaLinker
from pytensor.link.utils import fgraph_to_python


class WholeGraphLinker(NumbaLinker):
    """Numba code of a graph as one function, kept on disk as a whole."""

    def fgraph_convert(self, fgraph: Any, **settings: Any) -> tuple[Any, str | None]:
        places: dict[Any, Any] = {variable: (0, i) for i, variable in enumerate(fgraph.inputs)}
        for i, node in enumerate(fgraph.toposort(), start=1):
            places |= {variable: (i, j) for j, variable in enumerate(node.outputs)}
        keys: list[Any] = []
        functions: dict[Any, Any] = {}  # nodes of one kind and the same types share one function

        def converted_node(op: Any, *arguments: Any, node: Any, **others: Any) -> Any:
            function, key = numba_funcify_and_cache_key(op, *arguments, node=node, **others)
            kind = (key, *(str(variable.type) for variable in (*node.inputs, *node.outputs)))
            keys.append((tuple(places[variable] for variable in node.inputs), kind))
            return function if key is None else functions.setdefault(kind, function)

        def converted_constant(value: Any, variable: Any, **others: Any) -> Any:
            if isinstance(variable, Constant):
                places[variable] = (-1, cache_key_for_constant(value))
            return numba_typify(value, variable=variable, **others)

        function = fgraph_to_python(
            fgraph,
            op_conversion_fn=converted_node,
            type_conversion_fn=converted_constant,
            fgraph_name="graph",
            **settings,
        )
        if any(kind[0] is None for _, kind in keys):
            return function, None
        whole = (tuple(keys), len(fgraph.inputs), tuple(places[variable] for variable in fgraph.outputs))
        return function, hashlib.sha256(repr(whole).encode()).hexdigest()

    def jit_compile(self, converted: tuple[Any, str | None]) -> Any:
        function, key = converted
        if key is not None:
            code = function.__code__.replace(co_filename="<graph>")  # the name of the file would be part of the key
            function = FunctionType(code, function.__globals__, function.__name__)
            CACHED_SRC_FUNCTIONS[function] = f"graph_{key}"
        return numba_njit(function, final_function=True, cache=key is not None)


WHOLE_GRAPH = Mode(WholeGraphLinker(), RewriteDatabaseQuery(include=["fast_run", "numba"]))
"""The mode NUMBA with this linker."""
