"""Ellipses of several fits over the same points of a plane, panel by panel."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.patheffects import withStroke

from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn
from experiments.figures.geometry import ellipses
from mixture.arrays import FloatArray, IntArray

LEVELS = (0.5, 0.9)
MARGIN = 0.12


@dataclass(frozen=True, eq=False)
class EllipsePanel:
    """One fit: its title, means (K, 2), covariances (K, 2, 2), and the component of each point (N,)."""

    title: str
    means: FloatArray
    covariances: FloatArray
    allocations: IntArray


@canvas.drawn_in_style
def ellipse_panels(
    fits: Sequence[EllipsePanel], points: FloatArray, feature_names: Sequence[str], *, n_columns: int
) -> Drawn:
    """EM's ellipses of 50 and 90% over the points (N, 2), coloured and marked by component: a panel for each fit.

    All panels have the limits of the data, so that an ellipse may leave them. Two columns wide.
    """
    n_rows = -(-len(fits) // n_columns)
    height = (2.15 if n_columns > 2 else 2.6) * n_rows + 0.2
    figure, axes = canvas.panels(n_rows, n_columns, width=style.DOUBLE_COLUMN, height=height)
    pad = MARGIN * np.ptp(points, axis=0)
    low, high = points.min(axis=0) - pad, points.max(axis=0) + pad
    halo = [withStroke(linewidth=1.8, foreground="white", alpha=0.6)]  # thin, so that no point vanishes under it
    look: dict[str, Any] = {"color": style.METHOD_COLOURS["em"], "path_effects": halo, "zorder": 3.0}
    rows = []
    for index, (ax, fit) in enumerate(zip(axes.flat, fits, strict=True)):
        order = np.argsort(fit.means[:, 0], kind="stable")
        for k, component in enumerate(order):
            of = points[fit.allocations == component]
            marker, colour = canvas.component_marker(k), canvas.component_colour(k)
            ax.plot(*of.T, linestyle="none", marker=marker, color=colour, markersize=2.2, mew=0.0, alpha=0.55)
            for level in LEVELS:
                curve = ellipses(fit.means[component], fit.covariances[component], level)
                ax.plot(*curve.T, linewidth=1.1, **look)
            rows.append(
                {
                    "panel": fit.title,
                    "component": k + 1,
                    "x mean": fit.means[component, 0],
                    "y mean": fit.means[component, 1],
                    "x variance": fit.covariances[component, 0, 0],
                    "covariance": fit.covariances[component, 0, 1],
                    "y variance": fit.covariances[component, 1, 1],
                }
            )
        ax.plot(*fit.means.T, "+", markersize=5, **look)
        ax.set_xlim(low[0], high[0])
        ax.set_ylim(low[1], high[1])
        canvas.describe(ax.xaxis, feature_names[0])
        canvas.describe(ax.yaxis, feature_names[1])
        ax.tick_params(labelbottom=index >= len(fits) - n_columns, labelleft=index % n_columns == 0)
        ax.xaxis.label.set_visible(index >= len(fits) - n_columns)
        ax.yaxis.label.set_visible(index % n_columns == 0)
        ax.set_title(fit.title, fontsize=canvas.TEXT_POINTS, pad=3)
    allocations = pd.DataFrame(points, columns=list(feature_names))
    for index, fit in enumerate(fits):
        rank = np.argsort(np.argsort(fit.means[:, 0], kind="stable"))
        allocations[f"component, panel {index + 1}"] = rank[fit.allocations] + 1
    return Drawn(figure, {"ellipses": pd.DataFrame(rows), "points": allocations})
