"""The fourteen covariance families of Celeux & Govaert (1995), by our names and mclust's.

`STRUCTURES` are the six whose covariances are linear in their free parameters; `FAMILIES` are all.
"""

from mixture.covariance.axes import Diagonal, TiedDiagonal
from mixture.covariance.covariance import Covariance
from mixture.covariance.freedom import Freedom, Freedoms
from mixture.covariance.inner_step import InnerStep
from mixture.covariance.linear import LinearCovariance
from mixture.covariance.matrices import Full, Tied
from mixture.covariance.spheres import Spherical, TiedSpherical
from mixture.covariance.tied_orientation import TiedOrientation, TiedVolumeOrientation
from mixture.covariance.tied_shape import DiagonalTiedShape, TiedShape, TiedShapeOrientation, TiedVolumeShape
from mixture.covariance.tied_volume import DiagonalTiedVolume, TiedVolume

STRUCTURES: tuple[LinearCovariance, ...] = (
    _FULL := Full(),
    _TIED := Tied(),
    _DIAGONAL := Diagonal(),
    _TIED_DIAGONAL := TiedDiagonal(),
    _SPHERICAL := Spherical(),
    _TIED_SPHERICAL := TiedSpherical(),
)
FAMILIES: tuple[Covariance, ...] = (
    _TIED_SPHERICAL,
    _SPHERICAL,
    _TIED_DIAGONAL,
    DiagonalTiedShape(),
    DiagonalTiedVolume(),
    _DIAGONAL,
    _TIED,
    TiedShapeOrientation(),
    TiedVolumeOrientation(),
    TiedOrientation(),
    TiedVolumeShape(),
    TiedShape(),
    TiedVolume(),
    _FULL,
)

_BY_NAME = {name: family for family in FAMILIES for name in (family.name, family.mclust)}
_LINEAR_BY_NAME = {structure.name: structure for structure in STRUCTURES}


def structure_named(name: str) -> Covariance:
    """The family called `name`, by us or by mclust; raises ValueError listing the known ones."""
    if name not in _BY_NAME:
        rest = tuple(family for family in FAMILIES if family.name not in _LINEAR_BY_NAME)
        raise ValueError(f"unknown covariance structure {name!r}; known are: {_listed((*STRUCTURES, *rest))}")
    return _BY_NAME[name]


def linear_structure_named(name: str) -> LinearCovariance:
    """The structure that we call `name`, if it is one of the six that share nothing or everything.

    Raises ValueError listing them for another name.
    """
    if name not in _LINEAR_BY_NAME:
        family = structure_named(name)
        raise ValueError(
            f"the covariance structure {name!r} ({family.meaning}) cannot be taken here, only: "
            + ", ".join(structure.name for structure in STRUCTURES)
        )
    return _LINEAR_BY_NAME[name]


def simpler_neighbours(family: Covariance) -> tuple[Covariance, ...]:
    """The families that `family` contains with none between, by which a fit of it is checked for nesting."""
    inside = [other for other in FAMILIES if family.contains(other) and other.mclust != family.mclust]
    return tuple(
        other
        for other in inside
        if not any(between.contains(other) for between in inside if between.mclust != other.mclust)
    )


def _listed(families: tuple[Covariance, ...]) -> str:
    names = ", ".join(family.name for family in families)
    return f"{names}; in mclust's names {', '.join(family.mclust for family in families)}"


__all__ = [
    "FAMILIES",
    "STRUCTURES",
    "Covariance",
    "Freedom",
    "Freedoms",
    "InnerStep",
    "LinearCovariance",
    "linear_structure_named",
    "simpler_neighbours",
    "structure_named",
]
