"""Posterior probabilities of a number of components, as bars."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator

from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn

BARS: dict[str, dict[str, Any]] = {
    "evidence": {"facecolor": style.BLUE, "edgecolor": style.BLUE},
    "filled": {"facecolor": "white", "edgecolor": style.BLUE},
}
WORDS = {"evidence": "P(K | X), from the evidence", "filled": "P(K filled | X), sparse mixture"}
WIDTH = 0.38


@canvas.drawn_in_style
def component_counts(rows: pd.DataFrame, data: Sequence[str]) -> Drawn:
    """A panel for each data set: bars of two kinds by K with two standard errors, and published shares. Two columns.

    rows  data, method ("evidence", "filled", "published"), K, probability, error
    """
    figure, (axes,) = canvas.panels(1, len(data), width=style.DOUBLE_COLUMN, height=2.2, share_y=True)
    shown = rows[(rows["probability"] > 0.002) | (rows["method"] == "published")]
    for index, (ax, name) in enumerate(zip(axes, data, strict=True)):
        of = shown[shown["data"] == name]
        for place, (method, look) in enumerate(BARS.items()):
            bars = of[of["method"] == method]
            x = bars["K"] + (place - 0.5) * WIDTH
            ax.bar(x, bars["probability"], WIDTH * 0.92, linewidth=0.8, zorder=1.0, **look)
            ax.vlines(
                x,
                (bars["probability"] - 2.0 * bars["error"]).clip(lower=0.0),
                (bars["probability"] + 2.0 * bars["error"]).clip(upper=1.0),
                color=style.BLACK,
                linewidth=0.8,
                zorder=2.0,
            )
        published = of[of["method"] == "published"]
        ax.plot(published["K"] - 0.5 * WIDTH, published["probability"], markersize=4, zorder=3.0, **_published())
        counts = sorted(set(of["K"]))
        ax.xaxis.set_major_locator(FixedLocator([float(k) for k in range(min(counts), max(counts) + 1)]))
        ax.xaxis.set_major_formatter(canvas.Scaled())
        ax.set_xlim(min(counts) - 0.6, max(counts) + 0.6)
        ax.set_ylim(0.0, 1.0)
        canvas.letter(ax, index)
        ax.set_title(name, fontsize=8, pad=3)
        ax.set_xlabel("components", fontsize=canvas.TEXT_POINTS)
    axes[0].set_ylabel("posterior probability", fontsize=canvas.TEXT_POINTS)
    handles: list[Any] = [Patch(linewidth=0.8, **look) for look in BARS.values()]
    labels = [WORDS[method] for method in BARS]
    if (rows["method"] == "published").any():
        handles.append(Line2D([], [], markersize=4, **_published()))
        labels.append("published")
    canvas.legend_above(figure, handles, labels)
    return Drawn(figure, {"counts": rows})


def _published() -> dict[str, Any]:
    return {"color": style.BLACK, "marker": "x", "linestyle": "none", "markeredgewidth": 1.0}
