"""One posterior under several priors: marginals, intervals beside the prior's, predictive densities, concentrations."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from matplotlib.typing import LineStyleType
from scipy.stats import gaussian_kde

from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn
from mixture.arrays import FloatArray

LINES: tuple[tuple[str, LineStyleType], ...] = (
    (style.SKY, (0.0, (1.0, 1.0))),
    (style.ORANGE, "-"),
    (style.GREEN, (0.0, (4.0, 1.0, 1.0, 1.0))),
    (style.BLUE, (0.0, (4.0, 1.5))),
    (style.PURPLE, (0.0, (2.0, 1.0))),
)
"""Colour and line of the first, the second, ... prior: here all belong to posteriors."""

PRIOR = "#C4C4C4"
EXTREME = 0.005
"""Share of draws at either end that a panel leaves out."""


@canvas.drawn_in_style
def marginals_by_prior(draws: Mapping[str, FloatArray], names: Sequence[str], components: Sequence[str]) -> Drawn:
    """A row for each component, a column for each quantity: kernel density estimates of its marginal by prior.

    draws  by prior: (T, K, Q) with Q quantities called `names`; those that begin with "sd" are on a logarithmic axis

    A panel leaves out half a percent of the draws at either end. Two columns wide.
    """
    height = 0.5 + 1.05 * len(components)
    figure, axes = canvas.panels(len(components), len(names), width=style.DOUBLE_COLUMN, height=height, apart=0.06)
    tables = []
    for k, component in enumerate(components):
        for q, name in enumerate(names):
            ax, logarithmic = axes[k, q], name.startswith("sd")
            values = {prior: np.log10(d[:, k, q]) if logarithmic else d[:, k, q] for prior, d in draws.items()}
            low = min(float(np.quantile(v, EXTREME)) for v in values.values())
            high = max(float(np.quantile(v, 1.0 - EXTREME)) for v in values.values())
            grid = np.linspace(low, high, 160)
            for (colour, line), (prior, v) in zip(LINES, values.items(), strict=False):
                heights = gaussian_kde(v)(grid)
                ax.plot(grid, heights, color=colour, linestyle=line, linewidth=1.1)
                at = 10.0**grid if logarithmic else grid
                tables.append(
                    pd.DataFrame(
                        {"prior": prior, "component": component, "quantity": name, "at": at, "density": heights}
                    )
                )
            ax.set_xlim(low, high)
            ax.set_ylim(bottom=0.0)
            ax.set_yticks([])
            ax.spines["left"].set_visible(False)
            _label(ax, name, low, high, logarithmic=logarithmic)
            ax.xaxis.label.set_visible(k == len(components) - 1)
            if q == 0:
                ax.set_ylabel(component, fontsize=canvas.TEXT_POINTS)
    canvas.legend_above(figure, _handles(len(draws)), list(draws))
    return Drawn(figure, {"densities": pd.concat(tables, ignore_index=True)})


@canvas.drawn_in_style
def intervals_by_prior(table: pd.DataFrame, names: Sequence[str], components: Sequence[str], level: float) -> Drawn:
    """The same grid: a line for each prior with its interval of that level, wide and grey, under the posterior's, blue.

    table  prior, component, quantity, and "prior low", "prior high", "low", "median", "high"

    Axes reach a little beyond the posteriors; the priors' intervals end where the axis does. Two columns wide.
    """
    priors = list(dict.fromkeys(table["prior"]))
    height = 0.5 + len(components) * (0.45 + 0.13 * len(priors))
    figure, axes = canvas.panels(
        len(components), len(names), width=style.DOUBLE_COLUMN, height=height, share_y=True, apart=0.05
    )
    colour = style.METHOD_COLOURS["posterior"]
    for k, component in enumerate(components):
        for q, name in enumerate(names):
            ax, logarithmic = axes[k, q], name.startswith("sd")
            of = table[(table["component"] == component) & (table["quantity"] == name)].set_index("prior")
            columns = ["prior low", "prior high", "low", "median", "high"]
            of = of[columns].map(np.log10) if logarithmic else of[columns]
            low, high = float(of["low"].min()), float(of["high"].max())
            low, high = low - 0.35 * (high - low), high + 0.35 * (high - low)
            low = max(low, 0.0) if name == "weight" else low
            for row, prior in enumerate(priors):
                line = of.loc[prior]
                ends = np.clip([line["prior low"], line["prior high"]], low, high)
                ax.plot(ends, [row, row], color=PRIOR, linewidth=4.5, solid_capstyle="butt")
                ax.plot([line["low"], line["high"]], [row, row], color=colour, linewidth=1.2)
                ax.plot(line["median"], row, marker="s", color=colour, markersize=3.0)
            ax.set_xlim(low, high)
            ax.set_ylim(len(priors) - 0.5, -0.5)
            ax.set_yticks(range(len(priors)), priors)
            _label(ax, name, low, high, logarithmic=logarithmic)
            ax.xaxis.label.set_visible(k == len(components) - 1)
            if q == len(names) - 1:
                ax.yaxis.set_label_position("right")
                ax.set_ylabel(component, fontsize=canvas.TEXT_POINTS)
    handles = [
        Line2D([], [], color=PRIOR, linewidth=4.5),
        Line2D([], [], color=colour, linewidth=1.2, marker="s", markersize=3.0),
    ]
    canvas.legend_above(figure, handles, [f"prior, {100 * level:g}%", f"posterior, {100 * level:g}% and median"])
    return Drawn(figure, {"intervals": table})


@canvas.drawn_in_style
def predictive_by_prior(
    values: FloatArray,
    grid: FloatArray,
    densities: Mapping[str, FloatArray],
    band: tuple[str, FloatArray, FloatArray],
    label: str,
    level: float,
) -> Drawn:
    """Histogram of the data, the posterior predictive density under each prior, and the band under one. One column.

    densities  by prior, over the grid; band: a prior's name, lower and upper ends; level: of the band
    """
    figure, axes = canvas.panels(1, 1, width=style.SINGLE_COLUMN, height=2.9)
    ax = axes[0, 0]
    edges = np.arange(np.floor(grid[0]), np.ceil(grid[-1]) + 1.0)
    heights, _ = np.histogram(values, edges, density=True)
    ax.stairs(heights, edges, fill=True, color="0.9", zorder=0.5)
    name, lower, upper = band
    ax.fill_between(grid, lower, upper, color=style.METHOD_COLOURS["posterior"], alpha=0.25, linewidth=0, zorder=1.0)
    for (colour, line), density in zip(LINES, densities.values(), strict=False):
        ax.plot(grid, density, color=colour, linestyle=line, linewidth=1.0, zorder=3.0)
    ax.set_xlim(grid[0], grid[-1])
    ax.set_ylim(bottom=0.0)
    canvas.describe(ax.xaxis, label)
    canvas.describe(ax.yaxis, "density")
    patch = Patch(color=style.METHOD_COLOURS["posterior"], alpha=0.25, linewidth=0)
    canvas.legend_above(
        figure,
        [*_handles(len(densities)), patch, Patch(color="0.9")],
        [*densities, f"{100 * level:g}% band, {name}", "data"],
    )
    curves = pd.DataFrame({"x": grid, **densities, f"lower, {name}": lower, f"upper, {name}": upper})
    bins = pd.DataFrame({"left": edges[:-1], "right": edges[1:], "density": heights})
    return Drawn(figure, {"densities": curves, "histogram": bins})


@canvas.drawn_in_style
def by_concentration(table: pd.DataFrame, empty: pd.DataFrame) -> Drawn:
    """(a) the smallest, middle and largest weight by e0, prior grey and posterior blue; (b) P(an empty component | X).

    table  concentration, rank, mean, low, high, "prior mean"        empty  concentration, probability, error

    Bars reach from "low" to "high" in (a), two Monte Carlo standard errors in (b). Two columns wide.
    """
    figure, (axes,) = canvas.panels(1, 2, width=style.DOUBLE_COLUMN, height=2.3, apart=0.06)
    colour = style.METHOD_COLOURS["posterior"]
    for place, rank in enumerate(dict.fromkeys(table["rank"])):
        of = table[table["rank"] == rank]
        x = of["concentration"].to_numpy(np.float64)
        bars = np.stack([of["mean"] - of["low"], of["high"] - of["mean"]])
        marker = style.COMPONENT_MARKERS[place]
        axes[0].errorbar(
            x, of["mean"], yerr=bars, color=colour, marker=marker, markersize=3.5, linewidth=1.0, elinewidth=0.7
        )
        axes[0].plot(x, of["prior mean"], color="0.6", marker=marker, markersize=3.5, linewidth=0.8, linestyle="--")
    axes[0].set_ylabel("weight", fontsize=canvas.TEXT_POINTS)
    axes[0].set_ylim(0.0, 1.0)
    axes[1].errorbar(
        empty["concentration"],
        empty["probability"],
        yerr=2.0 * empty["error"],
        color=colour,
        marker="s",
        markersize=3.5,
        linewidth=1.0,
        elinewidth=0.7,
    )
    axes[1].set_ylabel("P(an empty component | X)", fontsize=canvas.TEXT_POINTS)
    axes[1].set_ylim(bottom=0.0)
    for index, ax in enumerate(axes):
        ax.set_xscale("log")
        ticks = sorted(set(table["concentration"]))
        ax.xaxis.set_major_locator(FixedLocator(ticks))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        ax.set_xlabel("Dirichlet concentration e₀", fontsize=canvas.TEXT_POINTS)
        canvas.letter(ax, index)
    ranks = list(dict.fromkeys(table["rank"]))
    handles = [
        Line2D([], [], color=colour, marker=style.COMPONENT_MARKERS[i], markersize=3.5, linewidth=1.0)
        for i in range(len(ranks))
    ]
    grey = Line2D([], [], color="0.6", linewidth=0.8, linestyle="--")
    canvas.legend_above(figure, [*handles, grey], [*(f"{rank} weight" for rank in ranks), "the same under the prior"])
    return Drawn(figure, {"weights": table, "empty": empty})


def _handles(count: int) -> list[Line2D]:
    return [Line2D([], [], color=colour, linestyle=line, linewidth=1.1) for colour, line in LINES[:count]]


def _label(ax: Axes, name: str, low: float, high: float, *, logarithmic: bool) -> None:
    """The axis of a quantity; of a logarithm, numbered by the values themselves."""
    if not logarithmic:
        canvas.describe(ax.xaxis, name)
        return
    series = ([0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0], [round(0.2 * step, 1) for step in range(1, 51)])
    inside = [[tick for tick in one if low <= np.log10(tick) <= high] for one in series]
    ticks = inside[0] if len(inside[0]) > 1 else inside[1] or [10.0 ** (0.5 * (low + high))]
    ax.xaxis.set_major_locator(FixedLocator([float(np.log10(tick)) for tick in ticks]))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{10.0**value:.2g}"))
    ax.set_xlabel(name, fontsize=canvas.TEXT_POINTS)
