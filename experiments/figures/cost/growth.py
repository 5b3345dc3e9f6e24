"""How time and memory grow with the number of points."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, LogLocator, NullLocator

from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn

COLOURS = (style.METHOD_COLOURS["em"], style.GREEN, style.PURPLE)


@canvas.drawn_in_style
def growth(rows: pd.DataFrame) -> Drawn:
    """(a) nanoseconds per point and (b) memory above the data by N, a line for each D and number of threads, with the
    size of the data beside it. Two columns wide.

    rows  D, N, threads ("1" or "all"), ns per point, MB above the data
    """
    figure, (axes,) = canvas.panels(1, 2, width=style.DOUBLE_COLUMN, height=2.3)
    time, memory = axes
    handles = []
    for index, (dimension, of_dimension) in enumerate(rows.groupby("D")):
        colour = COLOURS[index % len(COLOURS)]
        for threads, of_threads in of_dimension.groupby("threads"):
            line: Any = "-" if threads == "1" else (0.0, (4.0, 1.5))
            filled: dict[str, Any] = {} if threads == "1" else {"markerfacecolor": "white"}
            marker = canvas.component_marker(index)
            for ax, column in ((time, "ns per point"), (memory, "MB above the data")):
                ax.plot(
                    of_threads["N"],
                    of_threads[column],
                    color=colour,
                    linestyle=line,
                    marker=marker,
                    clip_on=False,
                    **filled,
                )
            words = f"D = {dimension}, {'one thread' if threads == '1' else 'all cores'}"
            handles.append((Line2D([], [], color=colour, linestyle=line, marker=marker, **filled), words))
        once = of_dimension.drop_duplicates("N")
        memory.plot(
            once["N"], once["N"] * once["D"] * 8.0 / 2**20, color=colour, linestyle=(0, (1, 1.2)), linewidth=0.9
        )
    handles.append((Line2D([], [], color="0.3", linestyle=(0, (1, 1.2)), linewidth=0.9), "the data themselves"))
    for index, ax in enumerate(axes):
        _log_x(ax)
        canvas.letter(ax, index)
    time.set_ylim(0.0, 1.1 * rows["ns per point"].max())
    canvas.describe(time.yaxis, "time per point (ns)")
    memory.set_yscale("symlog", linthresh=1.0, linscale=0.5)
    memory.set_ylim(0.0, 1.3 * max(rows["N"] * rows["D"]) * 8.0 / 2**20)
    memory.yaxis.set_major_locator(FixedLocator([0.0, 1.0, 10.0, 100.0, 1000.0]))
    memory.yaxis.set_major_formatter(canvas.Powers())
    memory.yaxis.set_minor_locator(NullLocator())
    memory.set_ylabel("memory (MB)", fontsize=canvas.TEXT_POINTS)
    canvas.legend_above(figure, [handle for handle, _ in handles], [label for _, label in handles])
    return Drawn(figure, {"growth": rows})


def _log_x(ax: Axes) -> None:
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(LogLocator(numticks=9))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(canvas.Powers())
    ax.set_xlabel("points N", fontsize=canvas.TEXT_POINTS)
