"""What different optima say about the same data: their densities, side by side."""

from collections.abc import Sequence

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


@canvas.drawn_in_style
def optima_densities(
    values: FloatArray, rows: Sequence[Sequence[tuple[str, GaussianMixture]]], feature_name: str
) -> Drawn:
    """A panel for each mixture of one feature, with its title: data (N,) as a histogram, density, components.

    Rows of panels share their scale. Two columns wide.
    """
    n_columns = max(len(row) for row in rows)
    figure, axes = canvas.panels(len(rows), n_columns, width=style.DOUBLE_COLUMN, height=0.4 + 1.35 * len(rows))
    grid = padded_grid(values, GRID_POINTS)
    edges = histogram_edges(values, fewest=25, most=60)
    heights, _ = np.histogram(values, edges, density=True)
    curves = {"x": grid}
    em = style.METHODS["em"]
    dotted: tuple[float, tuple[float, ...]] = (0.0, (1.0, 1.0))
    drawn = 0
    for line, row in zip(axes, rows, strict=True):
        highest = 1.05 * max(
            heights.max(), *(component_densities(mixture, grid, 0).sum(axis=0).max() for _, mixture in row)
        )
        for ax in line[len(row) :]:
            ax.remove()
        for column, (ax, (title, mixture)) in enumerate(zip(line, row, strict=False)):
            components = component_densities(mixture, grid, 0)
            ax.stairs(heights, edges, fill=True, color="0.87", zorder=0.5)
            for curve in components:
                ax.plot(grid, curve, color=em.color, linestyle=dotted, linewidth=0.9)
            ax.plot(grid, components.sum(axis=0), linewidth=1.1, **em.line)
            curves[title] = components.sum(axis=0)
            ax.set_xlim(grid[0], grid[-1])
            ax.set_ylim(0.0, highest)
            canvas.letter(ax, drawn)
            drawn += 1
            ax.set_title(title, fontsize=canvas.TEXT_POINTS, pad=3)
            canvas.describe(ax.yaxis, "density")
            canvas.describe(ax.xaxis, feature_name)
            ax.tick_params(labelbottom=row is rows[-1], labelleft=column == 0)
            ax.xaxis.label.set_visible(row is rows[-1])
            ax.yaxis.label.set_visible(column == 0)
    handles = [
        Patch(color="0.87"),
        Line2D([], [], linewidth=1.1, **em.line),
        Line2D([], [], color=em.color, linestyle=dotted, linewidth=0.9),
    ]
    canvas.legend_above(figure, handles, ["data", "EM", "its components"])
    bins = pd.DataFrame({"left": edges[:-1], "right": edges[1:], "density": heights})
    return Drawn(figure, {"histogram": bins, "densities": pd.DataFrame(curves)})
