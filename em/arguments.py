"""Arguments that many functions take, checked in one place: mixtures, generators, floors, switches."""

import numpy as np
from numpy.typing import ArrayLike

from mixture import GaussianMixture
from mixture.arrays import FloatArray


def as_mixture(value: object, name: str = "mixture") -> GaussianMixture:
    """`value`, which must be a `GaussianMixture`.

    Raises ValueError calling it `name` for anything else, saying where the mixture is if `value` is a fit.
    """
    if isinstance(value, GaussianMixture):
        return value
    kind = type(value).__name__
    if hasattr(type(value), "best"):
        advice = ": hand in its .best.mixture"
    else:
        advice = ": hand in its .mixture" if isinstance(getattr(value, "mixture", None), GaussianMixture) else ""
    raise ValueError(f"{name} must be a GaussianMixture, not {kind}{advice}")


def check_floor(floor: object) -> None:
    """Raise ValueError unless `floor` is None or a share: a number strictly between 0 and 1."""
    if floor is None:
        return
    share = floor.item() if isinstance(floor, np.ndarray) and floor.ndim == 0 else floor
    if not (isinstance(share, int | float | np.integer | np.floating) and 0.0 < share < 1.0):
        raise ValueError(f"floor must lie between 0 and 1 (a share of the covariance of the data), not {floor!r}")


def as_numbers(values: ArrayLike, name: str, shape: tuple[int, ...]) -> FloatArray:
    """`values` as finite float64 numbers of that shape; raises ValueError calling them `name` for anything else."""
    wanted = f"{name} must be finite numbers of shape {shape}"
    try:
        if np.iscomplexobj(values):
            raise ValueError("these are complex")
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{wanted}: {error}") from error
    if array.shape != shape or not np.isfinite(array).all():
        raise ValueError(f"{wanted}; it has shape {array.shape}")
    return array


def check_switch(value: object, name: str) -> None:
    """Refuse what is neither True nor False, naming it: what merely counts as true may mean the opposite ("no")."""
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name} must be True or False, not {value!r}")


def check_progress(progress: object) -> None:
    """Refuse what is neither True, False nor a function to call."""
    if not callable(progress) and not isinstance(progress, bool | np.bool_):
        raise ValueError(f"progress must be True, False or a function to call with each outcome, not {progress!r}")
