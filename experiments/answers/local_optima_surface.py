"""The part of the report on local optima that looks at the surface over two means."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from experiments.figures.climbing.two_mean_surface import two_mean_surface
from experiments.reporting.formats import number
from experiments.reporting.report import Picture, Section

if TYPE_CHECKING:
    from experiments.local_optima import Surface


@dataclass(frozen=True)
class Example:
    """Two unit normals of known weights: weights, true means, and how many points are drawn."""

    weights: tuple[float, float]
    means: tuple[float, float]
    n_points: int

    def __str__(self) -> str:
        (a, b), (first, second) = self.weights, self.means
        return f"{a:g} N({first:g}, 1) + {b:g} N({second:g}, 1)"


def at_false_top(surface: "Surface") -> float:
    """Share of the starts below the diagonal, where the first mean is the larger, that end at the lower top."""
    below = np.tril(np.ones_like(surface.ends, dtype=bool), -1)
    return float((surface.ends[below] == 1.0).mean())


def told(share: float) -> str:
    """every start, or the percentage of starts."""
    return "every start" if share == 1.0 else f"{100.0 * share:.0f}% of the starts"


def surface_section(surface: "Surface", example: Example) -> Section:
    """The surface, EM's paths on it, and the border between the basins."""
    heights = surface.heights
    drawn = two_mean_surface(
        surface.axis,
        heights[0] - surface.values,
        surface.paths,
        [heights[0] - climb for climb in surface.climbs],
        surface.tops,
        example.means,
    )
    high, low = surface.tops
    above = np.triu(np.ones_like(surface.ends, dtype=bool), 1)  # the second mean, by column, is the larger
    at_high = float((surface.ends[above] == 0.0).mean())
    side = len(surface.ends)
    at_saddle = float((np.diagonal(surface.ends) == 2.0).mean())
    text = (
        f"The smallest example can be seen whole (Marin, Mengersen & Robert 2005): n = {example.n_points} points"
        f" from {example}, with weights and variances known and only the two means to be found. The surface has two"
        f" tops. The higher is at ({number(high[0], 2)}, {number(high[1], 2)}), the truth at ({example.means[0]:g},"
        f" {example.means[1]:g}). The lower, at ({number(low[0], 2)}, {number(low[1], 2)}), is"
        f" {heights[0] - heights[1]:.1f} nats below: there the heavy component has taken the right side of the data and"
        " the light one the left. Were the weights equal it would be a mere copy of the first with other labels; as"
        " they are known and differ, it is a false answer, which EM gives without a warning."
    )
    border = (
        "Here the basins can be told by reasoning. If the first mean is the smaller, the first component's"
        " responsibilities fall from left to right, so that its new mean is the smaller again: **EM never crosses the"
        f" diagonal** on which both means are equal. Of a grid of {side} by {side} starts over the"
        f" square shown {told(at_high)} above it ends at the higher top, {told(at_false_top(surface))} below it at the"
        " lower. Exactly on it no responsibility depends on"
        f" the point, and both means go to the mean of the data, {surface.centre:.2f}, in one step and stay"
        f" ({100 * at_saddle:.0f}% of those starts): a saddle point, at which a climb looks as if it had converged."
    )
    caption = (
        f"(a) Log-likelihood over the two means, in nats below its maximum (contours), for n = {example.n_points}"
        f" points of {example}; cross: the truth. EM's paths from {len(surface.paths)} numbered starts end at either"
        " top and never cross the dashed diagonal. (b) The same climbs by iteration, numbers as in (a)."
    )
    alt = (
        "A surface with two tops on either side of the diagonal and paths that climb to the one on their side; climbs"
        " that level off at two heights."
    )
    return Section("Two tops", (text, Picture("surface", caption, alt, drawn.figure, drawn.data, "double"), border))
