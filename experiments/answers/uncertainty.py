"""The report on standard errors beside posterior sds."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from experiments.answers.uncertainty_declared import (
    CLAIMS,
    REFERENCE_MEANS,
    REFERENCE_SDS,
)
from experiments.figures.uncertainty.error_kinds import error_kinds
from experiments.figures.uncertainty.normality import approach as approach_figure
from experiments.figures.uncertainty.normality import standardised
from experiments.reporting.report import Answer, Block, Claim, Picture, Section, Table
from experiments.studies.two_normals import PARAMETERS, PRIOR

if TYPE_CHECKING:
    from experiments.uncertainty import Approach, Six

POSTERIORDB, HEAVY_TAILS = "posteriordb", "heavy-tails"
METHODS = (
    "observed information",
    "sandwich",
    "parametric bootstrap",
    "nonparametric bootstrap",
    "weighted bootstrap",
    "jackknife",
)
POSTERIOR = "posterior sd"
WORDS = {"separated": "separated", "overlapping": "overlapping", HEAVY_TAILS: "heavy tails"}
SHOWN = "mean 1"
"""The parameter whose standardised draws are drawn."""


def build_answer(*, reference: "Six | None", six: Mapping[str, "Six"], approaches: Mapping[str, "Approach"]) -> Answer:
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
            "six": {name: {m: list(map(float, row)) for m, row in ratios_of(one).items()} for name, one in six.items()},
            "approach": [{str(k): v for k, v in row.items()} for row in table.to_dict(orient="records")],
        },
    )


def ratios_of(one: "Six") -> dict[str, np.ndarray]:
    """Each method's error over the sd of the estimate in fresh data sets, (5,) by method, the posterior last."""
    ratios = {method: row / one.spread for method, row in zip(METHODS, one.errors, strict=True)}
    return ratios | {POSTERIOR: one.posterior_sd / one.spread}


def six_blocks(six: Mapping[str, "Six"]) -> tuple[Block, ...]:
    """Three simulated data sets: the figure and the table of ratios."""
    first = next(iter(six.values()))
    long = pd.DataFrame(
        [
            {"data": WORDS[name], "method": method, "parameter": parameter, "ratio": float(ratio)}
            for name, one in six.items()
            for method, row in ratios_of(one).items()
            for parameter, ratio in zip(PARAMETERS, row, strict=True)
        ]
    )
    wide = long.pivot_table(index=["data", "method"], columns="parameter", values="ratio", sort=False)
    frame = wide[list(PARAMETERS)].reset_index()
    fresh = ", ".join(f"{WORDS[name]} {one.n_fresh}" for name, one in six.items())
    error = 1.0 / np.sqrt(2.0 * first.n_replicates)
    text = (
        f"Three data sets of n = {first.n_samples}: two unit normals five sds apart (*separated*) and two sds apart"
        " (*overlapping*), and two t distributions with five degrees of freedom and unit sd, five apart (*heavy"
        " tails*), to which two normals are the wrong model. What an error should be is known here: the sd of EM's"
        f" estimate over fresh data sets ({fresh} with a usable fit). Each method sees one data set only, so that even"
        f" a right one strays from 1; the bootstraps have {first.n_replicates} replicates, which alone moves them by"
        f" {100.0 * error:.0f}% (one standard error). The prior of all posteriors: {'; '.join(PRIOR.describe()[1:])}."
    )
    wrong = six[HEAVY_TAILS].errors
    sandwich = np.mean(wrong[METHODS.index("sandwich"), 3:] / wrong[0, 3:])
    believed = np.mean(six[HEAVY_TAILS].posterior_sd[3:] / wrong[0, 3:])
    reading = (
        "Every marker left of the dotted line claims more certainty than there is. Under heavy tails the rows divide"
        f" into two camps: for the sds, the sandwich's errors are {sandwich:.2f} times those of the observed"
        f" information, while the posterior sd is {believed:.2f} times those: a posterior is no more robust against a"
        " wrong model than the standard error that believes it."
    )
    notes = "\n".join(f"- *{WORDS[name]}*: {'; '.join(one.notes)}" for name, one in six.items())
    drawn = error_kinds(long, [WORDS[name] for name in six], posterior=POSTERIOR)
    caption = (
        "Six standard errors and the posterior sd over the sd of EM's estimate in fresh data sets, by parameter"
        f" (n = {first.n_samples}, one data set a panel). Hollow markers lie beyond the axis."
    )
    return (
        text,
        Picture("kinds", caption, caption, drawn.figure, drawn.data, "double"),
        reading,
        Table(
            "ratios",
            "Errors over the sd of the estimate in fresh data sets: 1 is right, less is too sure.",
            frame,
            decimals=dict.fromkeys(PARAMETERS, 2),
        ),
        f"What became of the replicates:\n\n{notes}",
    )


