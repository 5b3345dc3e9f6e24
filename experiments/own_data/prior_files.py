"""A prior of one's own, written in TOML."""

import inspect
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bayesian import (
    LKJ,
    ConjugateNormal,
    Gamma,
    HalfNormal,
    InverseGamma,
    InverseWishart,
    LogNormal,
    Normal,
    Prior,
    Uniform,
    UniformScale,
    Wishart,
)
from experiments.own_data.errors import InputError

EXAMPLE = """\
name = "mine"                        # and source: for print; may be left out
source = "after Chib 1995"
concentration = 1.0                  # of the Dirichlet; a number, or one per component

[means]                              # Normal (location, sd), ConjugateNormal (location, strength), Uniform (low, high)
family = "Normal"                    # may be left out
location = 20.0
sd = 10.0

[scales]                             # LogNormal (location, sd), HalfNormal (sd), InverseGamma (shape, scale) or
family = "InverseGamma"              # UniformScale (low, high)
on = "variance"                      # or "sd"
shape = 3.0
scale = 20.0                         # or unknown, with a gamma prior: scale = { shape = 0.2, rate = 0.5 }

[correlations]                       # LKJ; only for full and tied in more than one feature
eta = 4.0

# in the place of [scales] and [correlations], for full and tied:
# [covariances]                      # InverseWishart
# dof = 4.0
# scale = [[1.0, 0.0], [0.0, 1.0]]   # or unknown, with a Wishart prior: scale = { dof = 2.0, scale = [[..]] }
"""

MEAN_FAMILIES: Mapping[str, Callable[..., Any]] = {
    "Normal": Normal,
    "ConjugateNormal": ConjugateNormal,
    "Uniform": Uniform,
}
SCALE_FAMILIES: Mapping[str, Callable[..., Any]] = {
    "LogNormal": LogNormal,
    "HalfNormal": HalfNormal,
    "InverseGamma": InverseGamma,
    "UniformScale": UniformScale,
}
ENTRIES = {"name", "source", "concentration", "means", "scales", "correlations", "covariances"}


def read_prior(path: Path) -> Prior:
    """The prior a TOML file writes down (see `EXAMPLE`); raises InputError, naming the file and the entry."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"cannot read the prior file {path.name}: {error}") from error
    unknown = sorted(content.keys() - ENTRIES)
    if unknown:
        raise InputError(
            f"{path.name} has an unknown entry {unknown[0]!r}; known are name, source, concentration, [means],"
            " [scales], [correlations], [covariances]"
        )
    try:
        return Prior(
            means=_means(content),
            concentration=content.get("concentration", 1.0),
            scales=_of_family(SCALE_FAMILIES, content, "scales"),
            correlations=_made(LKJ, content, "correlations"),
            covariances=_made(InverseWishart, content, "covariances", scale=Wishart),
            name=str(content.get("name", path.stem)),
            source=str(content.get("source", path.name)),
        )
    except (TypeError, ValueError) as error:
        raise InputError(f"{path.name}: {error}") from error


def _means(content: Mapping[str, Any]) -> Any:
    if content.get("means") is None:
        raise ValueError("the table [means] is missing")
    table = content["means"]
    named = {"family": "Normal", **table} if isinstance(table, dict) else table
    return _of_family(MEAN_FAMILIES, {"means": named}, "means")


def _of_family(families: Mapping[str, Callable[..., Any]], content: Mapping[str, Any], name: str) -> Any:
    """The piece a table with a `family` writes down; None without one."""
    table = content.get(name)
    if not isinstance(table, dict):
        return _made(LogNormal, content, name)
    family = str(table.get("family"))
    if family not in families:
        raise ValueError(f"[{name}] needs a family: {', '.join(families)}; not {family!r}")
    rest = {key: value for key, value in table.items() if key != "family"}
    return _made(families[family], {name: rest}, name, scale=Gamma)


def _made(
    kind: Callable[..., Any], content: Mapping[str, Any], name: str, *, scale: Callable[..., Any] | None = None
) -> Any:
    """The piece a table writes down; None without one. scale: what its entry `scale` is, if that is a table too."""
    table = content.get(name)
    if table is None:
        return None
    if not isinstance(table, dict):
        raise ValueError(f"{name} must be a table, [{name}], with the names of its hyperparameters")
    if scale is not None and isinstance(table.get("scale"), dict):
        table = table | {"scale": _made(scale, table, "scale")}
    try:
        return kind(**table)
    except TypeError as error:
        expected = ", ".join(key for key in inspect.signature(kind).parameters)
        raise ValueError(f"[{name}] takes {expected}, not {', '.join(table)}") from error
