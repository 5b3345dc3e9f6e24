"""The header of anybody's CSV: the names of its columns, and whether the first of them names rows."""

import re
from collections.abc import Sequence
from itertools import pairwise

from experiments.own_data.errors import InputError
from experiments.own_data.parsing import Records, is_numeric
from experiments.reporting.markup import one_line


def header_and_body(
    name: str, records: Records, *, asked: Sequence[str] = ()
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...], tuple[int, ...], list[str]]:
    """Distinct column names, rows of equal width, the line of each row, and notes.

    A first column of row names is left out, unless it is among those asked for. Raises InputError for a file without
    rows, or with rows of different lengths.
    """
    notes: list[str] = []
    cells, lines = records.cells, records.lines
    if not cells:
        raise InputError(f"{name} is empty")
    if is_numeric(cells[0]):
        names: tuple[str, ...] = tuple(f"column {place}" for place in range(1, len(cells[0]) + 1))
        body = cells
        notes.append("The first line holds numbers and was taken for data; the columns are named by their place.")
    else:
        names, body, lines = cells[0], cells[1:], lines[1:]
    if not body:
        raise InputError(f"{name} has a header but no rows")
    if len(body) == 1:
        raise InputError(f"{name} has one row of data; a mixture needs at least two")
    if all(len(row) == len(names) + 1 for row in body):
        if any(row[-1] for row in body):
            if _row_names([row[0] for row in body], ""):
                names = ("", *names)  # R leaves out the name of its row names
        else:
            body = tuple(row[:-1] for row in body)  # a separator ends each line
    for row, line in zip(body, lines, strict=True):
        if len(row) != len(names):
            raise InputError(f"line {line} of {name} has {len(row)} fields, but the header has {len(names)}")
    if (
        len(names) > 1
        and names[0] not in asked
        and names[0].lower() in _ROW_NAMES
        and _row_names([row[0] for row in body], names[0])
    ):
        title = f"called {names[0]!r}" if names[0] else "without a name"
        notes.append(f"The first column, row names {title}, was left out.")
        names, body = names[1:], tuple(row[1:] for row in body)
    return _distinct(names), body, lines, notes


_ROW_NAMES = frozenset({"", "unnamed: 0", "rownames", "row.names", "row_names", "index", "id", "row"})
"""What a column of row names may be called, lower case."""


def _row_names(cells: list[str], name: str) -> bool:
    """Whether cells name rows: whole numbers that rise; without a name of the column, any words that differ."""
    if all(re.fullmatch(r"\d{1,15}", cell) for cell in cells):
        numbers = [int(cell) for cell in cells]
        return all(b > a for a, b in pairwise(numbers))
    return not name and len(set(cells)) == len(cells) and not is_numeric(tuple(cells))


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Names on one line, cut if they are long, with the place added where one is missing or comes twice."""
    names = [shortened(name) for name in names]
    found: list[str] = []
    for place, name in enumerate(names, start=1):
        named = f"{name} (column {place})" if name else f"column {place}"
        distinct = name if name and names.count(name) == 1 else named
        while distinct in found or (distinct != name and distinct in names):
            distinct += "'"
        found.append(distinct)
    return tuple(found)


LONGEST = 200
"""Characters of a name."""


def shortened(name: str) -> str:
    """The name on one line, its beginning if it is longer than LONGEST."""
    line = one_line(name)
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
