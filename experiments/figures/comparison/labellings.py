"""What a diagnosis sees of the chains: the label copy each draw is in, and a quantity that no label enters."""

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from bayesian import Diagnosis
from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn
from experiments.referee.parameters import COUNTED_FROM

MOST_DRAWS = 800
"""Draws shown of all chains together, evenly spaced within each."""

CHAIN_GREYS = ("0.25", "0.55")
"""Of chains in turn: colours and markers are those of methods and components."""


@canvas.drawn_in_style
def labellings(diagnosis: Diagnosis) -> Drawn:
    """(a) The label copy of each draw, chain after chain, the most frequent copy first; (b) the log-likelihood.

    Chains that sit in copies of one mode differ in (a) alone, chains in different modes in (b) as well. Two columns
    wide.
    """
    copies = diagnosis.labellings.of_draws
    heights = np.asarray(diagnosis.unlabelled["log_likelihood"].transpose("chain", "draw").values)
    n_chains, n_draws = copies.shape
    per_chain = max(2, MOST_DRAWS // n_chains)
    kept = np.unique(np.linspace(0, n_draws - 1, min(n_draws, per_chain)).round().astype(np.int64))
    figure, (axes,) = canvas.panels(1, 2, width=style.DOUBLE_COLUMN, height=2.0)
    for index, (ax, values) in enumerate(zip(axes, (copies + COUNTED_FROM, heights), strict=True)):
        for chain in range(n_chains):
            ax.plot(
                chain * n_draws + kept,
                values[chain, kept],
                linestyle="none",
                marker="o",
                color=CHAIN_GREYS[chain % len(CHAIN_GREYS)],
                markersize=2.0,
                markeredgewidth=0.0,
                rasterized=values.size > canvas.RASTER_POINTS,
            )
            if chain:
                ax.axvline(chain * n_draws, color="0.6", linewidth=0.6)
        ax.set_xlim(0, n_chains * n_draws)
        canvas.letter(ax, index)
        canvas.describe(ax.xaxis, "draw, chain after chain")
    axes[0].set_ylim(0.5, len(diagnosis.labellings.visited) + 0.5)
    canvas.describe(axes[0].yaxis, "label copy")
    axes[0].yaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))
    canvas.describe(axes[1].yaxis, "log-likelihood (nats)")
    chains, draws = np.meshgrid(np.arange(n_chains), kept, indexing="ij")
    table = pd.DataFrame(
        {
            "chain": chains.ravel() + COUNTED_FROM,
            "draw": draws.ravel() + COUNTED_FROM,
            "label copy": copies[:, kept].ravel() + COUNTED_FROM,
            "log-likelihood": heights[:, kept].ravel(),
        }
    )
    return Drawn(figure, {"chains": table})
