"""Where truths stood among draws: the empirical distribution functions of their ranks, as ArviZ draws them."""

from collections.abc import Mapping, Sequence

import arviz as az
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from bayesian.calibration import Calibration, simultaneous_band
from bayesian.calibration.calibrate import GROUP
from bayesian.calibration.quantities import KINDS
from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn

COLUMNS = 4
KIND_COLOURS = {KINDS[0]: style.BLUE, KINDS[1]: style.ORANGE, KINDS[2]: style.GREEN}
KIND_WORDS = {KINDS[0]: "label-invariant", KINDS[1]: "ordered by mean", KINDS[2]: "relabelled (ECR)"}


@canvas.drawn_in_style
def calibration(
    calibrations: Mapping[str, Calibration], mistakes: Mapping[str, Calibration], *, level: float = 0.95
) -> Drawn:
    """A panel for each calibration: ECDF(z) - z of the values of quantities, with a band for all places together.

    The lines are those of `az.plot_ecdf_pit`; colours tell the kind of quantity. A calibrated quantity leaves the band
    with probability 1 - level. Drawn are the quantities that all structures have. Calibrations share one scale, each
    mistake has its own. Two columns wide.
    """
    panels = {**calibrations, **mistakes}
    names = list(panels)
    common = [name for name in panels[names[0]].pits if all(name in found.pits for found in panels.values())]
    variables = {
        name: (("chain", "draw", "quantity"), np.stack([found.pits[q] for q in common], axis=-1)[None])
        for name, found in panels.items()
    }
    tree = xr.DataTree.from_dict({GROUP: xr.Dataset(variables, coords={"quantity": common})})
    figure, axes = _by_arviz(tree, [KIND_COLOURS[_kind(q)] for q in common], len(names))
    many = len(common) * sum(found.n_simulations for found in panels.values()) > canvas.RASTER_POINTS
    for index, (ax, name) in enumerate(zip(axes, names, strict=True)):
        for line in ax.lines:
            line.set_rasterized(many)
        band = simultaneous_band(panels[name].n_simulations, level)
        places = np.concatenate([[0.0], band.places, [1.0]])
        low, high = (np.concatenate([[0.0], edge - band.places, [0.0]]) for edge in (band.lower, band.upper))
        ax.fill_between(places, low, high, step="post", color="0.88", linewidth=0.0, zorder=0.1)
        alike = calibrations if name in calibrations else {name: panels[name]}
        height = max(1.15 * high.max(), *(1.1 * _furthest(found, common) for found in alike.values()))
        ax.set_ylim(-height, height)
        of_its_own = name in mistakes or index % COLUMNS == 0
        _dress(ax, index, name.replace("_", " "), bottom=index + COLUMNS >= len(names), numbered=of_its_own)
    handles = [Line2D([], [], color=KIND_COLOURS[kind], linewidth=1.0) for kind in KINDS]
    handles_and_band = [*handles, Patch(color="0.88", linewidth=0.0)]
    words = [*(KIND_WORDS[kind] for kind in KINDS), f"{100 * level:g}% band for all places"]
    canvas.legend_above(figure, handles_and_band, words)
    frames = {
        name.replace(" ", "-"): pd.DataFrame(found.pits).round(4).rename_axis("data set").reset_index()
        for name, found in panels.items()
    }
    return Drawn(figure, frames)


def _by_arviz(tree: xr.DataTree, colours: Sequence[str], n_panels: int) -> tuple[Figure, list[Axes]]:
    """ArviZ' own figure, without its test and its labels, and taken out of pyplot's hands."""
    rows = -(-n_panels // COLUMNS)
    collection = az.plot_ecdf_pit(
        tree,
        group=GROUP,
        method="pot_c",
        backend="matplotlib",
        cols=["__variable__"],
        col_wrap=COLUMNS,
        aes={"color": ["quantity"]},
        aes_by_visuals={"ecdf_lines": ["color"]},
        color=list(colours),
        visuals={
            "ecdf_lines": {"width": 0.7, "alpha": 0.8},
            "suspicious_points": False,
            "p_value_text": False,
            "title": False,
            "xlabel": False,
            "ylabel": False,
        },
        figure_kwargs={"figsize": (style.DOUBLE_COLUMN, 1.45 * rows + 0.6), "sharey": False},
    )
    figure = collection.viz["figure"].item()
    plt.close(figure)
    return figure, list(figure.axes)[:n_panels]


def _dress(ax: Axes, index: int, title: str, *, bottom: bool, numbered: bool) -> None:
    """Letters, labels and sizes as in every other figure."""
    canvas.letter(ax, index)
    ax.set_title(title, fontsize=8, pad=3)
    ax.tick_params(labelsize=canvas.TEXT_POINTS, width=0.6, length=2.5, pad=2.0, labelbottom=bottom, labelleft=numbered)
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_xlim(0.0, 1.0)
    ax.set_xticks([0.0, 0.5, 1.0], ["0", "0.5", "1"])
    ax.yaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10]))
    ax.yaxis.set_major_formatter(canvas.Scaled())
    if bottom:
        ax.set_xlabel("rank of the truth / (L + 1)", fontsize=canvas.TEXT_POINTS)
    if index % COLUMNS == 0:
        ax.set_ylabel("ECDF − uniform", fontsize=canvas.TEXT_POINTS)


def _furthest(found: Calibration, quantities: Sequence[str]) -> float:
    """The largest distance of an empirical distribution function from the uniform one."""
    values = np.sort([found.pits[quantity] for quantity in quantities], axis=1)
    steps = np.arange(values.shape[1] + 1) / values.shape[1]
    return float(max(np.abs(steps[1:] - values).max(), np.abs(values - steps[:-1]).max()))


def _kind(quantity: str) -> str:
    return quantity.partition(": ")[0]
