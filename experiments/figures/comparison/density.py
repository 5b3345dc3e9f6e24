"""The data of one feature: a histogram, EM's density with its components, and the posterior predictive band."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bayesian.label_free import predictive_bands
from bayesian.posterior import Posterior
from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn
from experiments.figures.columns import beside
from experiments.figures.geometry import component_densities, histogram_edges, padded_grid
from experiments.figures.labels import label_points
from experiments.referee.parameters import COUNTED_FROM, ascending, component_name
from mixture import GaussianMixture

GRID_POINTS = 400


@canvas.drawn_in_style
def density(
    em_mixture: GaussianMixture, posterior: Posterior, feature_names: Sequence[str], *, level: float = 0.95
) -> Drawn:
    """Histogram and rug of the data, EM's density and its numbered components, the posterior predictive and its band.

    The band holds the density's `level` posterior interval (equal tails) at each point. One column wide. Raises
    ValueError unless D = 1.
    """
    data = posterior.data
    if data.shape[1] != 1:
        raise ValueError(f"a density is drawn of one feature, not of {data.shape[1]}; draw the plane of two")
    values = data[:, 0]
    mixture = em_mixture.permute(ascending(em_mixture))
    grid = padded_grid(values, GRID_POINTS, margin=0.1)
    components = component_densities(mixture, grid, 0)
    bands = predictive_bands(posterior, grid, level)
    edges = histogram_edges(values, fewest=25, most=60)
    heights, _ = np.histogram(values, edges, density=True)

    figure, axes = canvas.panels(1, 1, width=style.SINGLE_COLUMN, height=2.7)
    ax = axes[0, 0]
    em_colour, posterior_colour = style.METHOD_COLOURS["em"], style.METHOD_COLOURS["posterior"]
    ax.stairs(heights, edges, fill=True, color="0.87", zorder=0.5)
    ax.fill_between(grid, bands.lower[0], bands.upper[0], color=posterior_colour, alpha=0.3, linewidth=0, zorder=1.0)
    ax.plot(grid, bands.middle[0], **style.METHODS["posterior"].line, linewidth=1.1, zorder=4.0)
    dotted: dict[str, Any] = {"color": em_colour, "linestyle": (0.0, (1.0, 1.0)), "linewidth": 0.9}
    for curve in components:
        ax.plot(grid, curve, zorder=3.5, **dotted)
    band = Patch(color=posterior_colour, alpha=0.3, linewidth=0)
    middle = Line2D([], [], **style.METHODS["posterior"].line, linewidth=1.1)
    wide: dict[str, Any] = {"color": em_colour, "linewidth": 2.2, "alpha": 0.45}  # components are seen on it
    whole = Line2D([], [], **wide)
    handles: list[Any] = [Patch(color="0.87"), (band, middle), whole, Line2D([], [], **dotted)]
    labels = ["data", f"posterior, {100 * level:g}% band", "EM", "its components"]
    ax.plot(grid, components.sum(axis=0), zorder=3.0, **wide)
    top = 1.05 * max(heights.max(), bands.upper.max(), components.sum(axis=0).max())
    ax.set_ylim(-0.035 * top, top)
    ax.plot(
        values,
        np.full(len(values), -0.017 * top),
        "|",
        color="0.25",
        markersize=3,
        markeredgewidth=0.4,
        rasterized=len(values) > canvas.RASTER_POINTS,
    )
    ax.set_xlim(grid[0], grid[-1])
    canvas.describe(ax.xaxis, feature_names[0])
    canvas.describe(ax.yaxis, "density")
    peaks = np.column_stack([grid[components.argmax(axis=1)], components.max(axis=1)])
    label_points(ax, peaks, [component_name(k) for k in range(len(components))], colour=em_colour)
    canvas.legend_above(figure, handles, labels)

    curves = pd.DataFrame({"x": grid, "EM": components.sum(axis=0)})
    for k, curve in enumerate(components):
        curves[f"EM component {component_name(k)}"] = curve
    named = f"{100 * level:g}% band"
    curves = curves.assign(
        **{f"{named} lower": bands.lower[0], "posterior predictive": bands.middle[0], f"{named} upper": bands.upper[0]}
    )
    bins = pd.DataFrame({"left": edges[:-1], "right": edges[1:], "density": heights})
    points = beside(pd.DataFrame({"row": np.arange(len(values)) + COUNTED_FROM}), data, feature_names)
    return Drawn(figure, {"points": points, "histogram": bins, "densities": curves})
