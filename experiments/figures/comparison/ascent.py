"""How EM climbed: the log-likelihood of every restart by iteration."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, SymmetricalLogLocator

from em import SAME_OPTIMUM, EMFit, Restarts
from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn

LONG_RUN = 300
"""Beyond so many iterations their axis is logarithmic."""

LEAST_GAP = 1e-9
"""Nats: gaps below this are rounding and left out of sight."""


@canvas.drawn_in_style
def ascent(restarts: Restarts) -> Drawn:
    """(a) total log-likelihood and (b) its gap to the best fit, in nats, by iteration: every restart, one marked.

    The one marked is the longest climb to the best optimum: the best fit's own may have begun there. Singular fits are
    dashed, with a cross where they end or climb out of the panel. Two columns wide.
    """
    best = restarts.best
    marked = _longest_to_the_best(restarts)
    figure, (axes,) = canvas.panels(1, 2, width=style.DOUBLE_COLUMN, height=2.4)
    total, gap = axes
    _limit_total(total, restarts)
    drawn = [fit for fit in restarts.climbs if fit is not marked] + [marked]  # which comes last, over the others
    tables = []
    lowest_gap = np.inf
    for fit in drawn:
        iterations = np.arange(fit.n_iterations + 1)
        gaps = best.log_likelihood - fit.log_likelihoods
        shown = gaps > 0.0
        look = _look(fit, marked)
        total.plot(iterations, fit.log_likelihoods, **look)
        gap.plot(iterations[shown], gaps[shown], **look)
        if fit.status.usable:
            lowest_gap = min(lowest_gap, gaps[shown].min(initial=np.inf))
        else:
            cross: dict[str, Any] = {
                "marker": "x",
                "color": style.METHOD_COLOURS["em"],
                "markersize": 4,
                "linestyle": "none",
            }
            end = min(fit.log_likelihood, total.get_ylim()[1])  # where the climb leaves the panel, if it does
            total.plot(np.interp(end, fit.log_likelihoods, iterations), end, clip_on=False, zorder=4.0, **cross)
            gap.plot(iterations[shown][-1:], gaps[shown][-1:], zorder=4.0, **cross)
        tables.append(_table(restarts, fit, iterations, gaps).assign(marked=fit is marked))
    for ax in axes:
        _number_iterations(ax, max(fit.n_iterations for fit in restarts.climbs))
    canvas.describe(total.yaxis, "log-likelihood (nats)")
    if not np.isfinite(lowest_gap):  # one fit that took no step
        gap.set_ylim(LEAST_GAP, 1.0)
    gap.set_yscale("log")
    if np.isfinite(lowest_gap):
        gap.set_ylim(bottom=max(0.5 * lowest_gap, LEAST_GAP))
    gap.yaxis.set_major_locator(LogLocator(numticks=7))
    gap.yaxis.set_minor_locator(NullLocator())
    gap.yaxis.set_major_formatter(canvas.Powers())
    gap.set_ylabel("gap to the best fit (nats)", fontsize=canvas.TEXT_POINTS)
    canvas.letter(total, 0)
    canvas.letter(gap, 1)
    _legend(figure, restarts)
    return Drawn(figure, {"ascent": pd.concat(tables, ignore_index=True)})


def _longest_to_the_best(restarts: Restarts) -> EMFit:
    height = restarts.best.log_likelihood - SAME_OPTIMUM
    there = [fit for fit in restarts.climbs if fit.status.usable and fit.log_likelihood >= height]
    return max(there, key=lambda fit: fit.n_iterations)


def _look(fit: EMFit, marked: EMFit) -> dict[str, Any]:
    if fit is marked:
        return {"color": style.METHOD_COLOURS["em"], "linewidth": 1.4, "zorder": 3.0}
    if not fit.status.usable:
        return {"color": "0.4", "linewidth": 0.7, "linestyle": (0.0, (3.0, 1.5)), "zorder": 2.0}
    return {"color": "0.65", "linewidth": 0.7, "zorder": 1.0}


def _limit_total(ax: Axes, restarts: Restarts) -> None:
    """From the lowest value after one step (starts may lie far below) to a little above the highest usable one."""
    usable = [fit.log_likelihoods for fit in restarts.climbs if fit.status.usable]
    low = min(float(trace[min(1, len(trace) - 1)]) for trace in usable)
    high = restarts.best.log_likelihood
    pad = 0.06 * (high - low) if high > low else max(1.0, 1e-6 * abs(high))
    ax.set_ylim(low - pad, high + 2.0 * pad)


def _number_iterations(ax: Axes, longest: int) -> None:
    if longest > LONG_RUN:
        ax.set_xscale("symlog", linthresh=1.0, linscale=0.3)
        ax.xaxis.set_major_locator(SymmetricalLogLocator(base=10.0, linthresh=1.0))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_major_formatter(canvas.Powers())
        ax.set_xlim(0.0, 1.15 * longest)
    else:
        ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        ax.xaxis.set_major_formatter(canvas.Scaled())
        ax.set_xlim(0.0, max(1.0, 1.03 * longest))
    ax.set_xlabel("iteration (M steps taken)", fontsize=canvas.TEXT_POINTS)


def _table(restarts: Restarts, fit: EMFit, iterations: np.ndarray, gaps: np.ndarray) -> pd.DataFrame:
    number = next(i for i, other in enumerate(restarts.climbs) if other is fit) + 1
    fixed = {"restart": number, "start": fit.start_name, "status": fit.status.name.lower().replace("_", " ")}
    return pd.DataFrame(
        {
            **fixed,
            "best": fit is restarts.best,
            "iteration": iterations,
            "log-likelihood": fit.log_likelihoods,
            "gap": gaps,
        }
    )


def _legend(figure: Figure, restarts: Restarts) -> None:
    n_singular = sum(not fit.status.usable for fit in restarts.climbs)
    n_others = len(restarts.climbs) - n_singular - 1
    entries = [(Line2D([], [], color=style.METHOD_COLOURS["em"], linewidth=1.4), "longest climb to the best fit")]
    if n_others:
        entries.append((Line2D([], [], color="0.65", linewidth=0.7), f"other restarts: {n_others}"))
    if n_singular:
        look: dict[str, Any] = {
            "color": "0.4",
            "linewidth": 0.7,
            "linestyle": (0.0, (3.0, 1.5)),
            "marker": "x",
            "markersize": 4,
        }
        label = f"singular, discarded: {n_singular}"
        entries.append((Line2D([], [], markeredgecolor=style.METHOD_COLOURS["em"], **look), label))
    canvas.legend_above(figure, [handle for handle, _ in entries], [label for _, label in entries])
