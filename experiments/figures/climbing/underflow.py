"""The logarithm of a sum of exponentials, written naively and with the largest term taken out."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator

from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn

NAIVE, STABLE = style.PURPLE, canvas.COMPONENT_COLOURS[0]
LEAST = 1e-17
"""Relative errors below are drawn here: doubles do not resolve them."""
NEAR_THE_END = (35.9, 40.1)
"""Standard deviations: where the naive form gives up. Points outside are not drawn there."""
DASHES: tuple[Any, ...] = ("-", (0.0, (4.0, 1.5)), (0.0, (1.0, 1.2)))


@canvas.drawn_in_style
def underflow(far: pd.DataFrame, lost: pd.DataFrame, units: Sequence[str]) -> Drawn:
    """(a) log density and (b) its relative error by distance, naive and stable; (c) share of points lost by dimension.

    far   distance, naive, stable, naive error, stable error    an infinite value is not drawn
    lost  dimension, then a share for each of the units

    Two columns wide.
    """
    figure, (axes,) = canvas.panels(1, 3, width=style.DOUBLE_COLUMN, height=2.4)
    density, error, share = axes
    density.plot(far["distance"], far["stable"], color=STABLE, linewidth=1.3)
    finite = far[np.isfinite(far["naive"])]
    density.plot(finite["distance"], finite["naive"], color=NAIVE, linewidth=1.6, linestyle=(0.0, (3.0, 1.5)))
    density.plot(*finite[["distance", "naive"]].iloc[-1], color=NAIVE, marker="X", markersize=5.5)
    canvas.describe(density.yaxis, "log density (nats)")
    for name, colour, marker in (("stable", STABLE, "o"), ("naive", NAIVE, "X")):
        of = far[np.isfinite(far[f"{name} error"]) & far["distance"].between(*NEAR_THE_END)]
        error.plot(
            of["distance"],
            np.maximum(of[f"{name} error"], LEAST),
            color=colour,
            marker=marker,
            markersize=2.6,
            linestyle="none",
        )
    error.set_yscale("log")
    error.yaxis.set_major_locator(LogLocator(numticks=6))
    error.yaxis.set_minor_locator(NullLocator())
    error.yaxis.set_major_formatter(canvas.Powers(lowest=LEAST))
    error.set_ylabel("relative error of log density", fontsize=canvas.TEXT_POINTS)
    density.set_xlim(0.0, float(far["distance"].max()))
    error.set_xlim(*NEAR_THE_END)
    for ax in (density, error):
        canvas.describe(ax.xaxis, "distance (sd)")
    for unit, line in zip(units, DASHES, strict=False):
        share.plot(lost["dimension"], 100.0 * lost[unit], color=NAIVE, linestyle=line, linewidth=1.1)
    share.set_ylim(-3.0, 103.0)
    share.set_xlim(0.0, float(lost["dimension"].max()))
    canvas.describe(share.xaxis, "features D")
    canvas.describe(share.yaxis, "points lost (%)")
    for index, ax in enumerate(axes):
        canvas.letter(ax, index)
    handles = [
        Line2D([], [], color=STABLE, linewidth=1.3, marker="o", markersize=2.6),
        Line2D([], [], color=NAIVE, linewidth=1.6, linestyle=(0.0, (3.0, 1.5)), marker="X", markersize=3.5),
        *(Line2D([], [], color=NAIVE, linewidth=1.1, linestyle=line) for _, line in zip(units, DASHES, strict=False)),
    ]
    canvas.legend_above(figure, handles, ["log-sum-exp", "naive", *(f"naive, {unit}" for unit in units)])
    return Drawn(figure, {"distance": far, "dimensions": lost})
