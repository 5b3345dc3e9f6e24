"""A prior of one's own, written in TOML."""

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bayesian import LKJ, HalfNormal, InverseGamma, InverseWishart, LogNormal, Normal, Prior
from experiments.tables import InputError

EXAMPLE = """\
concentration = 1.0                  # of the Dirichlet; a number, or one per component

[means]                              # Normal
location = 20.0
sd = 10.0

[scales]                             # LogNormal (location, sd), HalfNormal (sd) or InverseGamma (shape, scale)
family = "InverseGamma"
on = "variance"                      # or "sd"
shape = 3.0
scale = 20.0

[correlations]                       # LKJ; only for full and tied in more than one feature
eta = 4.0

# in the place of [scales] and [correlations], for full and tied:
# [covariances]                      # InverseWishart
# dof = 4.0
# scale = [[1.0, 0.0], [0.0, 1.0]]
"""

SCALE_FAMILIES: Mapping[str, Callable[..., LogNormal | HalfNormal | InverseGamma]] = {
    "LogNormal": LogNormal,
    "HalfNormal": HalfNormal,
    "InverseGamma": InverseGamma,
}


def read_prior(path: Path) -> Prior:
    """The prior a TOML file writes down (see `EXAMPLE`); raises InputError, naming the file and the entry."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"cannot read the prior file {path.name}: {error}") from error
    unknown = sorted(content.keys() - {"concentration", "means", "scales", "correlations", "covariances"})
    if unknown:
        raise InputError(
            f"{path.name} has an unknown entry {unknown[0]!r}; known are concentration, [means], [scales],"
            " [correlations], [covariances]"
        )
    try:
        return Prior(
            means=_made(Normal, content, "means", required=True),
            concentration=content.get("concentration", 1.0),
            scales=_scales(content),
            correlations=_made(LKJ, content, "correlations"),
            covariances=_made(InverseWishart, content, "covariances"),
        )
    except (TypeError, ValueError) as error:
        raise InputError(f"{path.name}: {error}") from error


def _made(kind: Callable[..., Any], content: Mapping[str, Any], name: str, *, required: bool = False) -> Any:
    table = content.get(name)
    if table is None:
        if required:
            raise ValueError(f"the table [{name}] is missing")
        return None
    if not isinstance(table, dict):
        raise ValueError(f"{name} must be a table, [{name}], with the names of its hyperparameters")
    try:
        return kind(**table)
    except TypeError as error:
        expected = ", ".join(kind.__annotations__)
        raise ValueError(f"[{name}] takes {expected}, not {', '.join(table)}") from error


def _scales(content: Mapping[str, Any]) -> LogNormal | HalfNormal | InverseGamma | None:
    table = content.get("scales")
    if not isinstance(table, dict):
        return _made(LogNormal, content, "scales")
    family = str(table.get("family"))
    if family not in SCALE_FAMILIES:
        raise ValueError(f"[scales] needs a family: {', '.join(SCALE_FAMILIES)}; not {family!r}")
    rest = {key: value for key, value in table.items() if key != "family"}
    return _made(SCALE_FAMILIES[family], {"scales": rest}, "scales")
