"""The data as starts see them: distinct points with their mass, in the units of the data and free of units."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mixture.arrays import FloatArray, TooFewPoints, as_component_count, as_point_weights, as_points
from mixture.seeding import as_generator

MERGED_ROWS = 10_000
"""Up to this many rows, equal ones become one point with their summed weight: a start is then the same for a weight
of 2 as for two copies, and for rows in any order. Above, where sorting would cost more than a start, rows stand."""

DECIMALS = 12
"""Coordinates in standard deviations are rounded here: two that units and shifts alone make differ stay equal."""

SMALLEST_SPREAD = 1e-12
"""Standard deviations below this share of a column's range (a far point of hardly any weight) are taken as this."""


class TooFewDistinctPoints(TooFewPoints):
    """The data have fewer distinct points than there are components to place."""

    def __init__(self, n_distinct: int, n_components: int) -> None:
        super().__init__(
            f"the data have only {n_distinct} distinct points: {n_components} components cannot be told apart"
        )


@dataclass(frozen=True, eq=False)
class Sample:
    """Points of positive weight.

    points  (M, D) in the units of the data      mass  (M,) w_n > 0
    scaled  (M, D) the same in standard deviations about the mean, each point counting by its mass
    """

    points: FloatArray
    mass: FloatArray
    scaled: FloatArray


def sample_of(
    x: ArrayLike,
    n_components: int,
    weights: ArrayLike | None,
    *,
    merge: bool = True,
    at_most: int | None = None,
    rng: np.random.Generator | int | None = None,
) -> tuple[Sample, int]:
    """The points of `x` (N, D) whose weight is positive, and K as an int.

    merge    whether equal rows become one point (see `MERGED_ROWS`)
    at_most  more points than this are thinned to so many, drawn from `rng` uniformly without replacement, each with
             its mass
    Raises ValueError for bad data, weights, K or `rng`, and TooFewDistinctPoints (one too).
    """
    generator = None if at_most is None else as_generator(rng)
    points, mass = _weighted_rows(x, weights)
    k = as_component_count(n_components, len(points))
    if merge and len(points) <= MERGED_ROWS:
        points, mass = _merged(points, mass)
    if at_most is not None and generator is not None and len(points) > at_most:
        rows = np.sort(generator.choice(len(points), at_most, replace=False))
        points, mass = _merged(points[rows], mass[rows])
    scaled = standardise(points, mass)
    if len(np.unique(scaled[:MERGED_ROWS], axis=0)) < k:
        n_distinct = len(np.unique(scaled, axis=0))
        if n_distinct < k:
            raise TooFewDistinctPoints(n_distinct, k)
    return Sample(points, mass, scaled), k


def standardise(points: FloatArray, mass: FloatArray) -> FloatArray:
    """(x - mean) / sd of each feature, points weighted by mass, rounded to twelve decimals; (M, D).

    A constant feature becomes 0. Raises ValueError if a feature's range is beyond double precision.
    """
    with np.errstate(over="ignore"):
        unit = points - points[0]
        spread = np.abs(unit).max(axis=0)
    if not np.isfinite(spread).all():
        raise ValueError("the data span more than double precision holds: rescale the columns to sizes nearer to one")
    unit /= np.where(spread > 0.0, spread, 1.0)
    share = mass / mass.max()
    share /= share.sum()
    unit -= share @ unit
    scaled: FloatArray = np.round(unit / np.maximum(np.sqrt(share @ unit**2), SMALLEST_SPREAD), DECIMALS)
    return scaled + 0.0  # no negative zeros, which sorting would tell apart


def _weighted_rows(x: ArrayLike, weights: ArrayLike | None) -> tuple[FloatArray, FloatArray]:
    """The rows of positive weight and their weights, in their order."""
    points = as_points(x)
    mass = as_point_weights(weights, len(points))
    if not mass.size:
        return points, np.ones(len(points))
    used = mass > 0.0
    return (points, mass) if used.all() else (points[used], mass[used])


def _merged(points: FloatArray, mass: FloatArray) -> tuple[FloatArray, FloatArray]:
    distinct, owner = np.unique(points + 0.0, axis=0, return_inverse=True)
    return distinct, np.bincount(owner.ravel(), weights=mass, minlength=len(distinct))
