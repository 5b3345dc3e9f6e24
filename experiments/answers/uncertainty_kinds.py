"""The part of the report on standard errors that lays six kinds side by side, and beside posteriordb's reference."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from experiments.answers.uncertainty_declared import (
    CLAIMS,
    REFERENCE_DRAWS,
    REFERENCE_MEANS,
    REFERENCE_SDS,
    WANTED_R_HAT,
)
from experiments.figures.uncertainty.error_kinds import error_kinds
from experiments.reporting.report import Block, Picture, Table
from experiments.reporting.sentences import listed
from experiments.studies.error_kinds import BOOTSTRAPS, METHODS, Six
from experiments.studies.two_normals import APART, PARAMETERS, PRIOR
from mixture.arrays import FloatArray

HEAVY_TAILS = "heavy-tails"
DEGREES = 5
"""Of freedom of the heavy-tailed components."""
POSTERIOR = "posterior sd"
WORDS = {"separated": "separated", "overlapping": "overlapping", HEAVY_TAILS: "heavy tails"}
QUARTILES = (0.25, 0.5, 0.75)
SDS = slice(3, 5)
"""Places of the two sds among the five numbers."""


def ratios_of(one: Six) -> dict[str, FloatArray]:
    """Each method's errors over the sd of the estimate in fresh data sets, (R, 5) by method, the posterior last."""
    ratios = {method: one.errors[:, i] / one.spread for i, method in enumerate(METHODS)}
    return ratios | {POSTERIOR: one.sds / one.spread}


def wrong_model(one: Six) -> tuple[float, float]:
    """Means over data sets: posterior sd / SE by observed information; sandwich / observed information of the sds."""
    information = one.errors[:, METHODS.index("observed information")]
    sandwich = one.errors[:, METHODS.index("sandwich")]
    return float(np.nanmean(one.sds / information)), float(np.nanmean((sandwich / information)[:, SDS]))


def in_heavy_tails(six: Mapping[str, Six]) -> str:
    """Which side the posterior takes where the model is wrong."""
    believed, sandwich = wrong_model(six[HEAVY_TAILS])
    sides = abs(believed - CLAIMS["wrong model"].value) <= CLAIMS["wrong model"].tolerance
    parted = sandwich >= CLAIMS["sandwich"].value
    found = f"posterior sd / SE {believed:.2f}, the sandwich's errors of the sds {sandwich:.2f} times the information's"
    if sides and parted:
        return (
            f"Under heavy tails, a wrong model, the posterior sides with the information, which believes it: {found}."
        )
    return f"Under heavy tails, a wrong model, errors do not part as theory says: {found}."


def long_table(six: Mapping[str, Six]) -> pd.DataFrame:
    """A row for each kind of data, method and parameter: median and quartiles over data sets."""
    rows = []
    for name, one in six.items():
        for method, ratios in ratios_of(one).items():
            low, middle, high = np.nanquantile(ratios, QUARTILES, axis=0)
            for i, parameter in enumerate(PARAMETERS):
                rows.append(
                    {
                        "data": WORDS[name],
                        "method": method,
                        "parameter": parameter,
                        "ratio": float(middle[i]),
                        "lower": float(low[i]),
                        "upper": float(high[i]),
                        "data sets": int(np.isfinite(ratios[:, i]).sum()),
                    }
                )
    return pd.DataFrame(rows)


def six_blocks(six: Mapping[str, Six]) -> tuple[Block, ...]:
    """Three kinds of simulated data: the figure and the table of ratios."""
    first = next(iter(six.values()))
    long = long_table(six)
    wide = long.pivot_table(index=["data", "method"], columns="parameter", values="ratio", sort=False)
    frame = wide[list(PARAMETERS)].reset_index()
    fresh = ", ".join(f"{WORDS[name]} {one.n_fresh}" for name, one in six.items())
    error = 1.0 / np.sqrt(2.0 * first.n_replicates)
    text = (
        f"Three kinds of data, n = {first.n_samples}: two unit normals {APART['separated']:g} sds apart (*separated*)"
        f" and {APART['overlapping']:g} sds apart (*overlapping*), and two t distributions with {DEGREES} degrees of"
        f" freedom and unit sd, {APART['separated']:g} apart (*heavy tails*), to which two normals are the wrong model."
        f" Of each there are {len(first.estimates)} data sets, to which all methods are applied. What an error should"
        " be is known here: the sd of EM's estimate over fresh data sets"
        f" ({fresh} with a usable fit). The estimate is in all of them the optimum that EM reaches from the truth. The"
        f" bootstraps have {first.n_replicates} replicates, which alone moves one of their errors by"
        f" {100.0 * error:.0f}%. The prior of all posteriors: {'; '.join(PRIOR.describe()[1:])}."
    )
    drawn = error_kinds(long, [WORDS[name] for name in six], posterior=POSTERIOR)
    letters = ", ".join(f"({'abc'[i]}) {WORDS[name]}" for i, name in enumerate(six))
    caption = (
        "Six standard errors and the posterior sd over the sd of EM's estimate in fresh data sets, by parameter"
        f" (K = 2, n = {first.n_samples}; {letters}): medians over {len(first.estimates)} data sets, bars from quartile"
        " to quartile. Dotted: the error is the sd of the estimate."
    )
    alt = "Three panels: rows of markers with bars, one row a method, about a dotted vertical line at one."
    return (
        text,
        Picture("kinds", caption, alt, drawn.figure, drawn.data, "double"),
        reading(six),
        Table(
            "ratios",
            f"Errors over the sd of the estimate in fresh data sets, medians over {len(first.estimates)} data sets: 1"
            " is right, less is too sure.",
            frame,
            decimals=dict.fromkeys(PARAMETERS, 2),
        ),
        "What became of replicates and chains:\n\n"
        + "\n".join(f"- *{WORDS[name]}*: {notes(one)}" for name, one in six.items()),
    )


