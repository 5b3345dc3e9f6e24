"""The log-likelihood over two means, with EM's paths on it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FixedLocator, NullLocator

from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn
from mixture.arrays import FloatArray

LEVELS = (0.0, 5.0, 20.0, 50.0, 75.0, 100.0, 150.0, 200.0, 300.0, 500.0, 1000.0, 2000.0)
"""Nats below the higher top at which contours are drawn."""
SHOWN_ITERATIONS = 12
DASHED = (0.0, (5.0, 2.0))
NUMBER: dict[str, Any] = {"fontsize": 6.5, "color": "black"}
APART = 0.038
"""Numbers beside each other are at least this share of the panel's height apart."""


@canvas.drawn_in_style
def two_mean_surface(
    axis: FloatArray,
    below: FloatArray,
    paths: Sequence[FloatArray],
    below_paths: Sequence[FloatArray],
    tops: FloatArray,
    truth: tuple[float, float],
) -> Drawn:
    """(a) the log-likelihood over (first mean, second mean) with EM's paths and both tops; (b) the climbs themselves.

    axis (G,) values of either mean; below (G, G) nats below the higher top, first mean by row; paths (T + 1, 2), and
    how far below the higher top they are, (T + 1,); tops (2, 2), the higher first. Two columns wide.
    """
    figure, (axes,) = canvas.panels(1, 2, width=style.DOUBLE_COLUMN, height=3.5)
    axes[0].get_gridspec().set_width_ratios([1.75, 1.0])
    _surface(axes[0], axis, below, paths, tops, truth)
    _climbs(axes[1], below_paths)
    for index, ax in enumerate(axes):
        canvas.letter(ax, index)
    em = style.METHODS["em"]
    handles = [
        Line2D([], [], linewidth=1.2, marker="o", markersize=2.4, **em.line),
        Line2D([], [], marker="o", markersize=5.0, markerfacecolor="white", color=em.color, linestyle="none"),
        Line2D([], [], marker="*", markersize=9.0, color="black", linestyle="none"),
        Line2D([], [], marker="s", markersize=5.0, color="black", linestyle="none"),
        Line2D([], [], markersize=5.0, markeredgewidth=1.4, **style.METHODS["truth"].points),
        Line2D([], [], color="black", linewidth=1.1, linestyle=DASHED),
    ]
    labels = ["EM, iteration by iteration", "its start", "higher top", "lower top", "truth", "equal means"]
    canvas.legend_above(figure, handles, labels)
    first, second = np.meshgrid(axis, axis, indexing="ij")
    surface = pd.DataFrame({"first mean": first.ravel(), "second mean": second.ravel(), "below": below.ravel()})
    walked = [
        pd.DataFrame(
            {
                "path": number,
                "iteration": range(len(path)),
                "first mean": path[:, 0],
                "second mean": path[:, 1],
                "below": height,
            }
        )
        for number, (path, height) in enumerate(zip(paths, below_paths, strict=True), start=1)
    ]
    return Drawn(figure, {"surface": surface, "paths": pd.concat(walked, ignore_index=True)})


def _surface(
    ax: Axes,
    axis: FloatArray,
    below: FloatArray,
    paths: Sequence[FloatArray],
    tops: FloatArray,
    truth: tuple[float, float],
) -> None:
    levels = [level for level in LEVELS if level < below.max()]
    norm = BoundaryNorm(levels, 256, extend="max")
    filled = ax.contourf(axis, axis, below.T, levels, cmap="cividis_r", norm=norm, extend="max")
    ax.contour(axis, axis, below.T, levels[1:], colors="white", linewidths=0.3)
    ax.plot([axis[0], axis[-1]], [axis[0], axis[-1]], color="black", linewidth=1.1, linestyle=DASHED)
    halo = [withStroke(linewidth=2.4, foreground="white")]
    em = style.METHODS["em"]
    for number, path in enumerate(paths, start=1):
        ax.plot(path[:, 0], path[:, 1], linewidth=1.2, marker="o", markersize=2.4, path_effects=halo, **em.line)
        ax.plot(*path[0], marker="o", markersize=5.0, markerfacecolor="white", color=em.color, linestyle="none")
        ax.annotate(f"{number}", path[0], xytext=(4, 3), textcoords="offset points", path_effects=halo, **NUMBER)
    for top, marker, size in zip(tops, ("*", "s"), (9.0, 6.0), strict=True):
        ax.plot(*top, marker=marker, markersize=size, color="black", markeredgecolor="white", linestyle="none")
    ax.plot(*truth, markersize=5.0, markeredgewidth=1.4, path_effects=halo, zorder=5.0, **style.METHODS["truth"].points)
    ax.set_xlim(axis[0], axis[-1])
    ax.set_ylim(axis[0], axis[-1])
    ax.set_aspect("equal")
    canvas.describe(ax.xaxis, "first mean (weight 0.7)")
    canvas.describe(ax.yaxis, "second mean (weight 0.3)")
    bar = ax.figure.colorbar(filled, ax=ax, ticks=levels, pad=0.02, aspect=26)
    bar.ax.invert_yaxis()
    bar.ax.tick_params(labelsize=canvas.TEXT_POINTS, length=2.0)


def _climbs(ax: Axes, below_paths: Sequence[FloatArray]) -> None:
    for heights in below_paths:
        ax.plot(range(len(heights)), heights, linewidth=1.0, marker="o", markersize=2.4, **style.METHODS["em"].line)
    ax.set_yscale("symlog", linthresh=1.0, linscale=0.4)
    ax.set_ylim(1.3 * max(heights[0] for heights in below_paths), -0.2)
    ax.yaxis.set_major_locator(FixedLocator([0.0, 1.0, 10.0, 100.0, 1000.0]))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(canvas.Powers())
    ax.set_ylabel("nats below the higher top", fontsize=canvas.TEXT_POINTS)
    ax.set_xlim(-1.8, SHOWN_ITERATIONS)
    _number_starts(ax, [float(heights[0]) for heights in below_paths])
    canvas.describe(ax.xaxis, "iteration")


def _number_starts(ax: Axes, heights: Sequence[float]) -> None:
    """The number of each climb left of its start, clear of the others, with a thin line to it."""
    into = ax.transAxes.inverted()
    places = [float(into.transform(ax.transData.transform((0.0, height)))[1]) for height in heights]
    lowest = -np.inf
    for index in np.argsort(places):
        lowest = max(places[index], lowest + APART)
        ax.annotate(
            f"{index + 1}",
            (0.0, heights[index]),
            xytext=(0.02, lowest),
            textcoords="axes fraction",
            va="center",
            arrowprops={
                "arrowstyle": "-",
                "linewidth": 0.4,
                "color": "0.5",
                "relpos": (1.1, 0.5),
                "patchA": None,
                "shrinkA": 0.5,
                "shrinkB": 2.0,
            },
            **NUMBER,
        )
