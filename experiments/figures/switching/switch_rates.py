"""How often chains switch labels as components move apart."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator

from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn
from experiments.figures.style import Look

POSTERIOR = style.METHODS["posterior"]
LOOKS: tuple[Look, ...] = (
    Look(POSTERIOR.color, "-", "D"),
    POSTERIOR,
    Look(POSTERIOR.color, (0, (4, 1, 1, 1)), "^"),
)
"""Of the samplers, in the order they come in: all draw from the posterior, and have its colour."""


@canvas.drawn_in_style
def switch_rates(rates: pd.DataFrame, expected: float, floors: Mapping[str, float]) -> Drawn:
    """Switches per 1000 draws (log) by separation, a line for each sampler; hollow markers where there was none.

    rates     sampler, separation, switches, error (the standard error over chains)
    expected  what independent draws would show: a line
    floors    by sampler: the rate that one switch in all its draws would have been, at which hollow markers stand

    One column wide.
    """
    figure, ((ax,),) = canvas.panels(1, 1, width=style.SINGLE_COLUMN, height=2.6)
    bottom = 0.6 * min(floors.values())
    handles, names = [], [str(name) for name in rates["sampler"].unique()]
    for look, name in zip(LOOKS, names, strict=False):
        of = rates[rates["sampler"] == name]
        x, y, error = (of[column].to_numpy(np.float64) for column in ("separation", "switches", "error"))
        seen = y > 0.0
        ax.plot(x, np.where(seen, y, floors[name]), linewidth=1.1, **look.line)
        ax.plot(x[seen], y[seen], markersize=3.8, **look.points)
        below = np.minimum(error, y - bottom)
        ax.errorbar(
            x[seen], y[seen], yerr=np.stack([below, error])[:, seen], fmt="none", ecolor=look.color, linewidth=0.7
        )
        if not seen.all():  # an unclipped line without points would claim the figure's corner
            hollow = {**look.points, "markerfacecolor": "white"}
            ax.plot(x[~seen], np.full((~seen).sum(), floors[name]), markersize=3.8, clip_on=False, **hollow)
        handles.append(Line2D([], [], linewidth=1.1, marker=look.marker, markersize=3.8, **look.line))
    ax.axhline(expected, linewidth=0.8, **style.METHODS["truth"].line)
    handles.append(Line2D([], [], linewidth=0.8, **style.METHODS["truth"].line))
    ax.set_yscale("log")
    ax.set_ylim(bottom, 2.0 * expected)
    ax.yaxis.set_major_locator(LogLocator(numticks=7))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(canvas.Powers())
    ax.set_ylabel("label switches per 1000 draws", fontsize=canvas.TEXT_POINTS)
    ax.margins(x=0.05)
    canvas.describe(ax.xaxis, "distance of the components (sd)")
    canvas.legend_above(figure, handles, [*names, "independent draws"])
    return Drawn(figure, {"switches": rates})
