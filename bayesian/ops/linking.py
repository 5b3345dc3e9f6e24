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
from numba import types
from numba.core import cgutils, typing
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
    """A function for compiled code with the value of kernel(*arrays), which it calls by name.

    Arrays that are not in C order are copied into it. key: changes whenever the source of the kernel does.
    """
    seen = folded(kernel, arguments)
    symbol, result = publish(kernel, seen, key)

    def typed(given: tuple[types.Type, ...]) -> Any:
        def generate(context: Any, builder: Any, _: Any, values: Any) -> Any:
            function_type = context.call_conv.get_function_type(result, seen)
            function = cgutils.get_or_insert_function(builder.module, function_type, symbol)
            passed = [
                _contiguous(context, builder, value, kind, wanted)
                for value, kind, wanted in zip(values, given, arguments, strict=True)
            ]
            if seen is not arguments:
                passed = [context.make_tuple(builder, seen[0], passed)]
            status, value = context.call_conv.call_function(builder, function, result, seen, passed)
            with cgutils.if_unlikely(builder, status.is_error):
                context.call_conv.return_status_propagate(builder, status)
            return value

        return result(*given), generate

    names = ", ".join(f"a{i}" for i in range(len(arguments)))
    scope: dict[str, Any] = {"typed": typed}
    exec(f"def {kernel.__name__}(_, {names}):\n    return typed(({names},))", scope)
    call: Callable[..., Any] = intrinsic(scope[kernel.__name__])
    return call


def _contiguous(context: Any, builder: Any, value: Any, kind: types.Array, wanted: types.Array) -> Any:
    """The array in C order: itself where its type says so, without code of its own."""
    if kind.layout == "C" or kind.ndim == 0:
        return value
    return context.compile_internal(builder, _copied, typing.signature(wanted, kind), [value])


def _copied(array: Any) -> Any:
    return np.ascontiguousarray(array)


@intrinsic
def as_pointer(_: Any, address: types.Type) -> Any:
    """The integer address of a double as a pointer."""

    def generate(_: Any, builder: Any, __: Any, values: Any) -> Any:
        return builder.inttoptr(values[0], cgutils.voidptr_t)

    return types.voidptr(address), generate
