"""How far models lie below a larger one, in several settings."""

from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator

from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn

LOOKS = (("o", style.VERMILION), ("^", style.ORANGE), ("s", style.BLACK), ("D", style.PURPLE))


@canvas.drawn_in_style
def shortfalls(rows: pd.DataFrame) -> Drawn:
    """A row for each family, a marker for each system of units: nats below the largest family, on a logarithmic axis.

    rows  family, units, below (nats, positive)

    Two columns wide.
    """
    families, units = list(dict.fromkeys(rows["family"])), list(dict.fromkeys(rows["units"]))
    figure, axes = canvas.panels(1, 1, width=style.DOUBLE_COLUMN, height=0.7 + 0.19 * len(families))
    ax = axes[0, 0]
    handles = []
    for index, (unit, (marker, colour)) in enumerate(zip(units, cycle(LOOKS), strict=False)):
        of = rows[rows["units"] == unit].set_index("family").reindex(families)
        size = 6.5 - 1.7 * index  # the smaller ones last, so that markers in one place are all seen
        look: dict[str, Any] = {"marker": marker, "color": colour, "markersize": size, "linestyle": "none"}
        look["markerfacecolor"] = "none" if index == 0 else colour
        ax.plot(of["below"], np.arange(len(families)), **look)
        handles.append(Line2D([], [], **look))
    for edge in range(len(families)):
        ax.axhline(edge, color="0.9", linewidth=0.5, zorder=0.5)
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(LogLocator(numticks=7))
    ax.xaxis.set_major_formatter(canvas.Powers())
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_yticks(np.arange(len(families)), families)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(families) - 0.5, -0.5)
    ax.set_xlabel("nats of log-likelihood below VVV", fontsize=canvas.TEXT_POINTS)
    canvas.legend_above(figure, handles, units)
    return Drawn(figure, {"shortfalls": rows})
