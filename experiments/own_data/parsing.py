"""The text of anybody's CSV: its encoding, its separator, and which cells are numbers."""

import csv
import io
import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mixture.arrays import FloatArray

MISSING_WORDS = frozenset(
    {"", "na", "n/a", "#n/a", "nan", "null", "none", "missing", "-", "--", ".", "?", "<na>", "#value!", "#div/0!"}
)
_INFINITE_WORDS = frozenset({"inf", "+inf", "-inf", "infinity", "+infinity", "-infinity"})
_SEPARATORS = ("\t", ";", ",", "|")
_POINT = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_COMMA = r"[+-]?(?:\d+,\d*|,\d+|\d+)(?:[eE][+-]?\d+)?"
_THOUSANDS_COMMA = r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?"
_THOUSANDS_POINT = r"[+-]?[1-9]\d{0,2}(?:\.\d{3})+(?:,\d*)?"
_SPACED = re.compile(r"(?<=\d)[ \u00a0\u202f\u2009'](?=\d{3}(?!\d))")


_MARKS = (
    *((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32")),
    *((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")),
)


def decode(content: bytes) -> tuple[str, str | None]:
    """The text of a file, and a note if it is not UTF-8. Raises ValueError for what is no text."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content.decode(encoding, errors="replace"), None
    if content.startswith(b"PK\x03\x04"):
        raise ValueError("is not a text file; save the table as CSV first")
    beginning = content[: len(content[:65536]) // 2 * 2]
    if b"\0" in beginning:  # UTF-16 without a mark has its zeros in every other place
        for name, zeros, others in (("utf-16-le", 1, 0), ("utf-16-be", 0, 1)):
            if b"\0" not in beginning[others::2] and 2 * beginning[zeros::2].count(0) > len(beginning) // 2:
                return content.decode(name, errors="replace"), f"The file has no mark of its encoding; read as {name}."
        raise ValueError("is not a text file; save the table as CSV first")
    try:
        return content.decode("utf-8"), None
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
        return text, "The file is not UTF-8; it was read as Windows-1252, of which Latin-1 is a part."


@dataclass(frozen=True)
class Records:
    """The records of a file, blank lines left out, and the line (from 1) each of them ends on."""

    cells: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    separator: str


def read_records(text: str) -> Records:
    """Split a text into records by the separator under which most lines have equally many fields, at least two.

    The first line of a spreadsheet's "sep=;" says it instead.
    """
    text = io.StringIO(text, newline=None).read()  # any kind of line end
    said = re.match(r'"?sep=(.)"?[ \t]*\n', text)
    text = "\n" + text[said.end() :] if said else text  # lines keep their numbers
    sample = [line for line in text.split("\n", 201)[:200] if line.strip() and not line.startswith("#")]
    separator = said[1] if said and said[1] in _SEPARATORS else _separator(sample)
    cells: list[tuple[str, ...]] = []
    lines: list[int] = []
    comment: tuple[str, ...] = ()
    reader = csv.reader(io.StringIO(text), delimiter=separator, skipinitialspace=True)
    for record in reader:
        stripped = tuple(cell.strip() for cell in record)
        if separator == " ":
            stripped = tuple(cell for cell in stripped if cell)
        if not any(stripped):
            continue
        if not stripped[0].startswith("#"):
            cells.append(stripped)
            lines.append(reader.line_num)
        elif not cells:
            comment = tuple(cell for cell in (stripped[0].lstrip("# "), *stripped[1:]) if cell)
    if cells and len(comment) == len(cells[0]) and is_numeric(cells[0]):  # the header is a comment
        cells.insert(0, comment)
        lines.insert(0, lines[0])
    return Records(tuple(cells), tuple(lines), separator)


def _separator(lines: list[str]) -> str:
    found = max(_SEPARATORS, key=lambda mark: _consistency(lines, mark))
    if _consistency(lines, found) <= 0.0:
        return " " if _spaced_columns(lines) else ","
    if found == "," and len(lines) > 1 and "," not in lines[0]:  # the header knows no such separator
        if _spaced_columns(lines) and len(lines[0].split()) == len(lines[1].split()) > 1:
            return " "
        if all(re.fullmatch(r"\s*[+-]?\d+,\d+\s*", line) for line in lines[1:]) and not _counted(lines[1:]):
            return ";"  # one column of decimal commas
    return found


def _counted(lines: list[str]) -> bool:
    """Whether the numbers before the commas are 1, 2, 3, ...: row numbers."""
    return [int(line.partition(",")[0]) for line in lines] == list(range(1, len(lines) + 1))


def _consistency(lines: list[str], separator: str) -> float:
    """Share of lines that have the commonest number of fields, 0 if that number is one."""
    widths = [len(record) for record in csv.reader(lines, delimiter=separator, skipinitialspace=True)]
    if not widths:
        return 0.0
    commonest = int(np.bincount(widths).argmax())
    return widths.count(commonest) / len(widths) if commonest > 1 else 0.0


def _spaced_columns(lines: list[str]) -> bool:
    widths = {len(line.split()) for line in lines[1:]}
    return len(widths) == 1 and widths != {1}


def is_numeric(record: tuple[str, ...]) -> bool:
    """Whether a record holds numbers, and nothing else but missing cells."""
    filled = [cell for cell in record if cell.lower() not in MISSING_WORDS]
    return bool(filled) and all(re.fullmatch(f"{_POINT}|{_COMMA}", cell) for cell in filled)


@dataclass(frozen=True, eq=False)
class ParsedColumn:
    """A column read as numbers: NaN where a cell is missing, and the place of the first cell that is no number."""

    values: FloatArray
    missing: NDArray[np.bool_]
    first_word: int | None
    note: str | None
    n_numbers: int = 0

    @property
    def constant(self) -> bool:
        """Whether it has several numbers, all the same."""
        numbers = self.values[~self.missing]
        return bool(numbers.size > 1 and (numbers == numbers[0]).all())


def parse_column(cells: list[str], *, decimal_comma: bool) -> ParsedColumn:
    """Read cells as numbers. Raises ValueError where 1,234 may mean two things."""
    words = pd.Series([_SPACED.sub("", cell).replace("\u2212", "-") for cell in cells], dtype=object)
    missing = words.str.lower().isin(MISSING_WORDS).to_numpy(dtype=bool)
    infinite = words.str.lower().isin(_INFINITE_WORDS).to_numpy(dtype=bool)
    plain, note = _with_points(words, missing | infinite, decimal_comma)
    numeric = plain.str.fullmatch(_POINT).to_numpy(dtype=bool)
    values = np.full(len(cells), np.nan)
    values[numeric] = pd.to_numeric(plain[numeric]).to_numpy(dtype=np.float64)
    values[infinite] = np.where(words[infinite].str.startswith("-"), -np.inf, np.inf)
    others = np.flatnonzero(~(numeric | missing | infinite))
    return ParsedColumn(values, missing, int(others[0]) if others.size else None, note, int(numeric.sum()))


def uses_decimal_comma(columns: list[list[str]], separator: str) -> bool:
    """Whether some column can only be read with a decimal comma: 0,5 or 12,34 or 1.234,5."""
    for cells in columns:
        filled = pd.Series([cell for cell in cells if cell.lower() not in MISSING_WORDS], dtype=object)
        if filled.empty or not filled.str.fullmatch(f"{_COMMA}|{_THOUSANDS_POINT}").all():
            continue
        with_comma = filled[filled.str.contains(",", regex=False)]
        if not with_comma.empty and not with_comma.str.fullmatch(_THOUSANDS_COMMA).all():
            return True
        if separator == ";" and not with_comma.empty and with_comma.str.count(",").max() == 1:
            return True  # that is why the fields are not separated by commas
    return False


def _with_points(words: pd.Series, known: NDArray[np.bool_], decimal_comma: bool) -> tuple[pd.Series, str | None]:
    """The cells with a decimal point and no thousands separators."""
    numbers = words[~known]
    with_comma = numbers[numbers.str.contains(",", regex=False)]
    if decimal_comma and with_comma.empty and numbers.str.contains(".", regex=False).any():
        if numbers.str.fullmatch(rf"{_THOUSANDS_POINT}|[+-]?\d{{1,3}}").all():
            note = "point between thousands, as other columns have a decimal comma"
            return words.str.replace(".", "", regex=False), note
        return words, "decimal point, though other columns have a decimal comma"
    if with_comma.empty or numbers.str.fullmatch(_POINT).all():
        return words, None
    if decimal_comma:
        if not numbers.str.fullmatch(f"{_COMMA}|{_THOUSANDS_POINT}").all():
            return words, None
        return words.str.replace(".", "", regex=False).str.replace(",", ".", regex=False), "decimal comma"
    if not numbers.str.fullmatch(f"{_POINT}|{_THOUSANDS_COMMA}").all():
        return words, None
    if with_comma.str.count(",").max() == 1 and not with_comma.str.contains(".", regex=False).any():
        raise ValueError(f"has cells such as {with_comma.iloc[0]!r}, which may mean thousands or a decimal comma")
    return words.str.replace(",", "", regex=False), "comma between thousands"
