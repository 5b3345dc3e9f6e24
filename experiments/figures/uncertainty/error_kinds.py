"""Kinds of standard errors beside the posterior sd, each over the sd of estimates from one data set to the next."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn

LEAST = 1.5
"""The axis reaches at least this far, and as far below one."""

MARGIN = 1.06

TICKS = ((0.5, 0.7, 1.0, 1.4, 2.0), (0.25, 0.5, 1.0, 2.0, 4.0), (0.01, 0.1, 1.0, 10.0, 100.0))
"""Fine ones for an axis that ends within the first, else coarser ones."""

MARKERS: Mapping[str, str] = {"weight 1": "D", "mean 1": "o", "mean 2": "^", "sd 1": "s", "sd 2": "v"}


@canvas.drawn_in_style
def error_kinds(ratios: pd.DataFrame, panels: Sequence[str], *, posterior: str) -> Drawn:
    """A panel for each data set, a row for each method, a marker for each parameter: error / sd over fresh data.

    ratios  data, method, parameter, ratio, "lower" and "upper" (ends of its bar); `posterior` names the posterior's

    The axis is logarithmic and holds every bar, as far below one as above. Two columns wide.
    """
    methods = list(dict.fromkeys(ratios["method"]))
    parameters = list(dict.fromkeys(ratios["parameter"]))
    ends = np.log(ratios[["ratio", "lower", "upper"]].to_numpy(np.float64))
    reach = MARGIN * max(LEAST, float(np.exp(np.nanmax(np.abs(ends)))))
    figure, (axes,) = canvas.panels(
        1, len(panels), width=style.DOUBLE_COLUMN, height=0.85 + 0.24 * len(methods), share_y=True
    )
    for index, (ax, panel) in enumerate(zip(axes, panels, strict=True)):
        ax.axvline(1.0, linewidth=0.9, **style.METHODS["truth"].line)
        for row, method in enumerate(methods):
            look = style.METHODS["posterior" if method == posterior else "em"]
            of = ratios[(ratios["data"] == panel) & (ratios["method"] == method)]
            for place, (_, bar) in enumerate(of.iterrows()):
                height = row + 0.13 * (place - 0.5 * (len(parameters) - 1))
                ax.plot([bar["lower"], bar["upper"]], [height, height], color=look.color, linewidth=0.6, alpha=0.7)
                ax.plot(
                    bar["ratio"],
                    height,
                    marker=MARKERS[bar["parameter"]],
                    color=look.color,
                    markersize=3.0,
                    linestyle="",
                )
        ax.set_xscale("log")
        ax.set_xlim(1.0 / reach, reach)
        ax.xaxis.set_major_locator(FixedLocator(next((t for t in TICKS if reach < 2.0 * t[-1]), TICKS[-1])))
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