def reference_blocks(reference: "Six | None") -> tuple[Block, ...]:
    """posteriordb's table, or a sentence that says what is missing."""
    if reference is None:
        return (
            "posteriordb's data were not at hand when this was run, and what is claimed of them is left out: clone"
            " https://github.com/stan-dev/posteriordb and name the folder with `--posteriordb DIR`.",
        )
    columns: dict[str, object] = {
        "parameter": PARAMETERS,
        "reference mean": [REFERENCE_MEANS[name][0] for name in PARAMETERS],
        "posterior mean": reference.posterior_mean,
        "EM": reference.estimate,
        "reference sd": [REFERENCE_SDS[name] for name in PARAMETERS],
        POSTERIOR: reference.posterior_sd,
        **{method: reference.errors[i] for i, method in enumerate(METHODS)},
    }
    text = (
        f"posteriordb's low_dim_gauss_mix (n = {reference.n_samples}) comes with the same prior and 10,000 reference"
        " draws by Stan, in which the order of the means takes the labels away. Here the sampler is free to switch"
        f" labels and they are undone afterwards; the largest R-hat of relabelled parameters was {reference.r_hat:.3f},"
        f" the smallest effective sample size {reference.ess.min():.0f}."
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
            "R-hat > 1.05": int((one.r_hats > 1.05).sum()),
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
        kind: 100.0 * max((float((np.abs(z) > 5.0).mean()) for z in of.values() if z.size), default=0.0)
        for kind, of in draws.items()
    }
    first, second = standardised(draws), approach_figure(table, MEASURES)
    caption = (
        "Posterior of the left component's mean in one data set of each size, in standard errors about EM's estimate,"
        " over the normal distribution that EM's standard error stands for. Rows: means five and two sds apart."
    )
    text = (
        "From here on one thing changes at a time: the number of points. Blue under the red curve is what the theorem"
        " promises. Draws beyond five standard errors are not drawn; at most "
        + " and ".join(f"{share:.1f}% ({kind})" for kind, share in outside.items())
        + " of a panel's draws lie there."
    )
    second_caption = (
        "Posterior against its normal approximation by n, over all five parameters and simulated data sets: median,"
        " and bars from quartile to quartile. (a) Posterior sd over SE. (b) Distance of the posterior mean from EM's"
        " estimate in posterior sds. (c) Largest gap between the distribution functions of the two."
    )
    shown = table[["data", "n", "data sets", "without SE", *(m for m, _, _ in MEASURES), "R-hat > 1.05", "median ESS"]]
    return (
        text,
        Picture("standardised", caption, caption, first.figure, first.data, "double"),
        last_words(table),
        Picture("rising-n", second_caption, second_caption, second.figure, second.data, "double"),
        Table(
            "approach",
            "The posterior against N(EM, SE²): medians over the data sets and five parameters.",
            shown,
            columns={
                "without SE": "data sets in which every start of EM ran away, or ended where the information is not"
                " positive definite: left out of the other columns",
                "gap": "largest distance between the distribution functions of the posterior and its approximation;"
                " below about 0.03 it is Monte Carlo error",
                "R-hat > 1.05": "posteriors whose chains disagree in a relabelled parameter; they are kept",
            },
            decimals={"sd/SE": 2, "|mean − EM|/sd": 2, "gap": 3, "median ESS": 0},
        ),
    )


