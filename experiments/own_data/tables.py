"""Anybody's CSV as numbers to fit: read with care, refused in one line that says where and why."""

import csv
import difflib
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.own_data.parsing import (
    ParsedColumn,
    Records,
    decode,
    is_numeric,
    parse_column,
    read_records,
    uses_decimal_comma,
)
from mixture.arrays import FloatArray, check_columns


class InputError(ValueError):
    """What somebody typed or gave as data cannot be used; the message is one line that says what to do."""


@dataclass(frozen=True, eq=False)
class NumericTable:
    """The numbers of a CSV.

    name     file name without its folder, as words: never a path, never markup
    points   (N, D), finite, no column constant or a copy of another
    columns  D names, as in the file
    notes    what was noticed and decided while reading, a sentence each
    sha256   of the file
    """

    name: str
    points: FloatArray
    columns: tuple[str, ...]
    notes: tuple[str, ...]
    sha256: str

    @property
    def frame(self) -> pd.DataFrame:
        """The points with their column names."""
        return pd.DataFrame(self.points, columns=list(self.columns))

    @property
    def slug(self) -> str:
        """The name as a-z, 0-9 and _: safe as a folder name and an anchor."""
        stem = re.sub(r"[^a-z0-9]+", "_", self.name.rpartition(".")[0].lower() or self.name.lower())
        return stem.strip("_")[:40] or "data"


def read_table(path: Path | str, columns: Sequence[str] | None = None) -> NumericTable:
    """Read the numeric columns of a CSV, or the named ones.

    Takes commas, semicolons, tabs, bars or spaces between fields, a decimal comma, separated thousands, quotes, a byte
    order mark, blank lines, and columns of row numbers as R writes them. Raises InputError for everything else, with
    the line and column of the first offence.
    """
    path = Path(path)
    content = _content(path)
    try:
        text, encoding_note = decode(content)
        records = read_records(text)
    except (ValueError, csv.Error) as error:
        raise InputError(f"{path.name} {error}") from error
    header, body, lines, notes = _header_and_body(path.name, records)
    if encoding_note:
        notes.insert(0, encoding_note)
    if columns is not None:
        _require_known(path.name, columns, header)
    chosen = list(header) if columns is None else list(dict.fromkeys(columns))
    cells = {name: [row[header.index(name)] for row in body] for name in chosen}
    parsed = _parsed(cells, records.separator, lines, notes, optional=columns is None)
    if not parsed:
        raise InputError(f"{path.name} has no column of numbers; its columns are {_listed(header)}")
    for name, column in parsed.items():
        _require_complete(name, column, lines)
    points = np.column_stack([column.values for column in parsed.values()])
    _require_informative(points, tuple(parsed))
    return NumericTable(path.name, np.ascontiguousarray(points), tuple(parsed), tuple(notes), _hash(content))


def _content(path: Path) -> bytes:
    if path.is_dir():
        raise InputError(f"{path} is a folder; name the CSV file in it")
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        folder = path.parent
        near = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
        close = difflib.get_close_matches(path.name, near, n=1)
        raise InputError(f"there is no file {path}" + (f"; did you mean {close[0]}?" if close else "")) from None
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    if not content.strip():
        raise InputError(f"{path.name} is empty")
    return content


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _header_and_body(
    name: str, records: Records
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...], tuple[int, ...], list[str]]:
    """Distinct column names, rows of equal width, the line of each row, and notes."""
    notes: list[str] = []
    cells, lines = records.cells, records.lines
    if not cells:
        raise InputError(f"{name} is empty")
    if is_numeric(cells[0]):
        names: tuple[str, ...] = tuple(f"column {place}" for place in range(1, len(cells[0]) + 1))
        body = cells
        notes.append("The first line holds numbers, so the columns are named by their place.")
    else:
        names, body, lines = cells[0], cells[1:], lines[1:]
    if not body:
        raise InputError(f"{name} has a header but no rows")
    if len(body) == 1:
        raise InputError(f"{name} has one row of data; a mixture needs at least two")
    if all(len(row) == len(names) + 1 for row in body):
        if any(row[-1] for row in body):
            names = ("", *names)  # R leaves out the name of its row names
        else:
            body = tuple(row[:-1] for row in body)  # a separator ends each line
    for row, line in zip(body, lines, strict=True):
        if len(row) != len(names):
            raise InputError(f"line {line} of {name} has {len(row)} fields, but the header has {len(names)}")
    if names[0] == "" and [row[0] for row in body] in _counts(len(body)):
        notes.append("The first column, row numbers without a name, was left out.")
        names, body = names[1:], tuple(row[1:] for row in body)
    return _distinct(names), body, lines, notes


