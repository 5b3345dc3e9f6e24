"""What overlap looks like: draws of the components' means, each with the label it was made with."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn
from experiments.referee.parameters import COUNTED_FROM, component_name
from mixture.arrays import FloatArray

LAYERS = 20
"""Labels are drawn by turns in so many layers, so that none hides the others."""
SHAPE = 1.15
"""Width of a panel over its height, about: units are as long on both axes."""


@canvas.drawn_in_style
def overlap(panels: Mapping[str, tuple[FloatArray, FloatArray]]) -> Drawn:
    """A panel for each set-up, by its title: draws (T, K, 2) of the means by label, and the true means (K, 2).

    Two columns wide.
    """
    figure, (axes,) = canvas.panels(1, len(panels), width=style.DOUBLE_COLUMN, height=2.5)
    tables = []
    for index, (ax, (title, (draws, truth))) in enumerate(zip(axes, panels.items(), strict=True)):
        k = draws.shape[1]
        for layer in range(LAYERS):
            for component in range(k):
                ax.plot(
                    *draws[layer::LAYERS, component].T,
                    linestyle="none",
                    marker=canvas.component_marker(component),
                    color=canvas.component_colour(component),
                    markersize=2.4,
                    markeredgewidth=0.0,
                    alpha=0.7,
                )
        ax.plot(*truth.T, linestyle="none", marker="x", color="white", markersize=7.0, markeredgewidth=2.6)
        ax.plot(*truth.T, markersize=5.5, markeredgewidth=1.2, **style.METHODS["truth"].points)
        centre = truth.mean(axis=0)
        reach = 1.05 * max(np.abs(draws - centre).max(), np.abs(truth - centre).max())
        ax.set_xlim(centre[0] - SHAPE * reach, centre[0] + SHAPE * reach)
        ax.set_ylim(centre[1] - reach, centre[1] + reach)
        canvas.letter(ax, index)
        ax.set_title(title, fontsize=8, pad=3)
        canvas.describe(ax.xaxis, "mean, feature 1 (sd)")
        tables += [
            pd.DataFrame(
                {
                    "panel": title,
                    "draw": np.arange(len(draws)) + COUNTED_FROM,
                    "component": component + COUNTED_FROM,
                    "mean 1": draws[:, component, 0],
                    "mean 2": draws[:, component, 1],
                }
            )
            for component in range(k)
        ]
    canvas.describe(axes[0].yaxis, "mean, feature 2 (sd)")
    handles = [canvas.component_handle(component) for component in range(k)]
    names = [f"component {component_name(component)}" for component in range(k)]
    truth_handle = axes[0].lines[-1]
    canvas.legend_above(figure, [*handles, truth_handle], [*names, "truth"])
    return Drawn(figure, {"draws": pd.concat(tables, ignore_index=True)})
