"""How many components: EM's BIC by number and covariance family, and the posterior of the number that are filled."""

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
    known = models.dropna(subset="bic").assign(behind=lambda rows: rows["bic"] - rows["bic"].min())
    preferred = known.sort_values("bic").iloc[0]["mclust"]
    marked = {str(preferred): "-", UNRESTRICTED: (0, (1, 1))}
    for family, rows in known.groupby("mclust", sort=False):
        if family not in marked:
            axes[0].plot(rows["n_components"], rows["behind"], color="#BBBBBB", linewidth=0.7, marker=".", markersize=2)
    handles = [Line2D([], [], color="#BBBBBB", linewidth=0.7, marker=".", markersize=2)]
    texts = ["EM, other families"]
    for family, line in marked.items():
        rows = known[known["mclust"] == family]
        look = {"color": style.METHOD_COLOURS["em"], "linestyle": line, "marker": style.METHODS["em"].marker}
        handles += axes[0].plot(rows["n_components"], rows["behind"], **look)
        texts.append(f"EM, {family}")
    axes[0].set_yscale("symlog", linthresh=1.0)
    axes[0].set_ylim(bottom=-0.15)
    axes[0].yaxis.set_major_formatter(canvas.Powers())
    axes[0].yaxis.set_minor_locator(NullLocator())
    axes[0].set_ylabel("BIC above the smallest", fontsize=canvas.TEXT_POINTS)
    _whole(axes[0], known["n_components"].to_numpy())
    axes[0].set_xlabel("components K", fontsize=canvas.TEXT_POINTS)
    canvas.letter(axes[0], 0)

    numbers = np.arange(1, int(filled.max()) + 2)
    shares = np.stack([(filled == k).mean(axis=1) for k in numbers], axis=1)  # (C, numbers)
    blue = style.METHOD_COLOURS["posterior"]
    bars = axes[1].bar(numbers, shares.mean(axis=0), width=0.62, color=blue, alpha=0.35, linewidth=0.0)
    offsets = np.linspace(-0.2, 0.2, len(shares))
    for offset, chain in zip(offsets, shares, strict=True):
        axes[1].plot(numbers + offset, chain, linestyle="none", marker="s", markersize=2.5, color=blue)
    axes[1].set_ylim(0.0, 1.05)
    _whole(axes[1], numbers)
    canvas.describe(axes[1].yaxis, "probability")
    axes[1].set_xlabel("filled components", fontsize=canvas.TEXT_POINTS)
    canvas.letter(axes[1], 1)
    handles += [bars, Line2D([], [], linestyle="none", marker="s", markersize=2.5, color=blue)]
    canvas.legend_above(figure, handles, [*texts, "posterior", "each chain"])

    frame = pd.DataFrame({"filled": numbers, "probability": shares.mean(axis=0)})
    for place, chain in enumerate(shares, start=1):
        frame[f"chain {place}"] = chain
    return Drawn(
        figure, {"bic": known[["mclust", "n_components", "bic", "behind"]].reset_index(drop=True), "filled": frame}
    )


def _whole(ax: Axes, numbers: "np.ndarray") -> None:
    ax.set_xlim(numbers.min() - 0.5, numbers.max() + 0.5)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
