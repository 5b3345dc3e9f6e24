"""Soft allocations that harden as sigma falls: the tree of means, and the plane at several sigmas."""

import numpy as np
import pandas as pd
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn
from experiments.figures.geometry import ellipses
from mixture.arrays import FloatArray

UNSURE = 0.95
ONE_SIGMA = 1.0 - float(np.exp(-0.5))
"""Probability that a normal of two features puts within one sigma of its mean."""


@canvas.drawn_in_style
def hardening(
    sigmas: FloatArray,
    means: FloatArray,
    responsibilities: FloatArray,
    centres: FloatArray,
    critical: float,
    feature_name: str,
    sigma_name: str,
) -> Drawn:
    """(a) one feature of the means (S, K) against sigma (S,), log, with the centres (K,) of k-means at the left end;
    (b) share of points without a responsibility above 0.95, and mean entropy over log K, of responsibilities (S, N, K).

    Two columns wide.
    """
    figure, (axes,) = canvas.panels(1, 2, width=style.DOUBLE_COLUMN, height=2.5, apart=0.05)
    tree, doubt = axes
    colour = style.METHOD_COLOURS["em"]
    tree.plot(sigmas, means, color=colour, linewidth=1.2)
    left = 0.8 * sigmas.min()
    (centre,) = tree.plot(
        np.full(len(centres), left), centres, linestyle="none", marker="D", color="black", markersize=4, clip_on=False
    )
    k = responsibilities.shape[2]
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(responsibilities > 0.0, responsibilities * np.log(responsibilities), 0.0)
    entropy = -terms.sum(axis=2).mean(axis=1) / np.log(k)
    unsure = (responsibilities.max(axis=2) < UNSURE).mean(axis=1)
    (first,) = doubt.plot(sigmas, unsure, color=colour, linewidth=1.2, linestyle=(0, (4, 1, 1, 1)))
    (second,) = doubt.plot(sigmas, entropy, color=colour, linewidth=1.2, linestyle=(0, (4, 1.5)))
    doubt.set_ylim(0.0, 1.03)
    for index, ax in enumerate(axes):
        canvas.logarithmic(ax, sigma_name)
        ax.set_xlim(left, 1.1 * sigmas.max())
        line = ax.axvline(critical, color="black", linewidth=0.8, linestyle=(0, (1, 1.2)), zorder=0.5)
        canvas.letter(ax, index)
    canvas.describe(tree.yaxis, feature_name)
    canvas.describe(doubt.yaxis, "share")
    handles = [Line2D([], [], color=colour, linewidth=1.2), centre, first, second, line]
    canvas.legend_above(
        figure,
        handles,
        ["means of EM (a)", "k-means (a)", "points in doubt (b)", "entropy / log K (b)", "critical sigma"],
    )
    table = pd.DataFrame({"sigma": sigmas, **{f"mean {j + 1}": column for j, column in enumerate(means.T)}})
    table["points in doubt"], table["entropy"] = unsure, entropy
    return Drawn(figure, {"path": table})


@canvas.drawn_in_style
def softness(
    points: FloatArray, sigmas: FloatArray, means: FloatArray, responsibilities: FloatArray, names: list[str]
) -> Drawn:
    """Points (N, 2) coloured by the responsibility of the last of two components, a panel for each sigma (S,).

    means (S, 2, 2), responsibilities (S, N, 2). Circles of one sigma about the means: both features have one
    unit. Two columns wide.
    """
    figure, (axes,) = canvas.panels(1, len(sigmas), width=style.DOUBLE_COLUMN, height=2.75)
    halo = [withStroke(linewidth=1.8, foreground="white", alpha=0.6)]
    colour = style.METHOD_COLOURS["em"]
    shade = ScalarMappable(Normalize(0.0, 1.0), "cividis")
    for index, (ax, sigma, centres, held) in enumerate(zip(axes, sigmas, means, responsibilities, strict=True)):
        ax.scatter(*points.T, c=shade.to_rgba(held[:, 1]), s=7.0, linewidths=0.0)
        for curve in ellipses(centres, np.stack([sigma**2 * np.eye(2)] * 2), ONE_SIGMA):
            ax.plot(*curve.T, color=colour, linewidth=1.1, path_effects=halo)
        ax.plot(*centres.T, "+", color=colour, markersize=6, path_effects=halo)
        pad = 0.12 * np.ptp(points, axis=0)
        ax.set_xlim(points[:, 0].min() - pad[0], points[:, 0].max() + pad[0])
        ax.set_ylim(points[:, 1].min() - pad[1], points[:, 1].max() + pad[1])
        canvas.describe(ax.xaxis, names[0])
        canvas.describe(ax.yaxis, names[1])
        ax.set_aspect("equal")
        canvas.letter(ax, index)
        ax.set_title(f"sigma = {sigma:.2f} sd", fontsize=canvas.TEXT_POINTS, pad=3)
        ax.tick_params(labelleft=index == 0)
        ax.yaxis.label.set_visible(index == 0)
    bar = figure.colorbar(shade, ax=list(axes), fraction=0.03, pad=0.01, shrink=0.85, ticks=[0.0, 0.5, 1.0])
    bar.set_label("responsibility", fontsize=canvas.TEXT_POINTS)
    bar.ax.tick_params(labelsize=canvas.TEXT_POINTS)
    table = pd.DataFrame(points, columns=names)
    for sigma, held in zip(sigmas, responsibilities, strict=True):
        table[f"responsibility at sigma {sigma:.3g}"] = held[:, 1]
    return Drawn(figure, {"points": table})
