"""Who is together with whom under the posterior, and the partitions that sum it up."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn
from experiments.figures.columns import beside
from experiments.figures.comparison.separation import parting_features
from experiments.referee.numbering import numbered_like
from experiments.referee.parameters import COUNTED_FROM
from mixture.arrays import FloatArray, IntArray

STRIP = 0.05
"""Width of a partition's strip, as a share of the matrix."""

MOST_MATRIX_ROWS = 60
"""The matrix' own numbers go to a table for so many points; for more, means over blocks of neighbours."""


@canvas.drawn_in_style
def coclustering(
    matrix: FloatArray,
    partitions: Mapping[str, IntArray],
    data: FloatArray,
    rows: IntArray,
    feature_names: Sequence[str],
) -> Drawn:
    """(a) P(z_n = z_m | X), points ordered by cluster, with each partition as a strip; (b) where the points lie.

    matrix      (N, N) co-clustering probabilities       partitions  by name, (N,) labels; the first is the reference
    data        (N, D)                                   rows        (N,) the points' rows in the whole data, from 0

    Clusters of the other partitions bear the number (and colour) of the reference's cluster that they share most points
    with. The points are ordered by the last partition, then along the first principal axis. In (b) points are marked by
    the last partition, in the two features that part its clusters best, and circled where any partition numbers them
    differently than the first; of one feature the other axis is how sure their place is: the mean probability of being
    together with the rest of their cluster. Two columns wide.
    """
    names = list(partitions)
    reference = np.asarray(partitions[names[0]])
    labels = {name: numbered_like(reference, np.asarray(partition)) for name, partition in partitions.items()}
    shown = labels[names[-1]]
    order = np.lexsort((_along_principal_axis(data), shown))
    differs = np.any([labels[name] != reference for name in names[1:]], axis=0)
    sure = _togetherness(matrix, shown)
    n_clusters = max(int(found.max()) for found in labels.values()) + 1

    figure, (axes,) = canvas.panels(1, 2, width=style.DOUBLE_COLUMN, height=3.25, apart=0.05)
    _matrix(axes[0], matrix[np.ix_(order, order)], [labels[name][order] for name in names], names)
    canvas.letter(axes[0], 0)
    plane, place = np.column_stack([data[:, 0], sure]), (feature_names[0], "together with its cluster")
    if data.shape[1] > 1:
        features = parting_features(data, shown)
        plane, place = data[:, features], (feature_names[features[0]], feature_names[features[1]])
    _points(axes[1], plane, shown, differs)
    axes[1].margins(0.06)
    canvas.describe(axes[1].xaxis, place[0])
    canvas.describe(axes[1].yaxis, place[1])
    canvas.letter(axes[1], 1)
    handles = [canvas.component_handle(k) for k in range(n_clusters)]
    texts = [f"cluster {k + COUNTED_FROM}" for k in range(n_clusters)]
    if differs.any():
        handles.append(_circle())
        texts.append("partitions differ")
    canvas.legend_above(figure, handles, texts)

    points = pd.DataFrame({"row": rows + COUNTED_FROM})
    for name in names:
        points[name] = labels[name] + COUNTED_FROM
    points["together with its cluster"] = sure
    points = beside(points, data, feature_names)
    return Drawn(figure, {"points": points.iloc[order].reset_index(drop=True), "matrix": _table(matrix, order, rows)})


