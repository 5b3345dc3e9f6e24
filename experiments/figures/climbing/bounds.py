"""The free energy under the log-likelihood: half step by half step, and along one parameter."""

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn

BOUND = canvas.COMPONENT_COLOURS[0]
"""Colour of F, which belongs to no method."""
LEAST = 1e-9
"""Nats: gains below are near rounding."""


@canvas.drawn_in_style
def staircase(steps: pd.DataFrame, gains: pd.DataFrame, *, shown: int) -> Drawn:
    """(a) F and log L after each half step of the first iterations; (b) gain of F, gap opened, gap left, by iteration.

    steps  step (0 after the first E, then one half each), half ("E", "M"), F, log L
    gains  iteration, gain of F, divergence, gap left: nats, each positive

    Two columns wide.
    """
    figure, (axes,) = canvas.panels(1, 2, width=style.DOUBLE_COLUMN, height=2.8)
    stairs, falls = axes
    of = steps[steps["step"] <= shown]
    em = style.METHODS["em"]
    stairs.fill_between(of["step"], of["F"], of["log L"], color="0.85", linewidth=0.0)
    stairs.plot(of["step"], of["log L"], linewidth=1.2, **em.line)
    stairs.plot(of["step"], of["F"], color=BOUND, linewidth=1.1, linestyle=(0.0, (4.0, 1.5)))
    for half, marker, filled in (("E", "o", "white"), ("M", "^", BOUND)):
        at = of[of["half"] == half]
        stairs.plot(at["step"], at["F"], color=BOUND, marker=marker, markerfacecolor=filled, linestyle="none")
    stairs.xaxis.set_major_locator(MaxNLocator(9, integer=True))
    stairs.set_xlim(-0.15, shown + 0.15)
    stairs.set_xlabel("iteration", fontsize=canvas.TEXT_POINTS)
    canvas.describe(stairs.yaxis, "nats")
    looks = {
        "gain of F": (BOUND, "^", (0.0, (4.0, 1.5))),
        "divergence": ("0.35", "s", "-"),
        "gap left": (em.color, "o", "-"),
    }
    for name, (colour, marker, line) in looks.items():
        kept = gains[gains[name] > LEAST]
        falls.plot(
            kept["iteration"], kept[name], color=colour, marker=marker, markersize=2.8, linestyle=line, linewidth=1.0
        )
    falls.set_yscale("log")
    falls.yaxis.set_major_locator(LogLocator(numticks=8))
    falls.yaxis.set_minor_locator(NullLocator())
    falls.yaxis.set_major_formatter(canvas.Powers())
    falls.set_ylabel("nats", fontsize=canvas.TEXT_POINTS)
    canvas.describe(falls.xaxis, "iteration")
    for index, ax in enumerate(axes):
        canvas.letter(ax, index)
    handles = [
        Line2D([], [], linewidth=1.2, **em.line),
        Line2D([], [], color=BOUND, linewidth=1.1, linestyle=(0.0, (4.0, 1.5)), marker="o", markerfacecolor="white"),
        Line2D([], [], color=BOUND, linewidth=1.1, linestyle=(0.0, (4.0, 1.5)), marker="^"),
        Patch(color="0.85", linewidth=0.0),
        Line2D([], [], color="0.35", marker="s", markersize=2.8, linewidth=1.0),
        Line2D([], [], marker="o", markersize=2.8, linewidth=1.0, **em.line),
    ]
    labels = [
        "log L",
        "F after an E step",
        "F after an M step (b: its gain)",
        "divergence",
        "divergence (b)",
        "gap (b)",
    ]
    canvas.legend_above(figure, handles, labels)
    return Drawn(figure, {"half-steps": steps, "gains": gains})


@canvas.drawn_in_style
def minorising(curves: pd.DataFrame, points: pd.DataFrame, *, name: str, depth: float) -> Drawn:
    """(a) log L along one parameter and the bounds that successive E steps lay under it; (b) log L less each bound.

    curves  parameter, log L, then F of each iteration by its number ("F 0", "F 1", ...)
    points  iteration, parameter, log L (where its bound touches), F (of the bound before, there; NaN for the first)

    depth: nats below the top that are shown. Two columns wide.
    """
    figure, (axes,) = canvas.panels(1, 2, width=style.DOUBLE_COLUMN, height=2.9)
    below, gap = axes
    em = style.METHODS["em"]
    names = [column for column in curves.columns if column.startswith("F ")]
    top = float(curves["log L"].max())
    below.plot(curves["parameter"], curves["log L"], linewidth=1.5, **em.line)
    for number, column in enumerate(names):
        look = {"color": BOUND, "linewidth": 1.0, "linestyle": (0.0, (4.0, 0.6 + 0.8 * number))}
        inside = curves[column] > top - 1.1 * depth
        below.plot(curves["parameter"].where(inside), curves[column], **look)
        gap.plot(curves["parameter"], curves["log L"] - curves[column], **look)
        gap.plot(points["parameter"].iloc[number], 0.0, color=BOUND, marker="o", markerfacecolor="white", clip_on=False)
        gap.annotate(
            f"{number}",
            (points["parameter"].iloc[number], 0.0),
            xytext=(0, -4),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=6.5,
        )
    below.vlines(points["parameter"], points["F"], points["log L"], color="0.5", linewidth=0.8)
    below.plot(points["parameter"], points["log L"], color=BOUND, marker="o", markerfacecolor="white", linestyle="none")
    below.plot(points["parameter"], points["F"], color=BOUND, marker="^", linestyle="none")
    below.set_ylim(top - depth, top + 0.06 * depth)
    below.set_xlim(curves["parameter"].iloc[0], curves["parameter"].iloc[-1])
    for number, place, height in points[["iteration", "parameter", "log L"]].itertuples(index=False):
        below.annotate(
            f"{number:.0f}",
            (place, height),
            xytext=(-3, 4),
            textcoords="offset points",
            ha="right",
            fontsize=6.5,
            annotation_clip=True,
        )
    gap.set_ylim(-0.09 * depth, depth)  # room for the numbers under the circles
    gap.set_xlim(*below.get_xlim())
    for index, (ax, words) in enumerate(zip(axes, ("nats", "log L less F (nats)"), strict=True)):
        canvas.letter(ax, index)
        canvas.describe(ax.xaxis, name)
        canvas.describe(ax.yaxis, words)
    handles = [
        Line2D([], [], linewidth=1.5, **em.line),
        Line2D([], [], color=BOUND, linewidth=1.0, linestyle=(0.0, (4.0, 1.5))),
        Line2D([], [], color=BOUND, marker="o", markerfacecolor="white", linestyle="none"),
        Line2D([], [], color=BOUND, marker="^", linestyle="none"),
        Line2D([], [], color="0.5", linewidth=0.8),
    ]
    labels = ["log L", "F, laid by an E step", "where it touches", "its top, found by the M step", "divergence"]
    canvas.legend_above(figure, handles, labels)
    return Drawn(figure, {"curves": curves, "points": points})


def half_steps(free_energies: np.ndarray, log_likelihoods: np.ndarray) -> pd.DataFrame:
    """The table of `staircase` from both values after each half step (2T + 1,), E first."""
    numbers = np.arange(len(free_energies))
    return pd.DataFrame(
        {
            "step": numbers / 2.0,
            "half": np.where(numbers % 2 == 0, "E", "M"),
            "F": free_energies,
            "log L": log_likelihoods,
        }
    )
