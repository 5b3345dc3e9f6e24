"""The section of a comparison's report on the choice among several models: by BIC, and how close it was."""

from dataclasses import replace

import pandas as pd

import em
from experiments.figures.counts.bic_by_k import bic_by_components
from experiments.reporting.markup import escape_markdown
from experiments.reporting.report import Json, Picture, Section, Table
from mixture import structure_named

CLOSE, CLEAR = 2.0, 10.0
"""Differences in BIC: below the first nothing is told apart, above the second the choice is clear (Kass & Raftery)."""

REFERENCES = (
    "Schwarz, G. (1978). Estimating the dimension of a model. Annals of Statistics 6, 461-464."
    " doi:10.1214/aos/1176344136",
    "Kass, R. E. & Raftery, A. E. (1995). Bayes factors. Journal of the American Statistical Association 90, 773-795."
    " doi:10.1080/01621459.1995.10476572",
)


def choice_section(choice: em.Choice) -> Section:
    """Every model with its likelihood and criteria, the preferred first; those without a usable fit with the reason."""
    failed = "\n".join(
        f"- {cell.structure}, K = {cell.n_components}: {escape_markdown(cell.reason)}" for cell in choice.failed
    )
    blocks: list[str | Table | Picture] = [
        f"{in_words(choice)} {_others(choice)} BIC is −2 log p(X | θ̂) + p log n, with p free parameters and n points;"
        " smaller is better (mclust prints the negative). EM alone decides here: the posterior below is that of the"
        " preferred model, given that model, and does not know that there was a choice.",
        Table(
            "models",
            "Every model that was fitted, by BIC.",
            pd.DataFrame(rows(choice)),
            columns={"behind": "BIC less that of the preferred model"},
            decimals=dict.fromkeys(("log-likelihood", "BIC", "behind", "AIC", "ICL"), 2),
        ),
    ]
    if failed:
        blocks.append(f"Models without a usable fit:\n\n{failed}")
    if len(choice.fitted) > 1:
        drawn = bic_by_components(choice.summary())
        caption = (
            "BIC of EM's best fit above the smallest of all, by number of components (linear up to 1, logarithmic from"
            " there), a line for each covariance structure."
        )
        blocks.append(Picture("bic", caption, caption, drawn.figure, drawn.data, "single"))
    return Section("Which model", tuple(blocks))


def rows(choice: em.Choice) -> list[dict[str, Json]]:
    """One row a model with a usable fit, the preferred first; smaller criteria are better."""
    fitted = [(cell, cell.criteria) for cell in choice.fitted if cell.criteria is not None]
    return [
        {
            "structure": f"{cell.structure} ({structure_named(cell.structure).mclust})",
            "K": cell.n_components,
            "log-likelihood": found.log_likelihood,
            "parameters": found.n_parameters,
            "BIC": found.bic,
            "behind": found.bic - fitted[0][1].bic,
            "AIC": found.aic,
            "ICL": found.icl,
        }
        for cell, found in fitted
    ]


def in_words(choice: em.Choice) -> str:
    """What BIC prefers, and by how much."""
    best, *others = choice.fitted
    words = f"Of {len(choice.cells)} models BIC prefers {_named(best)}"
    if not others:
        return f"{words}, the only one with a usable fit."
    second = others[0]
    assert best.criteria is not None
    assert second.criteria is not None
    gap = second.criteria.bic - best.criteria.bic
    strength = "clearly" if gap > CLEAR else "not clearly" if gap > CLOSE else "barely"
    more = "; the two are not told apart" if gap <= CLOSE else ""
    return f"{words}, {strength}: {_named(second)} is {gap:.2f} behind{more}."


def _others(choice: em.Choice) -> str:
    """What the other criteria would have chosen."""
    preferred = {name: replace(choice, criterion=name).best for name in ("aic", "icl")}
    if all(cell is choice.best for cell in preferred.values()):
        return "AIC and ICL prefer the same model."
    return " ".join(f"{name.upper()} prefers {_named(cell)}." for name, cell in preferred.items())


def _named(cell: em.choosing.Cell) -> str:
    return f"K = {cell.n_components} with {cell.structure} covariances"