def reading(six: Mapping[str, Six]) -> str:
    """How far errors of single data sets stray, by kind of data, and what a wrong model does."""
    parts, short = [], []
    for name, one in six.items():
        found = []
        for method in (METHODS[0], POSTERIOR):
            low, middle, high = np.nanquantile(ratios_of(one)[method], QUARTILES)
            found.append(f"{middle:.2f} ({low:.2f} to {high:.2f}) by {method.removesuffix(' sd')}")
            if method == METHODS[0] and high < 1.0:
                short.append(f"*{WORDS[name]}*")
        parts.append(f"*{WORDS[name]}* {listed(found)}")
    too_short = (
        f" In {listed(short)} data even the upper quartile of the errors by observed information is too small:"
        " intervals made of them cover the truth too seldom."
        if short
        else ""
    )
    return (
        "A marker left of the dotted line claims more certainty than there is, one to the right less. Over all five"
        f" parameters the ratio is, median and quartiles: {'; '.join(parts)}.{too_short} The bars are what one data set"
        " may show; what they are divided by counts all fresh data sets, those included in which the estimate strays"
        f" far. {in_heavy_tails(six)}"
    )


def notes(one: Six) -> str:
    """What became of replicates and data sets, in words."""
    shares = [
        f"{kind} {100.0 * lost:.1f}% lost, labels of {100.0 * close:.1f}% a close call"
        for kind, lost, close in zip(
            BOOTSTRAPS, np.nanmean(one.lost, axis=0), np.nanmean(one.ambiguous, axis=0), strict=True
        )
    ]
    left = f"one of {one.groups} groups of points" if one.groups else "one point"
    missing = int(np.isnan(one.errors).any(axis=(1, 2)).sum())
    without = f"; {missing} data sets lack one of the errors" if missing else ""
    lost = f"; {one.no_fit} further data sets had no usable fit" if one.no_fit else ""
    flagged = int((one.r_hats > WANTED_R_HAT).sum())
    chains = f"; chains of {flagged} posteriors disagree (R-hat above {WANTED_R_HAT:g}), kept" if flagged else ""
    return f"{'; '.join(shares)}; the jackknife left out {left} at a time{without}{lost}{chains}"


def reference_blocks(reference: Six | None) -> tuple[Block, ...]:
    """posteriordb's table, or a sentence that says what is missing."""
    if reference is None:
        return (
            "posteriordb's data were not at hand when this was run, and what is claimed of them is left out: clone"
            " https://github.com/stan-dev/posteriordb and name the folder with `--posteriordb DIR`.",
        )
    columns: dict[str, object] = {
        "parameter": PARAMETERS,
        "reference mean": [REFERENCE_MEANS[name][0] for name in PARAMETERS],
        "posterior mean": reference.means[0],
        "EM": reference.estimates[0],
        "reference sd": [REFERENCE_SDS[name] for name in PARAMETERS],
        POSTERIOR: reference.sds[0],
        **{method: reference.errors[0, i] for i, method in enumerate(METHODS)},
    }
    text = (
        f"posteriordb's low_dim_gauss_mix (n = {reference.n_samples}) comes with the same prior and"
        f" {REFERENCE_DRAWS:,} reference draws by Stan, in which the order of the means takes the labels away. Here the"
        " sampler is free to switch labels and they are undone afterwards; the largest R-hat of relabelled parameters"
        f" was {reference.r_hats.max():.3f}, the smallest effective sample size {reference.ess.min():.0f}."
    )
    sd_columns = ("reference sd", POSTERIOR, *METHODS)
    return (
        text,
        Table(
            "posteriordb",
            "posteriordb's reference posterior beside ours, EM's estimate and six standard errors.",
            pd.DataFrame(columns),
            decimals={**dict.fromkeys(("reference mean", "posterior mean", "EM"), 4), **dict.fromkeys(sd_columns, 4)},
        ),
    )
