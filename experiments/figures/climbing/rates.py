"""How the speed of EM depends on overlap."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator

from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn

LEAST_GAP = 1e-10
"""Nats: gaps below are rounding."""
SHOWN_ITERATIONS = 100
LABEL_RATIO = 5.0
"""Labels of lines that end side by side are at least this ratio apart."""


@canvas.drawn_in_style
def rates(curve: pd.DataFrame, points: pd.DataFrame, gaps: pd.DataFrame) -> Drawn:
    """(a) iterations for one more decimal digit by separation; (b) gap to the optimum by iteration. Two columns wide.

    curve   separation, iterations        for infinitely many data
    points  separation, exact, traced     iterations for each data set
    gaps    separation, iteration, gap, foretold    nats; `foretold` falls at the exact rate
    """
    figure, (axes,) = canvas.panels(1, 2, width=style.DOUBLE_COLUMN, height=2.6)
    speed, gap = axes
    em, truth = style.METHODS["em"], style.METHODS["truth"]
    speed.plot(curve["separation"], curve["iterations"], linewidth=1.2, **truth.line)
    hollow = {**em.points, "markerfacecolor": "none"}
    speed.plot(points["separation"], points["exact"], markersize=5.5, markeredgewidth=0.8, **hollow)
    speed.plot(points["separation"], points["traced"], color="black", linestyle="none", marker="+", markersize=3.5)
    speed.set_yscale("log")
    speed.yaxis.set_major_locator(LogLocator(numticks=8))
    speed.yaxis.set_minor_locator(NullLocator())
    speed.yaxis.set_major_formatter(canvas.Powers())
    speed.set_ylabel("iterations per decimal digit", fontsize=canvas.TEXT_POINTS)
    speed.set_xlim(0.8, 6.2)
    canvas.describe(speed.xaxis, "distance of the means (sd)")
    ends: list[tuple[str, float, float]] = []
    for separation, of in gaps.groupby("separation", sort=True):
        kept = of[(of["gap"] > LEAST_GAP) & (of["iteration"] <= SHOWN_ITERATIONS)]
        gap.plot(kept["iteration"], kept["gap"], linewidth=1.1, **em.line)
        foretold = of[(of["foretold"] > LEAST_GAP) & (of["iteration"] <= SHOWN_ITERATIONS)]
        gap.plot(foretold["iteration"], foretold["foretold"], linewidth=1.1, **truth.line)
        ends.append((f"{separation:g} sd", *kept[["iteration", "gap"]].iloc[-1]))
    _label_ends(gap, ends)
    gap.set_yscale("log")
    gap.yaxis.set_major_locator(LogLocator(numticks=7))
    gap.yaxis.set_minor_locator(NullLocator())
    gap.yaxis.set_major_formatter(canvas.Powers())
    gap.set_ylabel("gap to the optimum (nats)", fontsize=canvas.TEXT_POINTS)
    gap.set_xlim(0.0, SHOWN_ITERATIONS)
    canvas.describe(gap.xaxis, "iteration")
    for index, ax in enumerate(axes):
        canvas.letter(ax, index)
    handles = [
        Line2D([], [], linewidth=1.2, **truth.line),
        Line2D([], [], markersize=5.5, markeredgewidth=0.8, **hollow),
        Line2D([], [], color="black", linestyle="none", marker="+", markersize=3.5),
        Line2D([], [], linewidth=1.1, **em.line),
    ]
    labels = ["foretold by missing information", "the same, data set by data set", "shown by EM's steps", "EM's gap"]
    canvas.legend_above(figure, handles, labels)
    return Drawn(figure, {"expected": curve, "data-sets": points, "gaps": gaps[np.isfinite(gaps["gap"])]})


def _label_ends(ax: Axes, ends: list[tuple[str, float, float]]) -> None:
    """A label beside the end of each line (x, y); at the right edge they keep clear of each other."""
    lowest = np.inf
    for text, x, y in sorted(ends, key=lambda end: -end[2]):
        at_edge = x > 0.9 * SHOWN_ITERATIONS
        height = min(y, lowest / LABEL_RATIO) if at_edge else 1.4 * y
        lowest = height if at_edge else lowest
        ax.text(x + 1.5, height, text, fontsize=6.5, va="center" if at_edge else "bottom", clip_on=False)
