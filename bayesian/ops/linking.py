"""Calls from one piece of compiled code into another by the name of a symbol, instead of a copy of its source.

Numba copies the code of every function called into the caller and optimises it again, at each level: kernel,
node, graph, sampler. Here a kernel is compiled once for its argument types, its address is published under a
name, and callers hold only that name, which the linker resolves when they are loaded. Code in a cache on disk
stays valid: the name is the same in every process, as long as the kernel is published before the caller is
loaded.
"""

import hashlib
import inspect
from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic


def folded(kernel: Any, arguments: tuple[types.Type, ...]) -> tuple[types.Type, ...]:
    """The argument types as the kernel sees them: a kernel of *args sees one tuple."""
    starred = kernel.py_func.__code__.co_flags & inspect.CO_VARARGS
    return (types.StarArgTuple.from_types(arguments),) if starred else arguments


def publish(kernel: Any, arguments: tuple[types.Type, ...], key: str) -> tuple[str, types.Type]:
    """Compile `kernel` for these argument types (or load it), publish its address; returns the symbol and the
    result type.
    """
    kernel.compile(arguments)
    compiled = kernel.overloads[arguments]
    kinds = hashlib.sha256(repr((key, arguments)).encode()).hexdigest()
    symbol = f"logsum_{kernel.__name__}_{kinds}"
    llvm.add_symbol(symbol, compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name))
    return symbol, compiled.signature.return_type


def linked(kernel: Any, arguments: tuple[types.Array, ...], key: str) -> Callable[..., Any]:
    """A function with the value of kernel(*arrays) that calls it by name; arrays are made contiguous first.

    key: changes whenever the source of the kernel does.
    """
    seen = folded(kernel, arguments)
    symbol, result = publish(kernel, seen, key)

    @intrinsic
    def call(_: Any, given: types.Type) -> Any:
        def generate(context: Any, builder: Any, _: Any, values: Any) -> Any:
            function_type = context.call_conv.get_function_type(result, seen)
            function = cgutils.get_or_insert_function(builder.module, function_type, symbol)
            passed = cgutils.unpack_tuple(builder, values[0])
            if seen is not arguments:
                passed = [context.make_tuple(builder, seen[0], passed)]
            status, value = context.call_conv.call_function(builder, function, result, seen, passed)
            with cgutils.if_unlikely(builder, status.is_error):
                context.call_conv.return_status_propagate(builder, status)
            return value

        return result(given), generate

    names = [f"a{i}" for i in range(len(arguments))]
    contiguous = ", ".join(
        f"ascontiguousarray({name})" if kind.ndim > 0 else name for name, kind in zip(names, arguments, strict=True)
    )
    scope: dict[str, Any] = {"call": call, "ascontiguousarray": np.ascontiguousarray}
    exec(f"def caller({', '.join(names)}):\n    return call(({contiguous},))", scope)
    caller: Callable[..., Any] = njit(scope["caller"])
    return caller


@intrinsic
def as_pointer(_: Any, address: types.Type) -> Any:
    """The integer address of a double as a pointer."""

    def generate(_: Any, builder: Any, __: Any, values: Any) -> Any:
        return builder.inttoptr(values[0], cgutils.voidptr_t)

    return types.voidptr(address), generate
