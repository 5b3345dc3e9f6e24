"""The report on calibration: ranks, tests, coverage, and the mistakes that must be seen."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from bayesian import Prior
from bayesian.calibration import Calibration
from bayesian.calibration.calibrate import LARGEST_R_HAT
from bayesian.calibration.quantities import ORDERED, RELABELLED
from experiments.engine.experiment import Published
from experiments.figures.uncertainty.calibration import calibration
from experiments.reporting.markup import escape_markdown
from experiments.reporting.report import Answer, Claim, Picture, Section, Table

THEOREM = "the theorem: ranks are uniform"
LEVEL = 0.01
"""Below this a p-value, times the number of quantities it was chosen from, says that something is not calibrated."""

COVERED = (0.5, 0.9)
"""Levels of central intervals whose coverage is counted."""

REFERENCES = (
    "Talts, S., Betancourt, M., Simpson, D., Vehtari, A. & Gelman, A. (2018). Validating Bayesian inference algorithms"
    " with simulation-based calibration. arXiv:1804.06788",
    "Modrák, M. et al. (2023). Simulation-based calibration checking for Bayesian computation: the choice of test"
    " quantities shapes sensitivity. Bayesian Analysis 20, 461-488. doi:10.1214/23-BA1404",
    "Säilynoja, T., Bürkner, P.-C. & Vehtari, A. (2022). Graphical test for discrete uniformity and its applications in"
    " goodness-of-fit evaluation and multiple sample comparison. Statistics and Computing 32, 32."
    " doi:10.1007/s11222-022-10090-6",
)


def build_answer(
    calibrations: Mapping[str, Calibration],
    mistakes: Mapping[str, Calibration],
    *,
    priors: Mapping[str, Prior],
    wrong: str,
    claims: Mapping[str, Published],
) -> Answer:
    """What was drawn, the figure, the table; then the mistakes.

    wrong: the wrong prior in words. claims: on the smallest p-value, "right" and by the name of each mistake.
    """
    rows = [_row(label, found) for label, found in {**calibrations, **mistakes}.items()]
    table = pd.DataFrame(rows)
    first = next(iter(calibrations.values()))
    drawn = calibration(calibrations, mistakes)
    caption = (
        f"Empirical distribution functions, less the uniform one, of where the truth stood among {first.n_draws}"
        f" posterior draws in {first.n_simulations} simulated data sets: a panel for each structure, a line for each"
        " quantity that all structures have, and the band that a calibrated quantity stays in at all places with"
        " probability 95%: one in twenty leaves it somewhere. The last two panels are deliberate mistakes;"
        " their scales are their own."
    )
    method = (
        f"A truth is drawn from a fixed prior, {first.n_samples} points from its mixture with K ="
        f" {first.n_components} in D = {first.n_features}, and the posterior of these points is sampled by NUTS, its"
        " chains started without knowledge of the truth; then the truth is one more draw from the posterior, and its"
        f" rank among the others is uniform. This was done {first.n_simulations} times for each structure. Priors made"
        " from data would not do:"
        " no truth can have come from them."
    )
    kinds = (
        "Three kinds of quantities are ranked. *Label-invariant*: log-likelihood, log density at fixed places, moments"
        " of the mixture, the largest weight. *Ordered*: parameters of the components in ascending order of their first"
        " mean, which is a function of the parameters alone. *Relabelled*: parameters after ECR looked at the truth and"
        " the draws together, the truth being one of them. Relabelling the draws towards the truth, or to a pivot among"
        " the draws that the truth could not have been, would treat it differently from the draws and break uniformity"
        " where nothing is wrong."
    )
    described = "\n".join(
        f"- *{label}*: {escape_markdown('; '.join(_lines(prior)))}" for label, prior in priors.items()
    )
    controls = (
        "The same machinery must see what is wrong. *Half of the data*: the sampler is given half of the points only."
        " Every function of the parameters alone stays calibrated, since that posterior is right for the data it saw;"
        f" only the log-likelihood of all data sees the mistake. *Wrong prior*: the sampler believes {wrong}."
    )
    flagged = sum(found.n_flagged for found in calibrations.values())
    total = sum(found.n_simulations for found in calibrations.values())
    chains = (
        f"Of the {total} posteriors {flagged} had chains that disagreed (R-hat above {LARGEST_R_HAT:g} in the"
        " log-likelihood or the smallest first mean); their ranks were kept."
    )
    found = _claims(calibrations, mistakes, claims)
    return Answer(
        words=_answer(calibrations, mistakes, found),
        sections=(
            Section("What was drawn", (method, kinds, "The priors:\n\n" + described)),
            Section(
                "Ranks of the truth",
                (
                    Picture("ranks", caption, caption, drawn.figure, drawn.data, "double"),
                    Table(
                        "calibration",
                        "Calibration by structure, and of two deliberate mistakes.",
                        table,
                        columns={
                            "smallest p": "probability that a uniform sample strays so far, for the quantity that"
                            " strays furthest, times the number of quantities",
                            "flagged": f"posteriors with R-hat above {LARGEST_R_HAT:g}",
                            "ESS": "median over data sets of the smaller effective sample size",
                            **{
                                f"{100 * c:g}%": "share of truths in the central interval, ordered and relabelled"
                                for c in COVERED
                            },
                        },
                        decimals={"smallest p": 4, "ESS": 0, **{f"{100 * c:g}%": 3 for c in COVERED}},
                    ),
                    chains,
                ),
            ),
            Section("Mistakes made on purpose", (controls,)),
        ),
        claims=found,
        result={
            label: {"p_values": found.p_values, "flagged": found.n_flagged, "n_simulations": found.n_simulations}
            for label, found in {**calibrations, **mistakes}.items()
        },
    )


def _lines(prior: Prior) -> list[str]:
    return [line for line in str(prior).splitlines() if line]


def _row(label: str, found: Calibration) -> dict[str, str | float | int]:
    worst, p_value = _worst(found)
    return {
        "structure": label.replace("_", " "),
        "quantities": len(found.pits),
        "smallest p": p_value,
        "of": worst.replace(": ", ", "),
        "flagged": found.n_flagged,
        "ESS": float(np.median(found.ess)),
        **{f"{100 * c:g}%": _coverage(found, c) for c in COVERED},
    }


def _worst(found: Calibration) -> tuple[str, float]:
    """The quantity of the smallest p-value, and that value times the number of quantities (Bonferroni)."""
    p_values = found.p_values
    name = min(p_values, key=lambda quantity: p_values[quantity])
    return name, min(1.0, p_values[name] * len(p_values))


def _coverage(found: Calibration, level: float) -> float:
    return 0.5 * (found.coverage(level, ORDERED) + found.coverage(level, RELABELLED))


def _smallest(calibrations: Mapping[str, Calibration]) -> float:
    """The smallest p-value of all structures and quantities, times their number."""
    values = [p for found in calibrations.values() for p in found.p_values.values()]
    return min(1.0, min(values) * len(values))


def _claims(
    calibrations: Mapping[str, Calibration], mistakes: Mapping[str, Calibration], published: Mapping[str, Published]
) -> tuple[Claim, ...]:
    claims = [published["right"].against(_smallest(calibrations))]
    claims += [published[label].against(_worst(found)[1]) for label, found in mistakes.items()]
    total = sum(found.n_simulations for found in calibrations.values())
    for level in COVERED:
        share = float(np.mean([_coverage(found, level) for found in calibrations.values()]))
        error = float(np.sqrt(level * (1.0 - level) / total))  # as if all quantities of a data set were one
        statement = (
            f"share of truths in central {100 * level:g}% intervals of relabelled parameters (four standard errors)"
        )
        claims.append(Claim(statement, THEOREM, level, share, 4.0 * error, error=error))
    return tuple(claims)


def _answer(
    calibrations: Mapping[str, Calibration], mistakes: Mapping[str, Calibration], claims: tuple[Claim, ...]
) -> str:
    smallest = claims[0].ours
    n_quantities = sum(len(found.pits) for found in calibrations.values())
    seen = [label for label, found in mistakes.items() if _worst(found)[1] <= LEVEL]
    missed = [label for label in mistakes if label not in seen]
    verdict = (
        f"Nothing speaks against it: over {len(calibrations)} structures and {n_quantities} quantities the smallest"
        f" p-value, times their number, is {smallest:.2g}."
        if claims[0].passed
        else f"No: the smallest of {n_quantities} p-values, times their number, is {smallest:.2g}."
    )
    controls = f"Mistakes made on purpose were seen: {' and '.join(seen)}." if seen else ""
    overlooked = f"Overlooked: {' and '.join(missed)}." if missed else ""
    return " ".join(part for part in (verdict, controls, overlooked) if part)