MEASURES = (
    ("sd/SE", "posterior sd / SE", 1.0),
    ("|mean − EM|/sd", "|posterior mean − EM| / sd", 0.0),
    ("gap", "gap of distribution functions", 0.0),
)


def last_words(table: pd.DataFrame) -> str:
    """Where the approach has got to, at either end."""
    parts = []
    for kind, of in table.groupby("data", sort=False):
        low, high = of.iloc[0], of.iloc[-1]
        parts.append(
            f"*{kind}*: the ratio of posterior sd to SE goes from {low['sd/SE']:.2f} at n = {low['n']} to"
            f" {high['sd/SE']:.2f} at n = {high['n']}, the distance of posterior mean and estimate from"
            f" {low['|mean − EM|/sd']:.2f} to {high['|mean − EM|/sd']:.2f} sds, the gap from {low['gap']:.2f} to"
            f" {high['gap']:.2f} (medians)"
        )
    return "; ".join(parts) + "."


def in_words(six: Mapping[str, "Six"], table: pd.DataFrame) -> str:
    """The answer."""
    separated = table[table["data"] == "separated"].iloc[-1]
    overlapping = table[table["data"] == "overlapping"]
    worst = overlapping.iloc[0]
    believed = np.mean(six[HEAVY_TAILS].posterior_sd / six[HEAVY_TAILS].errors[0])
    sds = six[HEAVY_TAILS].errors[METHODS.index("sandwich"), 3:] / six[HEAVY_TAILS].posterior_sd[3:]
    agree = abs(separated["sd/SE"] - 1.0) <= 0.05 and separated["|mean − EM|/sd"] <= 0.15
    verdict = "They do where components are separated and data are many" if agree else "Not even in the easiest case"
    return (
        f"{verdict}: at n = {separated['n']}, posterior sd / SE is {separated['sd/SE']:.2f} and the posterior mean lies"
        f" {separated['|mean − EM|/sd']:.2f} sds from EM's estimate (medians). Of means two sds apart, n ="
        f" {worst['n']}, the same numbers are {worst['sd/SE']:.2f} and {worst['|mean − EM|/sd']:.2f}, and"
        f" {worst['without SE']} of {worst['data sets']} data sets have no standard error at all. Where the model is"
        f" wrong, the posterior sides with the information (sd / SE {believed:.2f}), though the sandwich's errors of"
        f" the sds are {sds.mean():.2f} times the posterior's."
    )


def claims(
    reference: "Six | None", six: Mapping[str, "Six"], approaches: Mapping[str, "Approach"]
) -> tuple[Claim, ...]:
    """posteriordb's where it is there; the theorem's at the largest n; those of the wrong model."""
    found = []
    if reference is not None:
        errors = reference.posterior_sd / np.sqrt(reference.ess)
        for i, name in enumerate(PARAMETERS):
            found.append(CLAIMS[f"mean of {name}"].against(reference.posterior_mean[i], error=float(errors[i])))
        for i, name in enumerate(PARAMETERS):
            of_sd = reference.posterior_sd[i] / np.sqrt(2.0 * reference.ess[i])
            found.append(CLAIMS[f"sd of {name}"].against(reference.posterior_sd[i], error=float(of_sd)))
        sds = np.array([REFERENCE_SDS[name] for name in PARAMETERS])
        found.append(CLAIMS["posteriordb"].against(float(np.abs(reference.errors[0] / sds - 1.0).max())))
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
    relative = np.sqrt(np.mean(0.5 / wrong.ess) / wrong.ess.size)
    found.append(
        CLAIMS["wrong model"].against(float(np.mean(wrong.posterior_sd / wrong.errors[0])), error=float(relative))
    )
    found.append(
        CLAIMS["sandwich"].against(float(np.mean(wrong.errors[METHODS.index("sandwich"), 3:] / wrong.errors[0, 3:])))
    )
    return tuple(found)
