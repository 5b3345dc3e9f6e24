"""Rows with missing cells, grouped by which of their cells are observed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from mixture.arrays import FloatArray, IntArray, as_points


@dataclass(frozen=True)
class Pattern:
    """All rows in which the same features are observed.

    observed  (D_o,) these features, ascending       rows     (n,) the numbers of the rows
    points    (n, D_o) their observed cells          weights  (n,) their point weights, or (0,) for ones
    """

    observed: IntArray
    rows: IntArray
    points: FloatArray
    weights: FloatArray


def as_cells(x: ArrayLike) -> FloatArray:
    """Data (N, D) as float64 in which NaN, None, pandas' NA and masked cells are missing: NaN.

    Raises ValueError for infinite cells, and for a row or a column without any observed cell, naming it; for the rest
    see `as_points`.
    """
    values: NDArray[Any] = np.ma.asarray(x) if np.ma.isMaskedArray(x) else np.asarray(x)
    if values.dtype.kind == "O":
        bare = np.ma.getdata(values)
        absent = np.ma.getmaskarray(values) | np.asarray(pd.isna(bare))
        try:
            values = np.where(absent, np.nan, bare).astype(np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f"the data must be numbers: {error}. Leave out or encode text columns.") from error
    if values.dtype.kind not in "biuf":
        return as_points(values)
    lacking = np.ma.getmaskarray(values)
    bare = np.ma.getdata(values)
    if bare.dtype.kind == "f":
        lacking = lacking | np.isnan(bare)
        _refuse_infinite(np.isinf(bare) & ~lacking)
    cells = as_points(np.where(lacking, np.zeros((), dtype=bare.dtype), bare))
    lacking = lacking.reshape(cells.shape)
    empty_rows = np.flatnonzero(lacking.all(axis=1))
    if empty_rows.size:
        raise ValueError(
            f"row {empty_rows[0]} (counted from 0) has no observed cell: every cell is missing. Remove such rows"
            f" ({empty_rows.size} in all)."
        )
    empty_columns = np.flatnonzero(lacking.all(axis=0))
    if empty_columns.size:
        raise ValueError(
            f"column {empty_columns[0]} (counted from 0) has no observed cell: every cell is missing. Leave it out."
        )
    return np.where(lacking, np.nan, cells)


def patterns_of(cells: FloatArray, weights: FloatArray) -> list[Pattern]:
    """The rows of `cells` (N, D), NaN where missing, grouped by pattern; weights (N,), or (0,) for ones."""
    seen = ~np.isnan(cells)
    distinct, owner = np.unique(np.packbits(seen, axis=1), axis=0, return_inverse=True)
    order = np.argsort(owner.ravel(), kind="stable")
    ends = np.cumsum(np.bincount(owner.ravel(), minlength=len(distinct)))
    found = []
    for rows in np.split(order, ends[:-1]):
        observed = np.flatnonzero(seen[rows[0]])
        chosen = weights[rows] if weights.size else weights
        found.append(Pattern(observed, rows, np.ascontiguousarray(cells[np.ix_(rows, observed)]), chosen))
    return found


def batches(patterns: list[Pattern], at_a_time: int) -> Iterator[list[Pattern]]:
    """Patterns with equally many observed features together, so many at a time."""
    by_size: dict[int, list[Pattern]] = {}
    for pattern in patterns:
        by_size.setdefault(pattern.observed.size, []).append(pattern)
    for alike in by_size.values():
        for start in range(0, len(alike), at_a_time):
            yield alike[start : start + at_a_time]


def _refuse_infinite(infinite: NDArray[np.bool_]) -> None:
    if infinite.any():
        where = np.argwhere(infinite)[0]
        place = ", ".join(f"{axis} {i}" for axis, i in zip(("row", "column"), where, strict=False))
        raise ValueError(f"the data hold an infinite value at {place} (counted from 0): a missing cell must be NaN")
