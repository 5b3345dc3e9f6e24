"""Criteria of models by the number of components, as EM and the posterior have them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator

from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn
from experiments.figures.style import Look

METHODS = {
    "AIC": Look(style.VERMILION, (0, (1, 1.2)), "^"),
    "BIC": Look(style.VERMILION, "-", "o"),
    "ICL": Look(style.VERMILION, (0, (4, 1.5)), "D"),
    "evidence": Look(style.BLUE, "-", "s"),
    "LOO": Look(style.BLUE, (0, (1, 1.2)), "v"),
}
"""EM's criteria have its colour, those of the posterior the posterior's."""
LINEAR = 10.0
"""Differences up to which the axis is linear."""


@canvas.drawn_in_style
def criteria_by_k(rows: pd.DataFrame, data: Sequence[str]) -> Drawn:
    """A panel for each data set: difference of each criterion from its least value, by K. Two columns wide.

    rows  data, method, K, difference (on the scale of -2 log-likelihood)
    """
    n_rows = -(-len(data) // 2)
    figure, axes = canvas.panels(
        n_rows, min(2, len(data)), width=style.DOUBLE_COLUMN, height=0.4 + 1.9 * n_rows, share_y=False
    )
    for index, (ax, name) in enumerate(zip(axes.flat, data, strict=False)):
        of = rows[rows["data"] == name]
        _panel(ax, of)
        canvas.letter(ax, index)
        ax.set_title(name, fontsize=8, pad=3)
        ax.set_ylabel("above its least", fontsize=canvas.TEXT_POINTS)
        ax.set_xlabel("components K", fontsize=canvas.TEXT_POINTS)
    for ax in axes.flat[len(data) :]:
        ax.set_visible(False)
    handles = [Line2D([], [], marker=look.marker, **look.line) for look in METHODS.values()]
    labels = [name if name not in ("evidence", "LOO") else f"−2 {name}" for name in METHODS]
    labels = [label.replace("evidence", "log evidence").replace("LOO", "LOO log density") for label in labels]
    canvas.legend_above(figure, handles, labels)
    return Drawn(figure, {"criteria": rows})


def _panel(ax: Axes, rows: pd.DataFrame) -> None:
    for method, look in METHODS.items():
        of = rows[rows["method"] == method].sort_values("K")
        ax.plot(of["K"], of["difference"], marker=look.marker, markersize=3.0, clip_on=False, zorder=3.0, **look.line)
    counts = sorted(set(rows["K"]))
    ax.xaxis.set_major_locator(FixedLocator([float(k) for k in counts]))
    ax.xaxis.set_major_formatter(canvas.Scaled())
    ax.set_xlim(min(counts) - 0.2, max(counts) + 0.2)
    top = max(20.0, float(np.nanmax(rows["difference"])))
    ax.set_yscale("symlog", linthresh=LINEAR, linscale=1.5)
    ax.set_ylim(0.0, 1.3 * top)
    ticks = [0.0, 2.0, 5.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0]
    ax.yaxis.set_major_locator(FixedLocator([tick for tick in ticks if tick <= 1.3 * top]))
    ax.yaxis.set_major_formatter(canvas.Scaled())
    ax.yaxis.set_minor_locator(NullLocator())
    ax.grid(axis="y", which="major", color="0.92", linewidth=0.5)
