"""Numbers as people read them."""

import math
from collections.abc import Mapping, Sequence
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
        magnitude = _magnitude(value)
        if not -4 <= magnitude < 7:
            return _scientific(value, 2)
        decimals = min(max(2, 3 - magnitude), 5)
    text = f"{value:.{decimals or 0}f}"
    return _minus(text.lstrip("-") if float(text) == 0.0 else text)


def resolved(value: float, scale: float) -> str:
    """A number to the place of the third significant digit of `scale`: 1000000003.27 where its sd is 1.05.

    Very small and very large ones as 1.00000000327 × 10¹⁵. As `number` where the scale is not positive and finite.
    """
    if not (math.isfinite(value) and 0.0 < scale < math.inf):
        return number(value)
    decimals = 2 - _magnitude(scale)
    magnitude = _magnitude(value) if value != 0.0 else -math.inf
    if (magnitude >= 7 and decimals <= 0) or (magnitude < -4 and decimals > 6 and value != 0.0):
        return _scientific(value, min(max(int(magnitude) + decimals, 2), 15))
    return number(value, min(max(decimals, 0), 15))


def _magnitude(value: float) -> int:
    return math.floor(math.log10(abs(value)))


def _scientific(value: float, decimals: int) -> str:
    mantissa, exponent = f"{value:.{decimals}e}".split("e")
    return _minus(f"{mantissa} × 10") + str(int(exponent)).translate(_SUPERSCRIPTS)


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


def _cell(value: object, decimals: int | None, scale: object = None) -> str:
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if value is None or value is pd.NA or value is pd.NaT:
        return MISSING
    if isinstance(value, int | float | np.integer | np.floating):
        if isinstance(scale, int | float | np.integer | np.floating):
            return resolved(float(value), float(scale))
        return number(value if isinstance(value, int | np.integer) else float(value), decimals)
    return str(value)


def format_column(
    header: str, values: Sequence[object], decimals: int | None = None, scales: Sequence[object] | None = None
) -> FormattedColumn:
    """A column of numbers, words or both; integers are printed whole, floats with decimals even where all are whole.

    scales: for each row the number that says how finely it is told (see `resolved`), if any.
    """
    n_numbers = sum(
        isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool) for value in values
    )
    filled = sum(value is not None and value is not pd.NA for value in values)
    rows = zip(values, scales or (None,) * len(values), strict=True)
    return FormattedColumn(
        header, tuple(_cell(value, decimals, scale) for value, scale in rows), 2 * n_numbers > filled
    )


def format_frame(
    frame: pd.DataFrame, decimals: Mapping[str, int], resolution: Mapping[str, str] | None = None
) -> tuple[FormattedColumn, ...]:
    """Every column of a frame; the index comes first if it is named or is not 0, 1, 2, ...

    decimals, resolution: as `report.Table` has them.
    """
    plain = frame
    if not (isinstance(frame.index, pd.RangeIndex) and frame.index.name is None):
        plain = frame.rename_axis(index=[str(name or "") for name in frame.index.names]).reset_index()
    headers = [" ".join(map(str, key)) if isinstance(key, tuple) else str(key) for key in list(plain.columns)]
    columns = [plain.iloc[:, place].tolist() for place in range(len(headers))]
    scales = {header: columns[headers.index(other)] for header, other in (resolution or {}).items() if other in headers}
    return tuple(
        format_column(header, values, decimals.get(header), scales.get(header))
        for header, values in zip(headers, columns, strict=True)
    )
