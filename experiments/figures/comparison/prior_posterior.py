"""The prior beside what the data made of it: parameters before and after, data it expects beside the data."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, NullLocator
from matplotlib.typing import LineStyleType

from bayesian.posterior import Posterior
from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn
from experiments.figures.comparison.spare_panels import legend_in_spare
from experiments.figures.geometry import histogram_edges
from experiments.referee.parameters import component_name
from mixture.arrays import FloatArray

IN_A_ROW = 4
MOST_FEATURES = 6
"""Features shown, the first ones: a page holds no more."""

TAIL = 0.01
"""Share of the prior left out at either end of a panel, where that is more than the posterior needs."""

BINS = 60
DATA_SETS = 20
"""Data sets drawn from the prior that are shown."""

GRID_POINTS = 80
"""Values of a feature at which distribution functions are drawn."""

PRIOR = "#9A9A9A"

LINES: tuple[LineStyleType, ...] = ("-", (0.0, (3.0, 1.0)), (0.0, (1.0, 0.8)), (0.0, (4.0, 1.0, 1.0, 1.0)))
"""Line styles of components, so that colour is not needed."""


@canvas.drawn_in_style
def prior_beside_posterior(
    prior: Mapping[str, FloatArray],
    prior_data: FloatArray,
    posterior_relabelled: Posterior,
    feature_names: Sequence[str],
) -> Drawn:
    """Weights, means, sds (and the correlation of two features): the prior of any component, shaded, and the posterior
    of each; below, empirical distribution functions of the data and of data sets drawn from the prior.

    prior       draws: weights (T, K), means (T, K, D), covariances (T, K, D, D), of all components taken together
    prior_data  (S, N, D), data sets drawn from the prior

    Every density has its own height: only places and widths are to be compared. A panel leaves out one hundredth of the
    prior at either end; sds are on a logarithmic axis. The first six features are shown.
    """
    posterior = posterior_relabelled
    shown = min(len(feature_names), MOST_FEATURES)
    draws = {"weights": posterior.weights, "means": posterior.means, "covariances": posterior.covariances}
    before = _quantities(prior, feature_names[:shown], posterior.structure)
    after = _quantities(
        {name: values.reshape(-1, *values.shape[2:]) for name, values in draws.items()},
        feature_names[:shown],
        posterior.structure,
    )
    n_panels = len(before) + shown
    n_columns = min(IN_A_ROW, n_panels) if n_panels > 3 else n_panels
    n_rows = -(-n_panels // n_columns)
    figure, axes = canvas.panels(n_rows, n_columns, width=style.DOUBLE_COLUMN, height=0.35 + 1.45 * n_rows, apart=0.06)
    panels = list(axes.flat)
    tables = []
    for ax, (name, values) in zip(panels, before.items(), strict=False):
        tables.append(_densities(ax, name, values, after[name], posterior.structure))
    curves = []
    for feature, ax in enumerate(panels[len(before) : n_panels]):
        name = feature_names[feature]
        curves.append(_distributions(ax, name, prior_data[:DATA_SETS, :, feature], posterior.data[:, feature]))
        canvas.describe(ax.yaxis, "share of points" if feature == 0 else "")
    for ax in panels[n_panels:]:
        ax.set_visible(False)
    shared = posterior.structure.startswith("tied")
    legend_in_spare(figure, panels[n_panels:], *_legend(posterior.n_components, shared))
    return Drawn(
        figure, {"densities": pd.concat(tables, ignore_index=True), "data": pd.concat(curves, ignore_index=True)}
    )


def _quantities(draws: Mapping[str, FloatArray], names: Sequence[str], structure: str) -> dict[str, FloatArray]:
    """Draws (T, K) of each quantity by its name on the axis; one column if all components share it."""
    rows = slice(0, 1) if structure.startswith("tied") else slice(None)
    variances = np.diagonal(draws["covariances"], axis1=-2, axis2=-1)[:, rows]
    result = {"weight": draws["weights"]} if draws["weights"].shape[1] > 1 else {}
    result |= {f"mean, {name}": draws["means"][:, :, d] for d, name in enumerate(names)}
    if structure.endswith("spherical"):
        result["sd"] = np.sqrt(variances[:, :, 0])
    else:
        result |= {f"sd, {name}": np.sqrt(variances[:, :, d]) for d, name in enumerate(names)}
    if len(names) == 2 and structure in ("full", "tied"):
        covariance = draws["covariances"][:, rows, 0, 1]
        result["correlation"] = covariance / np.sqrt(variances[:, :, 0] * variances[:, :, 1])
    return result


def _densities(ax: Axes, name: str, before: FloatArray, after: FloatArray, structure: str) -> pd.DataFrame:
    """Histograms of the prior, and of the posterior of each component, each scaled to height one."""
    logarithmic = name.startswith("sd")
    before, after = (np.log10(values) if logarithmic else values for values in (before, after))
    low, high = np.quantile(before, [TAIL, 1.0 - TAIL])
    pad = 0.03 * (max(high, after.max()) - min(low, after.min()))
    low, high = min(low, after.min() - pad), max(high, after.max() + pad)
    tables = []
    edges = np.linspace(max(low, before.min()), min(high, before.max()), BINS + 1)  # no bin across a support's end
    tables.append(_stairs(ax, before.ravel(), edges, PRIOR, "prior"))
    for k in range(after.shape[1]):
        shared = after.shape[1] == 1 and structure.startswith("tied")
        colour = style.METHOD_COLOURS["posterior"] if shared else canvas.component_colour(k)
        own = histogram_edges(after[:, k], fewest=8, most=24)
        label = "shared" if shared else component_name(k)
        tables.append(_stairs(ax, after[:, k], own, colour, label, LINES[k % len(LINES)]))
    ax.set_xlim(low, high)
    ax.set_ylim(0.0, 1.08)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    canvas.describe(ax.xaxis, name)
    table = pd.concat(tables, ignore_index=True)
    if logarithmic:
        ticks = _ticks(low, high)
        ax.xaxis.set_major_locator(FixedLocator(list(np.log10(ticks))))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.set_xticks(np.log10(ticks), [_number(tick) for tick in ticks])
        ax.set_xlabel(canvas.fitted(canvas.clean(name), "", canvas.share(ax)[0] - 0.1, 2), fontsize=canvas.TEXT_POINTS)
        table[["left", "right"]] = 10.0 ** table[["left", "right"]]
    return table.assign(quantity=name)


def _stairs(
    ax: Axes, values: FloatArray, edges: FloatArray, colour: str, label: str, line: LineStyleType | None = None
) -> pd.DataFrame:
    """A histogram of height one, as that line, or shaded."""
    counts, _ = np.histogram(values, edges)
    heights = counts / np.maximum(counts.max(), 1)
    if line is None:
        ax.stairs(heights, edges, fill=True, color=colour, alpha=0.45, linewidth=0)
    else:
        ax.stairs(heights, edges, color=colour, linewidth=0.9, linestyle=line)
    return pd.DataFrame({"of": label, "left": edges[:-1], "right": edges[1:], "height": heights})


def _distributions(ax: Axes, name: str, simulated: FloatArray, data: FloatArray) -> pd.DataFrame:
    """Empirical distribution functions: of each data set drawn from the prior, thin, and of the data."""
    low, high = np.quantile(simulated, [TAIL, 1.0 - TAIL])
    span = data.max() - data.min()
    low, high = min(low, data.min() - 0.05 * span), max(high, data.max() + 0.05 * span)
    grid = np.linspace(low, high, GRID_POINTS)
    shares = np.stack([np.searchsorted(np.sort(one), grid, side="right") / len(one) for one in simulated])
    observed = np.searchsorted(np.sort(data), grid, side="right") / len(data)
    for share in shares:
        ax.plot(grid, share, color=PRIOR, linewidth=0.4, alpha=0.7)
    ax.plot(grid, observed, color="black", linewidth=1.1)
    ax.set_xlim(low, high)
    ax.set_ylim(0.0, 1.02)
    canvas.describe(ax.xaxis, name)
    frames = [pd.DataFrame({"feature": name, "of": "data", "x": grid, "share": observed})]
    frames += [
        pd.DataFrame({"feature": name, "of": f"prior {i + 1}", "x": grid, "share": share})
        for i, share in enumerate(shares)
    ]
    return pd.concat(frames, ignore_index=True)


def _ticks(low: float, high: float) -> FloatArray:
    """Up to four values of the series 1, 2, 5, or powers of ten, between the powers low and high of ten."""
    first, last = int(np.floor(low)), int(np.ceil(high))
    for steps in ((1.0, 2.0, 5.0), (1.0, 3.0), (1.0,)):
        series = np.array([step * 10.0**power for power in range(first, last + 1) for step in steps])
        inside = series[(series >= 10.0**low) & (series <= 10.0**high)]
        if len(inside) <= 4:
            break
    return np.asarray(inside[:: -(-len(inside) // 4)] if len(inside) else [10.0 ** (0.5 * (low + high))])


def _number(value: float) -> str:
    return f"{value:.3g}" if 1e-2 <= value < 1e4 else canvas.power_of_ten(round(np.log10(value)))


def _legend(n_components: int, shared: bool) -> tuple[list[Artist], list[str]]:
    entries: list[tuple[Artist, str]] = [(Patch(color=PRIOR, alpha=0.45), "prior")]
    for k in range(min(n_components, len(canvas.COMPONENT_COLOURS))):
        name = f"posterior, component {component_name(k)}" if n_components > 1 else "posterior"
        entries.append((Line2D([], [], color=canvas.component_colour(k), linewidth=0.9, linestyle=LINES[k % 4]), name))
    if shared and n_components > 1:
        line = Line2D([], [], color=style.METHOD_COLOURS["posterior"], linewidth=0.9)
        entries.append((line, "posterior, shared"))
    entries.append((Line2D([], [], color="black", linewidth=1.1), "the data"))
    entries.append((Line2D([], [], color=PRIOR, linewidth=0.6), "data drawn from the prior"))
    return [handle for handle, _ in entries], [label for _, label in entries]
