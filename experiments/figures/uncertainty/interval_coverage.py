"""How often intervals hold the truth, and the intervals themselves, data set by data set."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator

from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn
from experiments.figures.style import Look

LOOKS: Mapping[str, Look] = {
    "Wald": style.METHODS["em"],
    "Wald, transformed": Look(style.VERMILION, (0.0, (4.0, 1.5)), "^"),
    "bootstrap": Look(style.VERMILION, (0.0, (1.0, 1.2)), "D"),
    "posterior": style.METHODS["posterior"],
}
"""EM's three intervals differ by line and marker."""

LEAST = 0.75
"""Where an axis of coverage begins, unless something lies below."""

SIDEWAYS = 0.06
"""Factor by which neighbouring methods are moved apart along n."""


@canvas.drawn_in_style
def coverage_by_n(table: pd.DataFrame, level: float) -> Drawn:
    """A row for each kind of data, a column for each kind of parameter: coverage by n, a line for each method.

    table  data, kind, n, method, coverage, "low" and "high" (ends of its bar)

    Each row has an axis of its own. Two columns wide.
    """
    rows, columns = list(dict.fromkeys(table["data"])), list(dict.fromkeys(table["kind"]))
    methods = list(dict.fromkeys(table["method"]))
    figure, axes = canvas.panels(
        len(rows), len(columns), width=style.DOUBLE_COLUMN, height=0.5 + 1.6 * len(rows), apart=0.04
    )
    for row, data in enumerate(rows):
        for column, kind in enumerate(columns):
            ax = axes[row, column]
            ax.axhline(level, linewidth=0.9, **style.METHODS["truth"].line)
            for place, method in enumerate(methods):
                of = table[(table["data"] == data) & (table["kind"] == kind) & (table["method"] == method)]
                look = LOOKS[method]
                ax.errorbar(
                    of["n"].to_numpy(np.float64) * (1.0 + SIDEWAYS * (place - 0.5 * (len(methods) - 1))),
                    of["coverage"],
                    yerr=[of["coverage"] - of["low"], of["high"] - of["coverage"]],
                    linewidth=1.0,
                    elinewidth=0.6,
                    marker=look.marker,
                    markersize=3.5,
                    **look.line,
                )
            ax.set_xscale("log")
            sizes = sorted(set(table["n"]))
            ax.xaxis.set_major_locator(FixedLocator(sizes))
            ax.xaxis.set_minor_locator(NullLocator())
            ax.set_xticks(sizes, [str(size) for size in sizes])
            ax.tick_params(labelbottom=row == len(rows) - 1)
            ax.set_xlim(0.75 * sizes[0], 1.35 * sizes[-1])
            lowest = float(table.loc[table["data"] == data, "low"].min())
            ax.set_ylim(min(LEAST, lowest - 0.02), 1.0 + 0.04 * (1.0 - min(LEAST, lowest)))
            ax.tick_params(labelleft=column == 0)
            if row == 0:
                ax.set_title(kind, fontsize=8, pad=3)
            if row == len(rows) - 1:
                ax.set_xlabel("points n", fontsize=canvas.TEXT_POINTS)
            if column == 0:
                ax.set_ylabel(f"coverage, {data}", fontsize=canvas.TEXT_POINTS)
    handles = [Line2D([], [], linewidth=1.0, marker=LOOKS[m].marker, markersize=3.5, **LOOKS[m].line) for m in methods]
    nominal = Line2D([], [], linewidth=0.9, **style.METHODS["truth"].line)
    canvas.legend_above(figure, [*handles, nominal], [*methods, f"{100 * level:g}%"])
    return Drawn(figure, {"coverage": table})


@canvas.drawn_in_style
def intervals(
    table: pd.DataFrame, panels: Sequence[str], truth: float, label: str, shown: tuple[float, float]
) -> Drawn:
    """A panel for each method, a line for each data set: its interval, sorted by the middle; misses end in a bar.

    table  method, lower, upper; shown: the ends of the axis, where arrows stand for ends of intervals beyond

    A cross on the truth stands for a data set without an interval. Two columns wide.
    """
    figure, (axes,) = canvas.panels(1, len(panels), width=style.DOUBLE_COLUMN, height=2.9, share_y=True, apart=0.05)
    drawn = table[table["method"].isin(panels)]
    low, high = shown
    for index, (ax, method) in enumerate(zip(axes, panels, strict=True)):
        of = table[table["method"] == method].reset_index(drop=True)
        order = np.argsort((of["lower"] + of["upper"]).to_numpy(np.float64), kind="stable")  # nan come last
        for height, place in enumerate(order):
            lower, upper = float(of["lower"].iloc[place]), float(of["upper"].iloc[place])
            if not np.isfinite(lower):
                ax.plot(truth, height, marker="x", color="0.2", markersize=3.0, linestyle="none")
                continue
            missed = not lower <= truth <= upper
            ax.plot(
                [lower, upper],
                [height, height],
                color=LOOKS[method].color if not missed else "black",
                linewidth=0.7 if not missed else 1.3,
                marker="|" if missed else None,
                markersize=4.0,
            )
            for end, mark in ((low, "<"), (high, ">")):
                if (lower < end) if mark == "<" else (upper > end):
                    ax.plot(end, height, marker=mark, color="0.2", markersize=3.0, linestyle="none", clip_on=False)
        ax.axvline(truth, linewidth=0.9, **style.METHODS["truth"].line)
        ax.set_xlim(low, high)
        ax.set_yticks([])
        ax.spines["left"].set_visible(False)
        canvas.letter(ax, index)
        ax.set_title(method, fontsize=8, pad=3)
        canvas.describe(ax.xaxis, label)
    axes[0].set_ylabel("data sets", fontsize=canvas.TEXT_POINTS)
    families = dict.fromkeys("posterior" if method == "posterior" else "EM" for method in panels)
    colours = {"EM": LOOKS["Wald"].color, "posterior": LOOKS["posterior"].color}
    handles = [
        *(Line2D([], [], color=colours[family], linewidth=1.2) for family in families),
        Line2D([], [], color="black", linewidth=1.3, marker="|", markersize=4.0),
        Line2D([], [], linewidth=0.9, **style.METHODS["truth"].line),
    ]
    canvas.legend_above(figure, handles, [*(f"holds the truth, {family}" for family in families), "misses it", "truth"])
    return Drawn(figure, {"intervals": drawn})
