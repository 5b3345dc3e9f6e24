"""The data of the experiments, each with its source and a hash that is checked on loading."""

import hashlib
import io
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

from mixture.arrays import FloatArray, as_points

_DATA = files("experiments") / "data"


@dataclass(frozen=True)
class Column:
    """A column: its name, the unit of `Dataset.points`, the divisor that leads there, and whether it names groups."""

    name: str
    unit: str = ""
    divisor: float = 1.0
    group: bool = False

    @property
    def label(self) -> str:
        """Name and unit, for an axis."""
        return f"{self.name} ({self.unit})" if self.unit else self.name


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set as its source has it.

    frame    every column, values unchanged
    columns  names and units; `measurements` are the numeric ones
    sha256   of the CSV text
    source, version, citation, note   where it comes from and what to know about it
    """

    name: str
    title: str
    frame: pd.DataFrame
    columns: tuple[Column, ...]
    sha256: str
    source: str
    version: str
    citation: str
    note: str

    @property
    def measurements(self) -> tuple[Column, ...]:
        """The numeric columns."""
        return tuple(column for column in self.columns if not column.group)

    @property
    def units(self) -> dict[str, str]:
        """Unit of each numeric column of `points`, by name."""
        return {column.name: column.unit for column in self.measurements}

    def points(self, columns: Sequence[str] | None = None) -> FloatArray:
        """The (N, D) numbers to fit, in the units of `units`; all numeric columns unless some are named.

        Raises ValueError for a name that is not a numeric column.
        """
        known = {column.name: column for column in self.measurements}
        names = list(known) if columns is None else list(columns)
        unknown = [name for name in names if name not in known]
        if unknown or not names:
            raise ValueError(f"{self.name} has no numeric column {unknown or names}; it has {', '.join(known)}")
        divisors = np.array([known[name].divisor for name in names])
        return as_points(self.frame[names].to_numpy(dtype=np.float64) / divisors)

    def groups(self) -> pd.Series:
        """The known group of each point, for comparison; ValueError if the data have none."""
        labels = [column.name for column in self.columns if column.group]
        if not labels:
            raise ValueError(f"{self.name} has no known groups")
        return self.frame[labels[0]]


@cache
def _catalogue() -> dict[str, dict[str, Any]]:
    return tomllib.loads((_DATA / "datasets.toml").read_text(encoding="utf-8"))


def names() -> tuple[str, ...]:
    """The data sets there are."""
    return tuple(_catalogue())


def load(name: str) -> Dataset:
    """The data set called `name`.

    Raises ValueError for an unknown name, and for a file that is not the one whose source is declared.
    """
    if name not in _catalogue():
        raise ValueError(f"unknown data set {name!r}; known are {', '.join(names())}")
    entry = _catalogue()[name]
    parent = _catalogue()[entry["derived_from"]] if "derived_from" in entry else entry
    content = (_DATA / parent["file"]).read_bytes()
    _require_hash(parent["file"], content, parent["sha256"])
    if "change" in entry:
        content = _changed(content.decode(), entry["change"]).encode()
        _require_hash(name, content, entry["sha256"])
    frame = pd.read_csv(io.BytesIO(content))
    columns = tuple(
        Column(
            name=column["name"],
            unit=column.get("scaled_unit", column.get("unit", "")),
            divisor=float(column.get("divisor", 1)),
            group=column.get("group", False),
        )
        for column in parent["columns"]
    )
    if tuple(frame.columns) != tuple(column.name for column in columns) or len(frame) != parent["n"]:
        raise ValueError(f"datasets.toml declares other rows or columns for {name} than {parent['file']} has")
    words = {key: entry[key] for key in ("title", "source", "version", "citation", "note")}
    return Dataset(name=name, frame=frame, columns=columns, sha256=entry["sha256"], **words)


def _require_hash(name: str, content: bytes, declared: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != declared:
        raise ValueError(
            f"{name} is not the declared data: sha256 {found[:12]}... instead of {declared[:12]}.... Restore the file;"
            " to analyse changed data, give them to `python -m experiments compare`."
        )


def _changed(text: str, change: dict[str, Any]) -> str:
    """The CSV text with its one documented change."""
    lines = text.splitlines(keepends=True)
    place = lines[0].strip().split(",").index(change["column"])
    cells = lines[change["row"]].rstrip("\n").split(",")
    if cells[place] != change["old"]:
        raise ValueError(f"row {change['row']} holds {cells[place]}, not {change['old']}")
    cells[place] = change["new"]
    lines[change["row"]] = ",".join(cells) + "\n"
    return "".join(lines)