def _matrix(ax: Axes, matrix: FloatArray, labels: Sequence[IntArray], names: Sequence[str]) -> None:
    n = len(matrix)
    step = STRIP * n
    image = ax.imshow(matrix, vmin=0.0, vmax=1.0, cmap="Blues", interpolation="nearest", extent=(0.0, n, n, 0.0))
    starts = [-(len(names) - index) * 1.4 * step for index in range(len(names))]
    for start, found in zip(starts, labels, strict=True):
        colours = np.array([to_rgb(canvas.component_colour(int(k))) for k in found])[:, None]
        ax.imshow(colours, interpolation="nearest", extent=(start, start + step, n, 0.0))
    last = labels[-1]
    for boundary in np.flatnonzero(np.diff(last)) + 1:
        ax.plot([starts[0], n], [boundary, boundary], color="black", linewidth=0.5)
        ax.plot([boundary, boundary], [0.0, n], color="black", linewidth=0.5)
    ax.plot([0.0, n, n, 0.0, 0.0], [0.0, 0.0, n, n, 0.0], color="0.5", linewidth=0.5, clip_on=False)
    ax.set_xlim(starts[0] - 0.4 * step, n)
    ax.set_ylim(n, 0.0)
    ax.set_aspect("equal")
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0.0)
    ax.set_xticks([start + 0.5 * step for start in starts], list(names), rotation=90)
    present, counts = np.unique(last, return_counts=True)
    large = counts > 0.03 * n  # a label for each cluster with room for one
    centres = (np.cumsum(counts) - 0.5 * counts)[large]
    ax.set_yticks(
        centres, [f"{k + COUNTED_FROM} (n = {c})" for k, c in zip(present[large], counts[large], strict=True)]
    )
    bar = ax.figure.colorbar(image, ax=ax, fraction=0.045, pad=0.02)
    bar.ax.spines["outline"].set_linewidth(0.6)
    bar.ax.tick_params(labelsize=canvas.TEXT_POINTS, width=0.6, length=2.5, pad=2.0)
    bar.set_ticks([0.0, 0.5, 1.0], labels=["0", "0.5", "1"])
    bar.set_label("probability of being together", fontsize=canvas.TEXT_POINTS)


def _points(ax: Axes, points: FloatArray, labels: IntArray, differs: NDArray[np.bool_]) -> None:
    size = float(np.clip(3.0e3 / len(points), 2.0, 12.0))
    for k in np.unique(labels):
        mine = points[labels == k]
        ax.plot(
            mine[:, 0],
            mine[:, 1],
            linestyle="none",
            marker=canvas.component_marker(int(k)),
            markersize=np.sqrt(size),
            color=canvas.component_colour(int(k)),
            markeredgewidth=0.0,
            alpha=0.65,
            clip_on=False,
            rasterized=len(points) > canvas.RASTER_POINTS,
        )
    if differs.any():
        circles = _circle()
        circles.set_data(points[differs, 0], points[differs, 1])
        circles.set_clip_on(False)
        ax.add_line(circles)


def _circle() -> Line2D:
    circle = Line2D([], [], linestyle="none", marker="o", markersize=6.5)
    circle.set(markerfacecolor="none", markeredgecolor="black", markeredgewidth=0.6)
    return circle


def _along_principal_axis(data: FloatArray) -> FloatArray:
    """Scores on the first principal axis of the standardised data; its largest entry is positive."""
    scale = data.std(axis=0)
    centred = (data - data.mean(axis=0)) / np.where(scale > 0.0, scale, 1.0)
    axis = np.linalg.eigh(centred.T @ centred)[1][:, -1]
    return np.asarray(centred @ (axis * np.sign(axis[np.abs(axis).argmax()])))


def _togetherness(matrix: FloatArray, labels: IntArray) -> FloatArray:
    """Mean P(z_n = z_m | X) over the other points m of n's cluster; 1 for a point alone."""
    same = labels[:, None] == labels
    others = same.sum(axis=1) - 1
    together = np.where(same, matrix, 0.0).sum(axis=1) - np.diagonal(matrix)
    return np.where(others > 0, together / np.maximum(others, 1), 1.0)


def _table(matrix: FloatArray, order: IntArray, rows: IntArray) -> pd.DataFrame:
    """The matrix as drawn, or its means over blocks of neighbours."""
    blocks = np.array_split(order, min(len(order), MOST_MATRIX_ROWS))
    firsts = [f"{rows[block[0]] + COUNTED_FROM}" for block in blocks]
    means = [[float(matrix[np.ix_(a, b)].mean()) for b in blocks] for a in blocks]
    frame = pd.DataFrame(means, columns=firsts)
    frame.insert(0, "from row", firsts)
    return frame
