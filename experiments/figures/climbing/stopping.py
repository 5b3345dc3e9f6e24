"""Where stopping rules end a climb: the gap that is left, and what it means for each parameter."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator

from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn

NEAR = 0.09
"""Stops within so many decades of iterations share a label."""
DASHES: tuple[Any, ...] = (
    "-",
    (0.0, (4.0, 1.5)),
    (0.0, (1.0, 1.2)),
    (0.0, (4.0, 1.0, 1.0, 1.0)),
    (0.0, (6.0, 1.0)),
)


@canvas.drawn_in_style
def stopping(trace: pd.DataFrame, stops: pd.DataFrame) -> Drawn:
    """(a) gap to the optimum and (b) error of each parameter in standard errors, by iteration, with the stops marked.

    trace  iteration (from 1), gap, then a column of absolute errors in standard errors for each parameter
    stops  number, rule, iteration

    Both axes are logarithmic. Two columns wide.
    """
    figure, (axes,) = canvas.panels(1, 2, width=style.DOUBLE_COLUMN, height=2.8)
    gap, error = axes
    names = [column for column in trace.columns if column not in ("iteration", "gap")]
    gap.plot(trace["iteration"], trace["gap"], linewidth=1.3, **style.METHODS["em"].line)
    at = trace.set_index("iteration").loc[stops["iteration"]]
    gap.plot(stops["iteration"], at["gap"], color="black", linestyle="none", marker="o", markersize=3.5)
    for index, name in enumerate(names):
        error.plot(
            trace["iteration"],
            trace[name],
            color=canvas.component_colour(index),
            linestyle=DASHES[index % len(DASHES)],
            linewidth=1.1,
        )
    _log(gap, "gap to the optimum (nats)")
    _log(error, "error (standard errors)")
    for index, ax in enumerate(axes):
        canvas.letter(ax, index)
    for iteration, label in _together(stops):
        gap.annotate(
            label,
            (iteration, float(at["gap"].loc[iteration].min())),
            xytext=(3, 4),
            textcoords="offset points",
            fontsize=6.5,
        )
        error.axvline(iteration, color="0.75", linewidth=0.6, zorder=0.5)
        error.annotate(
            label,
            (iteration, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 2),
            textcoords="offset points",
            ha="center",
            fontsize=6.5,
        )
    handles = [
        Line2D([], [], linewidth=1.3, **style.METHODS["em"].line),
        Line2D([], [], color="black", linestyle="none", marker="o", markersize=3.5),
        *(
            Line2D([], [], color=canvas.component_colour(index), linestyle=DASHES[index % len(DASHES)], linewidth=1.1)
            for index in range(len(names))
        ),
    ]
    canvas.legend_above(figure, handles, ["EM", "a rule stops", *names])
    return Drawn(figure, {"trace": trace, "stops": stops})


def _log(ax: Axes, name: str) -> None:
    ax.set_xscale("log")
    ax.set_yscale("log")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(LogLocator(numticks=8))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(canvas.Powers())
    ax.set_xlabel("iteration", fontsize=canvas.TEXT_POINTS)
    ax.set_ylabel(name, fontsize=canvas.TEXT_POINTS)


def _together(stops: pd.DataFrame) -> list[tuple[int, str]]:
    """An iteration and the numbers of the rules that stop at it or hardly later."""
    groups: list[tuple[int, list[int]]] = []
    for number, iteration in stops.sort_values("iteration")[["number", "iteration"]].itertuples(index=False):
        if groups and np.log10(iteration / groups[-1][0]) < NEAR:
            groups[-1][1].append(int(number))
        else:
            groups.append((int(iteration), [int(number)]))
    return [(iteration, ", ".join(map(str, sorted(numbers)))) for iteration, numbers in groups]
