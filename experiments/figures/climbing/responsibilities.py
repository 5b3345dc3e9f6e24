"""A fit in the plane, iteration by iteration: points coloured by responsibility, ellipses, the climb beside them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn
from experiments.figures.geometry import ellipses
from experiments.studies.em_path import EMPath
from mixture.arrays import FloatArray

LEVELS = (0.5, 0.9)
MARGIN = 0.03


@canvas.drawn_in_style
def iterations(points: FloatArray, path: EMPath, shown: Sequence[int], names: Sequence[str]) -> Drawn:
    """A panel for each iteration shown: points (N, 2) by responsibility of component 2, ellipses of 50 and 90%.

    Two components. Two columns wide.
    """
    figure, (axes,) = canvas.panels(1, len(shown), width=style.DOUBLE_COLUMN, height=2.5)
    tables = []
    for index, (ax, iteration) in enumerate(zip(axes, shown, strict=True)):
        drawn = _plane(ax, points, path, iteration, names, shown, trail=False)
        ax.set_title(_words(iteration), fontsize=canvas.TEXT_POINTS, pad=3)
        canvas.letter(ax, index)
        ax.yaxis.label.set_visible(index == 0)
        ax.tick_params(labelleft=index == 0)
        tables.append(drawn)
    _bar(axes[-1])
    return Drawn(figure, {"points": pd.concat(tables, ignore_index=True)})


@canvas.drawn_in_style
def frame(points: FloatArray, path: EMPath, iteration: int, names: Sequence[str]) -> Drawn:
    """(a) the fit after so many iterations, with the way its means have come; (b) the log-likelihood until then.

    Two components, points (N, 2). Two columns wide, every frame of one path alike.
    """
    figure, (axes,) = canvas.panels(1, 2, width=style.DOUBLE_COLUMN, height=2.9)
    plane, climb = axes
    axes[0].get_gridspec().set_width_ratios([1.25, 1.0])
    drawn = _plane(plane, points, path, iteration, names, range(path.n_iterations + 1), trail=True)
    plane.set_title(_words(iteration), fontsize=canvas.TEXT_POINTS, pad=3)
    _bar(plane)
    values = path.log_likelihoods
    em = style.METHODS["em"]
    climb.plot(range(iteration + 1), values[: iteration + 1], marker="o", markersize=2.6, linewidth=1.1, **em.line)
    pad = 0.05 * (values.max() - values[0])
    climb.set_xlim(-0.5, path.n_iterations + 0.5)
    climb.set_ylim(values[0] - pad, values.max() + pad)
    climb.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    canvas.describe(climb.xaxis, "iteration")
    canvas.describe(climb.yaxis, "log-likelihood (nats)")
    for index, ax in enumerate(axes):
        canvas.letter(ax, index)
    trace = pd.DataFrame({"iteration": range(iteration + 1), "log-likelihood": values[: iteration + 1]})
    return Drawn(figure, {"points": drawn, "climb": trace})


def _words(iteration: int) -> str:
    return {0: "start", 1: "after 1 iteration"}.get(iteration, f"after {iteration} iterations")


def _limits(points: FloatArray, path: EMPath, shown: Sequence[int]) -> tuple[FloatArray, FloatArray]:
    """Lower and upper limits (2,) of a plane that holds all points and the widest ellipses of the iterations shown."""
    curves = [ellipses(path.means[t], path.mixture(t).dense_covariances, max(LEVELS)).reshape(-1, 2) for t in shown]
    every = np.concatenate([points, *curves])
    pad = MARGIN * np.ptp(every, axis=0)
    return every.min(axis=0) - pad, every.max(axis=0) + pad


def _plane(
    ax: Axes,
    points: FloatArray,
    path: EMPath,
    iteration: int,
    names: Sequence[str],
    shown: Sequence[int],
    *,
    trail: bool,
) -> pd.DataFrame:
    mixture = path.mixture(iteration)
    shares = mixture.responsibilities(points)[:, 1]
    ax.scatter(points[:, 0], points[:, 1], c=shares, vmin=0.0, vmax=1.0, cmap="cividis", s=7.0, linewidths=0.0)
    halo = [withStroke(linewidth=1.8, foreground="white", alpha=0.6)]  # thin, so that no point vanishes under it
    colour = style.METHOD_COLOURS["em"]
    low, high = _limits(points, path, shown)
    ax.set_xlim(low[0], high[0])
    ax.set_ylim(low[1], high[1])
    for level in LEVELS:
        for k, curve in enumerate(ellipses(mixture.means, mixture.dense_covariances, level)):
            line = "-" if k == 0 else (0.0, (4.0, 1.5))
            ax.plot(curve[:, 0], curve[:, 1], color=colour, linewidth=1.1, linestyle=line, path_effects=halo)
    for k, mean in enumerate(mixture.means):
        if trail:
            way = path.means[: iteration + 1, k]
            ax.plot(way[:, 0], way[:, 1], color=colour, linewidth=0.8, path_effects=halo)
        ax.plot(*mean, marker=canvas.component_marker(k), markersize=5.0, color=colour, markeredgecolor="white")
    canvas.describe(ax.xaxis, names[0])
    canvas.describe(ax.yaxis, names[1])
    table = pd.DataFrame(points, columns=list(names))
    table.insert(0, "iteration", iteration)
    table["responsibility of component 2"] = shares
    return table


def _bar(ax: Axes) -> None:
    """What the colours of the points mean."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    bar = figure.colorbar(ax.collections[0], ax=ax, ticks=np.linspace(0.0, 1.0, 3), pad=0.02, aspect=24)
    bar.ax.tick_params(labelsize=6.5, length=2.0)
    bar.set_label("responsibility of component 2", fontsize=6.5)
