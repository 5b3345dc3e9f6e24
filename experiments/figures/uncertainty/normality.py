"""Posteriors that become normal with more data: standardised draws under N(0, 1), and how far from it they are."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, NullLocator
from matplotlib.typing import LineStyleType

from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn
from mixture.arrays import FloatArray

RANGE = 5.0
"""Standard errors to either side of the estimate that are drawn."""

BINS = 40

LOOKS: Mapping[int, tuple[str, LineStyleType, str]] = {
    0: ("o", "-", style.BLUE),
    1: ("^", (0.0, (4.0, 1.5)), "white"),
}
"""Marker, line and face of the first and the second row."""


@canvas.drawn_in_style
def standardised(draws: Mapping[str, Mapping[int, FloatArray]]) -> Drawn:
    """(draw - EM) / SE of one parameter, a row for each kind of data, a column for each n, over N(0, 1).

    draws  by kind of data and n: (T,); empty where there was no estimate with a standard error

    Drawn are 5 standard errors to either side. Two columns wide.
    """
    kinds = list(draws)
    sizes = list(draws[kinds[0]])
    figure, axes = canvas.panels(
        len(kinds), len(sizes), width=style.DOUBLE_COLUMN, height=0.55 + 1.15 * len(kinds), share_y=True
    )
    grid = np.linspace(-RANGE, RANGE, 201)
    normal = np.exp(-0.5 * grid**2) / np.sqrt(2.0 * np.pi)
    edges = np.linspace(-RANGE, RANGE, BINS + 1)
    tables = []
    for row, kind in enumerate(kinds):
        for column, size in enumerate(sizes):
            ax, z = axes[row, column], draws[kind][size]
            heights = np.zeros(BINS)
            if z.size:
                counts, _ = np.histogram(z, edges)
                heights = counts / (len(z) * np.diff(edges))
                colour = style.METHOD_COLOURS["posterior"]
                ax.stairs(heights, edges, fill=True, color=colour, alpha=0.45, linewidth=0)
                ax.stairs(heights, edges, color=colour, linewidth=0.5)
            ax.plot(grid, normal, linewidth=1.0, **style.METHODS["em"].line)
            ax.set_xlim(-RANGE, RANGE)
            ax.set_xticks([-4.0, 0.0, 4.0], ["−4", "0", "4"])
            ax.tick_params(labelbottom=row == len(kinds) - 1)
            ax.set_yticks([])
            ax.spines["left"].set_visible(False)
            if row == 0:
                ax.set_title(f"n = {size}", fontsize=8, pad=3)
            if column == 0:
                ax.set_ylabel(kind, fontsize=canvas.TEXT_POINTS)
            tables.append(
                pd.DataFrame({"data": kind, "n": size, "left": edges[:-1], "right": edges[1:], "density": heights})
            )
    tallest = max(float(table["density"].max()) for table in tables)
    axes[0, 0].set_ylim(0.0, 1.05 * max(tallest, normal.max()))
    figure.supxlabel("(posterior draw − EM) / SE", fontsize=canvas.TEXT_POINTS)
    canvas.legend_above(
        figure,
        [
            Patch(color=style.METHOD_COLOURS["posterior"], alpha=0.45),
            Line2D([], [], linewidth=1.0, **style.METHODS["em"].line),
        ],
        ["posterior", "EM, normal with its SE"],
    )
    return Drawn(figure, {"standardised": pd.concat(tables, ignore_index=True)})


@canvas.drawn_in_style
def approach(table: pd.DataFrame, measures: Sequence[tuple[str, str, float]]) -> Drawn:
    """A panel for each measure by n: medians over data sets and parameters, bars from quartile to quartile.

    table     data, n, and for each measure NAME the columns NAME, "NAME lower", "NAME upper"
    measures  column, label of the axis, and the value that it tends to; two columns wide
    """
    figure, (axes,) = canvas.panels(1, len(measures), width=style.DOUBLE_COLUMN, height=2.1, apart=0.05)
    kinds = list(dict.fromkeys(table["data"]))
    colour = style.METHOD_COLOURS["posterior"]
    for index, (ax, (name, label, limit)) in enumerate(zip(axes, measures, strict=True)):
        ax.axhline(limit, linewidth=0.9, **style.METHODS["truth"].line)
        for place, kind in enumerate(kinds):
            of = table[table["data"] == kind]
            marker, line, face = LOOKS[place]
            x = of["n"].to_numpy(np.float64) * (0.95, 1.05)[place]
            middle = of[name].to_numpy(np.float64)
            bars = np.stack([middle - of[f"{name} lower"], of[f"{name} upper"] - middle])
            ax.errorbar(
                x,
                middle,
                yerr=bars,
                color=colour,
                linestyle=line,
                linewidth=1.0,
                elinewidth=0.7,
                marker=marker,
                markersize=4.0,
                markerfacecolor=face,
                markeredgewidth=0.8,
            )
        ax.set_xscale("log")
        ax.xaxis.set_major_locator(LogLocator(numticks=6))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_major_formatter(canvas.Powers())
        ax.set_xlabel("points n", fontsize=canvas.TEXT_POINTS)
        ax.set_ylabel(label, fontsize=canvas.TEXT_POINTS)
        ax.set_ylim(bottom=0.0)
        canvas.letter(ax, index)
    handles = [
        Line2D(
            [], [], color=colour, linestyle=LOOKS[i][1], marker=LOOKS[i][0], markerfacecolor=LOOKS[i][2], markersize=4
        )
        for i in range(len(kinds))
    ]
    limit_handle = Line2D([], [], linewidth=0.9, **style.METHODS["truth"].line)
    canvas.legend_above(figure, [*handles, limit_handle], [*kinds, "limit for n → ∞"])
    return Drawn(figure, {"approach": table})
