"""How climbs come closer to their optimum, pass by pass."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator

from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn
from experiments.figures.style import Look

LEAST = 1e-10
"""Nats: gaps below are drawn here."""
BENEATH = 2.4
"""Width of the first move's line, which others may lie on."""


@canvas.drawn_in_style
def gaps(
    traces: pd.DataFrame, panels: Sequence[str], close: float, *, looks: Mapping[str, Look] = style.MOVES
) -> Drawn:
    """A panel for each problem: the gap to the optimum (nats, log) by passes over the data (log), a line for each move.

    traces  problem, move, passes, gap       looks  by move       close  the gap at which a thin line is drawn

    Gaps below 1e-10 nats are drawn there. Two columns wide.
    """
    figure, (axes,) = canvas.panels(1, len(panels), width=style.DOUBLE_COLUMN, height=2.7, share_y=True)
    moves = list(dict.fromkeys(traces["move"]))
    for index, (ax, problem) in enumerate(zip(axes, panels, strict=True)):
        ax.axhline(close, color="0.7", linewidth=0.6, zorder=1.0)
        for move in moves:
            of = traces[(traces["problem"] == problem) & (traces["move"] == move)]
            if of.empty:
                continue
            gap = np.maximum(of["gap"].to_numpy(np.float64), LEAST)
            passes = of["passes"].to_numpy(np.float64)
            first_below = int((gap <= LEAST).argmax()) + 1 if (gap <= LEAST).any() else gap.size
            look = looks[move]
            width, size = (BENEATH, 5.0) if move == moves[0] else (1.2, 3.5)
            ax.plot(passes[:first_below], gap[:first_below], linewidth=width, **look.line)
            ax.plot(passes[first_below - 1], gap[first_below - 1], markersize=size, clip_on=False, **look.points)
        canvas.logarithmic(ax, "passes over the data", ticks=7)
        ax.set_yscale("log")
        ax.set_xlim(left=1.0)
        canvas.letter(ax, index)
        ax.set_title(problem, fontsize=8, pad=3)
    axes[0].yaxis.set_major_locator(LogLocator(numticks=8))
    axes[0].yaxis.set_minor_locator(NullLocator())
    axes[0].yaxis.set_major_formatter(canvas.Powers(lowest=LEAST))
    axes[0].set_ylim(bottom=LEAST)
    axes[0].set_ylabel("gap to the optimum (nats)", fontsize=canvas.TEXT_POINTS)
    handles = [Line2D([], [], linewidth=1.2, marker=looks[move].marker, **looks[move].line) for move in moves]
    canvas.legend_above(figure, handles, moves)
    return Drawn(figure, {"gaps": traces})
