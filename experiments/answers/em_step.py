"""The report on one E step and one M step."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from experiments.answers.em_step_underflow import underflow_section
from experiments.engine.experiment import Published
from experiments.figures.climbing.one_step import one_step
from experiments.figures.climbing.responsibilities import LEVELS, frame, iterations
from experiments.reporting.formats import number, short
from experiments.reporting.report import Animation, Answer, Picture, Section, Table
from experiments.reporting.sentences import listed
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
        "largest relative error of log-sum-exp against decimal arithmetic", "a few roundings of doubles",
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
FLAT = 0.01
"""An iteration that gains less than this share of the whole climb stands still to the eye."""
HELD = f"{listed([f'{100 * level:g}' for level in LEVELS])}%"
"""What the ellipses hold."""


def build_answer(
    hand: "ByHand",
    old: "Geyser",
    far: "Underflow",
    *,
    points: FloatArray,
    shares: Sequence[float],
    units: Sequence[float],
    digits: int,
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
        sections=(
            _hand_section(hand),
            _geyser_section(old, points),
            underflow_section(far, shares, units, digits, len(points)),
        ),
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
    first, second = hand.start.means[:, 0]
    text = (
        f"{len(hand.points)} points and two components that start with equal weights, means {first:g} and {second:g},"
        " and unit variances. The first table is the E step: for each point the logarithms of weight times density, and"
        " the two responsibilities they give. A point between the components is shared; one beyond a mean belongs to it"
        " almost whole. The second table is the M step: the responsibilities of a component are added up, and serve as"
        " weights of the points in its mean and variance."
    )
    return Section(
        "By hand",
        (
            text,
            Picture(
                "by_hand",
                f"One iteration of EM on {len(hand.points)} points, K = 2. (a) Weight times density of both components"
                " at the start; points below the axis. (b) E step: the responsibility of each component for each point"
                " (component 1 filled, 2 hatched). (c) M step: the components with the weighted moments.",
                f"Two curves over {len(hand.points)} points, bars that share each point between the components, and the"
                " curves after the step.",
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
    """The path up to where it nearly is at its end."""
    last = int((path.log_likelihoods > path.log_likelihoods[-1] - NEARLY).argmax()) + 1
    return EMPath(
        path.weights[:last], path.means[:last], path.covariances[:last], path.log_likelihoods[:last], path.structure
    )


def first_iterations(values: FloatArray) -> str:
    """What the first iteration gains of the climb (T + 1,), and how long the next ones stand still."""
    gains, climb = np.diff(values), float(values[-1] - values[0])
    still = gains[1:] < FLAT * climb
    flat = int(still.argmin()) if not still.all() else len(still)
    told = (
        f"The first iteration gains {gains[0]:.0f} of the {climb:.0f} nats of the climb"
        f" ({100 * gains[0] / climb:.0f}%), from {number(values[0], 1)} to {number(values[1], 1)} nats."
    )
    if flat > 1:
        told += f" The next {flat} gain less than {100 * FLAT:g}% of it each, while the shares tilt slowly."
    return told


def _geyser_section(old: "Geyser", points: FloatArray) -> Section:
    path = until_still(old.path)
    last = path.n_iterations
    shown = (0, 1, last)
    still = iterations(points, path, shown, NAMES)
    frames = [frame(points, path, iteration, NAMES) for iteration in range(last + 1)]
    values = old.path.log_likelihoods
    text = (
        f"The same two steps in the plane: eruptions of Old Faithful (n = {len(points)}) and the waiting time after"
        " them, two components with covariances of their own. At the start both have the covariance of all the data,"
        f" and each takes a part of both groups. {first_iterations(values)} What one component has gained in a group"
        " makes it more responsible for it in the next iteration, until both let go of the group they do not need."
        f" After {last} iterations the fit is within {NEARLY:g} nats of its end, {number(values[-1], 4)} nats."
    )
    return Section(
        "On Old Faithful",
        (
            text,
            Picture(
                "iterations",
                f"EM on Old Faithful (n = {len(points)}, K = 2) (a) at the start, (b) after one iteration and (c) at"
                f" the end. Points are coloured by the responsibility of component 2; ellipses hold {HELD} of component"
                " 1 (solid, mean a circle) and 2 (dashed, mean a triangle).",
                "Three scatter plots: at the start and after one step two long ellipses over both groups, at the end"
                " one on each group.",
                still.figure,
                still.data,
                "double",
            ),
            Animation(
                "fit",
                f"The whole fit. (a) Points by responsibility of component 2, ellipses that hold {HELD}, and the way"
                " the means have come. (b) The log-likelihood, iteration by iteration.",
                "Two pairs of long ellipses over all the data shrink, part and settle on a group each, while the"
                " log-likelihood climbs and levels off.",
                tuple(drawn.figure for drawn in frames),
                frames[-1].data,
                "double",
                SECONDS,
            ),
        ),
    )
