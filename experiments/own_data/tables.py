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

from experiments.own_data.errors import InputError
from experiments.own_data.header import header_and_body, shortened
from experiments.own_data.parsing import (
    ParsedColumn,
    decode,
    parse_column,
    read_records,
    uses_decimal_comma,
)
from experiments.reporting.markup import one_line
from mixture.arrays import FloatArray, check_columns


@dataclass(frozen=True, eq=False)
class NumericTable:
    """The numbers of a CSV.

    name     file name without its folder, as words: never a path, never markup
    cells    (N, D), NaN where a cell is missing, no column constant or a copy of another, no row without any number
    columns  D names, as in the file
    notes    what was noticed and decided while reading, a sentence each
    sha256   of the file
    header   every column of the file, those left out too
    labels   D names for axes and tables, with units where they are known
    title    what the data are called: the name, or what their owner says
    """

    name: str
    cells: FloatArray
    columns: tuple[str, ...]
    notes: tuple[str, ...]
    sha256: str
    header: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    title: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "header", self.header or self.columns)
        object.__setattr__(self, "labels", self.labels or self.columns)
        object.__setattr__(self, "title", self.title or self.name)

    @property
    def points(self) -> FloatArray:
        """The rows without a missing cell."""
        return np.ascontiguousarray(self.cells[~np.isnan(self.cells).any(axis=1)])

    @property
    def frame(self) -> pd.DataFrame:
        """The cells with their column names."""
        return pd.DataFrame(self.cells, columns=list(self.columns))

    @property
    def slug(self) -> str:
        """The name as a-z, 0-9, _ and -: safe as a folder name and an anchor.

        What else it has becomes _, and four digits of a digest behind it keep such names apart.
        """
        stem = self.name.rpartition(".")[0].lower() or self.name.lower()
        safe = re.sub(r"[^a-z0-9_-]+", "_", stem).strip("_-")[:40] or "data"
        return safe if safe == stem else f"{safe}_{_hash(stem.encode())[:4]}"


def read_table(path: Path | str, columns: Sequence[str] | None = None) -> NumericTable:
    """Read the numeric columns of a CSV, or the named ones.

    Takes commas, semicolons, tabs, bars or spaces between fields, a decimal comma, separated thousands, quotes, a byte
    order mark, blank lines, missing cells, and row names and numbers as R and pandas write them. Raises InputError for
    everything else, with the line and column of the first offence.
    """
    path = Path(path)
    content = _content(path)
    try:
        text, encoding_note = decode(content)
        records = read_records(text)
    except (ValueError, csv.Error) as error:
        raise InputError(f"{path.name} {error}") from error
    header, body, lines, notes = header_and_body(path.name, records, asked=columns or ())
    if encoding_note:
        notes.insert(0, encoding_note)
    if columns is not None:
        _require_known(path.name, columns, header)
    chosen = list(header) if columns is None else list(dict.fromkeys(map(shortened, columns)))
    cells = {name: [row[header.index(name)] for row in body] for name in chosen}
    parsed = _parsed(cells, records.separator, lines, notes, optional=columns is None)
    if not parsed:
        raise InputError(f"{path.name} has no column of numbers; its columns are {_listed(header)}")
    for name, column in parsed.items():
        _require_finite(name, column, lines)
        if columns is not None and column.missing.all():
            raise InputError(f"column {name!r} is empty: every cell of it is missing; leave it out")
    notes += [*_few_values(parsed), *_stand_ins(parsed)]
    cells_read = np.column_stack([column.values for column in parsed.values()])
    kept = _rows_with_numbers(cells_read, tuple(parsed), lines, notes)
    _require_informative(kept, tuple(parsed))
    return NumericTable(
        one_line(path.name), np.ascontiguousarray(kept), tuple(parsed), tuple(notes), _hash(content), header
    )


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


def _require_known(file: str, columns: Sequence[str], header: tuple[str, ...]) -> None:
    if not columns:
        raise InputError("no column was named")
    for name in map(shortened, columns):
        several = [other for other in header if other.startswith(f"{name} (column ")]
        if name not in header and several:
            raise InputError(f"{file} has several columns {name!r}: name one of {_listed(several)}")
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
            share = f", though {column.n_numbers} of {len(words)} cells are numbers" if column.n_numbers else ""
            notes.append(f"Column {name!r} was left out: {offence}{share}.")
        elif column.missing.all() and optional:
            notes.append(f"Column {name!r} was left out: it is empty.")
        elif optional and len(cells) > 1 and column.constant:
            notes.append(f"Column {name!r} was left out: it is constant.")
        else:
            parsed[name] = column
            if column.note:
                notes.append(f"Column {name!r} was read with a {column.note}.")
    return parsed


