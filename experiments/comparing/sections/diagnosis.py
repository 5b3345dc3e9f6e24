"""What the diagnosis of a comparison's chains found, for the section on the posterior: labels, superchains, optima."""

import numpy as np
import pandas as pd

import bayesian
from experiments.comparing.comparison import Comparison
from experiments.comparing.sections.pictured import data_named
from experiments.figures.comparison.labellings import labellings
from experiments.referee.parameters import COUNTED_FROM
from experiments.referee.quantities import in_words
from experiments.reporting.markup import escape_markdown
from experiments.reporting.report import Picture, Table

REFERENCES = (
    "Margossian, C. C., Hoffman, M. D., Sountsov, P., Riou-Durand, L., Vehtari, A. & Gelman, A. (2024). Nested R-hat:"
    " assessing the convergence of Markov chain Monte Carlo when running many short chains. Bayesian Analysis."
    " doi:10.1214/24-BA1453",
)


def diagnosis_blocks(comparison: Comparison) -> list[str | Table | Picture]:
    """Sentences, a table of EM's optima and a picture of label copies; little where there is one component."""
    diagnosis = comparison.diagnosis
    blocks: list[str | Table | Picture] = []
    if comparison.best.n_components > 1:
        rate = diagnosis.non_permutation_rate
        blocks.append(
            f"Labels: {diagnosis.labellings}; {diagnosis.switches}. Clustered with those of all other draws, the"
            f" components fall into no permutation of {comparison.best.n_components} clouds in {100 * rate:.1f}% of the"
            " draws."
        )
    if diagnosis.nested is not None:
        worst = in_words(str(diagnosis.nested["r_hat_nested"].idxmax()), comparison.subject.labels)
        blocks.append(
            "Chains that were started at the same of EM's optima are a superchain; between superchains the nested R-hat"
            " of what needs no labels is at most"
            f" {diagnosis.nested['r_hat_nested'].max():.3f} ({escape_markdown(worst)})."
        )
    if diagnosis.visited is not None:
        blocks += [
            f"EM's optima: {escape_markdown(str(diagnosis.visited))}",
            _optima_table(comparison, diagnosis.visited),
        ]
    if comparison.best.n_components > 1:
        caption = (
            f"{data_named(comparison)} (a) The label copy (one of the K! orders of the components) each draw is in,"
            " chain after chain, the most frequent copy first; (b) the log-likelihood of the same draws, which no label"
            " enters. A dot is a draw, vertical lines part the chains. Chains in copies of one mode differ in (a)"
            " alone."
        )
        drawn = labellings(diagnosis)
        alt = f"{caption} {diagnosis.labellings}."
        blocks.append(Picture("labellings", caption, alt, drawn.figure, drawn.data, "double"))
    return blocks


def references(comparison: Comparison) -> tuple[str, ...]:
    """What the blocks rest on."""
    return REFERENCES if comparison.diagnosis.nested is not None else ()


def _optima_table(comparison: Comparison, visited: bayesian.VisitedModes) -> Table:
    table = visited.table
    frame = pd.DataFrame(
        {
            "optimum": np.arange(len(table)) + COUNTED_FROM,
            "log-likelihood": table["log_likelihood"].to_numpy(),
            "chains started": table["began"].to_numpy(),
            "of them left": table["left"].to_numpy(),
            "chains that visited": table["visited"].to_numpy(),
            "share of draws": table["share"].to_numpy(),
        }
    )
    how = "those that EM climbs there from" if visited.climbed else "those of nearest density"
    return Table(
        "optima",
        f"{data_named(comparison)} EM's optima and the chains, whatever their labels.",
        frame,
        columns={
            "of them left": "chains started there with a draw elsewhere",
            "share of draws": f"{how}, of {visited.assigned.size} draws looked at; no weight of the optimum where"
            " chains stay in the one they began in",
        },
        decimals={"log-likelihood": 4, "share of draws": 3},
    )
