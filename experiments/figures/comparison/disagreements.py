"""Points that EM and the posterior allocate differently."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bayesian.posterior import Posterior
from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn
from experiments.figures.columns import beside
from experiments.figures.comparison.separation import parting_features
from experiments.figures.labels import label_points
from experiments.referee.metrics import disagreement, posterior_allocation_probabilities
from experiments.referee.parameters import COUNTED_FROM, align, ascending
from mixture import GaussianMixture
from mixture.arrays import FloatArray, IntArray

LARGEST_MARKER = 7.0
NOTABLE = 0.01
"""Total variation at which a marker is largest if no point has more."""

SMALLEST = 1e-4
"""Total variation below which a point is not circled."""

CIRCLE: dict[str, Any] = {"markerfacecolor": "none", "markeredgecolor": "black", "markeredgewidth": 0.6}


@canvas.drawn_in_style
def disagreements(
    em_mixture: GaussianMixture, posterior_relabelled: Posterior, feature_names: Sequence[str], *, top: int = 6
) -> Drawn:
    """(a) the probability that a point is of another component than EM's favourite, by both; (b) where the points lie.

    EM's probability is one minus the largest responsibility. In (b) a marker grows with the total variation between the
    two allocations, up to the largest there is (or 0.01), in the two features that part EM's components best; D = 1 has
    it on the other axis. The `top` points by it are circled, unless it is below 1e-4, and bear their row in the data,
    counted from 1. Two columns wide.
    """
    data = posterior_relabelled.data
    mixture = em_mixture.permute(ascending(em_mixture))
    em = mixture.responsibilities(data)
    posterior = posterior_allocation_probabilities(align(posterior_relabelled, mixture))
    distance = disagreement(em, posterior)
    favourite = em.argmax(axis=1)
    others = np.arange(mixture.n_components) != favourite[:, None]
    doubts = np.column_stack([np.where(others, p, 0.0).sum(axis=1) for p in (em, posterior)])  # (N, 2)
    chosen = np.argsort(-distance, kind="stable")[: min(top, len(data))]
    chosen = chosen[distance[chosen] > SMALLEST]
    figure, (axes,) = canvas.panels(1, 2, width=style.DOUBLE_COLUMN, height=2.9)
    small = np.full(len(data), 3.0)
    _points(axes[0], doubts, favourite, small)
    _probabilities(axes[0], float(doubts.max()))
    plane, sizes, place = np.column_stack([data[:, 0], distance]), small, (feature_names[0], "total variation")
    if data.shape[1] > 1:
        features = parting_features(data, favourite)
        plane, place = data[:, features], (feature_names[features[0]], feature_names[features[1]])
        sizes = 1.5 + (LARGEST_MARKER - 1.5) * distance / max(float(distance.max()), NOTABLE)
    _points(axes[1], plane, favourite, sizes)
    axes[1].margins(0.08)
    canvas.describe(axes[1].xaxis, place[0])
    canvas.describe(axes[1].yaxis, place[1])
    for index, (ax, points) in enumerate(zip(axes, (doubts, plane), strict=True)):
        canvas.letter(ax, index)
        if chosen.size:
            _circles(ax, points[chosen])
        label_points(ax, points[chosen], [f"{row + COUNTED_FROM}" for row in chosen])
    _legend(figure, mixture.n_components, with_circles=chosen.size > 0)
    table = pd.DataFrame(
        {
            "row": np.arange(len(data)) + COUNTED_FROM,
            "EM component": favourite + COUNTED_FROM,
            "posterior component": posterior.argmax(axis=1) + COUNTED_FROM,
            "EM, of another": doubts[:, 0],
            "posterior, of another": doubts[:, 1],
            "total variation": distance,
        }
    )
    table = table.sort_values("total variation", ascending=False, kind="stable")
    table = beside(table, data[table.index], feature_names)
    return Drawn(figure, {"disagreement": table.reset_index(drop=True)})


def _probabilities(ax: Axes, largest: float) -> None:
    """Both axes from 0 to the largest probability, with the line on which EM and the posterior agree."""
    top = max(largest, SMALLEST)
    ax.plot([0.0, top], [0.0, top], color="0.6", linewidth=0.6, zorder=0.5)
    ax.set_xlim(-0.06 * top, 1.08 * top)
    ax.set_ylim(-0.06 * top, 1.08 * top)
    canvas.describe(ax.xaxis, "EM, probability of another component")
    canvas.describe(ax.yaxis, "posterior, of another component")


def _points(ax: Axes, points: FloatArray, components: IntArray, sizes: FloatArray) -> None:
    for k in np.unique(components):
        mine = components == k
        ax.scatter(
            points[mine, 0],
            points[mine, 1],
            s=np.square(sizes[mine]),
            marker=canvas.component_marker(int(k)),
            color=canvas.component_colour(int(k)),
            linewidths=0.0,
            alpha=0.65,
            clip_on=False,
            rasterized=len(points) > canvas.RASTER_POINTS,
        )


def _circles(ax: Axes, points: FloatArray) -> None:
    ax.plot(points[:, 0], points[:, 1], linestyle="none", marker="o", markersize=7.5, clip_on=False, **CIRCLE)


def _legend(figure: Figure, n_components: int, *, with_circles: bool) -> None:
    handles = [canvas.component_handle(k) for k in range(n_components)]
    labels = [f"EM's component {k + COUNTED_FROM}" for k in range(n_components)]
    if with_circles:
        handles.append(Line2D([], [], linestyle="none", marker="o", markersize=6, **CIRCLE))
        labels.append("disagree most, with row")
    canvas.legend_above(figure, handles, labels)
