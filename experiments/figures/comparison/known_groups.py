"""Clusters against groups that are known: how many points of each group are in each cluster, and which go astray."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn
from experiments.figures.columns import beside
from experiments.referee.numbering import numbered_like
from experiments.referee.parameters import COUNTED_FROM
from mixture.arrays import FloatArray, IntArray

RING_SIZES = (6.5, 9.5, 12.5)
"""Sizes of the rings around points that go astray, a method each: rings of several methods lie around each other."""


@canvas.drawn_in_style
def known_groups(
    groups: IntArray,
    group_names: Sequence[str],
    partitions: Mapping[str, IntArray],
    looks: Mapping[str, style.Look],
    data: FloatArray,
    feature_names: Sequence[str],
) -> Drawn:
    """A table of counts for each partition, groups down and clusters across; then the points in two features.

    groups      (N,) the known group of each point, from 0         partitions  by name, (N,) labels, three at most
    data        (N, 2) the features that are shown                 looks       of each partition, by name

    Clusters bear the number of the group that they share most points with, one to one. Points are marked by their
    group; a ring of the partition's colour stands around each that the partition puts into another cluster.
    """
    numbered = {name: numbered_like(groups, labels) for name, labels in partitions.items()}
    width = style.DOUBLE_COLUMN
    figure, (axes,) = canvas.panels(1, len(partitions) + 1, width=width, height=2.9, apart=0.06)
    grid = axes[0].get_gridspec()
    grid.set_width_ratios([1.0] * len(partitions) + [1.9])
    counts = []
    for place, (name, labels) in enumerate(numbered.items()):
        table = _counts(groups, labels, len(group_names))
        _matrix(axes[place], table, group_names if place == 0 else [""] * len(group_names), name)
        canvas.letter(axes[place], place)
        frame = pd.DataFrame(table, columns=[f"cluster {k + COUNTED_FROM}" for k in range(table.shape[1])])
        frame.insert(0, "group", list(group_names))
        frame.insert(0, "partition", name)
        counts.append(frame)
    points = _points(axes[-1], groups, numbered, looks, data)
    canvas.describe(axes[-1].xaxis, feature_names[0])
    canvas.describe(axes[-1].yaxis, feature_names[1])
    canvas.letter(axes[-1], len(partitions))
    handles = [canvas.component_handle(k) for k in range(len(group_names))]
    rings = [_ring(looks[name], size) for name, size in zip(numbered, RING_SIZES, strict=False)]
    labels_of_rings = [f"astray: {name}" for name in numbered]
    canvas.legend_above(figure, [*handles, *rings], [*(canvas.clean(name) for name in group_names), *labels_of_rings])
    points.insert(1, "group", [group_names[k] for k in groups])
    points = beside(points, data, feature_names)
    return Drawn(figure, {"counts": pd.concat(counts, ignore_index=True).fillna(0), "points": points})


def _counts(groups: IntArray, labels: IntArray, n_groups: int) -> IntArray:
    table = np.zeros((n_groups, max(int(labels.max()) + 1, 1)), dtype=np.int64)
    np.add.at(table, (groups, labels), 1)
    return table[:, table.sum(axis=0) > 0]


def _matrix(ax: Axes, table: IntArray, names: Sequence[str], title: str) -> None:
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    ax.imshow(shares, vmin=0.0, vmax=1.0, cmap="Greys", interpolation="nearest", aspect="auto")
    for row, column in np.ndindex(*table.shape):
        shade = "white" if shares[row, column] > 0.5 else "black"
        ax.text(column, row, str(table[row, column]), ha="center", va="center", color=shade, fontsize=8)
    ax.set_xticks(range(table.shape[1]), [str(k + COUNTED_FROM) for k in range(table.shape[1])])
    ax.set_yticks(range(len(names)), [canvas.clean(name) for name in names])
    ax.tick_params(length=0.0)
    ax.spines[:].set_visible(False)
    ax.set_xlabel(f"cluster, {title}", fontsize=canvas.TEXT_POINTS)


def _points(
    ax: Axes,
    groups: IntArray,
    numbered: Mapping[str, IntArray],
    looks: Mapping[str, style.Look],
    data: FloatArray,
) -> pd.DataFrame:
    for k in np.unique(groups):
        mine = data[groups == k]
        look: dict[str, Any] = {"marker": canvas.component_marker(int(k)), "color": canvas.component_colour(int(k))}
        ax.plot(mine[:, 0], mine[:, 1], linestyle="none", markersize=3.2, alpha=0.75, markeredgewidth=0.0, **look)
    frame = pd.DataFrame({"row": np.arange(len(groups)) + COUNTED_FROM})
    for (name, labels), size in zip(numbered.items(), RING_SIZES, strict=False):
        astray = labels != groups
        ring = _ring(looks[name], size)
        ring.set_data(data[astray, 0], data[astray, 1])
        ax.add_line(ring)
        frame[f"cluster, {name}"] = labels + COUNTED_FROM
        frame[f"astray, {name}"] = astray
    ax.margins(0.06)
    ax.autoscale_view()
    return frame


def _ring(look: style.Look, size: float) -> Line2D:
    ring = Line2D([], [], linestyle="none", marker="o", markersize=size)
    ring.set(markerfacecolor="none", markeredgecolor=look.color, markeredgewidth=0.9)
    return ring
