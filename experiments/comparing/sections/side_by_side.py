"""The section of a comparison's report that sets EM's estimates beside the posterior."""

import pandas as pd

from experiments.comparing import findings
from experiments.comparing.comparison import INTERVAL, Comparison
from experiments.comparing.fixed_allocations import FixedAllocations
from experiments.comparing.sections.pictured import data_named, pictured
from experiments.figures.comparison.marginals import MOST_FEATURES, marginals
from experiments.reporting.markup import escape_markdown
from experiments.reporting.report import Section, Table

_ERRORS = {"observed information": "the exact observed information at its optimum"}
"""How standard errors came about, by the name of the method, in words."""

FIXED = "allocations fixed"

TABLE_WORDS = {
    f"{100 * INTERVAL:g}% ETI from": "and “to”: ends of the posterior interval with equal tails",
    FIXED: "mean under the prior given EM's allocation probabilities, the component's other parameters at EM's"
    " estimates: what the prior alone makes of the estimate",
    "MCSE": "Monte Carlo standard error of the posterior mean",
    "(mean − EM)/sd": "how far the posterior mean lies from EM's estimate, in posterior standard deviations",
    "sd/SE": "posterior standard deviation over EM's standard error: 1 where both tell the same uncertainty",
}


def side_by_side_section(comparison: Comparison, table: pd.DataFrame, fixed: FixedAllocations | None) -> Section:
    """fixed: how far the prior goes while EM's allocations stand, which the table has as a column."""
    text = f"Intervals hold {100 * INTERVAL:g}% of the posterior with equal tails."
    if comparison.best.n_components > 1:
        text = (
            "Labels are matched before anything is compared: components are in ascending order of EM's mean of the"
            f" first feature, and the relabelled posterior is aligned to them. {text}"
        )
    warning = findings.warning(comparison)
    distances = table[findings.DISTANCE].astype(float).abs()
    seen = warning or (
        f"{int((distances <= findings.NOTABLE).sum())} of {len(table)} posterior means lie within"
        f" {findings.NOTABLE:g} posterior sd of EM's estimate, the furthest {distances.max():.2f}."
    )
    apart = escape_markdown(findings.furthest_apart(comparison, fixed))
    interval = f"{100 * INTERVAL:g}% ETI"
    ends = {f"{interval} lower": f"{interval} from", f"{interval} upper": "to"}
    method = "" if comparison.errors is None else comparison.errors.method
    words = {
        **{name: words for name, words in TABLE_WORDS.items() if name != FIXED or fixed is not None},
        **({"SE": f"standard error of EM's estimate, by {_ERRORS.get(method, method)}"} if method else {}),
    }
    shown = table.drop(columns=["ESS bulk", "R-hat"]).rename(columns=ends)
    shown["feature"] = ["all" if feature is None else feature for feature in shown["feature"]]
    posterior = ("posterior mean", "posterior sd", *ends.values())
    scale = "posterior sd" if comparison.errors is None else "SE"
    drawn = marginals(comparison.best, comparison.errors, comparison.relabelled, comparison.subject.labels)
    normal = ", and as a curve its normal approximation N(estimate, SE²)" if comparison.errors is not None else ""
    first = f" The first {MOST_FEATURES} features." if len(comparison.subject.labels) > MOST_FEATURES else ""
    picture_caption = (
        f"{data_named(comparison)} Posterior of each weight, mean and standard deviation (histogram of the relabelled"
        f" draws), with EM's estimate as a dashed line{normal}: a row for each component, a column for each quantity."
        f"{first}"
    )
    return Section(
        "Side by side",
        (
            f"**{warning}** {text}" if warning else text,
            Table(
                "comparison",
                f"{data_named(comparison)} EM's estimates beside the posterior. {warning}".strip(),
                shown,
                columns=words,
                decimals={findings.DISTANCE: 2, findings.RATIO: 2},
                resolution={
                    "EM": scale,
                    "SE": "SE",
                    FIXED: scale,
                    **dict.fromkeys(posterior, "posterior sd"),
                    "MCSE": "MCSE",
                },
            ),
            *([apart] if apart else []),
            pictured("marginals", drawn, f"{picture_caption} {warning}".strip(), f"{picture_caption} {seen}".strip()),
        ),
    )
