"""How time grows with the number of points."""

from typing import Any

import pandas as pd
from matplotlib.lines import Line2D

from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn


@canvas.drawn_in_style
def growth(rows: pd.DataFrame) -> Drawn:
    """Nanoseconds per point by N, a line for each D (its marker) and number of threads (one: solid). One column wide.

    rows  D, N, threads ("1" or "all"), ns per point
    """
    figure, axes = canvas.panels(1, 1, width=style.SINGLE_COLUMN, height=2.5)
    ax, colour = axes[0, 0], style.METHOD_COLOURS["em"]
    handles = []
    for index, (dimension, of_dimension) in enumerate(rows.groupby("D")):
        for threads, of in of_dimension.groupby("threads"):
            look: dict[str, Any] = {"color": colour, "marker": canvas.component_marker(index)}
            look |= {"linestyle": "-"} if threads == "1" else {"linestyle": (0, (4, 1.5)), "markerfacecolor": "white"}
            ax.plot(of["N"], of["ns per point"], clip_on=False, **look)
            words = f"D = {dimension}, {'one thread' if threads == '1' else 'all cores'}"
            handles.append((Line2D([], [], **look), words))
    canvas.logarithmic(ax, "points N", ticks=9)
    ax.set_ylim(0.0, 1.1 * rows["ns per point"].max())
    canvas.describe(ax.yaxis, "time per point (ns)")
    canvas.legend_above(figure, [handle for handle, _ in handles], [label for _, label in handles])
    return Drawn(figure, {"growth": rows})
