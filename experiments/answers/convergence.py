"""The report on the speed of EM and on rules to stop it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from experiments.engine.experiment import Published
from experiments.figures.climbing.rates import rates
from experiments.figures.climbing.stopping import stopping
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
OURS = "this project's 10⁻⁸"
STEADY = ("mean 10⁻³", "relative 10⁻⁵", "change 10⁻³", "parameters 10⁻³")
"""Rules whose stop no rounding moves: their numbers are the same on any machine."""


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
    n_samples: int,
) -> Answer:
    """Rates at every separation, rules on every climb; the first climb is the one that is drawn."""
    table = rules_table(climbs, names)
    speeds = rates_table(found, expected)
    nearest, furthest = speeds.iloc[0], speeds.iloc[-1]
    loose = table[table["rule"] == RULES[0].name].iloc[0]
    words = (
        "EM converges linearly, at a rate equal to the fraction of missing information: with means"
        f" {furthest['sd apart']:g} sd apart one more decimal digit takes about"
        f" {furthest['iterations per digit']:.1f} iterations, with {nearest['sd apart']:g} sd about"
        f" {nearest['iterations per digit']:,.0f}. It may stop when the gain still to come is small, not when the last"
        f" gain was: on overlapping data, scikit-learn's default rule stops at iteration {loose['stops at']:.0f},"
        f" {loose['gap']:.2g} nats below the optimum that this project's rule comes within"
        f" {short(float(f'{table.iloc[-1]["gap"]:.0e}'))} nats of after {table.iloc[-1]['stops at']:,.0f} iterations."
    )
    differences = max(float(np.abs(each.exact - each.traced).max()) for each in found)
    falls = max(float(-np.diff(climb.log_likelihoods).min()) for climb in climbs)
    gaps = max(climb.best - float(climb.log_likelihoods[-1]) for climb in climbs)
    return Answer(
        words=words,
        sections=(
            _speed_section(found, expected, speeds, n_samples),
            _stopping_section(climbs, table, names, overlap, n_overlap),
        ),
        claims=(
            CLAIMS["rate"].against(differences),
            CLAIMS["gap"].against(gaps),
            CLAIMS["fall"].against(max(falls, 0.0)),
        ),
        result=_result(found, expected, climbs, names),
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


def rules_table(climbs: Sequence["Stops"], names: Sequence[str]) -> pd.DataFrame:
    """A row for each rule, this project's own last: the first climb, and the worst of all."""
    first = climbs[0]
    rows = []
    for number, rule in enumerate([*(rule.name for rule in RULES), OURS], start=1):
        places = [climb.stops.get(rule, len(climb.path) - 1) for climb in climbs]
        at = [
            (climb.best - float(climb.log_likelihoods[place]), errors_of(climb)[place])
            for climb, place in zip(climbs, places, strict=True)
            if place is not None
        ]
        row: dict[str, str | float] = {"number": number, "rule": rule, "stops at": np.nan, "gap": np.nan}
        if (place := places[0]) is not None:
            errors = errors_of(first)[place]
            row |= {"stops at": float(place), "gap": max(first.best - float(first.log_likelihoods[place]), 0.0)}
            row |= {"error": float(errors.max()), "of": names[int(errors.argmax())]}
        row["worst gap"] = max((gap for gap, _ in at), default=np.nan)
        row["worst error"] = max((float(errors.max()) for _, errors in at), default=np.nan)
        rows.append(row)
    return pd.DataFrame(rows)


