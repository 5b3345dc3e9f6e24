"""The log-likelihood over two means, with EM's paths on it."""

from collections.abc import Sequence

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
        Line2D([], [], color="black", linewidth=1.1, linestyle=DASHED),
    ]
    labels = ["EM, iteration by iteration", "its start", "higher top", "lower top", "equal means"]
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
    for path in paths:
        ax.plot(path[:, 0], path[:, 1], linewidth=1.2, marker="o", markersize=2.4, path_effects=halo, **em.line)
        ax.plot(*path[0], marker="o", markersize=5.0, markerfacecolor="white", color=em.color, linestyle="none")
    for top, marker, size in zip(tops, ("*", "s"), (11.0, 6.0), strict=True):
        ax.plot(*top, marker=marker, markersize=size, color="black", markeredgecolor="white", linestyle="none")
    ax.plot(*truth, marker="x", markersize=5.0, markeredgewidth=1.4, color="white", linestyle="none", zorder=5.0)
    ax.set_xlim(axis[0], axis[-1])
    ax.set_ylim(axis[0], axis[-1])
    ax.set_aspect("equal")
    canvas.describe(ax.xaxis, "first mean (weight 0.7)")
    canvas.describe(ax.yaxis, "second mean (weight 0.3)")
    bar = ax.figure.colorbar(filled, ax=ax, ticks=levels, pad=0.02, aspect=26)
    bar.ax.invert_yaxis()
    bar.ax.tick_params(labelsize=canvas.TEXT_POINTS, length=2.0)
    bar.set_label("nats below the higher top", fontsize=canvas.TEXT_POINTS)


def _climbs(ax: Axes, below_paths: Sequence[FloatArray]) -> None:
    for heights in below_paths:
        ax.plot(range(len(heights)), heights, linewidth=1.0, marker="o", markersize=2.4, **style.METHODS["em"].line)
    ax.set_yscale("symlog", linthresh=1.0, linscale=0.4)
    ax.set_ylim(1.3 * max(heights[0] for heights in below_paths), -0.2)
    ax.yaxis.set_major_locator(FixedLocator([0.0, 1.0, 10.0, 100.0, 1000.0]))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(canvas.Powers())
    ax.set_ylabel("nats below the higher top", fontsize=canvas.TEXT_POINTS)
    ax.set_xlim(-0.5, SHOWN_ITERATIONS)
    canvas.describe(ax.xaxis, "iteration")
