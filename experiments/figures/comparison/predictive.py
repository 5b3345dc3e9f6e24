"""Posterior predictive check, feature by feature: would the model have produced data like these?"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bayesian.label_free import proportion_bands
from bayesian.posterior import Posterior
from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn
from experiments.figures.geometry import histogram_edges, padded_grid
from mixture.arrays import FloatArray

FEATURES_IN_A_ROW = 5
GRID_POINTS = 150


@canvas.drawn_in_style
def predictive_check(posterior: Posterior, feature_names: Sequence[str], *, level: float = 0.9) -> Drawn:
    """For each feature: counts of a histogram, and the ECDF less its predictive mean, against their predictive bands.

    The bands are pointwise: each holds `level` of what N points replicated under the posterior would give there
    (parameters and sampling both uncertain; exact mixtures of binomials, nothing simulated). Labels do not matter.
    """
    data = posterior.data
    n_features = data.shape[1]
    bands_of_rows = -(-n_features // FEATURES_IN_A_ROW)
    columns = -(-n_features // bands_of_rows)
    wide = n_features > 1
    figure, axes = canvas.panels(
        2 * bands_of_rows,
        columns,
        width=style.DOUBLE_COLUMN if wide else style.SINGLE_COLUMN,
        height=3.4 * bands_of_rows + 0.2,
    )
    for ax in axes.flat:
        ax.set_visible(False)
    histograms, curves = [], []
    for feature, name in enumerate(feature_names):
        row, column = 2 * (feature // columns), feature % columns
        pair = axes[row, column], axes[row + 1, column]
        for ax in pair:
            ax.set_visible(True)
        histograms.append(_counts(pair[0], posterior, feature, name, level))
        curves.append(_ecdf(pair[1], posterior, feature, name, level))
        limits = [ax.get_xlim() for ax in pair]
        for ax in pair:
            ax.set_xlim(min(low for low, _ in limits), max(high for _, high in limits))
        for ax, label in zip(pair, ("points per bin", "ECDF − predictive"), strict=True):
            canvas.describe(ax.xaxis, name)
            canvas.describe(ax.yaxis, label if column == 0 else "")
    canvas.letter(axes[0, 0], 0)
    canvas.letter(axes[1, 0], 1)
    _legend(figure, level)
    return Drawn(
        figure,
        {"histograms": pd.concat(histograms, ignore_index=True), "ecdf": pd.concat(curves, ignore_index=True)},
    )


def bin_edges(values: FloatArray) -> FloatArray:
    """Equal bins over the values; of rounded ones each holds as many steps of the rounding, and no step is parted."""
    edges = histogram_edges(values)
    steps = np.diff(np.unique(values))
    step = steps.min(initial=np.inf)
    if len(steps) == len(values) - 1 or not np.allclose(steps / step, np.round(steps / step), atol=1e-3):
        return edges
    width = max(1.0, round((edges[1] - edges[0]) / step)) * step
    low, high = values.min() - 0.5 * step, values.max() + 0.5 * step
    return np.asarray(low + width * np.arange(np.ceil((high - low) / width - 1e-6) + 1.0))


def _counts(ax: Axes, posterior: Posterior, feature: int, name: str, level: float) -> pd.DataFrame:
    values = posterior.data[:, feature]
    edges = bin_edges(values)
    counts, _ = np.histogram(values, edges)
    bands = proportion_bands(posterior, edges, level, feature=feature, between=True)
    n_samples = len(values)
    lower, middle, upper = (n_samples * band for band in (bands.lower, bands.middle, bands.upper))
    colour = style.METHOD_COLOURS["posterior"]
    ax.set_xlim(edges[0], edges[-1])
    ax.stairs(upper, edges, baseline=lower, fill=True, color=colour, alpha=0.3, linewidth=0)
    ax.stairs(middle, edges, baseline=None, color=colour, linewidth=0.9, linestyle=(0.0, (4.0, 1.5)))
    centres = 0.5 * (edges[:-1] + edges[1:])
    ax.plot(centres, counts, linestyle="none", marker="o", color="black", markersize=2.2, clip_on=False)
    ax.set_ylim(0.0, 1.05 * max(upper.max(), counts.max()))
    return pd.DataFrame(
        {"feature": name, "left": edges[:-1], "right": edges[1:], "points": counts}
        | _band_columns(level, lower, middle, upper)
    )


def _ecdf(ax: Axes, posterior: Posterior, feature: int, name: str, level: float) -> pd.DataFrame:
    values = np.sort(posterior.data[:, feature])
    grid = padded_grid(values, GRID_POINTS)
    empirical = np.searchsorted(values, grid, side="right") / len(values)
    bands = proportion_bands(posterior, grid, level, feature=feature, between=False)
    colour = style.METHOD_COLOURS["posterior"]
    ax.fill_between(grid, bands.lower - bands.middle, bands.upper - bands.middle, color=colour, alpha=0.3, linewidth=0)
    ax.axhline(0.0, color=colour, linewidth=0.9, linestyle=(0.0, (4.0, 1.5)))
    ax.plot(grid, empirical - bands.middle, color="black", linewidth=0.9)
    ax.set_xlim(grid[0], grid[-1])
    return pd.DataFrame(
        {"feature": name, "x": grid, "ECDF": empirical} | _band_columns(level, bands.lower, bands.middle, bands.upper)
    )


def _band_columns(level: float, lower: FloatArray, middle: FloatArray, upper: FloatArray) -> dict[str, FloatArray]:
    named = f"{100 * level:g}% band"
    return {f"{named} lower": lower, "predictive mean": middle, f"{named} upper": upper}


def _legend(figure: Figure, level: float) -> None:
    colour = style.METHOD_COLOURS["posterior"]
    handles = [
        Line2D([], [], color="black", linewidth=0.9, marker="o", markersize=2.2),
        Line2D([], [], color=colour, linewidth=0.9, linestyle=(0.0, (4.0, 1.5))),
        Patch(color=colour, alpha=0.3),
    ]
    canvas.legend_above(figure, handles, ["data", "predictive mean", f"{100 * level:g}% of replications"])
