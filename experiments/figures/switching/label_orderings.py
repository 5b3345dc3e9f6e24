"""What each way to undo labels makes of the components' means: their marginals, labelling by labelling."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.lines import Line2D

from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn
from experiments.referee.parameters import COUNTED_FROM, component_name
from mixture.arrays import FloatArray

BINS = 48
TAIL = 0.002
"""Share of the draws beyond each end of an axis."""
LINES: tuple[Any, ...] = ("-", (0, (4, 1.2)), (0, (1, 1)), (0, (4, 1, 1, 1)))


@canvas.drawn_in_style
def label_orderings(
    rows: Mapping[str, Mapping[str, FloatArray]], targets: Mapping[str, FloatArray], axis_names: Mapping[str, str]
) -> Drawn:
    """A row for each set of data, a column for each labelling: histograms of the means of components, and the target's.

    rows        by data and by labelling: draws (T, K)
    targets     (K,) by data: vertical lines
    axis_names  what the means are, by data

    Two columns wide.
    """
    n_columns = max(len(of) for of in rows.values())
    figure, axes = canvas.panels(len(rows), n_columns, width=style.DOUBLE_COLUMN, height=1.35 * len(rows) + 0.5)
    tables = []
    index = 0
    for row, (data, labellings) in zip(axes, rows.items(), strict=True):
        together = np.concatenate([draws.ravel() for draws in labellings.values()])
        low, high = np.quantile(together, [TAIL, 1.0 - TAIL])
        edges = np.linspace(low, high, BINS + 1)
        top = 0.0
        for ax, (labelling, draws) in zip(row, labellings.items(), strict=True):
            for k, column in enumerate(draws.T):
                heights = np.histogram(column, edges)[0] / (len(column) * np.diff(edges))
                colour = canvas.component_colour(k)
                ax.stairs(heights, edges, fill=True, color=colour, alpha=0.25, linewidth=0.0)
                ax.stairs(heights, edges, color=colour, linewidth=1.0, linestyle=LINES[k % len(LINES)])
                top = max(top, float(np.sqrt(heights.max())))
                tables.append(
                    pd.DataFrame(
                        {
                            "data": data,
                            "labelling": labelling,
                            "component": k + COUNTED_FROM,
                            "left": edges[:-1],
                            "right": edges[1:],
                            "density": heights,
                        }
                    )
                )
            for value in targets[data]:
                ax.axvline(value, linewidth=0.8, **style.METHODS["truth"].line)
            ax.set_xlim(low, high)
            ax.set_yscale("function", functions=(np.sqrt, np.square))
            canvas.letter(ax, index)
            index += 1
            ax.set_title(labelling, fontsize=8, pad=3)
            canvas.describe(ax.xaxis, axis_names[data])
        for ax in row:
            ax.set_ylim(0.0, (1.05 * top) ** 2)
            ax.set_yticks([])
            ax.spines["left"].set_visible(False)
        row[0].set_ylabel(f"{data}\n√ density", fontsize=canvas.TEXT_POINTS)
    k = max(len(target) for target in targets.values())
    handles: list[Artist] = [
        Line2D([], [], color=canvas.component_colour(j), linewidth=1.2, linestyle=LINES[j % len(LINES)])
        for j in range(k)
    ]
    handles.append(Line2D([], [], linewidth=0.8, **style.METHODS["truth"].line))
    names = [*(f"component {component_name(j)}" for j in range(k)), "truth, or EM's estimate"]
    canvas.legend_above(figure, handles, names)
    return Drawn(figure, {"marginals": pd.concat(tables, ignore_index=True)})
