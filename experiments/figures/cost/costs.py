"""What methods cost in EM iterations."""

from collections.abc import Collection

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator

from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn


@canvas.drawn_in_style
def costs(rows: pd.DataFrame, of_em: Collection[str]) -> Drawn:
    """A point for each method on a logarithmic axis of EM iterations. One column wide.

    rows  method, iterations; of_em: the methods that are EM's, the others are the posterior's
    """
    figure, axes = canvas.panels(1, 1, width=style.SINGLE_COLUMN, height=0.7 + 0.19 * len(rows))
    ax = axes[0, 0]
    least = 10.0 ** np.floor(np.log10(min(1.0, rows["iterations"].min())))
    for place, (method, value) in enumerate(zip(rows["method"], rows["iterations"], strict=True)):
        look = style.METHODS["em" if method in of_em else "posterior"]
        ax.hlines(place, least, value, color=look.color, linewidth=0.8)
        ax.plot(value, place, markersize=4, clip_on=False, **look.points)
    ax.set_xscale("log")
    ax.set_xlim(left=least)
    ax.xaxis.set_major_locator(LogLocator(numticks=7))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(canvas.Powers())
    ax.grid(axis="x", which="major", color="0.9", linewidth=0.5)
    ax.set_yticks(np.arange(len(rows)), list(rows["method"]))
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_xlabel("EM iterations", fontsize=canvas.TEXT_POINTS)
    handles = [Line2D([], [], markersize=4, **style.METHODS[name].points) for name in ("em", "posterior")]
    canvas.legend_above(figure, handles, ["EM", "posterior"])
    return Drawn(figure, {"costs": rows})
