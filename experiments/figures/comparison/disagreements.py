"""Points that EM and the posterior allocate differently."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator

from bayesian.posterior import Posterior
from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn
from experiments.figures.labels import label_points
from experiments.referee.metrics import disagreement, posterior_allocation_probabilities
from experiments.referee.parameters import COUNTED_FROM, align, ascending
from mixture import GaussianMixture
from mixture.arrays import FloatArray, IntArray

LARGEST_MARKER = 7.0
NOTABLE = 0.01
"""Total variation at which a marker is largest if no point has more."""

SUREST = 1e-4
"""Panel (a) ends here: a smaller probability of another component is drawn as this one."""

CIRCLE: dict[str, Any] = {"markerfacecolor": "none", "markeredgecolor": "black", "markeredgewidth": 0.6}


@canvas.drawn_in_style
def disagreements(
    em_mixture: GaussianMixture, posterior_relabelled: Posterior, feature_names: Sequence[str], *, top: int = 6
) -> Drawn:
    """(a) the probability that a point is of another component than EM's favourite, by both; (b) where the points lie.

    EM's probability is one minus the largest responsibility. In (b) a marker grows with the total variation between the
    two allocations, up to the largest there is (or 0.01); D = 1 has it on the other axis. The `top` points by it are
    circled, unless it is below 1e-4, and bear their row in the data, counted from 1 (in (a) where there is room). Two
    columns wide.
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
    chosen = chosen[distance[chosen] > SUREST]
    figure, (axes,) = canvas.panels(1, 2, width=style.DOUBLE_COLUMN, height=2.9)
    small = np.full(len(data), 3.0)
    shown = np.clip(doubts, SUREST, 1.0)
    _points(axes[0], shown, favourite, small)
    _log_probabilities(axes[0])
    plane, sizes, other_label = np.column_stack([data[:, 0], distance]), small, "total variation"
    if data.shape[1] > 1:
        plane, other_label = data[:, :2], feature_names[1]
        sizes = 1.5 + (LARGEST_MARKER - 1.5) * distance / max(float(distance.max()), NOTABLE)
    _points(axes[1], plane, favourite, sizes)
    axes[1].margins(0.08)
    canvas.describe(axes[1].xaxis, feature_names[0])
    canvas.describe(axes[1].yaxis, other_label)
    for index, (ax, points) in enumerate(zip(axes, (shown, plane), strict=True)):
        canvas.letter(ax, index)
        if chosen.size:
            _circles(ax, points[chosen])
        label_points(ax, points[chosen], [f"{row + COUNTED_FROM}" for row in chosen], lines=index == 1)
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
    features = pd.DataFrame(data, columns=list(feature_names))
    table = pd.concat([table, features], axis=1)
    return Drawn(figure, {"disagreement": table.sort_values("total variation", ascending=False, kind="stable")})


def _log_probabilities(ax: Axes) -> None:
    """Both axes logarithmic from the surest to 1, with the line on which EM and the posterior agree."""
    ax.plot([SUREST, 1.0], [SUREST, 1.0], color="0.6", linewidth=0.6, zorder=0.5)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlim(0.7 * SUREST, 1.4)
    ax.set_ylim(0.7 * SUREST, 1.4)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(LogLocator(numticks=6))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(canvas.Powers(lowest=SUREST))
    ax.set_xlabel("EM, probability of another component", fontsize=canvas.TEXT_POINTS)
    ax.set_ylabel("posterior, of another component", fontsize=canvas.TEXT_POINTS)


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
