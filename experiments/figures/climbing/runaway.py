"""Likelihoods that run away, densities under remedies, and evidence that does not end."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, NullLocator

from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn
from experiments.figures.geometry import histogram_edges
from mixture.arrays import FloatArray

LINES = tuple(zip(canvas.COMPONENT_COLOURS, ("-", (0, (4, 1.5)), (0, (1, 1.2)), (0, (4, 1, 1, 1))), strict=False))
"""Curves that are no method's: told by their dashes, in no colour of EM, the posterior or the truth."""
HEADROOM = 1.15
"""Height of a panel of densities, in units of the highest bar."""

STEEP = 100.0
"""Growth from which the evidence has a logarithmic axis."""


@canvas.drawn_in_style
def shrinking(sigmas: FloatArray, values: Mapping[str, FloatArray]) -> Drawn:
    """log L by sigma (S,): the first two curves in (a), the third in (b). Two columns wide."""
    figure, (axes,) = canvas.panels(1, 2, width=style.DOUBLE_COLUMN, height=2.5, apart=0.05)
    names = list(values)
    handles = []
    for index, name in enumerate(names):
        ax = axes[0 if index < 2 else 1]
        colour, dashes = LINES[index]
        handles += ax.plot(sigmas, values[name], color=colour, linestyle=dashes, linewidth=1.2)
    for index, ax in enumerate(axes):
        canvas.logarithmic(ax, "sigma (10³ km/s)" if index == 0 else "sigma (min)")
        canvas.describe(ax.yaxis, "log-likelihood (nats)")
        canvas.letter(ax, index)
    canvas.legend_above(figure, handles, names)
    return Drawn(figure, {"shrinking": pd.DataFrame({"sigma": sigmas, **values})})


@canvas.drawn_in_style
def densities(
    values: FloatArray, grid: FloatArray, curves: Mapping[str, tuple[FloatArray, bool]], feature_name: str
) -> Drawn:
    """Histogram of the values (N,) and a density over the grid (G,) in each panel; True marks a posterior's.

    Two columns wide.
    """
    n_columns = 3
    n_rows = -(-len(curves) // n_columns)
    figure, axes = canvas.panels(n_rows, n_columns, width=style.DOUBLE_COLUMN, height=1.75 * n_rows + 0.2)
    edges = histogram_edges(values, fewest=25, most=60)
    heights, _ = np.histogram(values, edges, density=True)
    for ax in axes.flat[len(curves) :]:
        ax.remove()
    for index, (ax, (name, (curve, posterior))) in enumerate(zip(axes.flat, curves.items(), strict=False)):
        ax.stairs(heights, edges, fill=True, color="0.87", zorder=0.5)
        look = style.METHODS["posterior" if posterior else "em"]
        ax.plot(grid, curve, linewidth=1.1, zorder=2.0, **look.line)
        ax.plot(values, np.zeros_like(values), "|", color=style.GREY, markersize=4, markeredgewidth=0.5, zorder=1.0)
        ax.set_ylim(0.0, HEADROOM * heights.max())
        ax.set_xlim(grid[0], grid[-1])
        below = index + n_columns >= len(curves)
        canvas.describe(ax.xaxis, feature_name)
        canvas.describe(ax.yaxis, "density")
        ax.tick_params(labelleft=index % n_columns == 0, labelbottom=below)
        ax.xaxis.label.set_visible(below)
        ax.yaxis.label.set_visible(index % n_columns == 0)
        canvas.letter(ax, index)
        ax.set_title(name, fontsize=canvas.TEXT_POINTS, pad=3)
    drawn = {"posterior" if posterior else "em" for _, posterior in curves.values()}
    looks = {"em": "EM", "posterior": "posterior"}
    handles = [
        Patch(color="0.87"),
        *(Line2D([], [], linewidth=1.1, **style.METHODS[name].line) for name in looks if name in drawn),
    ]
    canvas.legend_above(figure, handles, ["data", *(word for name, word in looks.items() if name in drawn)])
    table = pd.DataFrame({"x": grid, **{name: curve for name, (curve, _) in curves.items()}})
    bars = pd.DataFrame({"from": edges[:-1], "to": edges[1:], "density": heights})
    return Drawn(figure, {"densities": table, "histogram": bars})


@canvas.drawn_in_style
def cut_off(found: Mapping[str, tuple[FloatArray, Mapping[str, FloatArray]]]) -> Drawn:
    """Evidence over that at the first cut-off, by cut-off (C,), a panel for each data set, a line for each prior.

    Two columns wide.
    """
    figure, (axes,) = canvas.panels(1, len(found), width=style.DOUBLE_COLUMN, height=2.5, apart=0.05)
    handles: list[Any] = []
    names: list[str] = []
    tables = []
    for index, (ax, (data, (cutoffs, evidence))) in enumerate(zip(axes, found.items(), strict=True)):
        handles, names = [], list(evidence)
        for (colour, dashes), (name, values) in zip(LINES, evidence.items(), strict=True):
            handles += ax.plot(cutoffs, values / values[0], color=colour, linestyle=dashes, linewidth=1.2)
            tables.append(pd.DataFrame({"data": data, "prior": name, "cut-off": cutoffs, "evidence": values}))
        canvas.logarithmic(ax, "cut-off of sigma")
        if max(float((values / values[0]).max()) for values in evidence.values()) > STEEP:
            ax.set_yscale("log")
            ax.yaxis.set_major_locator(LogLocator(numticks=7))
            ax.yaxis.set_minor_locator(NullLocator())
            ax.yaxis.set_major_formatter(canvas.Powers())
            ax.set_ylabel("evidence, relative", fontsize=canvas.TEXT_POINTS)
        else:
            canvas.describe(ax.yaxis, "evidence, relative")
        canvas.letter(ax, index)
        ax.set_title(data, fontsize=8, pad=3)
    canvas.legend_above(figure, handles, names)
    return Drawn(figure, {"evidence": pd.concat(tables, ignore_index=True)})
