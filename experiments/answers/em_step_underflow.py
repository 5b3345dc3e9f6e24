"""The part of the report on one step that says why logarithms are added with care."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from experiments.figures.climbing.underflow import LEAST, underflow
from experiments.reporting.formats import short
from experiments.reporting.report import Picture, Section, Table

if TYPE_CHECKING:
    from experiments.em_step import Underflow


def normal_until() -> float:
    """Standard deviations from the nearer component, of weight one half, at which the density leaves the normal"
    " doubles."""
    least = np.finfo(np.float64).tiny
    return float(np.sqrt(2.0 * (np.log(0.5) - 0.5 * np.log(2.0 * np.pi) - np.log(least))))


def underflow_section(
    far: "Underflow", shares: Sequence[float], units: Sequence[float], digits: int, n_points: int
) -> Section:
    """By distance, on Old Faithful from narrow starts, in many features."""
    with np.errstate(invalid="ignore"):
        table = pd.DataFrame(
            {
                "distance": far.distances,
                "naive": far.naive,
                "stable": far.stable,
                "naive error": np.abs(far.naive / far.exact - 1.0),
                "stable error": np.abs(far.stable / far.exact - 1.0),
            }
        )
    words = {unit: f"sd = {unit:g}" for unit in units}
    lost = pd.DataFrame({"dimension": far.dimensions})
    for unit, values in zip(units, far.lost_in, strict=True):
        lost[words[unit]] = values
    drawn = underflow(table, lost, list(words.values()))
    narrow = pd.DataFrame({"sd of the start": 100.0 * np.array(shares), "points lost": 100.0 * far.lost})
    halves = ", ".join(
        f"{far.dimensions[int((values >= 0.5).argmax())]:.0f} features with {words[unit]}"
        for unit, values in zip(units, far.lost_in, strict=True)
        if (values >= 0.5).any()
    )
    text = (
        "A double holds no positive number below about $2^{-1074}$. The density of a point far from every component is"
        " smaller, so that the sum over components is exactly zero, its logarithm minus infinity, and each"
        " responsibility 0/0. One such point, and every parameter is NaN after the next M step. The density need not"
        f" even be zero, which it is beyond {far.last:.1f} standard deviations: it loses digits from"
        f" {normal_until():.1f} on, where it leaves the normal numbers. With the largest term taken out first, the"
        " error stays at the last digit at any distance."
    )
    everywhere = (
        "It takes no outlier. A start with narrow components puts most points many of *its* standard deviations away"
        " (table). And in many features the density of a perfectly typical point is a product of many small factors:"
        f" half of the points are lost from {halves} (points drawn from the model; in small units the density overflows"
        " instead). A change of units alone, from metres to millimetres, can thus break a naive program."
    )
    return Section(
        "Why logarithms are added with care",
        (
            text,
            Picture(
                "underflow",
                "The density of a point beside two unit normals. (a) Its logarithm by the distance from the nearer"
                " mean: naively, until the cross, and by log-sum-exp. (b) Relative error of both against arithmetic of"
                f" {digits} digits, near there (below {short(LEAST)}: drawn there). (c) Share of points, drawn from the"
                " model, whose naive density is zero or infinite, by the number of features and the standard deviation"
                " of each in the units used.",
                "A parabola that one method stops following; errors that stay near the spacing of doubles for one and"
                " rise for the other; shares of lost points that jump from none to all.",
                drawn.figure,
                drawn.data,
                "double",
            ),
            everywhere,
            Table(
                "narrow",
                "Old Faithful: points with a naive density of zero, by the standard deviations of the start.",
                narrow,
                columns={
                    "sd of the start": "percent of the data's standard deviations, both components near the centre",
                    "points lost": f"percent of {n_points}",
                },
                decimals={"sd of the start": 0, "points lost": 1},
            ),
        ),
    )
