"""How many components: EM's BIC by number and covariance family, and the posterior of the number that are filled."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, NullLocator

from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn
from mixture.arrays import IntArray

UNRESTRICTED = "VVV"


@canvas.drawn_in_style
def bic_and_filled(models: pd.DataFrame, filled: IntArray) -> Drawn:
    """(a) BIC above the smallest against K, a line for each family; (b) shares of draws by number of filled components.

    models  rows with `mclust`, `n_components`, `bic` (missing where there was no fit); smaller is better
    filled  (C, S) filled components of each draw
    """
    figure, (axes,) = canvas.panels(1, 2, width=style.DOUBLE_COLUMN, height=2.6, apart=0.06)
    known, handles, texts = _bic(axes[0], models)
    canvas.letter(axes[0], 0)

    numbers = np.arange(1, int(filled.max()) + 2)
    shares = np.stack([(filled == k).mean(axis=1) for k in numbers], axis=1)  # (C, numbers)
    blue = style.METHOD_COLOURS["posterior"]
    bars = axes[1].bar(numbers, shares.mean(axis=0), width=0.8, color=blue, alpha=0.35, linewidth=0.0)
    offsets = np.linspace(-0.34, 0.34, len(shares))
    for offset, chain in zip(offsets, shares, strict=True):
        axes[1].plot(numbers + offset, chain, linestyle="none", marker="s", markersize=2.2, color=blue)
    axes[1].set_ylim(0.0, 1.05)
    _whole(axes[1], numbers)
    canvas.describe(axes[1].yaxis, "probability")
    axes[1].set_xlabel("filled components", fontsize=canvas.TEXT_POINTS)
    canvas.letter(axes[1], 1)
    marks: list[Any] = [*handles, bars, Line2D([], [], linestyle="none", marker="s", markersize=2.2, color=blue)]
    canvas.legend_above(figure, marks, [*texts, "posterior", "each chain"])

    frame = pd.DataFrame({"filled": numbers, "probability": shares.mean(axis=0)})
    for place, chain in enumerate(shares, start=1):
        frame[f"chain {place}"] = chain
    return Drawn(
        figure, {"bic": known[["mclust", "n_components", "bic", "behind"]].reset_index(drop=True), "filled": frame}
    )


def _whole(ax: Axes, numbers: "np.ndarray") -> None:
    ax.set_xlim(numbers.min() - 0.5, numbers.max() + 0.5)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))


@canvas.drawn_in_style
def bic_by_components(models: pd.DataFrame) -> Drawn:
    """BIC above the smallest against K, a line for each structure, the preferred one marked; one column wide."""
    figure, axes = canvas.panels(1, 1, width=style.SINGLE_COLUMN, height=2.5)
    known, handles, texts = _bic(axes[0, 0], models)
    canvas.legend_above(figure, handles, texts)
    return Drawn(figure, {"bic": known[["structure", "n_components", "bic", "behind"]].reset_index(drop=True)})


def _bic(ax: Axes, models: pd.DataFrame) -> tuple[pd.DataFrame, list[Line2D], list[str]]:
    """The lines of BIC, what was drawn, and a legend for it."""
    known = models.dropna(subset="bic").assign(behind=lambda rows: rows["bic"] - rows["bic"].min())
    preferred = str(known.sort_values("bic").iloc[0]["mclust"])
    marked: dict[str, Any] = (
        {preferred: "-", UNRESTRICTED: (0, (1, 1))} if preferred != UNRESTRICTED else {preferred: "-"}
    )
    handles: list[Line2D] = []
    texts: list[str] = []
    for family, rows in known.groupby("mclust", sort=False):
        if family not in marked:
            line = ax.plot(rows["n_components"], rows["behind"], color="#BBBBBB", lw=0.7, marker=".", markersize=2)
            handles, texts = line, ["EM, others"]
    for family, dashes in marked.items():
        rows = known[known["mclust"] == family]
        if len(rows):
            look: dict[str, Any] = {"color": style.METHOD_COLOURS["em"], "marker": style.METHODS["em"].marker}
            handles = [*handles, *ax.plot(rows["n_components"], rows["behind"], linestyle=dashes, **look)]
            texts.append(f"EM, {family}")
    ax.set_yscale("symlog", linthresh=1.0)
    ax.set_ylim(bottom=-0.15)
    ax.yaxis.set_major_formatter(canvas.Powers())
    ax.yaxis.set_minor_locator(NullLocator())
    ax.set_ylabel("BIC above the smallest", fontsize=canvas.TEXT_POINTS)
    ax.set_xlabel("components K", fontsize=canvas.TEXT_POINTS)
    _whole(ax, known["n_components"].to_numpy())
    return known, handles, texts
