"""The report on the speed of EM and on rules to stop it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from experiments.answers.convergence_stopping import rules_table, stopping_section
from experiments.engine.experiment import Published
from experiments.figures.canvas import power_of_ten
from experiments.figures.climbing.rates import rates
from experiments.reporting.formats import short
from experiments.reporting.report import Answer, Picture, Section, Table
from experiments.studies.stopping_rules import RULES
from mixture.arrays import FloatArray

if TYPE_CHECKING:
    from experiments.convergence import Expected, Rates, Stops

CLAIMS = {
    "rate": Published(
        "largest difference between EM's last ratio of steps and the largest fraction of missing information",
        "theorem: Dempster, Laird & Rubin 1977, eq. 3.15",
        0.0,
        1e-4,
        "at most",
    ),
    "gap": Published(
        "largest gap at which this project's rule stops, all data sets",
        "this project's own bar",
        1e-7,
        0.0,
        "at most",
        "nats",
    ),
    "fall": Published(
        "largest fall of the log-likelihood in one iteration, all data sets",
        "theorem: Dempster, Laird & Rubin 1977, theorem 1; up to rounding",
        0.0,
        1e-9,
        "at most",
        "nats",
    ),
}
STEADY = ("mean 10⁻³", "relative 10⁻⁵", "change 10⁻³", "parameters 10⁻³")
"""Rules whose stop no rounding moves: their numbers are the same on any machine."""


MATTERS = 0.1
"""Standard errors: an estimate farther from the optimum is told."""


def iterations_per_digit(rate: FloatArray | float) -> FloatArray:
    """ln 10 / (-ln rate)."""
    return np.asarray(np.log(10.0) / -np.log(rate))


def build_answer(
    found: Sequence["Rates"],
    expected: "Expected",
    climbs: Sequence["Stops"],
    *,
    names: Sequence[str],
    overlap: float,
    n_overlap: int,
    start_means: tuple[float, float],
    n_samples: int,
) -> Answer:
    """Rates at every separation, rules on every climb; the first climb is the one that is drawn."""
    table = rules_table(climbs, names)
    speeds = rates_table(found, expected)
    differences = max(float(np.abs(each.exact - each.traced).max()) for each in found)
    falls = max(float(-np.diff(climb.log_likelihoods).min()) for climb in climbs)
    gaps = max(climb.best - float(climb.log_likelihoods[-1]) for climb in climbs)
    return Answer(
        words=words(speeds, table, n_samples),
        sections=(
            _speed_section(found, expected, speeds, n_samples),
            stopping_section(climbs, table, names, overlap, n_overlap, start_means),
        ),
        claims=(
            CLAIMS["rate"].against(differences),
            CLAIMS["gap"].against(gaps),
            CLAIMS["fall"].against(max(falls, 0.0)),
        ),
        result=_result(found, expected, climbs, names),
    )


def words(speeds: pd.DataFrame, table: pd.DataFrame, n_samples: int) -> str:
    """How fast, and when."""
    nearest, furthest = speeds.iloc[0], speeds.iloc[-1]
    fewest, most = (float(iterations_per_digit(nearest[name])) for name in ("least", "most"))
    of = table.set_index("rule")
    loose, held, tight = of.loc[RULES[0].name], of.loc[RULES[-1].name], of.iloc[-1]
    fooled = (
        f" That is a matter of the tolerance, too: rule “{RULES[-1].name}” ends up to {held['worst error']:.1f}"
        " standard errors from the optimum."
        if held["worst error"] > MATTERS
        else ""
    )
    return (
        "EM converges linearly, at a rate equal to the fraction of missing information, and may stop when the gain"
        " still to come, not the last one, is far below what matters. With means"
        f" {furthest['sd apart']:g} sd apart one more decimal digit takes about"
        f" {furthest['iterations per digit']:.1f} iterations; with {nearest['sd apart']:g} sd of the order of"
        f" {power_of_ten(round(np.log10(nearest['iterations per digit'])))} in the limit of infinitely many data, and"
        f" {float(f'{fewest:.1e}'):,.0f} to {float(f'{most:.1e}'):,.0f} on the data sets drawn, n = {n_samples:,}. On"
        f" overlapping data scikit-learn's default rule stops at iteration {loose['stops at']:.0f},"
        f" {loose['gap']:.2g} nats below the optimum that this project's rule comes within"
        f" {short(float(f'{tight["gap"]:.0e}'))} nats of after {tight['stops at']:,.0f}.{fooled}"
    )


def rates_table(found: Sequence["Rates"], expected: "Expected") -> pd.DataFrame:
    """A row for each separation."""
    rows = []
    for each in found:
        at = int(np.abs(expected.separations - each.separation).argmin())
        rate = float(expected.rates[at])
        rows.append(
            {
                "sd apart": each.separation,
                "missing": rate,
                "iterations per digit": float(iterations_per_digit(rate)),
                "least": float(each.exact.min()),
                "most": float(each.exact.max()),
                "EM's steps": float(np.abs(each.exact - each.traced).max()),
            }
        )
    return pd.DataFrame(rows)


def _speed_section(found: Sequence["Rates"], expected: "Expected", speeds: pd.DataFrame, n_samples: int) -> Section:
    curve = pd.DataFrame({"separation": expected.separations, "iterations": iterations_per_digit(expected.rates)})
    points = pd.concat(
        pd.DataFrame(
            {
                "separation": each.separation,
                "exact": iterations_per_digit(each.exact),
                "traced": iterations_per_digit(each.traced),
            }
        )
        for each in found
    )
    drawn = rates(curve, points, pd.concat([_gaps_of(each) for each in found], ignore_index=True))
    n_sets = len(found[0].exact)
    text = (
        f"Two equal unit normals, their means {', '.join(f'{each.separation:g}' for each in found)} standard deviations"
        f" apart; {n_sets} data sets of n = {n_samples:,} points at each distance. Both weights, means and variances"
        " are estimated. The fraction of missing information at the optimum is computed exactly, from the complete-data"
        " and the observed information; EM's own rate is read from its steps, as the ratio of the lengths of the last"
        " two. The two are computed from different things; the table says how far they differ. The dotted curve is the"
        " fraction at the truth for infinitely many data. Where components overlap strongly, a data set's optimum may"
        " lie far from the truth, and its rate with it."
    )
    if left_out := sum(each.left_out for each in found):
        text += (
            f" Data sets on which the climb ends singular or on a spike ({left_out} in all) have no rate, and were"
            " replaced."
        )
    caption = (
        f"Speed of EM, K = 2, n = {n_samples:,}. (a) Iterations that gain one decimal digit, ln 10 / (−ln λ), by the"
        " distance of the means: λ the largest fraction of missing information (circles, one for each data set), the"
        " ratio of EM's last steps (crosses), and λ for infinitely many data (dotted). (b) Gap to the maximum"
        " log-likelihood by iteration, first data set at each distance, from a start beside the optimum, and dotted"
        " what falls by the factor λ² per iteration and ends where EM does. How high a line lies depends on the start;"
        " the slopes compare."
    )
    alt = (
        "Left: iterations per digit fall steeply as the means move apart, over several powers of ten. Right: straight"
        " lines of the gap on a logarithmic scale, steep for separated and nearly level for overlapping components."
    )
    return Section(
        "How fast",
        (
            text,
            Picture("speed", caption, alt, drawn.figure, drawn.data, "double"),
            Table(
                "rates",
                "The rate of convergence by the distance of the means.",
                speeds,
                columns={
                    "missing": "largest fraction of missing information, for infinitely many data",
                    "iterations per digit": "iterations at that rate until the distance to the optimum is a tenth",
                    "least": "smallest fraction of all data sets; “most”: the largest",
                    "EM's steps": "largest difference between the fraction and the ratio of EM's last steps",
                },
                decimals={"sd apart": 1, "missing": 5, "iterations per digit": 1, "least": 5, "most": 5},
            ),
        ),
    )


def _gaps_of(each: "Rates") -> pd.DataFrame:
    """The first data set's gaps, and the line of its exact rate through the last gap well above rounding."""
    iterations = np.arange(len(each.gaps))
    clear = np.flatnonzero(each.gaps > 1e-8)[-1]
    foretold = each.gaps[clear] * each.exact[0] ** (2.0 * (iterations - clear))
    shown = pd.DataFrame(
        {"separation": each.separation, "iteration": iterations, "gap": each.gaps, "foretold": foretold}
    )
    return shown[iterations <= 100]


def _result(
    found: Sequence["Rates"], expected: "Expected", climbs: Sequence["Stops"], names: Sequence[str]
) -> dict[str, dict[str, float] | dict[str, list[float]] | dict[str, int]]:
    first = climbs[0]
    steady = {rule: stop for rule in STEADY if (stop := first.stops[rule]) is not None}
    return {
        "expected rate": {
            f"{each:g} sd": float(r) for each, r in zip(expected.separations, expected.rates, strict=True)
        },
        "exact rates": {f"{each.separation:g} sd": each.exact.tolist() for each in found},
        "estimates": dict(zip(names, first.optimum.tolist(), strict=True)),
        "standard errors": dict(zip(names, first.errors.tolist(), strict=True)),
        "stops at": steady,
        "gap": {rule: first.best - float(first.log_likelihoods[stop]) for rule, stop in steady.items()},
    }
