"""The report on one E step and one M step."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from experiments.engine.experiment import Published
from experiments.figures.climbing.one_step import one_step
from experiments.figures.climbing.responsibilities import frame, iterations
from experiments.figures.climbing.underflow import underflow
from experiments.reporting.formats import short
from experiments.reporting.report import Animation, Answer, Picture, Section, Table
from experiments.studies.em_path import EMPath
from mixture.arrays import FloatArray

if TYPE_CHECKING:
    from experiments.em_step import ByHand, Geyser, Underflow

RULE = "theorem: the M step of a Gaussian mixture is the weighted moments (Bishop 2006, eqs. 9.24 to 9.26)"
CLAIMS = {
    "sum": Published("largest |sum of a point's responsibilities − 1|", "definition", 0.0, 1e-12, "at most"),
    "hand": Published("M step on a dozen points: largest difference from plain sums", RULE, 0.0, 1e-12, "at most"),
    "moments": Published(
        "M step on Old Faithful: largest relative difference from numpy's weighted moments", RULE, 0.0, 1e-11, "at most"
    ),
    "fall": Published(
        "largest fall of the log-likelihood on Old Faithful",
        "theorem: Dempster, Laird & Rubin 1977, theorem 1; up to rounding",
        0.0,
        1e-9,
        "at most",
        "nats",
    ),
    "end": Published(
        "log-likelihood of Old Faithful at the end", "computed with mclust 6.0.0 and scipy", -1130.263960, 1e-5,
        unit="nats",
    ),
    "stable": Published(
        "largest relative error of log-sum-exp against 50 digits", "a few roundings of doubles",
        0.0, 1e-14, "at most",
    ),
    "last": Published(
        "distance at which the naive density becomes zero",
        "IEEE 754: numbers below 2⁻¹⁰⁷⁵ are rounded to zero",
        float(np.sqrt(2.0 * (1075.0 * np.log(2.0) + np.log(0.5) - 0.5 * np.log(2.0 * np.pi)))),
        1e-3,
        unit="sd",
    ),
}  # fmt: skip
NAMES = ("eruptions (min)", "waiting (min)")
NEARLY = 0.01
"""Nats from the end at which the fit stands still to the eye: the last frame."""
SECONDS = 0.5


def build_answer(
    hand: "ByHand",
    old: "Geyser",
    far: "Underflow",
    *,
    points: FloatArray,
    shares: Sequence[float],
    units: Sequence[float],
) -> Answer:
    """A dozen points, Old Faithful, underflow."""
    step = hand.step
    by_hand = max(
        float(np.abs(step.weights - hand.weights).max()),
        float(np.abs(step.means[:, 0] - hand.means).max()),
        float(np.abs(step.covariances[:, 0, 0] - hand.variances).max()),
    )
    pairs = (
        (old.path.weights[1], old.weights),
        (old.path.means[1], old.means),
        (old.path.covariances[1], old.covariances),
    )
    moments = max(float(np.abs(ours / theirs - 1.0).max()) for ours, theirs in pairs)
    sums = max(old.sums, far.worst_sum, float(np.abs(hand.responsibilities.sum(axis=1) - 1.0).max()))
    values = old.path.log_likelihoods
    words = (
        "The E step gives each point to the components in shares, the responsibilities; the M step takes weighted"
        " proportions, means and covariances with these shares. Plain sums over a dozen points give the library's step"
        f" to {short(float(f'{by_hand:.0e}'))}. Densities must be added through their logarithms: written naively, a"
        f" point {far.last:.1f} standard deviations away has density zero and responsibilities 0/0."
    )
    return Answer(
        words=words,
        sections=(_hand_section(hand), _geyser_section(old, points), _underflow_section(far, shares, units)),
        claims=(
            CLAIMS["sum"].against(sums),
            CLAIMS["hand"].against(by_hand),
            CLAIMS["moments"].against(moments),
            CLAIMS["fall"].against(max(0.0, float(-np.diff(values).min()))),
            CLAIMS["end"].against(float(values[-1])),
            CLAIMS["stable"].against(float(np.abs(far.stable / far.exact - 1.0).max())),
            CLAIMS["last"].against(far.last),
        ),
        result={
            "by hand": {
                "weights": hand.weights.tolist(),
                "means": hand.means.tolist(),
                "variances": hand.variances.tolist(),
            },
            "Old Faithful": {"start": float(values[0]), "after one": float(values[1]), "end": float(values[-1])},
            "last distance": far.last,
            "lost from narrow starts": far.lost.tolist(),
        },
    )


def _hand_section(hand: "ByHand") -> Section:
    drawn = one_step(hand.points, hand.start, hand.step, "x")
    table = pd.DataFrame(
        {
            "x": hand.points,
            "log π₁N₁": hand.log_joint[:, 0],
            "log π₂N₂": hand.log_joint[:, 1],
            "r₁": hand.responsibilities[:, 0],
            "r₂": hand.responsibilities[:, 1],
        }
    )
    moments = pd.DataFrame(
        {
            "component": [1, 2],
            "N": hand.responsibilities.sum(axis=0),
            "weight": hand.weights,
            "mean": hand.means,
            "variance": hand.variances,
            "weight, library": hand.step.weights,
            "mean, library": hand.step.means[:, 0],
            "variance, library": hand.step.covariances[:, 0, 0],
        }
    )
    text = (
        "Twelve points and two components that start with equal weights, means 2 and 4, and unit variances. The first"
        " table is the E step: for each point the logarithms of weight times density, and the two responsibilities they"
        " give. A point between the components is shared; one beyond a mean belongs to it almost whole. The second"
        " table is the M step: the responsibilities of a component are added up, and serve as weights of the points in"
        " its mean and variance."
    )
    return Section(
        "By hand",
        (
            text,
            Picture(
                "by_hand",
                "One iteration of EM on twelve points. (a) Weight times density of both components at the start; points"
                " below the axis. (b) E step: the responsibility of each component for each point (component 1 filled,"
                " 2 hatched). (c) M step: the components with the weighted moments.",
                "Two curves over twelve points, bars that share each point between the components, and the curves after"
                " the step.",
                drawn.figure,
                drawn.data,
                "double",
            ),
            Table(
                "e_step",
                "The E step, point by point.",
                table,
                columns={"log π₁N₁": "log of weight times density, component 1", "r₁": "responsibility of component 1"},
                decimals={"x": 1, "log π₁N₁": 4, "log π₂N₂": 4, "r₁": 4, "r₂": 4},
            ),
            Table(
                "m_step",
                "The M step, from plain sums and from the library.",
                moments,
                columns={"N": "sum of responsibilities, the effective number of points"},
                decimals={"component": 0}
                | {name: 6 for name in moments.columns if name not in ("component", "N")}
                | {"N": 4},
            ),
        ),
    )


def until_still(path: EMPath) -> EMPath:
    """The path up to where it is within 0.01 nats of its end."""
    last = int((path.log_likelihoods > path.log_likelihoods[-1] - NEARLY).argmax()) + 1
    return EMPath(
        path.weights[:last], path.means[:last], path.covariances[:last], path.log_likelihoods[:last], path.structure
    )


def _geyser_section(old: "Geyser", points: FloatArray) -> Section:
    path = until_still(old.path)
    last = path.n_iterations
    shown = (0, 1, last)
    still = iterations(points, path, shown, NAMES)
    frames = [frame(points, path, iteration, NAMES) for iteration in range(last + 1)]
    values = old.path.log_likelihoods
    text = (
        "The same two steps in the plane: eruptions of Old Faithful (n = 272) and the waiting time after them, two"
        " components with covariances of their own. At the start both have the"
        " covariance of all the data, and each takes a part of both groups. The first iteration makes up for most of"
        f" what is wrong with that, from {values[0]:.1f} to {values[1]:.1f} nats. Then the shares tilt slowly: what one"
        " component has gained in a group makes it more responsible for it in the next iteration, until both let go of"
        f" the group they do not need. After {last} iterations the fit is within {NEARLY:g} nats of its end,"
        f" {values[-1]:.4f} nats."
    )
    return Section(
        "On Old Faithful",
        (
            text,
            Picture(
                "iterations",
                "EM on Old Faithful at the start, after one iteration and at the end. Points are coloured by the"
                " responsibility of component 2; ellipses hold 50 and 90% of component 1 (solid, circle) and 2 (dashed,"
                " triangle).",
                "Three scatter plots: at the start and after one step two long ellipses over both groups, at the end"
                " one on each group.",
                still.figure,
                still.data,
                "double",
            ),
            Animation(
                "fit",
                "The whole fit. (a) Points by responsibility of component 2, ellipses of 50 and 90%, and the way the"
                " means have come. (b) The log-likelihood, iteration by iteration.",
                "Two long ellipses over all the data shrink, part and settle on a group each, while the log-likelihood"
                " climbs, stays level, climbs again and levels off.",
                tuple(drawn.figure for drawn in frames),
                frames[-1].data,
                "double",
                SECONDS,
            ),
        ),
    )


def _underflow_section(far: "Underflow", shares: Sequence[float], units: Sequence[float]) -> Section:
    with np.errstate(invalid="ignore"):
        table = pd.DataFrame(
            {
                "distance": far.distances,
                "naive": far.naive,
                "stable": far.stable,
                "naive error": np.abs(far.naive / far.exact - 1.0),
                "stable error": np.abs(far.stable / far.exact - 1.0),
            }
        )
    words = {unit: f"sd = {unit:g}" for unit in units}
    lost = pd.DataFrame({"dimension": far.dimensions})
    for unit, values in zip(units, far.lost_in, strict=True):
        lost[words[unit]] = values
    drawn = underflow(table, lost, list(words.values()))
    narrow = pd.DataFrame({"sd of the start": 100.0 * np.array(shares), "points lost": 100.0 * far.lost})
    halves = ", ".join(
        f"{far.dimensions[int((values >= 0.5).argmax())]:.0f} features with {words[unit]}"
        for unit, values in zip(units, far.lost_in, strict=True)
        if (values >= 0.5).any()
    )
    text = (
        "A double holds no positive number below about $2^{-1074}$. The density of a point far from every component is"
        " smaller, so that the sum over components is exactly zero, its logarithm minus infinity, and each"
        " responsibility 0/0. One such point, and every parameter is NaN after the next M step. The density need not"
        f" even be zero: from where it leaves the normal numbers, a little before {far.last:.1f} standard deviations,"
        " it loses digits. With the largest term taken out first, the error stays at the last digit at any distance."
    )
    everywhere = (
        "It takes no outlier. A start with narrow components puts most points many of *its* standard deviations away"
        " (table). And in many features the density of a perfectly typical point is a product of many small factors:"
        f" half of the points are lost from {halves} (points drawn from the model; in small units the density overflows"
        " instead). A change of units alone, from metres to millimetres, can thus break a naive program."
    )
    return Section(
        "Why logarithms are added with care",
        (
            text,
            Picture(
                "underflow",
                "The density of a point beside two unit normals. (a) Its logarithm by the distance from the nearer"
                " mean: naively, until the cross, and by log-sum-exp. (b) Relative error of both against arithmetic of"
                " 50 digits, near there (below 10⁻¹⁷: drawn there). (c) Share of points, drawn from the model, whose"
                " naive density is zero or infinite, by the number of features and the standard deviation"
                " of each in the units used.",
                "A parabola that one method stops following; errors that stay near the spacing of doubles for one and"
                " rise for the other; shares of lost points that jump from none to all.",
                drawn.figure,
                drawn.data,
                "double",
            ),
            everywhere,
            Table(
                "narrow",
                "Old Faithful: points with a naive density of zero, by the standard deviations of the start.",
                narrow,
                columns={
                    "sd of the start": "percent of the data's standard deviations, both components near the centre",
                    "points lost": "percent of 272",
                },
                decimals={"sd of the start": 0, "points lost": 1},
            ),
        ),
    )
