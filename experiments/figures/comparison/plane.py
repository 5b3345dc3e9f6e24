"""The data in planes of two features, with EM's ellipses over a sheaf of the posterior's."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from bayesian.label_free.spacing import spaced_draws
from bayesian.posterior import Posterior
from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn
from experiments.figures.columns import beside
from experiments.figures.geometry import ellipses, in_plane
from experiments.referee.parameters import COUNTED_FROM, align, ascending, component_name
from mixture import GaussianMixture
from mixture.arrays import FloatArray, IntArray

EM_LEVELS = (0.5, 0.9)
SHEAF_LEVEL = 0.9
SHEAF_DRAWS, SHEAF_DRAWS_OF_SEVERAL = 40, 8
"""Draws of the posterior that are shown in one panel, and in each of several."""
MOST_FEATURES = 5

type Row = dict[str, str | float]


@canvas.drawn_in_style
def plane(em_mixture: GaussianMixture, posterior_relabelled: Posterior, feature_names: Sequence[str]) -> Drawn:
    """Every pair of features (of the first five): points by EM's most probable component, ellipses of both methods.

    EM's ellipses hold 50 and 90% of each component, the posterior's, one per draw of `sheaf_draws`, 90%.
    D = 2 takes one column, more a triangle of panels over two. Raises ValueError for D = 1.
    """
    data, names = posterior_relabelled.data, list(feature_names)
    n_features = min(data.shape[1], MOST_FEATURES)
    if n_features < 2:
        raise ValueError("a plane needs two features; draw the density of one")
    mixture = em_mixture.permute(ascending(em_mixture))
    draws = spaced_draws(align(posterior_relabelled, mixture), sheaf_draws(n_features))
    allocations = mixture.responsibilities(data).argmax(axis=1)
    figure, axes = _triangle(n_features)
    points = pd.DataFrame({"row": np.arange(len(data)) + COUNTED_FROM, "component": allocations + COUNTED_FROM})
    points = beside(points, data[:, :n_features], names[:n_features])
    contours: list[Row] = []
    for first, second in combinations(range(n_features), 2):
        ax = axes[second - 1, first]
        _scatter(ax, data[:, [first, second]], allocations, mixture.n_components)
        contours += _sheaf(ax, draws, first, second, names)
        contours += _em_ellipses(ax, mixture, first, second, names)
        canvas.describe(ax.xaxis, names[first])
        canvas.describe(ax.yaxis, names[second])
        ax.tick_params(labelbottom=second == n_features - 1, labelleft=first == 0)
        ax.xaxis.label.set_visible(second == n_features - 1)
        ax.yaxis.label.set_visible(first == 0)
    _legend(figure, mixture.n_components)
    return Drawn(figure, {"points": points, "ellipses": pd.DataFrame(contours)})


def sheaf_draws(n_features: int) -> int:
    """How many draws of the posterior are shown, evenly spaced over all."""
    return SHEAF_DRAWS if n_features == 2 else SHEAF_DRAWS_OF_SEVERAL


def _triangle(n_features: int) -> tuple[Figure, np.ndarray]:
    """Panels (row: second feature, column: first feature) below the diagonal; the others are taken away."""
    side = n_features - 1
    if side == 1:
        return canvas.panels(1, 1, width=style.SINGLE_COLUMN, height=2.9)
    figure, axes = canvas.panels(side, side, width=style.DOUBLE_COLUMN, height=min(7.0, 1.75 * side + 0.4))
    for row, column in np.argwhere(np.triu(np.ones((side, side)), 1)):
        axes[row, column].remove()
    return figure, axes


def _scatter(ax: Axes, points: FloatArray, allocations: IntArray, n_components: int) -> None:
    size = float(np.clip(3.0e3 / len(points), 1.5, 9.0))
    for k in range(n_components):
        of_component = points[allocations == k]
        ax.plot(
            of_component[:, 0],
            of_component[:, 1],
            linestyle="none",
            marker=canvas.component_marker(k),
            markersize=np.sqrt(size),
            color=canvas.component_colour(k),
            markeredgewidth=0.0,
            alpha=0.55,
            rasterized=len(points) > canvas.RASTER_POINTS,
            zorder=1.0,
        )


def _sheaf(
    ax: Axes, draws: tuple[FloatArray, FloatArray, FloatArray], first: int, second: int, names: list[str]
) -> list[Row]:
    means, covariances = in_plane(draws[1], draws[2], first, second)  # (T, K, 2), (T, K, 2, 2)
    curves = ellipses(means, covariances, SHEAF_LEVEL)
    sheaf = LineCollection(list(curves.reshape(-1, *curves.shape[2:])), colors=style.METHOD_COLOURS["posterior"])
    sheaf.set(alpha=0.4, zorder=2.0, linewidths=0.35)
    ax.add_collection(sheaf)
    ax.autoscale_view()
    return [
        _ellipse(
            "posterior",
            str(t + COUNTED_FROM),
            k,
            SHEAF_LEVEL,
            names[first],
            names[second],
            means[t, k],
            covariances[t, k],
        )
        for t in range(curves.shape[0])
        for k in range(curves.shape[1])
    ]


def _em_ellipses(ax: Axes, mixture: GaussianMixture, first: int, second: int, names: list[str]) -> list[Row]:
    means, covariances = in_plane(mixture.means, mixture.dense_covariances, first, second)
    look: dict[str, Any] = {"color": style.METHOD_COLOURS["em"], "zorder": 3.0}
    halo = [withStroke(linewidth=2.0, foreground="white")]  # parts EM from the sheaf where colour does not
    rows: list[Row] = []
    for level in EM_LEVELS:
        for k, curve in enumerate(ellipses(means, covariances, level)):
            ax.plot(curve[:, 0], curve[:, 1], linewidth=1.1, path_effects=halo, **look)
            ellipse = _ellipse("EM", "", k, level, names[first], names[second], means[k], covariances[k])
            rows.append(ellipse)
    ax.plot(means[:, 0], means[:, 1], "+", markersize=5, path_effects=halo, **look)
    return rows


def _ellipse(
    method: str,
    draw: str,
    component: int,
    level: float,
    x_name: str,
    y_name: str,
    mean: FloatArray,
    covariance: FloatArray,
) -> Row:
    """One drawn ellipse by what determines it: the Gaussian of the pair, and the probability it holds."""
    return {
        "method": method,
        "draw": draw,
        "component": component_name(component),
        "level": level,
        "x feature": x_name,
        "y feature": y_name,
        "x mean": float(mean[0]),
        "y mean": float(mean[1]),
        "x variance": float(covariance[0, 0]),
        "covariance": float(covariance[0, 1]),
        "y variance": float(covariance[1, 1]),
    }


def _legend(figure: Figure, n_components: int) -> None:
    handles: list[Artist] = [
        Line2D([], [], color=style.METHOD_COLOURS["em"], linewidth=1.0),
        Line2D([], [], color=style.METHOD_COLOURS["posterior"], linewidth=0.5),
    ]
    inner, outer = (f"{100 * level:g}" for level in EM_LEVELS)
    labels = [f"EM, {inner} and {outer}%", f"posterior draws, {100 * SHEAF_LEVEL:g}%"]
    for k in range(n_components):
        handles.append(canvas.component_handle(k))
        labels.append(f"component {component_name(k)}")
    canvas.legend_above(figure, handles, labels)
