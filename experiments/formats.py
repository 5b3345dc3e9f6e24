"""Numbers as people read them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

MISSING = "–"
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float | np.integer, decimals: int | None = None) -> str:
    """A number with four significant digits and at least two decimals, or with `decimals`; whole numbers as they are.

    Very small and very large ones as 1.20 × 10⁻⁷; what is not a number as a dash.
    """
    if decimals is None and isinstance(value, int | np.integer):
        return _minus(str(value))
    value = float(value)
    if math.isnan(value):
        return MISSING
    if math.isinf(value):
        return "∞" if value > 0 else "\u2212∞"
    if decimals is None and value != 0.0:
        magnitude = math.floor(math.log10(abs(value)))
        if not -4 <= magnitude < 7:
            mantissa, exponent = f"{value:.2e}".split("e")
            return _minus(f"{mantissa} × 10") + str(int(exponent)).translate(_SUPERSCRIPTS)
        decimals = min(max(2, 3 - magnitude), 5)
    text = f"{value:.{decimals or 0}f}"
    return _minus(text.lstrip("-") if float(text) == 0.0 else text)


def short(value: float) -> str:
    """A number as briefly as it can be told to four significant digits: tolerances, seconds."""
    mantissa, _, exponent = f"{value:.4g}".partition("e")
    if not math.isfinite(value) or not exponent:
        return number(value) if not math.isfinite(value) else _minus(mantissa)
    power = "10" + str(int(exponent)).translate(_SUPERSCRIPTS)
    return power if mantissa == "1" else _minus(f"{mantissa} × {power}")


def _minus(text: str) -> str:
    return text.replace("-", "\u2212")


@dataclass(frozen=True)
class FormattedColumn:
    """A column ready to print: its header, cells, and whether it is set flush right as numbers are."""

    header: str
    cells: tuple[str, ...]
    numeric: bool


def _cell(value: object, decimals: int | None) -> str:
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if value is None or value is pd.NA or value is pd.NaT:
        return MISSING
    if isinstance(value, int | float | np.integer | np.floating):
        return number(value if isinstance(value, int | np.integer) else float(value), decimals)
    return str(value)


def format_column(header: str, values: Sequence[object], decimals: int | None = None) -> FormattedColumn:
    """A column of numbers, words or both; floats that are all whole are printed whole."""
    numbers = [
        float(value)
        for value in values
        if isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    ]
    finite = [value for value in numbers if math.isfinite(value)]
    if decimals is None and finite and all(value.is_integer() and abs(value) < 1e15 for value in finite):
        decimals = 0
    filled = sum(value is not None and value is not pd.NA for value in values)
    return FormattedColumn(header, tuple(_cell(value, decimals) for value in values), 2 * len(numbers) > filled)


def format_frame(frame: pd.DataFrame, decimals: dict[str, int]) -> tuple[FormattedColumn, ...]:
    """Every column of a frame; the index comes first if it is named or is not 0, 1, 2, ..."""
    plain = frame
    if not (isinstance(frame.index, pd.RangeIndex) and frame.index.name is None):
        plain = frame.rename_axis(index=[str(name or "") for name in frame.index.names]).reset_index()
    headers = [" ".join(map(str, key)) if isinstance(key, tuple) else str(key) for key in list(plain.columns)]
    return tuple(
        format_column(header, plain.iloc[:, place].tolist(), decimals.get(header))
        for place, header in enumerate(headers)
    )
