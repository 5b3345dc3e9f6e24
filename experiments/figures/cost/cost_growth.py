"""How the cost of each method grows with points, components and features."""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, LogLocator, NullLocator

from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn

WORDS = {"N": "points N", "K": "components K", "D": "features D"}
LINES: tuple[str | tuple[float, tuple[float, ...]], ...] = ("-", (0, (4, 1.5)), (0, (1, 1.2)), (0, (4, 1, 1, 1)))


@canvas.drawn_in_style
def cost_growth(rows: pd.DataFrame, axes_names: Sequence[str], of_em: Collection[str]) -> Drawn:
    """A panel for each size: median seconds of each method by it, both logarithmic, the others as in the first row.

    rows  method, seconds, N, K, D, a row for each data set; of_em: the methods that are EM's, the others are the
    posterior's. Two columns wide.
    """
    figure, (axes,) = canvas.panels(1, len(axes_names), width=style.DOUBLE_COLUMN, height=3.1, share_y=True)
    methods = list(dict.fromkeys(rows["method"]))
    looks: dict[str, dict[str, Any]] = {}
    for method in methods:
        alike = [other for other in methods if (other in of_em) == (method in of_em)]
        place = alike.index(method)
        colour = style.METHOD_COLOURS["em" if method in of_em else "posterior"]
        marker = canvas.component_marker(place)
        looks[method] = {"color": colour, "marker": marker, "linestyle": LINES[place % len(LINES)], "linewidth": 1.0}
    first = rows.iloc[0]
    for index, (ax, name) in enumerate(zip(axes, axes_names, strict=True)):
        others = [other for other in axes_names if other != name]
        along = rows[(rows[others] == first[others]).all(axis=1)].sort_values(name)
        for method, look in looks.items():
            middle = along[along["method"] == method].groupby(name)["seconds"].median()
            ax.plot(middle.index.to_numpy(), middle.to_numpy(), markersize=3.2, **look)
        ax.set_xscale("log")
        ax.set_yscale("log")
        places = [float(value) for value in sorted(set(along[name]))]
        ax.xaxis.set_major_locator(FixedLocator(places))
        ax.xaxis.set_major_formatter(canvas.Scaled())
        ax.xaxis.set_minor_locator(NullLocator())
        ax.set_xlim(min(places) / 1.25, max(places) * 1.25)
        ax.grid(axis="y", which="major", color="0.9", linewidth=0.5)
        canvas.letter(ax, index)
        ax.set_xlabel(WORDS[name], fontsize=canvas.TEXT_POINTS)
    axes[0].yaxis.set_major_locator(LogLocator(numticks=10))
    axes[0].yaxis.set_minor_locator(NullLocator())
    axes[0].yaxis.set_major_formatter(canvas.Powers())
    axes[0].set_ylabel("seconds of one core", fontsize=canvas.TEXT_POINTS)
    low, high = np.log10(rows["seconds"].min()), np.log10(rows["seconds"].max())
    axes[0].set_ylim(10 ** (low - 0.3), 10 ** (high + 0.3))
    handles = [Line2D([], [], markersize=3.2, **look) for look in looks.values()]
    canvas.legend_above(figure, handles, methods)
    return Drawn(figure, {"growth": rows})
