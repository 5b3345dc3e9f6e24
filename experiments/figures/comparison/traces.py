"""One parameter of every component along the chains, as sampled and relabelled: label switching seen and undone."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from bayesian.posterior import Posterior
from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn
from experiments.referee.parameters import COUNTED_FROM, align, ascending, component_name
from mixture import GaussianMixture
from mixture.arrays import FloatArray, IntArray

MOST_DRAWS = 800
"""Draws shown of all chains together, evenly spaced within each."""


@canvas.drawn_in_style
def traces(
    posterior: Posterior,
    posterior_relabelled: Posterior,
    feature_names: Sequence[str],
    *,
    em_mixture: GaussianMixture | None = None,
    feature: int = 0,
) -> Drawn:
    """Means of one feature by draw, chain after chain: (a) as sampled, (b) relabelled; a marker for each component.

    With EM's mixture the relabelled components come in its order (ascending means of the first feature), and its
    means are lines. Two columns wide. Raises ValueError if the posteriors differ in shape.
    """
    if posterior.means.shape != posterior_relabelled.means.shape:
        raise ValueError(
            f"raw and relabelled draws differ in shape: {posterior.means.shape}, {posterior_relabelled.means.shape}"
        )
    mixture = None if em_mixture is None else em_mixture.permute(ascending(em_mixture))
    relabelled = posterior_relabelled if mixture is None else align(posterior_relabelled, mixture)
    per_chain = max(2, MOST_DRAWS // posterior.n_chains)
    kept = np.unique(np.linspace(0, posterior.n_draws - 1, min(posterior.n_draws, per_chain)).round().astype(np.int64))
    figure, (axes,) = canvas.panels(1, 2, width=style.DOUBLE_COLUMN, height=2.5, share_y=True)
    tables = []
    for index, (ax, labels, shown) in enumerate(
        zip(axes, ("as sampled", "relabelled"), (posterior, relabelled), strict=True)
    ):
        values = shown.means[..., feature][:, kept]
        _panel(ax, values, kept, posterior.n_draws)
        canvas.letter(ax, index)
        tables.append(_table(values, kept, labels))
    if mixture is not None:
        for mean in mixture.means[:, feature]:
            for ax in axes:
                ax.axhline(mean, color=style.METHOD_COLOURS["em"], linewidth=0.8, zorder=3.0)
    low, high = axes[0].get_ylim()
    axes[0].set_ylim(low, high + 0.07 * (high - low))  # room for the numbers of the chains
    canvas.describe(axes[0].yaxis, f"mean, {feature_names[feature]}")
    handles: list[Artist] = [canvas.component_handle(k) for k in range(posterior.n_components)]
    names = [f"component {component_name(k)}" for k in range(posterior.n_components)]
    if mixture is not None:
        handles.append(Line2D([], [], color=style.METHOD_COLOURS["em"], linewidth=0.8))
        names.append("EM")
    canvas.legend_above(figure, handles, names)
    return Drawn(figure, {"traces": pd.concat(tables, ignore_index=True)})


def _panel(ax: Axes, values: FloatArray, kept: IntArray, n_draws: int) -> None:
    """values (C, kept, K): chains one after another, with a line between them."""
    n_chains, _, n_components = values.shape
    x = (np.arange(n_chains)[:, None] * n_draws + kept).ravel()
    for k in range(n_components):
        ax.plot(
            x,
            values[:, :, k].ravel(),
            linestyle="none",
            marker=canvas.component_marker(k),
            color=canvas.component_colour(k),
            markersize=2.2,
            markeredgewidth=0.0,
            alpha=0.7,
            rasterized=x.size * n_components > canvas.RASTER_POINTS,
        )
    for chain in range(n_chains):
        if chain:
            ax.axvline(chain * n_draws, color="0.6", linewidth=0.6)
        middle = (chain + 0.5) * n_draws
        text = f"chain {chain + COUNTED_FROM}" if n_chains <= 5 else f"{chain + COUNTED_FROM}"
        ax.text(
            middle, 0.995, text, transform=ax.get_xaxis_transform(), ha="center", va="top", fontsize=6.5, color="0.3"
        )
    ax.set_xlim(0, n_chains * n_draws)
    canvas.describe(ax.xaxis, "draw, chain after chain")


def _table(values: FloatArray, kept: IntArray, labels: str) -> pd.DataFrame:
    chains, draws, components = np.meshgrid(*(np.arange(size) for size in values.shape), indexing="ij")
    return pd.DataFrame(
        {
            "labels": labels,
            "chain": chains.ravel() + COUNTED_FROM,
            "draw": kept[draws.ravel()] + COUNTED_FROM,
            "component": components.ravel() + COUNTED_FROM,
            "mean": values.ravel(),
        }
    )
