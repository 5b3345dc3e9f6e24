"""What somebody says about a table: a title, and for its columns labels, units and divisors; a small TOML."""

import difflib
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from experiments.own_data.errors import InputError
from experiments.own_data.tables import NumericTable
from experiments.reporting.markup import one_line

EXAMPLE = """\
title = "Thyroid tests"

[columns.TSH]                 # the name of a column, as in the file; in quotes if it has spaces or points
label = "thyrotropin"         # all of these may be left out
unit = "mU/l"                 # of the numbers after the division
divisor = 1000                # the numbers of the file are divided by it
"""

LONGEST = 200
"""Characters of a title or label."""


@dataclass(frozen=True)
class ColumnWords:
    """What is said of one column."""

    label: str = ""
    unit: str = ""
    divisor: float = 1.0


@dataclass(frozen=True)
class Description:
    """A title, empty where none is given, and words by the name of the column; `source` names the file."""

    source: str
    title: str
    columns: Mapping[str, ColumnWords]


def read_description(path: Path) -> Description:
    """The description that a TOML file gives (see `EXAMPLE`); raises InputError, naming the file and the entry."""
    if not path.is_file():
        raise InputError(f"there is no description file {path}")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"cannot read the description file {path.name}: {error}") from error
    _require_known(path.name, "entry", content, ("title", "columns"))
    columns = content.get("columns", {})
    if not isinstance(columns, dict):
        raise InputError(f"{path.name}: columns must be tables such as [columns.height]")
    title = _text(path.name, "title", content.get("title", ""))
    return Description(path.name, title, {name: _words(path.name, name, said) for name, said in columns.items()})


def described(table: NumericTable, description: Description) -> NumericTable:
    """The table in the units and under the labels of its description.

    Raises InputError for columns that the file does not have, and for two columns with one label. What is said of a
    column that is left out has no effect.
    """
    for name in description.columns:
        if name not in table.header:
            close = difflib.get_close_matches(name, table.header, n=1, cutoff=0.5)
            advice = f"did you mean {close[0]!r}? " if close else ""
            known = ", ".join(repr(other[:60]) for other in table.header[:12])
            raise InputError(f"{description.source} describes a column {name!r}; {advice}{table.name} has {known}")
    words = [description.columns.get(name, ColumnWords()) for name in table.columns]
    names = [said.label or name for said, name in zip(words, table.columns, strict=True)]
    labels = [f"{name} ({said.unit})" if said.unit else name for name, said in zip(names, words, strict=True)]
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise InputError(f"{description.source} gives two columns the label {twice[0]!r}")
    divided = [
        f"Column {name!r} was divided by {said.divisor:g}."
        for name, said in zip(table.columns, words, strict=True)
        if said.divisor != 1.0
    ]
    with np.errstate(over="ignore", under="ignore"):
        cells = np.ascontiguousarray(table.cells / np.array([said.divisor for said in words]))
    for name, column in zip(table.columns, cells.T, strict=True):
        if np.isinf(column).any():
            raise InputError(f"{description.source}: the divisor of [columns.{name}] is too small for its numbers")
    return replace(
        table,
        cells=cells,
        labels=tuple(labels),
        title=description.title or table.title,
        notes=(*table.notes, *divided),
    )


def _words(source: str, name: str, said: Any) -> ColumnWords:
    place = f"[columns.{name}]"
    if not isinstance(said, dict):
        raise InputError(f"{source}: {place} must be a table with label, unit, divisor")
    _require_known(source, f"entry of {place}", said, ("label", "unit", "divisor"))
    divisor = said.get("divisor", 1.0)
    if isinstance(divisor, bool) or not isinstance(divisor, int | float) or not 0.0 < divisor < math.inf:
        raise InputError(f"{source}: the divisor of {place} must be a number above zero, not {divisor!r}")
    label, unit = (_text(source, f"the {key} of {place}", said.get(key, "")) for key in ("label", "unit"))
    return ColumnWords(label, unit, float(divisor))


def _text(source: str, what: str, value: Any) -> str:
    if not isinstance(value, str) or len(value) > LONGEST:
        raise InputError(f"{source}: {what} must be text in quotes of at most {LONGEST} characters")
    return one_line(value)


def _require_known(source: str, what: str, content: Mapping[str, Any], known: tuple[str, ...]) -> None:
    unknown = [key for key in content if key not in known]
    if unknown:
        raise InputError(f"{source} has an unknown {what}: {unknown[0]!r}; known are {', '.join(known)}")
