"""Outcomes of cases taken apart into JSON and plain arrays, and put together again: no pickle, no import by name.

A skeleton in JSON's types holds None, booleans, whole numbers, finite numbers, words and lists as they are. Everything
else is an object with one key that says what it is: {"array": 3} is the third array, {"tuple": [...]} a tuple.
"""

import dataclasses
import math
from collections.abc import Iterable
from enum import Enum
from importlib import import_module
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from experiments.engine.common_types import COMMON
from experiments.engine.forms import FORMS, UnknownForm

type Skeleton = Any
type Array = NDArray[Any]

_ARRAY_KINDS = frozenset("biufcUSmM")
"""Booleans, numbers, words of fixed length and times: what an .npy file holds without pickle."""

_FORM_OF = {form.type: form for form in FORMS}
_FORM_NAMED = {form.name: form for form in FORMS}


class Unstorable(TypeError):
    """Part of an outcome that no file can hold; the message names the place."""


def type_name(kind: type) -> str:
    """Module and name of a type: what stands for it in a file."""
    return f"{kind.__module__}.{kind.__qualname__}"


@final
class Codec:
    """Takes outcomes apart and puts them together.

    types  the frozen dataclasses and enums that outcomes may be made of, beside plain values, arrays, `FORMS` and what
           `COMMON` names

    Raises ValueError for a type that is neither.
    """

    def __init__(self, types: Iterable[type]) -> None:
        self._types: dict[str, type] = {}
        for kind in types:
            self._types[type_name(kind)] = _checked(kind)

    def encode(self, outcome: object) -> tuple[Skeleton, list[Array]]:
        """Skeleton and arrays of an outcome; raises Unstorable, naming the place, for what cannot be stored."""
        arrays: list[Array] = []
        return self._encoded(outcome, "outcome", arrays), arrays

    def decode(self, skeleton: Skeleton, arrays: list[Array]) -> Any:
        """The outcome again; raises ValueError for a skeleton that `encode` did not make."""
        try:
            return self._decoded(skeleton, arrays)
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            raise ValueError(f"this is no stored outcome: {type(error).__name__} {error}") from error

    def _encoded(self, value: object, place: str, arrays: list[Array]) -> Skeleton:
        kind = type(value)
        if value is None or kind in (bool, int, str):
            return value
        if isinstance(value, float) and kind is float:
            return value if math.isfinite(value) else {"float": repr(value)}
        if isinstance(value, list) and kind is list:
            return [self._encoded(inner, f"{place}[{i}]", arrays) for i, inner in enumerate(value)]
        if isinstance(value, tuple) and kind is tuple:
            return {"tuple": [self._encoded(inner, f"{place}[{i}]", arrays) for i, inner in enumerate(value)]}
        if isinstance(value, dict) and kind is dict:
            pairs = ((self._encoded(key, f"a key of {place}", arrays), key, inner) for key, inner in value.items())
            return {"dict": [[key, self._encoded(inner, f"{place}[{name!r}]", arrays)] for key, name, inner in pairs]}
        if isinstance(value, np.ndarray | np.generic):
            return self._array(value, place, arrays)
        if type_name(kind) in _FORM_OF:
            form = _FORM_OF[type_name(kind)]
            try:
                parts = form.apart(value)
            except UnknownForm as error:
                raise Unstorable(f"{place} cannot be stored: {error}") from error
            return {form.name: self._encoded(parts, place, arrays)}
        return self._declared(value, place, arrays)

    def _array(self, value: Array | np.generic, place: str, arrays: list[Array]) -> Skeleton:
        plain = isinstance(value, np.generic) or type(value) in (np.ndarray, np.memmap)
        if not plain or value.dtype.kind not in _ARRAY_KINDS:
            raise Unstorable(f"{place} cannot be stored: it is a {type(value).__name__} of {value.dtype}")
        arrays.append(np.asarray(value))
        return {"scalar" if isinstance(value, np.generic) else "array": len(arrays) - 1}

    def _declared(self, value: object, place: str, arrays: list[Array]) -> Skeleton:
        name = type_name(type(value))
        if self._known(name) is not type(value):
            raise Unstorable(
                f"{place} cannot be stored: it is a {name}. Outcomes are made of plain values, arrays, frames and"
                " mixtures; a frozen dataclass or an enum is listed in `stored` of its experiment."
            )
        if isinstance(value, Enum):
            return {"enum": [name, value.name]}
        assert dataclasses.is_dataclass(value)  # all else that is known is an enum
        fields = {
            field.name: self._encoded(getattr(value, field.name), f"{place}.{field.name}", arrays)
            for field in dataclasses.fields(value)
            if field.init
        }
        return {"object": [name, fields]}

    def _known(self, name: str) -> type | None:
        """The type that may be stored under this name, None if there is none; only what `COMMON` names is imported."""
        if name not in self._types and name in COMMON:
            module, _, attribute = name.rpartition(".")
            self._types[name] = _checked(getattr(import_module(module), attribute))
        return self._types.get(name)

    def _named(self, name: str) -> Any:
        kind = self._known(name)
        if kind is None:
            raise ValueError(f"this is no stored outcome of this experiment: it holds a {name}")
        return kind

    def _decoded(self, skeleton: Skeleton, arrays: list[Array]) -> Any:
        if isinstance(skeleton, list):
            return [self._decoded(inner, arrays) for inner in skeleton]
        if not isinstance(skeleton, dict):
            return skeleton
        ((kind, content),) = skeleton.items()
        if kind in _FORM_NAMED:
            return _FORM_NAMED[kind].together(self._decoded(content, arrays))
        match kind:
            case "float":
                return float(content)
            case "tuple":
                return tuple(self._decoded(inner, arrays) for inner in content)
            case "dict":
                return {self._decoded(key, arrays): self._decoded(inner, arrays) for key, inner in content}
            case "array":
                return arrays[content]
            case "scalar":
                return arrays[content][()]
            case "enum":
                return self._named(content[0])[content[1]]
            case "object":
                name, fields = content
                return self._named(name)(**{key: self._decoded(inner, arrays) for key, inner in fields.items()})
        raise ValueError(f"this is no stored outcome: nothing is called {kind!r}")


def _checked(kind: type) -> type:
    """The type, if it is a frozen dataclass or an enum; ValueError otherwise."""
    frozen = dataclasses.is_dataclass(kind) and vars(kind)["__dataclass_params__"].frozen
    if not (frozen or issubclass(kind, Enum)):
        raise ValueError(f"{type_name(kind)} cannot be stored: it is neither a frozen dataclass nor an enum")
    return kind
