"""The speed of an EM iteration by dimension, covariance structure and number of components."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, LogLocator, NullLocator

from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn

OURS: dict[str, Any] = {"color": style.METHOD_COLOURS["em"], "linestyle": "-"}
THEIRS: dict[str, Any] = style.SCIKIT_LEARN.line
FLOOR: dict[str, Any] = {"color": style.BLACK, "linestyle": (0, (1, 1.2)), "linewidth": 0.9}
MISSED = style.BLACK
APART = 1.09
"""Factor between markers of one D."""
PALE = 0.3
"""Opacity of the inside of markers of more points."""


@canvas.drawn_in_style
def speeds(rows: pd.DataFrame, bars: pd.DataFrame, n_samples: int) -> Drawn:
    """A panel for each structure: above, ns per point and component on one thread at `n_samples` points (the middle
    number of components); below, every ratio of at least 100 000 points by D, and the bar it is held against.

    rows  structure, D, K, N, threads ("1" or "all"), ours, theirs, floor (ns), ratio
    bars  structure, D, bar

    Filled markers are on one thread, open ones on all cores, pale ones on all cores with more points than
    `n_samples`; their shape is K's, a ratio below its bar is black. Two columns wide.
    """
    structures = list(dict.fromkeys(rows["structure"]))
    figure, axes = canvas.panels(2, len(structures), width=style.DOUBLE_COLUMN, height=4.1, share_y=False)
    counts = sorted(set(rows["K"]))
    middle = counts[len(counts) // 2]
    above = rows[(rows["N"] == n_samples) & (rows["threads"] == "1") & (rows["K"] == middle)]
    for column, structure in enumerate(structures):
        top, bottom = axes[0, column], axes[1, column]
        top.set_title(structure, fontsize=8, pad=3)
        canvas.letter(top, column)
        canvas.letter(bottom, len(structures) + column)
        _times(top, above[above["structure"] == structure])
        of_structure = rows[rows["structure"] == structure].merge(bars, on=["structure", "D"], how="left")
        _ratios(bottom, of_structure, bars[bars["structure"] == structure], counts, n_samples)
        bottom.set_xlabel("dimension D", fontsize=canvas.TEXT_POINTS)
    for row, word in enumerate(("ns per point and component", "scikit-learn's time over ours")):
        _share_limits(list(axes[row]))
        axes[row, 0].set_ylabel(word, fontsize=canvas.TEXT_POINTS)
        for ax in axes[row, 1:]:
            ax.tick_params(labelleft=False)
    _legend(
        figure,
        counts,
        n_samples,
        sorted(set(rows["N"]) - {n_samples}),
        of_missed=len(rows.merge(bars, on=["structure", "D"]).query("ratio < bar")) > 0,
    )
    return Drawn(figure, {"rows": rows, "bars": bars})


def _times(ax: Axes, rows: pd.DataFrame) -> None:
    rows = rows.sort_values("D")
    for column, look, marker in (("theirs", THEIRS, "D"), ("ours", OURS, "o"), ("floor", FLOOR, "")):
        ax.plot(rows["D"], rows[column], marker=marker, markersize=3, **{"linewidth": 1.2, **look})
    _log(ax, sorted(set(rows["D"])))


def _filled(colour: str, threads: str, more: bool) -> dict[str, Any]:
    if threads == "1":
        return {"color": colour}
    return {"color": colour, "markerfacecolor": to_rgba(colour, PALE) if more else "white"}


def _ratios(ax: Axes, rows: pd.DataFrame, bars: pd.DataFrame, counts: list[int], n_samples: int) -> None:
    for (count, threads, n), of in rows.groupby(["K", "threads", "N"]):
        index = counts.index(int(str(count)))
        place = 2 * index - (len(counts) - 1) + (0.5 if threads == "1" else -0.5)
        x = of["D"].to_numpy(np.float64) * APART ** (0.8 * place)
        ratio, missed = of["ratio"].to_numpy(np.float64), (of["ratio"] < of["bar"]).to_numpy()
        for kept, colour in ((~missed, OURS["color"]), (missed, MISSED)):
            look = _filled(colour, str(threads), int(str(n)) > n_samples)
            look |= {"markersize": 3.4, "markeredgewidth": 0.6, "linestyle": "none"}
            ax.plot(x[kept], ratio[kept], marker=canvas.component_marker(index), zorder=2.0, **look)
    places, heights = bars["D"].to_numpy(np.float64), bars["bar"].to_numpy(np.float64)
    ax.hlines(heights, places / APART**3.2, places * APART**3.2, color=style.BLACK, linewidth=1.0)
    _log(ax, sorted(set(rows["D"])))


def _log(ax: Axes, dimensions: list[int]) -> None:
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlim(min(dimensions) / 1.5, max(dimensions) * 1.5)
    ax.xaxis.set_major_locator(FixedLocator([float(d) for d in dimensions]))
    ax.xaxis.set_major_formatter(canvas.Scaled())
    ax.xaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_locator(LogLocator(numticks=7))
    ax.yaxis.set_major_formatter(canvas.Powers())
    ax.grid(axis="y", which="major", color="0.9", linewidth=0.5)


def _share_limits(axes: list[Axes]) -> None:
    limits = np.array([ax.get_ylim() for ax in axes])
    for ax in axes:
        ax.set_ylim(limits[:, 0].min(), limits[:, 1].max())


def _power(n: int) -> str:
    return canvas.power_of_ten(round(np.log10(n)))


def _legend(figure: Figure, counts: list[int], n_samples: int, more: list[int], *, of_missed: bool) -> None:
    entries = [
        (Line2D([], [], marker="D", markersize=3, **THEIRS), "scikit-learn"),
        (Line2D([], [], marker="o", markersize=3, **OURS), "ours"),
        (Line2D([], [], **FLOOR), "floor"),
        (Line2D([], [], color=style.BLACK, linewidth=1.0), "bar"),
    ]
    plain: dict[str, Any] = {"linestyle": "none", "markersize": 3.4, "markeredgewidth": 0.6}
    middle = canvas.component_marker(len(counts) // 2)
    colour = OURS["color"]
    for index, count in enumerate(counts):
        entries.append((Line2D([], [], marker=canvas.component_marker(index), color=colour, **plain), f"K = {count}"))
    for n in [n_samples, *more]:
        look = _filled(colour, "all", n > n_samples)
        entries.append((Line2D([], [], marker=middle, **look, **plain), f"all cores, N = {_power(n)}"))
    if of_missed:
        entries.append((Line2D([], [], marker=middle, color=MISSED, **plain), "below its bar"))
    canvas.legend_above(figure, [handle for handle, _ in entries], [label for _, label in entries])
