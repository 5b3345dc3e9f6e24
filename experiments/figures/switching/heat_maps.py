"""Tables as colours with their numbers in them: every cell can be read without the colour."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.colors import LogNorm, Normalize

from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn

NUMBER_POINTS = 6.0


@canvas.drawn_in_style
def heat_maps(
    panels: Mapping[str, pd.DataFrame],
    *,
    axis_names: Mapping[str, str],
    decimals: Mapping[str, int],
    limits: Mapping[str, tuple[float, float]] | None = None,
    logarithmic: tuple[str, ...] = (),
    dark_if_large: tuple[str, ...] = (),
) -> Drawn:
    """A panel for each table, by its title: rows by name, columns by name, the number in each cell, dark where small.

    axis_names  below the columns; decimals of the numbers; limits of the colours, by default those of the table;
    logarithmic  titles of tables whose colours go by the logarithm; dark_if_large: of those that are dark where large.
    Row names stand at the first panel unless the tables differ in rows. Two columns wide.
    """
    rows = max(len(table) for table in panels.values())
    names_below = max(max(canvas.text_inches(str(name)) for name in table) for table in panels.values())
    slanted = any(
        canvas.text_inches(str(name)) > 0.8 * style.DOUBLE_COLUMN / len(panels) / (table.shape[1] + 3)
        for table in panels.values()
        for name in table
    )
    height = 0.19 * rows + 0.65 + (names_below if slanted else 0.0)
    figure, (axes,) = canvas.panels(1, len(panels), width=style.DOUBLE_COLUMN, height=height)
    first = next(iter(panels.values()))
    cells = []
    for index, (ax, (title, table)) in enumerate(zip(axes, panels.items(), strict=True)):
        values = table.to_numpy(np.float64)
        low, high = (limits or {}).get(title, (float(np.nanmin(values)), float(np.nanmax(values))))
        norm = LogNorm(low, high) if title in logarithmic else Normalize(low, high)
        colours = colormaps["cividis_r" if title in dark_if_large else "cividis"]
        image = ax.imshow(values, cmap=colours, norm=norm, aspect="auto", interpolation="nearest")
        for (i, j), value in np.ndenumerate(values):
            red, green, blue, _ = colours(norm(value))
            dark = 0.3 * red + 0.59 * green + 0.11 * blue < 0.5
            ax.text(
                j,
                i,
                _number(value, decimals[title]),
                ha="center",
                va="center",
                fontsize=NUMBER_POINTS,
                color="white" if dark else "black",
            )
        image.set_rasterized(True)
        same = index > 0 and list(table.index) == list(first.index)
        ax.set_yticks(range(len(table)), [""] * len(table) if same else [str(name) for name in table.index])
        ax.set_xticks(range(table.shape[1]), [str(name) for name in table], rotation=90 if slanted else 0)
        ax.tick_params(length=0.0)
        ax.spines[:].set_visible(False)
        canvas.letter(ax, index)
        ax.set_title(title, fontsize=8, pad=3)
        if axis_names.get(title):
            ax.set_xlabel(axis_names[title], fontsize=canvas.TEXT_POINTS)
        places = np.indices(values.shape).reshape(2, -1)
        cells.append(
            pd.DataFrame(
                {
                    "panel": title,
                    "row": [str(table.index[i]) for i in places[0]],
                    "column": [str(table.columns[j]) for j in places[1]],
                    "value": values.ravel(),
                }
            )
        )
    return Drawn(figure, {"cells": pd.concat(cells, ignore_index=True)})


def _number(value: float, decimals: int) -> str:
    """With a minus sign of its own, and none before zero."""
    text = f"{value:.{decimals}f}"
    return text.lstrip("-") if float(text) == 0.0 else text.replace("-", "−")
