"""The report on why EM works."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from experiments.engine.experiment import Published
from experiments.figures.climbing.bounds import half_steps, minorising, staircase
from experiments.reporting.formats import short
from experiments.reporting.report import Answer, Picture, Section, Table

if TYPE_CHECKING:
    from experiments.lower_bound import Enumerated, Slice, Stairs

IDENTITY = "theorem: Neal & Hinton 1998, eqs. 7 to 9; up to rounding"
JENSEN = "theorem: Jensen's inequality; up to rounding"
CLAIMS = {
    "identity": Published(
        "largest |log L − F − KL| after any half step", IDENTITY, 0.0, 1e-9, "at most", "nats"
    ),
    "touch": Published("largest |log L − F| after an E step", IDENTITY, 0.0, 1e-9, "at most", "nats"),
    "rise": Published(
        "largest fall of F in a half step", "theorem: Dempster, Laird & Rubin 1977; up to rounding", 0.0, 1e-9,
        "at most", "nats",
    ),
    "above": Published("largest F − log L, all bounds, all values of the mean", JENSEN, 0.0, 1e-9, "at most", "nats"),
    "enumeration": Published(
        "largest difference of F, KL and log L from sums over all allocations", "definition", 0.0, 1e-10, "at most",
        "nats",
    ),
    "rate": Published(
        "divergence over gain of F, less the fraction of missing information, in the end",
        "expansion of both to second order; Dempster, Laird & Rubin 1977, eq. 3.15", 0.0, 1e-2,
    ),
}  # fmt: skip
SHOWN = 15
"""Iterations that are drawn half step by half step, and that the table shows."""
CLEAR = 1e-6
"""Nats: a gain above this is clear of rounding."""


def build_answer(
    steps: "Stairs",
    section: "Slice",
    few: "Enumerated",
    *,
    shape: tuple[int, ...],
    slice_of: str,
    n_enumerated: int,
) -> Answer:
    """The staircase, the slice, and what is to be zero."""
    after_e = slice(0, None, 2)
    identity = np.abs(steps.log_likelihoods - steps.free_energies - steps.divergences).max()
    touch = np.abs(steps.log_likelihoods - steps.free_energies)[after_e].max()
    fall = max(0.0, float(-np.diff(steps.free_energies).min()))
    above = max(0.0, float((section.bounds - section.log_likelihoods).max()))
    gains = gains_of(steps)
    clear = gains[(gains["gain of F"] > CLEAR) & (gains["divergence"] > CLEAR)]
    last = clear.iloc[-1]
    words = (
        "Because each iteration climbs a bound that lies below the log-likelihood and touches it where the iteration"
        " begins. The E step makes them touch, the M step raises the bound, and the log-likelihood, which lies above"
        " it, rises at least as much."
        f" On Old Faithful log L = F + KL holds to {short(float(f'{identity:.0e}'))} nats"
        f" after each of {len(steps.free_energies)} half steps."
    )
    return Answer(
        words=words,
        sections=(
            _stairs_section(steps, gains, last, shape),
            _slice_section(section, slice_of),
            _enumeration_section(few, n_enumerated),
        ),
        claims=(
            CLAIMS["identity"].against(float(identity)),
            CLAIMS["touch"].against(float(touch)),
            CLAIMS["rise"].against(fall),
            CLAIMS["above"].against(above),
            CLAIMS["enumeration"].against(float(np.abs(few.formulas - few.sums).max())),
            CLAIMS["rate"].against(float(last["ratio"]) - steps.rate),
        ),
        result={
            "log-likelihoods": steps.log_likelihoods[after_e][: SHOWN + 1].tolist(),
            "free energies after M": steps.free_energies[1::2][:SHOWN].tolist(),
            "rate": steps.rate,
            "iterates of the mean": section.iterates.tolist(),
        },
    )


def gains_of(steps: "Stairs") -> pd.DataFrame:
    """By iteration: F and log L after its halves, the gain of F, the divergence opened, their ratio, the gap left."""
    before, after = steps.log_likelihoods[:-1:2], steps.log_likelihoods[2::2]
    free = steps.free_energies[1::2]
    divergences = steps.divergences[1::2]
    return pd.DataFrame(
        {
            "iteration": np.arange(1, len(after) + 1),
            "F after E": steps.free_energies[:-1:2],
            "F after M": free,
            "log L": after,
            "gain of F": free - before,
            "divergence": divergences,
            "ratio": divergences / np.where(free > before, free - before, np.nan),
            "gap left": steps.log_likelihoods[-1] - after,
        }
    )


def _stairs_section(steps: "Stairs", gains: pd.DataFrame, last: "pd.Series[float]", shape: tuple[int, ...]) -> Section:
    drawn = staircase(half_steps(steps.free_energies, steps.log_likelihoods), gains, shown=SHOWN)
    text = (
        f"Old Faithful (n = {shape[0]}, D = {shape[1]}), two components with full covariances that at the start nearly"
        " coincide. After each E step the bound F meets the log-likelihood (circles). The M step raises F (triangles)"
        " and with it the log-likelihood, which runs ahead; the strip between them is the divergence of the old"
        " responsibilities from the new posterior of the allocations. The next E step closes it, without moving the"
        " parameters."
    )
    ratio = (
        "A ratio above one says that the log-likelihood curves upwards there and EM still accelerates. In the end the"
        " divergence is a fixed share of the gain of F. At iteration"
        f" {last['iteration']:.0f} it is {last['ratio']:.4f} of it; the fraction of missing information at the optimum,"
        f" computed from second derivatives, is {steps.rate:.4f}."
    )
    return Section(
        "The staircase",
        (
            text,
            Picture(
                "staircase",
                f"EM on Old Faithful (n = {shape[0]}, K = 2), half step by half step. (a) Log-likelihood and the bound"
                " F: E steps (circles) make them touch, M steps (triangles) raise both; the strip is the divergence."
                " (b) By iteration: gain of F in the M step, the divergence it opens, and the gap of log L to its"
                " maximum.",
                "A rising staircase of the bound under the curve of the log-likelihood; beside it, gains that fall"
                " along straight lines on a logarithmic scale.",
                drawn.figure,
                drawn.data,
                "double",
            ),
            Table(
                "steps",
                "The first iterations: gain of log L = gain of F + divergence.",
                gains.drop(columns="gap left").head(SHOWN),
                columns={
                    "F after E": "equal to log L before the iteration",
                    "log L": "after the iteration",
                    "gain of F": "in the M step",
                    "divergence": "KL of the old responsibilities from the new posterior: log L less F after M",
                    "ratio": "divergence over gain of F",
                },
                decimals={"F after E": 4, "F after M": 4, "log L": 4, "gain of F": 4, "divergence": 4, "ratio": 4},
            ),
            ratio,
        ),
    )


def _slice_section(section: "Slice", slice_of: str) -> Section:
    curves = pd.DataFrame({"parameter": section.grid, "log L": section.log_likelihoods})
    for number, bound in enumerate(section.bounds):
        curves[f"F {number}"] = bound
    points = pd.DataFrame(
        {
            "iteration": np.arange(len(section.iterates)),
            "parameter": section.iterates,
            "log L": section.touching,
            "F": [np.nan, *section.reached],
        }
    )
    lowest = min(float(section.touching[0]), float(section.log_likelihoods.min()))
    depth = 1.15 * float(section.log_likelihoods.max() - lowest)
    drawn = minorising(curves, points, name="second mean", depth=depth)
    text = (
        f"With one unknown the bound can be seen whole: {slice_of}, of which only the second mean is to be found. For"
        " fixed responsibilities F is a parabola in it, since it is a weighted sum of logarithms of Gaussians. Each E"
        " step lays such a parabola under the log-likelihood so that both have the same height and the same slope at"
        " the current mean; the M step goes to the parabola's top, the weighted mean of the points. The parabola is"
        " more curved than the log-likelihood, by what the missing allocations take away: that is why EM never"
        " overshoots into a fall, and why its steps are short where much is missing."
    )
    return Section(
        "Along one parameter",
        (
            text,
            Picture(
                "bounds",
                f"Log-likelihood along one mean, {slice_of}, and the bounds that successive E steps lay under it. (a)"
                " Each touches where an iteration begins (circles, numbered) and leads to its top (triangles); the"
                " vertical line is the divergence that the M step opens. (b) Log-likelihood less each bound, numbered"
                " as in (a): the divergence of fixed responsibilities from the posterior, zero where they are that"
                " posterior.",
                "A curve with parabolas under it, each touching it further up the hill; beside it the gaps, each zero"
                " at one place.",
                drawn.figure,
                drawn.data,
                "double",
            ),
        ),
    )


def _enumeration_section(few: "Enumerated", n_enumerated: int) -> Section:
    frame = pd.DataFrame(
        {
            "quantity": ["F", "KL", "log L"],
            "formula": few.formulas,
            "all allocations": few.sums,
            "difference": few.formulas - few.sums,
        }
    )
    text = (
        "The formulas used above are sums over points, since q and the posterior are products over them. The"
        f" definitions are sums over all allocations of all points; for {n_enumerated} points and two components these"
        f" {2**n_enumerated} can be written out, here for a q drawn at random."
    )
    return Section(
        "From the definition",
        (
            text,
            Table(
                "enumeration",
                "Free energy, divergence and log-likelihood in nats, twice.",
                frame,
                columns={
                    "formula": "sum over points and components",
                    "all allocations": "sum over every allocation z of all points",
                },
                decimals={"formula": 10, "all allocations": 10},
            ),
        ),
    )
