"""The report on standard errors beside posterior sds."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from experiments.answers.uncertainty_declared import CLAIMS, REFERENCE_SDS, WANTED_R_HAT
from experiments.answers.uncertainty_kinds import (
    HEAVY_TAILS,
    in_heavy_tails,
    ratios_of,
    reference_blocks,
    six_blocks,
    wrong_model,
)
from experiments.figures.uncertainty.normality import RANGE, standardised
from experiments.figures.uncertainty.normality import approach as approach_figure
from experiments.reporting.report import Answer, Block, Claim, Picture, Section, Table
from experiments.reporting.sentences import listed
from experiments.studies.error_kinds import Six
from experiments.studies.two_normals import APART, PARAMETERS

if TYPE_CHECKING:
    from experiments.uncertainty import Approach

POSTERIORDB = "posteriordb"
EASY, HARD = "separated", "overlapping"
SHOWN = "mean 1"
"""The parameter whose standardised draws are drawn."""
FLAGGED = f"R-hat > {WANTED_R_HAT:g}"
CHANCE = float(stats.kstwobign.mean())
"""Mean of the largest gap between the distribution functions of m draws and of what they come from, times sqrt(m)."""
NOISE = 1.5
"""A gap up to so many times what chance alone shows is called no more than chance."""
MEASURES = (
    ("sd/SE", "posterior sd / SE", 1.0),
    ("|mean − EM|/sd", "|posterior mean − EM| / sd", 0.0),
    ("gap", "gap of distribution functions", 0.0),
)


def build_answer(*, reference: Six | None, six: Mapping[str, Six], approaches: Mapping[str, "Approach"]) -> Answer:
    """From the outcomes, by the names of their cases."""
    table = approach_table(approaches)
    return Answer(
        words=in_words(six, table),
        sections=(
            Section("Six kinds of standard errors", six_blocks(six)),
            Section("A reference posterior", reference_blocks(reference)),
            Section("With more data", approach_blocks(approaches, table)),
        ),
        claims=claims(reference, six, approaches),
        result={
            "six": {
                name: {m: np.nanmedian(rows, axis=0).tolist() for m, rows in ratios_of(one).items()}
                for name, one in six.items()
            },
            "approach": [{str(k): v for k, v in row.items()} for row in table.to_dict(orient="records")],
        },
    )


def approach_table(approaches: Mapping[str, "Approach"]) -> pd.DataFrame:
    """Medians and quartiles over data sets and parameters, a row for each kind of data and n."""
    rows = []
    for name, one in approaches.items():
        row: dict[str, str | float | int] = {
            "data": name.partition("-")[0],
            "n": one.n_samples,
            "data sets": one.n_data_sets,
            "without SE": one.no_fit + one.no_errors,
        }
        measures = {
            "sd/SE": one.sds / one.errors,
            "|mean − EM|/sd": np.abs(one.means - one.estimates) / one.sds,
            "gap": one.gaps,
        }
        for label, values in measures.items():
            low, middle, high = np.quantile(values, [0.25, 0.5, 0.75]) if values.size else (np.nan,) * 3
            row |= {label: float(middle), f"{label} lower": float(low), f"{label} upper": float(high)}
        row |= {
            "chance": float(np.median(CHANCE / np.sqrt(one.ess))) if one.ess.size else np.nan,
            FLAGGED: int((one.r_hats > WANTED_R_HAT).sum()),
            "median ESS": float(np.median(one.ess)) if one.ess.size else np.nan,
        }
        rows.append(row)
    return pd.DataFrame(rows)


def approach_blocks(approaches: Mapping[str, "Approach"], table: pd.DataFrame) -> tuple[Block, ...]:
    """Standardised posteriors, measures by n, and their table."""
    place = PARAMETERS.index(SHOWN)
    draws: dict[str, dict[int, np.ndarray]] = {}
    for name, one in approaches.items():
        draws.setdefault(name.partition("-")[0], {})[one.n_samples] = one.standardised[:, place]
    outside = {
        kind: 100.0 * max((float((np.abs(z) > RANGE).mean()) for z in of.values() if z.size), default=0.0)
        for kind, of in draws.items()
    }
    first, second = standardised(draws), approach_figure(table, MEASURES)
    caption = (
        "Posterior of the left component's mean (blue) in one data set of each size n, K = 2, in standard errors about"
        " EM's estimate, over the normal distribution that EM's standard error stands for (red). Upper row: means"
        f" {APART[EASY]:g} sds apart; lower row: {APART[HARD]:g}."
    )
    alt = "Two rows of histograms, one column a size, each under a standard normal curve."
    text = (
        "From here on one thing changes at a time: the number of points. Blue under the red curve is what the theorem"
        f" promises. Draws beyond {RANGE:g} standard errors are not drawn; at most "
        + " and ".join(f"{share:.1f}% ({kind})" for kind, share in outside.items())
        + " of a panel's draws lie there."
    )
    counts = listed([f"{row['data sets']} of n = {row['n']}" for _, row in table[table["data"] == EASY].iterrows()])
    second_caption = (
        "Posterior against its normal approximation by n, over all five parameters and simulated data sets"
        f" ({counts} of each kind; K = 2): median, and bars from quartile to quartile. (a) Posterior sd over SE. (b)"
        " Distance of the posterior mean from EM's estimate in posterior sds. (c) Largest gap between the distribution"
        " functions of the two. Dotted: the limit for many points."
    )
    second_alt = "Three panels over n on a logarithmic axis, two lines each, beside a dotted line at the limit."
    measured = [name for name, _, _ in MEASURES]
    shown = table[["data", "n", "data sets", "without SE", *measured, "chance", FLAGGED, "median ESS"]]
    return (
        text,
        Picture("standardised", caption, alt, first.figure, first.data, "double"),
        last_words(table),
        Picture("rising-n", second_caption, second_alt, second.figure, second.data, "double"),
        Table(
            "approach",
            "The posterior against N(EM, SE²): medians over the data sets and five parameters.",
            shown,
            columns={
                "without SE": "data sets in which every start of EM ran away, or ended where the information is not"
                " positive definite: left out of the other columns",
                "gap": "largest distance between the distribution functions of the posterior and its approximation",
                "chance": "the gap that as many independent draws as the effective sample size would show on average,"
                " had they come from the approximation itself",
                FLAGGED: "posteriors whose chains disagree in a relabelled parameter; they are kept",
            },
            decimals={"sd/SE": 2, "|mean − EM|/sd": 2, "gap": 3, "chance": 3, "median ESS": 0},
        ),
    )


def last_words(table: pd.DataFrame) -> str:
    """Where the approach has got to, at either end."""
    parts = []
    for kind, of in table.groupby("data", sort=False):
        low, high = of.iloc[0], of.iloc[-1]
        noise = " no more than chance" if high["gap"] <= NOISE * high["chance"] else " more than chance"
        parts.append(
            f"*{kind}*: the ratio of posterior sd to SE goes from {low['sd/SE']:.2f} at n = {low['n']} to"
            f" {high['sd/SE']:.2f} at n = {high['n']}, the distance of posterior mean and estimate from"
            f" {low['|mean − EM|/sd']:.2f} to {high['|mean − EM|/sd']:.2f} sds, the gap from {low['gap']:.2f} to"
            f" {high['gap']:.3f},{noise} ({high['chance']:.3f}; medians)"
        )
    return "; ".join(parts) + "."


def agree(row: "pd.Series[float]") -> bool:
    """Whether posterior and normal approximation are one, within the tolerances of the claims."""
    near = abs(row["sd/SE"] - CLAIMS["ratio"].value) <= CLAIMS["ratio"].tolerance
    return bool(near and row["|mean − EM|/sd"] <= CLAIMS["distance"].tolerance)


def in_words(six: Mapping[str, Six], table: pd.DataFrame) -> str:
    """The answer."""
    easy, hard = (table[table["data"] == kind] for kind in (EASY, HARD))
    best, worst, last = easy.iloc[-1], hard.iloc[0], hard.iloc[-1]
    here, there = f"where components are {APART[EASY]:g} sds apart", f"at {APART[HARD]:g} sds"
    verdict = f"They do {here}" if agree(best) else f"Not even {here}"
    other = "and also" if agree(worst) else "not"
    lost = (
        f" {worst['without SE']} of {worst['data sets']} data sets have no standard error at all at n = {worst['n']}."
        if worst["without SE"]
        else ""
    )
    arrived = "is about reached" if agree(last) else "is not reached"
    return (
        f"{verdict} and n = {best['n']} (posterior sd / SE {best['sd/SE']:.2f}, median), {other} {there} and n ="
        f" {worst['n']} ({worst['sd/SE']:.2f}). The posterior mean lies {best['|mean − EM|/sd']:.2f} sds from EM's"
        f" estimate in the first case and {worst['|mean − EM|/sd']:.2f} in the second; {there} agreement {arrived} at"
        f" n = {last['n']} ({last['sd/SE']:.2f} and {last['|mean − EM|/sd']:.2f}).{lost} {in_heavy_tails(six)}"
    )


def claims(reference: Six | None, six: Mapping[str, Six], approaches: Mapping[str, "Approach"]) -> tuple[Claim, ...]:
    """posteriordb's where it is there; the theorem's at the largest n; those of the wrong model."""
    found = []
    if reference is not None:
        means, sds, ess = reference.means[0], reference.sds[0], reference.ess[0]
        for i, name in enumerate(PARAMETERS):
            found.append(CLAIMS[f"mean of {name}"].against(means[i], error=float(sds[i] / np.sqrt(ess[i]))))
        for i, name in enumerate(PARAMETERS):
            found.append(CLAIMS[f"sd of {name}"].against(sds[i], error=float(sds[i] / np.sqrt(2.0 * ess[i]))))
        published = np.array([REFERENCE_SDS[name] for name in PARAMETERS])
        found.append(CLAIMS["posteriordb"].against(float(np.abs(reference.errors[0, 0] / published - 1.0).max())))
    largest = max((one for name, one in approaches.items() if name.startswith("separated")), key=lambda a: a.n_samples)
    ratios = largest.sds / largest.errors
    distances = np.abs(largest.means - largest.estimates) / largest.sds
    count = np.sqrt(ratios.size)
    found.append(
        CLAIMS["ratio"].against(float(ratios.mean()), error=float(np.sqrt(np.mean(0.5 / largest.ess)) / count))
    )
    found.append(
        CLAIMS["distance"].against(float(distances.mean()), error=float(np.sqrt(np.mean(1.0 / largest.ess)) / count))
    )
    wrong = six[HEAVY_TAILS]
    believed, sandwich = wrong_model(wrong)
    relative = np.sqrt(np.mean(0.5 / wrong.ess) / wrong.ess.size)
    found.append(CLAIMS["wrong model"].against(believed, error=float(relative)))
    found.append(CLAIMS["sandwich"].against(sandwich))
    return tuple(found)
