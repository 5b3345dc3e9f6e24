"""How often EM ended at each optimum, and how often each kind of start did."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn

SHADE = 0.45
"""Luminance of the colour map above which a share is written in black."""


@canvas.drawn_in_style
def optima(ends: pd.DataFrame, kinds: Sequence[str]) -> Drawn:
    """A column of panels for each number of components: starts that ended at each optimum, and shares by kind below.

    ends  components, end (the words under its column, in order), set_aside (whether it is no optimum), then for each
          kind the share of its starts that ended there; `starts` counts all of them

    Two columns wide.
    """
    numbers = list(dict.fromkeys(ends["components"]))
    widths = [int((ends["components"] == number).sum()) for number in numbers]
    height = 1.9 + 0.21 * len(kinds)
    figure, axes = canvas.panels(2, len(numbers), width=style.DOUBLE_COLUMN, height=height)
    grid = axes[0, 0].get_gridspec()
    grid.set_height_ratios([1.0, 0.21 * len(kinds)])
    grid.set_width_ratios([width + 1.0 for width in widths])
    for column, number in enumerate(numbers):
        of = ends[ends["components"] == number]
        _bars(axes[0, column], of)
        _shares(axes[1, column], of, kinds, first=column == 0)
        axes[0, column].set_title(f"K = {number}", fontsize=8, pad=3)
        canvas.letter(axes[0, column], column)
    axes[0, 0].set_ylabel("starts", fontsize=canvas.TEXT_POINTS)
    return Drawn(figure, {"ends": ends})


def _bars(ax: Axes, of: pd.DataFrame) -> None:
    places = np.arange(len(of))
    colours = np.where(of["set_aside"], style.GREY, style.METHOD_COLOURS["em"])
    hatches = np.where(of["set_aside"], "////", "")
    for place, count, colour, hatch in zip(places, of["starts"], colours, hatches, strict=True):
        ax.bar(place, count, 0.7, color="white" if hatch else colour, edgecolor=colour, hatch=str(hatch), linewidth=0.6)
        ax.annotate(
            f"{count:.0f}",
            (place, count),
            xytext=(0, 1),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=6.5,
        )
    ax.set_xlim(-0.5, len(of) - 0.5)
    ax.set_ylim(0.0, 1.18 * of["starts"].max())
    ax.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    ax.tick_params(labelbottom=False, bottom=False)


def _shares(ax: Axes, of: pd.DataFrame, kinds: Sequence[str], *, first: bool) -> None:
    shares = of[list(kinds)].to_numpy(np.float64).T  # (S, M)
    image = ax.imshow(shares, vmin=0.0, vmax=1.0, cmap="cividis", aspect="auto")
    for (row, column), value in np.ndenumerate(shares):
        if value > 0.0:
            luminance = float(np.dot(image.to_rgba(value)[:3], (0.299, 0.587, 0.114)))
            colour = "black" if luminance > SHADE else "white"
            ax.text(column, row, f"{100 * value:.0f}%", ha="center", va="center", fontsize=6.0, color=colour)
    ax.set_yticks(range(len(kinds)), kinds if first else [""] * len(kinds))
    ax.set_xticks(range(len(of)), list(of["end"]), rotation=40, ha="right", rotation_mode="anchor")
    ax.set_xlabel("log-likelihood at the end (nats)", fontsize=canvas.TEXT_POINTS)
    ax.tick_params(length=0, labelsize=6.5)
    ax.spines[:].set_visible(False)