def errors_of(climb: "Stops") -> FloatArray:
    """(T + 1, P) distance of each parameter from its optimum, in standard errors."""
    return np.asarray(np.abs(climb.path - climb.optimum) / climb.errors)


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
        " two. The two are computed from different things and agree. The dotted curve is the fraction at the truth for"
        " infinitely many data. Where components overlap strongly, a data set's optimum may lie far from the truth,"
        " and its rate with it."
    )
    if left_out := sum(each.left_out for each in found):
        text += (
            f" Data sets on which the climb ran away on a few close points ({left_out} in all) have no rate, and were"
            " replaced."
        )
    caption = (
        "Speed of EM. (a) Iterations that gain one decimal digit, ln 10 / (−ln λ), by the distance of the means: λ the"
        " largest fraction of missing information (circles, one for each data set), the ratio of EM's last steps"
        " (crosses), and λ for infinitely many data (dotted). (b) Gap to the maximum log-likelihood from a start beside"
        " it, by iteration, and the straight lines of slope λ² that end where EM does."
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


def _stopping_section(
    climbs: Sequence["Stops"], table: pd.DataFrame, names: Sequence[str], overlap: float, n_overlap: int
) -> Section:
    first = climbs[0]
    trace = pd.DataFrame(errors_of(first)[1:], columns=list(names))
    trace.insert(0, "gap", np.maximum(first.best - first.log_likelihoods[1:], 1e-9))
    trace.insert(0, "iteration", np.arange(1, len(first.path)))
    stops = table.dropna(subset="stops at")[["number", "rule", "stops at"]].rename(columns={"stops at": "iteration"})
    drawn = stopping(trace, stops.astype({"iteration": int}))
    rules = "\n".join(f"- **{number}** {rule.name}: {rule.words}" for number, rule in enumerate(RULES, start=1))
    ours = (
        f"\n- **{len(RULES) + 1}** {OURS}: Aitken's estimate of the gain to come was below 10⁻⁸ nats on three"
        " consecutive iterations, gains that rounding explains counting as none"
    )
    text = (
        f"n = {n_overlap} points of two equal unit normals {overlap:g} standard deviations apart, one fixed data set;"
        " EM starts from equal weights, means −1 and 1, and unit variances. It climbs on until this project's rule is"
        " content, and each other rule is asked where it would have stopped:"
    )
    rounding = (
        "Three things deceive. A *change* is small because each step is small: at a rate near one, the gain to come is"
        " many times the last. A *relative* change, or one per point, grows looser with the size of the data."
        " And *Aitken's estimate* trusts the ratio of two gains, which is right only once the slowest direction is the"
        " only one left; a plateau looks like an end. What saves it is a tolerance far below what one cares for. In"
        " the other direction there is a floor: where a gain is no larger than the rounding of the total, no rule can"
        " see it, so that this project's tolerance is about the smallest that means anything here."
    )
    loose, tight = table.iloc[0], table.iloc[-1]
    meaning = (
        f"Measured in standard errors, rule 1 is off by {loose['error']:.2f} ({loose['of']}) on the data set drawn, and"
        f" by up to {loose['worst error']:.1f} over all {len(climbs)}; this project's rule by at most"
        f" {tight['worst error']:.2g}. Standard errors are large where components overlap, for the data say little"
        " about what is beneath them. A stop on the plateau may therefore lie within the uncertainty, or several"
        " standard errors off: the rule cannot tell which, and neither can its reader. Likelihood ratios and criteria"
        " take the gap as it is."
    )
    caption = (
        "A long climb on overlapping data, and where ten rules stop it (numbers as in the table). (a) Gap to the"
        " maximum log-likelihood. (b) Distance of each parameter from its maximum likelihood estimate, in standard"
        " errors."
    )
    alt = (
        "Gap and errors by iteration on logarithmic axes: a steep fall, a long plateau on which"
        " most rules stop, and the final fall."
    )
    return Section(
        "When it may stop",
        (
            text,
            rules + ours,
            Picture("stopping", caption, alt, drawn.figure, drawn.data, "double"),
            Table(
                "rules",
                f"What each rule would have answered, on the data set drawn and on the worst of {len(climbs)}.",
                table,
                columns={
                    "stops at": "iteration",
                    "gap": "nats below the maximum that are left",
                    "error": "largest distance of a parameter from its estimate, in standard errors; “of”: which",
                    "worst gap": "the largest of all data sets, as is “worst error”",
                },
                decimals={"number": 0, "stops at": 0},
            ),
            meaning,
            rounding,
        ),
    )


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
