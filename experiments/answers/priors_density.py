"""The density of the next galaxy under several priors: how far apart, all in all and where it differs most."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from experiments.answers.priors_declared import LEVEL

if TYPE_CHECKING:
    from experiments.priors import Found
    from mixture.arrays import FloatArray


@dataclass(frozen=True)
class Place:
    """Predictive densities at one velocity.

    at              the velocity
    heights         by prior
    base, outside   how many of them lie outside the pointwise band under the prior `base`
    """

    at: float
    heights: Mapping[str, float]
    base: str
    outside: int

    @property
    def lowest(self) -> str:
        """The prior under which the density is lowest."""
        return min(self.heights, key=lambda name: self.heights[name])

    @property
    def highest(self) -> str:
        """The prior under which it is highest."""
        return max(self.heights, key=lambda name: self.heights[name])

    @property
    def ratio(self) -> float:
        """The highest over the lowest."""
        return self.heights[self.highest] / max(self.heights[self.lowest], float(np.finfo(float).tiny))


def predictive_distances(priors: "Mapping[str, Found]", grid: "FloatArray") -> pd.DataFrame:
    """Total variation distance of every pair of predictive densities, ascending."""
    rows = [
        {
            "pair": f"{one} and {other}",
            "distance": 0.5 * float(np.trapezoid(np.abs(priors[one].middle - priors[other].middle), grid)),
        }
        for one, other in combinations(priors, 2)
    ]
    return pd.DataFrame(rows).sort_values("distance", kind="stable", ignore_index=True)


def where_densities_differ(
    priors: "Mapping[str, Found]", grid: "FloatArray", base: str, centres: "FloatArray"
) -> Place:
    """That one of these velocities at which the densities differ most."""
    found = []
    for at in map(float, centres):
        heights = {name: float(np.interp(at, grid, one.middle)) for name, one in priors.items()}
        low, high = (float(np.interp(at, grid, end)) for end in (priors[base].lower, priors[base].upper))
        found.append(Place(at, heights, base, sum(not low <= height <= high for height in heights.values())))
    return max(found, key=lambda place: place.ratio)


def density_words(distances: pd.DataFrame, place: Place) -> str:
    """How far predictive densities are apart, all together and where they differ most."""
    near, far = distances.iloc[0], distances.iloc[-1]
    return (
        f"The two predictive densities that are furthest apart are those of {far['pair']}, in total variation by"
        f" {far['distance']:.3f}; the nearest are those of {near['pair']}, by {near['distance']:.3f}. Small components,"
        " which hold little of the next galaxy's probability, count for little in it; where they lie, curves may part:"
        f" at {place.at:.1f} the density goes from {place.heights[place.lowest]:.3f} ({place.lowest}) to"
        f" {place.heights[place.highest]:.3f} ({place.highest}), by a factor of {place.ratio:.1f}, and"
        f" {place.outside or 'none'} of the {len(place.heights)} lie outside the {100 * LEVEL:g}% band under the"
        f" {place.base} prior."
    )
