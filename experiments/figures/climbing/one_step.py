"""One iteration of EM on points of one feature: densities before, responsibilities, densities after."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn
from experiments.figures.geometry import component_densities, padded_grid
from mixture import GaussianMixture
from mixture.arrays import FloatArray

DASHES = ("-", (0.0, (4.0, 1.5)), (0.0, (1.0, 1.2)))


@canvas.drawn_in_style
def one_step(points: FloatArray, before: GaussianMixture, after: GaussianMixture, feature_name: str) -> Drawn:
    """(a) pi_k N(x | mu_k, sd_k) at the start, (b) responsibilities of each point (N,), (c) after the M step.

    Two columns wide.
    """
    figure, (axes,) = canvas.panels(1, 3, width=style.DOUBLE_COLUMN, height=2.2)
    grid = padded_grid(points, 300, margin=0.25)
    shares = before.responsibilities(points[:, None])
    curves = {"x": grid}
    top = 0.0
    for ax, mixture, when in ((axes[0], before, "before"), (axes[2], after, "after")):
        densities = component_densities(mixture, grid, 0)
        for k, density in enumerate(densities):
            ax.plot(grid, density, **_look(k))
            ax.plot([mixture.means[k, 0]] * 2, [0.0, density.max()], color=canvas.component_colour(k), linewidth=0.6)
            curves[f"component {k + 1}, {when}"] = density
        top = max(top, densities.max())
    for ax in (axes[0], axes[2]):
        ax.set_ylim(-0.05 * top, 1.08 * top)
        ax.plot(points, np.full(len(points), -0.022 * top), color=style.GREY, marker="o", markersize=2.6, linestyle="")
        canvas.describe(ax.yaxis, "weight × density")
    width = 0.6 * float(np.diff(np.sort(points)).min())
    low = np.zeros(len(points))
    for k in range(before.n_components):
        colour = canvas.component_colour(k)
        hatch = "" if k == 0 else "////"
        axes[1].bar(
            points,
            shares[:, k],
            width,
            bottom=low,
            color=colour if not hatch else "white",
            edgecolor=colour,
            hatch=hatch,
            linewidth=0.6,
        )
        low = low + shares[:, k]
    axes[1].set_ylim(0.0, 1.0)
    canvas.describe(axes[1].yaxis, "responsibility")
    for index, ax in enumerate(axes):
        ax.set_xlim(grid[0], grid[-1])
        canvas.describe(ax.xaxis, feature_name)
        canvas.letter(ax, index)
    _label(axes[0], before)
    _label(axes[2], after)
    table = pd.DataFrame({"x": points, **{f"component {k + 1}": shares[:, k] for k in range(before.n_components)}})
    return Drawn(figure, {"responsibilities": table, "densities": pd.DataFrame(curves)})


def _look(k: int) -> dict[str, Any]:
    return {"color": canvas.component_colour(k), "linestyle": DASHES[k % len(DASHES)], "linewidth": 1.2}


def _label(ax: Axes, mixture: GaussianMixture) -> None:
    """The component's number over its curve."""
    sds = np.sqrt(mixture.dense_covariances[:, 0, 0])
    for k, (weight, mean, sd) in enumerate(zip(mixture.weights, mixture.means[:, 0], sds, strict=True)):
        height = weight / (np.sqrt(2.0 * np.pi) * sd)
        ax.text(mean, height, f"{k + 1}", ha="center", va="bottom", fontsize=6.5, color=canvas.component_colour(k))
