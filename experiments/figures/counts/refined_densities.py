"""One feature under mixtures of fewer and of more components."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn
from experiments.figures.geometry import component_densities, histogram_edges, padded_grid
from mixture import GaussianMixture
from mixture.arrays import FloatArray

GRID_POINTS = 400
LEAST_SHOWN = 0.002
"""Of the height of a panel: where a component is lower its line would lie on the axis."""
SUM: dict[str, Any] = {"color": style.METHOD_COLOURS["em"], "linewidth": 2.2, "alpha": 0.4}
COMPONENT: dict[str, Any] = {"color": style.METHOD_COLOURS["em"], "linestyle": (0.0, (1.0, 1.0)), "linewidth": 1.1}
"""Above the sum: a component that stands alone is the sum there, and would be hidden by it."""


@canvas.drawn_in_style
def refined_densities(
    parts: Mapping[str, tuple[FloatArray, Sequence[tuple[str, GaussianMixture]], str]],
) -> Drawn:
    """A column for each data set, a row for each of its mixtures: histogram, density and components. Two columns wide.

    parts: by the name of the data, the values (N,), mixtures of one feature with what takes them, and an axis label.
    """
    n_rows = max(len(mixtures) for _, mixtures, _ in parts.values())
    figure, axes = canvas.panels(n_rows, len(parts), width=style.DOUBLE_COLUMN, height=0.3 + 1.6 * n_rows)
    rows = []
    for column, (name, (values, mixtures, label)) in enumerate(parts.items()):
        grid = padded_grid(values, GRID_POINTS, margin=0.05)
        edges = histogram_edges(values, fewest=20, most=40)
        heights, _ = np.histogram(values, edges, density=True)
        curves = [component_densities(mixture, grid, 0) for _, mixture in mixtures]
        top = 1.08 * max(heights.max(), *(each.sum(axis=0).max() for each in curves))
        for row, ((by, mixture), each) in enumerate(zip(mixtures, curves, strict=True)):
            ax = axes[row, column]
            ax.stairs(heights, edges, fill=True, color="0.87", zorder=0.5)
            ax.plot(grid, each.sum(axis=0), **SUM, zorder=2.0)
            for curve in each:
                ax.plot(grid, np.where(curve > LEAST_SHOWN * top, curve, np.nan), **COMPONENT, zorder=3.0)
            ax.set_ylim(0.0, top)
            ax.set_xlim(grid[0], grid[-1])
            canvas.letter(ax, row * len(parts) + column)
            ax.set_title(f"{name}, K = {mixture.n_components} ({by})", fontsize=8, pad=3)
            if column == 0:
                ax.set_ylabel("density", fontsize=canvas.TEXT_POINTS)
            canvas.describe(ax.xaxis, label)
            rows.append(
                pd.DataFrame({"data": name, "by": by, "value": grid, "density": each.sum(axis=0)}).assign(
                    **{f"component {k + 1}": curve for k, curve in enumerate(each)}
                )
            )
    handles = [
        Patch(color="0.87"),
        Line2D([], [], **SUM),
        Line2D([], [], **COMPONENT),
    ]
    canvas.legend_above(figure, handles, ["data", "EM", "its components"])
    return Drawn(figure, {"densities": pd.concat(rows)})
