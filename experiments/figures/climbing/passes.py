"""How many passes over the data each way to climb needs, data set by data set."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator

from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn
from experiments.figures.style import Look

NARROW = 300.0
"""Below this ratio of the largest to the smallest number powers of ten alone are too few ticks."""


@canvas.drawn_in_style
def passes(rows: pd.DataFrame, *, looks: Mapping[str, Look] = style.MOVES) -> Drawn:
    """Median passes to the optimum by problem, a marker for each move, with a line from the least to the most.

    rows  problem, move, least, median, most       looks  by move

    Two columns wide.
    """
    problems, moves = list(dict.fromkeys(rows["problem"])), list(dict.fromkeys(rows["move"]))
    figure, axes = canvas.panels(1, 1, width=style.DOUBLE_COLUMN, height=0.9 + 0.36 * len(problems))
    ax = axes[0, 0]
    for index, move in enumerate(moves):
        of = rows[rows["move"] == move].set_index("problem").reindex(problems)
        y = np.arange(len(problems)) + (index - (len(moves) - 1) / 2) * 0.8 / len(moves)
        look = looks[move]
        ax.hlines(y, of["least"], of["most"], color=look.color, linewidth=0.8)
        ax.plot(of["median"], y, markersize=3.8, **look.points)
    for edge in range(1, len(problems)):
        ax.axhline(edge - 0.5, color="0.85", linewidth=0.5)
    ax.set_xscale("log")
    if rows["most"].max() < NARROW * rows["least"].min():
        ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=12))
        ax.xaxis.set_major_formatter(canvas.Scaled())
    else:
        ax.xaxis.set_major_locator(LogLocator(numticks=7))
        ax.xaxis.set_major_formatter(canvas.Powers())
    ax.xaxis.set_minor_locator(NullLocator())
    ax.grid(axis="x", which="major", color="0.9", linewidth=0.5)
    ax.set_yticks(np.arange(len(problems)), problems)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(problems) - 0.5, -0.5)
    ax.set_xlabel("passes over the data", fontsize=canvas.TEXT_POINTS)
    handles = [Line2D([], [], markersize=3.8, **looks[move].points) for move in moves]
    canvas.legend_above(figure, handles, moves)
    return Drawn(figure, {"passes": rows})