def _counts(n_rows: int) -> tuple[list[str], list[str]]:
    return [str(row) for row in range(n_rows)], [str(row) for row in range(1, n_rows + 1)]


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Names with the place added where one is missing or comes twice."""
    return tuple(
        (f"{name} (column {place})" if name else f"column {place}") if not name or names.count(name) > 1 else name
        for place, name in enumerate(names, start=1)
    )


def _require_known(file: str, columns: Sequence[str], header: tuple[str, ...]) -> None:
    if not columns:
        raise InputError("no column was named")
    for name in columns:
        if name not in header:
            close = difflib.get_close_matches(name, header, n=1, cutoff=0.5)
            advice = f"did you mean {close[0]!r}? " if close else ""
            raise InputError(f"{file} has no column {name!r}; {advice}it has {_listed(header)}")


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name[:60]) for name in names[:12])
    return shown + (f" and {len(names) - 12} more" if len(names) > 12 else "")


def _parsed(
    cells: dict[str, list[str]], separator: str, lines: tuple[int, ...], notes: list[str], *, optional: bool
) -> dict[str, ParsedColumn]:
    """The columns of numbers; one with words in it is left out with a note, or refused if it was asked for."""
    decimal_comma = uses_decimal_comma(list(cells.values()), separator)
    parsed = {}
    for name, words in cells.items():
        try:
            column = parse_column(words, decimal_comma=decimal_comma)
        except ValueError as error:
            raise InputError(f"column {name!r} {error}; write plain numbers such as 1234.5") from error
        place = column.first_word
        if place is not None:
            offence = f"line {lines[place]} holds {words[place][:40]!r}, which is not a number"
            if not optional:
                raise InputError(f"column {name!r}: {offence}; leave the column out or correct it")
            notes.append(f"Column {name!r} was left out: {offence}.")
        elif column.missing.all() and optional:
            notes.append(f"Column {name!r} was left out: it is empty.")
        else:
            parsed[name] = column
            if column.note:
                notes.append(f"Column {name!r} was read with a {column.note}.")
    return parsed


def _require_complete(name: str, column: ParsedColumn, lines: tuple[int, ...]) -> None:
    for wrong, what in ((column.missing, "missing"), (~np.isfinite(column.values), "infinite")):
        places = np.flatnonzero(wrong)
        if places.size:
            shown = ", ".join(str(lines[place]) for place in places[:5]) + (", ..." if places.size > 5 else "")
            plural = "s" if places.size > 1 else ""
            raise InputError(
                f"column {name!r} has {places.size} {what} value{plural}, on line{plural} {shown}; remove or fill in"
                f" {'those rows' if plural else 'that row'}, or leave the column out"
            )


def _require_informative(points: FloatArray, names: tuple[str, ...]) -> None:
    """InputError for columns `check_columns` refuses whatever the model, with their names instead of their places."""
    try:
        check_columns(points, correlated=False)
    except ValueError as error:
        text = re.sub(
            r"columns? (\d+)(?: and (\d+))?",
            lambda found: (
                found.group().split()[0] + " " + " and ".join(repr(names[int(i)]) for i in found.groups() if i)
            ),
            str(error),
            count=1,
        )
        raise InputError(text) from error
