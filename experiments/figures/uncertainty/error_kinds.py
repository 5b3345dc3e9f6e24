"""Kinds of standard errors beside the posterior sd, each over the sd of estimates from one data set to the next."""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn

WIDEST = 2.5
"""Ratios beyond this, or below its inverse, are drawn at the edge."""

TICKS = (0.5, 0.7, 1.0, 1.4, 2.0)

MARKERS: Mapping[str, str] = {"weight 1": "D", "mean 1": "o", "mean 2": "^", "sd 1": "s", "sd 2": "v"}


@canvas.drawn_in_style
def error_kinds(ratios: pd.DataFrame, panels: Sequence[str], *, posterior: str) -> Drawn:
    """A panel for each data set, a row for each method, a marker for each parameter: error / sd over fresh data.

    ratios  data, method, parameter, ratio; `posterior` names the method that is the posterior's

    The axis is logarithmic and ends at 2.5; hollow markers lie beyond it. Two columns wide.
    """
    methods = list(dict.fromkeys(ratios["method"]))
    parameters = list(dict.fromkeys(ratios["parameter"]))
    height = 0.85 + 0.2 * len(methods)
    figure, (axes,) = canvas.panels(1, len(panels), width=style.DOUBLE_COLUMN, height=height, share_y=True)
    for index, (ax, panel) in enumerate(zip(axes, panels, strict=True)):
        ax.axvline(1.0, linewidth=0.9, **style.METHODS["truth"].line)
        for row, method in enumerate(methods):
            look = style.METHODS["posterior" if method == posterior else "em"]
            of = ratios[(ratios["data"] == panel) & (ratios["method"] == method)]
            for place, (parameter, ratio) in enumerate(zip(of["parameter"], of["ratio"], strict=True)):
                beyond = not 1.0 / WIDEST <= ratio <= WIDEST
                ax.plot(
                    min(max(ratio, 1.0 / WIDEST), WIDEST),
                    row + 0.13 * (place - 0.5 * (len(parameters) - 1)),
                    marker=MARKERS[parameter],
                    color=look.color,
                    markerfacecolor="white" if beyond else look.color,
                    markersize=3.2,
                    markeredgewidth=0.7,
                    linestyle="none",
                    clip_on=False,
                )
        ax.set_xscale("log")
        ax.set_xlim(1.0 / WIDEST, WIDEST)
        ax.xaxis.set_major_locator(FixedLocator(TICKS))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        ax.set_xlabel("error / sd of the estimate", fontsize=canvas.TEXT_POINTS)
        canvas.letter(ax, index)
        ax.set_title(panel, fontsize=8, pad=3)
        for row in range(len(methods)):
            ax.axhline(row, color="0.9", linewidth=0.5, zorder=0.1)
    axes[0].set_ylim(len(methods) - 0.5, -0.5)
    axes[0].yaxis.set_major_locator(FixedLocator(range(len(methods))))
    axes[0].set_yticks(range(len(methods)), methods)
    handles = [
        Line2D([], [], color="0.3", marker=MARKERS[name], markersize=3.2, linestyle="none") for name in parameters
    ]
    canvas.legend_above(
        figure,
        [*handles, Line2D([], [], linewidth=0.9, **style.METHODS["truth"].line)],
        [*parameters, "error = sd of the estimate"],
    )
    return Drawn(figure, {"ratios": ratios})
