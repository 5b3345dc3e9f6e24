"""Short labels beside points, placed so that they keep clear of each other and of the points."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

from experiments.figures.canvas import share
from mixture.arrays import FloatArray

LABEL_POINTS = 6.5
DIRECTIONS = ((1, 1), (-1, 1), (1, -1), (-1, -1), (1, 0), (-1, 0), (0, 1), (0, -1))
RINGS = (5.0, 14.0, 24.0)
"""Distances in points from the point to its label; those beyond the first get a line."""


def label_points(
    ax: Axes, points: FloatArray, texts: Sequence[str], *, colour: str = "black", lines: bool = True
) -> None:
    """Write each text beside its point (P, 2), at the nearest place that is free; call it when limits are final.

    Where there is none close by, a line leads to a place further off, or without `lines` the label is left out.
    """
    panel = 72.0 * (np.array(share(ax)) - [0.45, 0.4])
    options = [(ring, direction) for ring in (RINGS if lines else RINGS[:1]) for direction in DIRECTIONS]
    places = (ax.transScale + ax.transLimits).transform(points) * panel  # in points of type, from the lower left corner
    taken = [(place, np.array([4.5, 4.5])) for place in places]  # centres and half sizes
    for place, point, text in zip(places, points, texts, strict=True):
        half = np.array([0.31 * LABEL_POINTS * len(text), 0.5 * LABEL_POINTS])
        centres = [place + np.array(direction) * (ring + half) for ring, direction in options]
        conflicts = [
            _conflicts(centre, half, taken, panel) + (ring == RINGS[0] and _misleads(centre, place, places))
            for (ring, _), centre in zip(options, centres, strict=True)
        ]
        best = int(np.argmin(conflicts))  # the first of the least: the nearest
        if conflicts[best] and not lines:
            continue
        ring, (dx, dy) = options[best]
        taken.append((centres[best], half))
        ax.annotate(
            text,
            tuple(point),
            xytext=(ring * dx, ring * dy),
            textcoords="offset points",
            ha={1: "left", 0: "center", -1: "right"}[dx],
            va={1: "bottom", 0: "center", -1: "top"}[dy],
            fontsize=LABEL_POINTS,
            color=colour,
            path_effects=[withStroke(linewidth=1.5, foreground="white")],
            arrowprops={"arrowstyle": "-", "linewidth": 0.4, "shrinkA": 0, "shrinkB": 3} if ring > RINGS[0] else None,
        )


def _conflicts(
    centre: FloatArray, half: FloatArray, taken: list[tuple[FloatArray, FloatArray]], panel: FloatArray
) -> int:
    """How many taken boxes a label's box would meet, and the panel's edges it would cross."""
    met = sum(bool((np.abs(centre - other) < half + other_half).all()) for other, other_half in taken)
    return met + int((centre < half).any()) + int((centre > panel - half).any())


def _misleads(centre: FloatArray, own: FloatArray, places: FloatArray) -> bool:
    """Whether a label without a line would stand as near to another point as to its own."""
    distances = np.hypot(*(places - centre).T)
    others = distances[(places != own).any(axis=1)]
    return bool(others.min(initial=np.inf) <= 1.15 * np.hypot(*(own - centre)))
