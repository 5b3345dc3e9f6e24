"""Every weight, mean and standard deviation: the posterior's marginal beside EM's normal approximation."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bayesian.posterior import Posterior
from em import StandardErrors
from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn
from experiments.figures.comparison.spare_panels import legend_in_spare
from experiments.figures.geometry import histogram_edges
from experiments.referee.parameters import ALL, NaturalParameter, natural_parameters
from mixture import GaussianMixture

MOST_COLUMNS = 6
MOST_FEATURES = 6
TALLEST = 9.2
"""Inches: the height of a page's text."""


@canvas.drawn_in_style
def marginals(
    em_mixture: GaussianMixture,
    standard_errors: StandardErrors | None,
    posterior_relabelled: Posterior,
    feature_names: Sequence[str],
) -> Drawn:
    """A row for each component, a column for each quantity: a histogram of the draws under N(EM, SE^2).

    Of more than MOST_FEATURES features the first ones are drawn.

    Without standard errors, or where one is zero, EM is a vertical line alone. More than six quantities are broken
    into two bands of rows, weights and means above, standard deviations below. What components share comes once.
    Correlations are in the comparison table.
    """
    parameters = natural_parameters(em_mixture, standard_errors, posterior_relabelled, feature_names)
    several = em_mixture.n_components > 1  # the weight of a single component is 1
    left_out = {"correlation"} if several else {"correlation", "weight"}
    features = {None, "", *feature_names[:MOST_FEATURES]}
    bands = _bands([p for p in parameters if p.kind not in left_out and p.feature in features])
    heights = [max(len(members) for _, members in band) for band in bands]  # rows of each band
    n_rows, n_columns = sum(heights), max(len(band) for band in bands)
    width = style.SINGLE_COLUMN if n_columns <= 3 and n_rows <= 4 else style.DOUBLE_COLUMN
    height = min(TALLEST, 0.4 + 0.4 * len(bands) + n_rows * (0.85 if n_rows <= 8 else 0.62))
    figure, axes = canvas.panels(n_rows, n_columns, width=width, height=height, apart=0.06)  # ticks at the ends
    for ax in axes.flat:
        ax.set_visible(False)
    bins = []
    for band, rows, below in zip(bands, heights, np.cumsum(heights), strict=True):
        for column, (label, members) in enumerate(band):
            panels = axes[below - len(members) : below, column]  # what components share stands in the lowest row
            bins += [_panel(ax, parameter) for ax, parameter in zip(panels, members, strict=True)]
            among = min(ax.get_xlim()[0] for ax in panels), max(ax.get_xlim()[1] for ax in panels)
            for ax, parameter in zip(panels, members, strict=True):
                canvas.describe(ax.xaxis, label, among=among)
                ax.xaxis.label.set_visible(ax is panels[-1])
                if column == 0 and len(members) == rows:
                    _name_row(ax, parameter, short=n_rows > 8)
    if n_rows > 8:
        figure.supylabel("component", fontsize=canvas.TEXT_POINTS)
    spare = [axes[n_rows - heights[-1], column] for column in range(len(bands[-1]), n_columns)]
    legend_in_spare(figure, spare, *_legend(standard_errors is not None))
    estimates = pd.DataFrame([_row(p) for band in bands for _, members in band for p in members])
    return Drawn(figure, {"histograms": pd.concat(bins, ignore_index=True), "EM": estimates})


type Band = list[tuple[str, list[NaturalParameter]]]


def _bands(parameters: Sequence[NaturalParameter]) -> list[Band]:
    """Columns (axis label, parameters from top to bottom), in one band of rows or, if they are too many, two."""
    columns: dict[tuple[str, str | None], list[NaturalParameter]] = {}
    for parameter in parameters:
        columns.setdefault((parameter.kind, parameter.feature), []).append(parameter)
    labelled = {key: (_label(*key, members[0]), members) for key, members in columns.items()}
    if len(labelled) <= MOST_COLUMNS:
        return [list(labelled.values())]
    return [
        [column for (kind, _), column in labelled.items() if kind != "sd"],
        [column for (kind, _), column in labelled.items() if kind == "sd"],
    ]


def _name_row(ax: Axes, parameter: NaturalParameter, *, short: bool) -> None:
    """The component's name at the left end of its row: the number alone where rows are low."""
    if parameter.component == ALL:
        return
    if short:
        ax.set_ylabel(parameter.component, fontsize=canvas.TEXT_POINTS, rotation=0, ha="right", va="center")
    else:
        ax.set_ylabel(f"component {parameter.component}", fontsize=canvas.TEXT_POINTS)


def _label(kind: str, feature: str | None, parameter: NaturalParameter) -> str:
    shared = ", shared" if parameter.component == ALL else ""
    return f"{kind}{shared}, {feature}" if feature else f"{kind}{shared}"


def _panel(ax: Axes, parameter: NaturalParameter) -> pd.DataFrame:
    ax.set_visible(True)
    draws = parameter.draws.ravel()
    edges = histogram_edges(draws, fewest=12, most=36)
    heights, _ = np.histogram(draws, edges, density=True)
    ax.stairs(heights, edges, fill=True, color=style.METHOD_COLOURS["posterior"], alpha=0.45, linewidth=0)
    ax.stairs(heights, edges, color=style.METHOD_COLOURS["posterior"], linewidth=0.5)
    low, high, top = edges[0], edges[-1], heights.max()
    colour = style.METHOD_COLOURS["em"]
    ax.axvline(parameter.estimate, color=colour, linewidth=0.7, linestyle=(0.0, (2.0, 1.5)))
    if parameter.standard_error:
        grid, curve = _normal(parameter.estimate, parameter.standard_error)
        ax.plot(grid, curve, color=colour, linewidth=1.0)
        low, high = min(low, grid[0]), max(high, grid[-1])
        top = max(top, curve.max())
    else:
        low, high = min(low, parameter.estimate), max(high, parameter.estimate)
    ax.set_xlim(low, high)
    ax.set_ylim(0.0, 1.08 * top)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    return pd.DataFrame({**_names(parameter), "left": edges[:-1], "right": edges[1:], "density": heights})


def _normal(estimate: float, error: float) -> tuple[np.ndarray, np.ndarray]:
    z = np.linspace(-3.3, 3.3, 133)
    return estimate + error * z, np.exp(-0.5 * z * z) / (np.sqrt(2.0 * np.pi) * error)


def _names(parameter: NaturalParameter) -> dict[str, str]:
    return {"parameter": parameter.kind, "component": parameter.component, "feature": parameter.feature or ""}


def _row(parameter: NaturalParameter) -> dict[str, str | float | None]:
    return {**_names(parameter), "EM": parameter.estimate, "SE": parameter.standard_error}


def _legend(with_errors: bool) -> tuple[list[Artist], list[str]]:
    colour = style.METHOD_COLOURS["em"]
    entries: list[tuple[Artist, str]] = [
        (Patch(color=style.METHOD_COLOURS["posterior"], alpha=0.45), "posterior"),
        (Line2D([], [], color=colour, linewidth=0.7, linestyle=(0.0, (2.0, 1.5))), "EM estimate"),
    ]
    if with_errors:
        entries.append((Line2D([], [], color=colour, linewidth=1.0), "EM, normal"))
    return [handle for handle, _ in entries], [label for _, label in entries]
