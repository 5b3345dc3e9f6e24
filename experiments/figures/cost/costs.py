"""What a unit of each method's work costs in seconds, by number of points."""

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator

from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn

SMALLEST, LARGEST = 2.6, 5.6
"""Markers, from the fewest points to the most."""


@canvas.drawn_in_style
def costs(rows: pd.DataFrame, methods: Sequence[str], of_em: Collection[str]) -> Drawn:
    """A row for each method on a logarithmic axis of seconds; the more points, the larger the marker. One column wide.

    rows  method, N, seconds, a row for each data set: median and range are drawn; of_em: the methods that are EM's, the
    others are the posterior's
    """
    figure, axes = canvas.panels(1, 1, width=style.SINGLE_COLUMN, height=0.9 + 0.19 * len(methods))
    ax = axes[0, 0]
    counts = sorted(int(n) for n in rows["N"].unique())
    sizes = dict(zip(counts, np.linspace(SMALLEST, LARGEST, len(counts)), strict=True))
    for place, method in enumerate(methods):
        of = rows[rows["method"] == method]
        look = style.METHODS["em" if method in of_em else "posterior"]
        middle = of.groupby("N")["seconds"].median()
        ax.plot(middle, np.full(len(middle), place), color=look.color, linewidth=0.5)
        for n, at in of.groupby("N"):
            ax.hlines(place, at["seconds"].min(), at["seconds"].max(), color=look.color, linewidth=1.8)
            ax.plot(middle[n], place, markersize=sizes[int(str(n))], markeredgewidth=0.0, **look.points)
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(LogLocator(numticks=7))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(canvas.Powers())
    ax.grid(axis="x", which="major", color="0.9", linewidth=0.5)
    ax.set_yticks(np.arange(len(methods)), list(methods))
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(methods) - 0.5, -0.5)
    ax.set_xlabel("seconds of one core", fontsize=canvas.TEXT_POINTS)
    handles: list[Artist] = [Line2D([], [], markersize=4, **style.METHODS[name].points) for name in ("em", "posterior")]
    handles += [
        Line2D([], [], color=style.GREY, linestyle="none", marker="o", markersize=sizes[n], markeredgewidth=0.0)
        for n in counts
    ]
    canvas.legend_above(figure, handles, ["EM", "posterior", *(f"N = {n}" for n in counts)])
    return Drawn(figure, {"costs": rows[["method", "N", "data_set", "seconds"]]})
