"""Draws of (mean, weight), a marker for each label: clouds that share labels, and clouds that have one each."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn
from experiments.referee.parameters import COUNTED_FROM, component_name
from mixture.arrays import FloatArray

MOST_DRAWS = 400
"""Draws shown in a panel, evenly spaced."""
LAYERS = 20
"""Labels are drawn by turns in so many layers, so that none hides the others."""


@canvas.drawn_in_style
def label_clouds(draws: Mapping[str, tuple[FloatArray, FloatArray]], mean_name: str) -> Drawn:
    """A panel for each labelling, by its title: mean and weight of every component, draw by draw.

    draws  means (T, K) and weights (T, K) by title

    Two columns wide.
    """
    figure, (axes,) = canvas.panels(1, len(draws), width=style.DOUBLE_COLUMN, height=2.5, share_y=True)
    tables = []
    for index, (ax, (title, (means, weights))) in enumerate(zip(axes, draws.items(), strict=True)):
        k = means.shape[1]
        kept = np.unique(np.linspace(0, len(means) - 1, min(len(means), MOST_DRAWS)).round().astype(np.int64))
        for layer in range(LAYERS):
            for component in range(k):
                ax.plot(
                    means[kept[layer::LAYERS], component],
                    weights[kept[layer::LAYERS], component],
                    linestyle="none",
                    marker=canvas.component_marker(component),
                    color=canvas.component_colour(component),
                    markersize=2.8,
                    markeredgewidth=0.0,
                    alpha=0.7,
                )
        tables += [
            pd.DataFrame(
                {
                    "labels": title,
                    "draw": kept + COUNTED_FROM,
                    "component": component + COUNTED_FROM,
                    "mean": means[kept, component],
                    "weight": weights[kept, component],
                }
            )
            for component in range(k)
        ]
        ax.margins(0.06)
        canvas.letter(ax, index)
        ax.set_title(title, fontsize=8, pad=3)
        canvas.describe(ax.xaxis, mean_name)
    canvas.describe(axes[0].yaxis, "weight")
    names = [f"component {component_name(component)}" for component in range(k)]
    canvas.legend_above(figure, [canvas.component_handle(component) for component in range(k)], names)
    return Drawn(figure, {"clouds": pd.concat(tables, ignore_index=True)})
