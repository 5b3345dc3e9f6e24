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

BAND = 0.95
"""Probability that a calibrated quantity stays inside its band, at all places together."""

COVERED = (0.5, 0.9)
"""Levels of central intervals whose coverage is counted."""

FARTHEST = 4.0
"""Standard errors that a coverage may be away from its level."""


def coverage_claim(level: float) -> str:
    """What the claim on the coverage of central intervals of that level is called."""
    return f"coverage {100 * level:g}%"


REFERENCES = (
    "Talts, S., Betancourt, M., Simpson, D., Vehtari, A. & Gelman, A. (2018). Validating Bayesian inference algorithms"
    " with simulation-based calibration. arXiv:1804.06788",
    "Modrák, M. et al. (2025). Simulation-based calibration checking for Bayesian computation: the choice of test"
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
    letters = "abcdefghijklmnopqrstuvwxyz"
    drawn = calibration(calibrations, mistakes, level=BAND)
    caption = (
        f"Empirical distribution functions, less the uniform one, of where the truth stood among {first.n_draws}"
        f" posterior draws in {first.n_simulations} simulated data sets: a panel for each structure, a line for each"
        " quantity that all structures have, and the band that a calibrated quantity stays in at all places with"
        f" probability {100 * BAND:g}%: {100 * (1 - BAND):g} in a hundred leave it somewhere. Panels"
        f" ({letters[0]}) to ({letters[len(calibrations) - 1]}) are the structures, those from"
        f" ({letters[len(calibrations)]}) on deliberate mistakes, whose scales are their own."
    )
    alt = (
        f"{len(calibrations) + len(mistakes)} panels of wandering lines about zero, one for each quantity, over a grey"
        " lens-shaped band."
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
                    Picture("ranks", caption, alt, drawn.figure, drawn.data, "double"),
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
                    by_chance(calibrations),
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
        claims.append(published[coverage_claim(level)].against((share - level) / error, error=1.0))
    return tuple(claims)


def by_chance(calibrations: Mapping[str, Calibration]) -> str:
    """How many quantities leave their band, beside how many would by chance; and what straying furthest is worth."""
    p_values = [p for found in calibrations.values() for p in found.p_values.values()]
    outside, expected = sum(p < 1.0 - BAND for p in p_values), (1.0 - BAND) * len(p_values)
    return (
        f"Of the {len(p_values)} quantities of all structures {outside} leave their {100 * BAND:g}% band; by chance"
        f" {expected:.1f} would on average. They are not independent: the ordered and the relabelled value of one"
        " parameter are almost the same number wherever components are told apart, so that a quantity that strays"
        " seldom strays alone, and p-values times their number are larger than they need be."
    )


def _answer(
    calibrations: Mapping[str, Calibration], mistakes: Mapping[str, Calibration], claims: tuple[Claim, ...]
) -> str:
    smallest, n_simulations = claims[0].ours, min(found.n_simulations for found in calibrations.values())
    n_quantities = sum(len(found.pits) for found in calibrations.values())
    structure, (worst, alone) = min(
        ((label, _worst(found)) for label, found in calibrations.items()), key=lambda entry: entry[1][1]
    )
    strays = f"{worst.replace(': ', ' ')} of {structure.replace('_', ' ')}"
    corrected = (
        f"p-value {smallest:.2g} corrected for all {n_quantities} quantities, {alone:.2g} for the"
        f" {len(calibrations[structure].pits)} of its structure"
    )
    straying = sum(_worst(found)[1] < LEVEL for found in calibrations.values())
    if not claims[0].passed:
        verdict = f"No: {strays} strays too far ({corrected})."
    elif straying:
        verdict = (
            f"Perhaps: {strays} strays ({corrected}), while {len(calibrations) - straying} of {len(calibrations)}"
            f" structures show nothing in {n_simulations} data sets each."
        )
    else:
        verdict = (
            f"Yes, as far as {n_simulations} data sets a structure can tell: in {len(calibrations)} structures no"
            f" quantity strays further than chance explains. The furthest is {strays} ({corrected})."
        )
    seen = [label for label, found in mistakes.items() if _worst(found)[1] <= LEVEL]
    missed = [label for label in mistakes if label not in seen]
    controls = f"Mistakes made on purpose were seen: {' and '.join(seen)}." if seen else ""
    overlooked = f"Overlooked: {' and '.join(missed)}." if missed else ""
    return " ".join(part for part in (verdict, controls, overlooked) if part)