def _require_finite(name: str, column: ParsedColumn, lines: tuple[int, ...]) -> None:
    places = np.flatnonzero(np.isinf(column.values))
    if places.size:
        raise InputError(
            f"column {name!r} has {places.size} infinite value{_s(places.size)}, {_on_lines(places, lines)}; correct"
            f" {'them' if places.size > 1 else 'it'}, write NA where a value is unknown, or leave the column out"
        )


def _rows_with_numbers(
    cells: FloatArray, names: tuple[str, ...], lines: tuple[int, ...], notes: list[str]
) -> FloatArray:
    """The rows with at least one number; what is missing goes to the notes."""
    missing = np.isnan(cells)
    for name, column in zip(names, missing.T, strict=True):
        places = np.flatnonzero(column)
        if places.size:
            notes.append(
                f"Column {name!r} has {places.size} missing value{_s(places.size)}, {_on_lines(places, lines)}."
            )
    empty = np.flatnonzero(missing.all(axis=1))
    if empty.size:
        notes.append(f"{empty.size} row{_s(empty.size)} without any number, {_on_lines(empty, lines)}, left out.")
    return cells[~missing.all(axis=1)]


def _on_lines(places: "np.ndarray", lines: tuple[int, ...]) -> str:
    shown = ", ".join(str(lines[place]) for place in places[:5]) + (", ..." if places.size > 5 else "")
    return f"on line{_s(places.size)} {shown}"


def _s(count: int) -> str:
    return "s" if count > 1 else ""


FEW, MANY_ROWS = 5, 25
"""A column of at most FEW different numbers in at least MANY_ROWS rows may be a code, not a measurement."""


def _few_values(parsed: dict[str, ParsedColumn]) -> list[str]:
    """A note for each column that may be a code."""
    notes = []
    for name, column in parsed.items():
        values = column.values[~column.missing]
        distinct = len(np.unique(values))
        if 1 < distinct <= FEW and len(values) >= MANY_ROWS:
            notes.append(
                f"Column {name!r} has only {distinct} different values: if they are codes of a category, leave it out,"
                " for a component may shrink onto one of them."
            )
    return notes


STAND_INS = (9.0, 99.0, 999.0, 9999.0, 99999.0)
"""What stands for a missing number in many files, with either sign."""


def _stand_ins(parsed: dict[str, ParsedColumn]) -> list[str]:
    """A note for each column whose least or greatest number comes several times, far from all others, and is one."""
    notes = []
    for name, column in parsed.items():
        values = column.values[~column.missing & np.isfinite(column.values)]
        for extreme in {values.min(), values.max()} if values.size else ():
            others = values[values != extreme]
            times = values.size - others.size
            if abs(extreme) in STAND_INS and times > 1 and others.size and _far(extreme, others):
                notes.append(
                    f"Column {name!r} holds {extreme:g} {times} times, far from all other values: if it stands for a"
                    " missing value, write NA."
                )
    return notes


def _far(value: float, others: FloatArray) -> bool:
    """Further from the others than these are from each other."""
    return bool(np.abs(others - value).min() > np.ptp(others))


def _require_informative(cells: FloatArray, names: tuple[str, ...]) -> None:
    """InputError for columns `check_columns` refuses whatever the model, with their names instead of their places."""
    complete = cells[~np.isnan(cells).any(axis=1)]
    if len(complete) < 2:
        raise InputError(
            f"of {len(cells)} rows {len(complete) or 'none'} {'is' if len(complete) == 1 else 'are'} complete, and the"
            " posterior needs complete rows; leave out columns with many missing values (--columns)"
        )
    among = "" if len(complete) == len(cells) else f"over the {len(complete)} complete rows, "
    try:
        check_columns(complete, correlated=False)
    except ValueError as error:
        text = re.sub(
            r"columns? (\d+)(?: and (\d+))?",
            lambda found: (
                found.group().split()[0] + " " + " and ".join(repr(names[int(i)]) for i in found.groups() if i)
            ),
            str(error),
            count=1,
        )
        raise InputError(among + text) from error
