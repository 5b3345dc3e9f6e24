"""The section of a comparison's report on the posterior: sampler, verdict, convergence three ways."""

from collections.abc import Sequence

import pandas as pd

from experiments.comparing.comparison import Comparison
from experiments.comparing.sections.diagnosis import diagnosis_blocks
from experiments.comparing.sections.pictured import data_named, pictured
from experiments.figures.comparison.traces import traces
from experiments.referee.quantities import in_words
from experiments.reporting.markup import escape_markdown
from experiments.reporting.report import Picture, Section, Table

ESS_COLUMNS = ("least ESS bulk", "least ESS tail")


def posterior_section(comparison: Comparison) -> Section:
    posterior, diagnosis, labels = comparison.posterior, comparison.diagnosis, comparison.subject.labels
    several = posterior.n_components > 1
    divergences = "an unknown number of" if diagnosis.divergences is None else diagnosis.divergences
    exchangeable, shuffled = (", exchangeable in the components", " with its labels shuffled") if several else ("", "")
    sampler = (
        "The posterior is that of the same log-sum likelihood, marginalised over the allocations, under this"
        f" prior{exchangeable}. NUTS took {posterior.n_chains} chains of {posterior.n_draws} draws after tuning, each"
        f" started near one of EM's optima{shuffled}; there were {divergences} divergent transitions."
    )
    explanation = in_words(diagnosis.explanation, labels)
    explanation = escape_markdown(explanation[:1].upper() + explanation[1:])
    verdict = f"**Verdict: {diagnosis.words}.** {explanation} {diagnosis.advice}"
    caveats = "\n".join(f"- {escape_markdown(in_words(caveat, labels))}" for caveat in diagnosis.caveats)
    blocks: list[str | Table | Picture] = [sampler, verdict]
    if caveats:
        blocks.append(caveats)
    sets = (("raw", diagnosis.raw), ("relabelled", diagnosis.relabelled), ("invariant", diagnosis.invariants))
    summary = pd.DataFrame(
        [
            {
                "draws": label,
                "quantities": len(frame),
                "worst R-hat": frame["r_hat"].max(),
                "split R-hat": frame["r_hat_split"].max(),
                "least ESS bulk": frame["ess_bulk"].min(),
                "least ESS tail": frame["ess_tail"].min(),
            }
            for label, frame in sets
        ]
    )
    blocks += [
        Table(
            "diagnosis",
            f"{data_named(comparison)} Convergence three ways: of the component parameters as sampled, of the same"
            " relabelled, and of quantities that do not depend on labels. Only the last two can tell"
            " failure from label switching.",
            summary,
            columns={
                "worst R-hat": "rank-normalised",
                "split R-hat": "of the draws themselves, which has no upper bound",
            },
            decimals=dict.fromkeys(("worst R-hat", "split R-hat"), 3) | dict.fromkeys(ESS_COLUMNS, 0),
        ),
        Table(
            "parameters",
            f"{data_named(comparison)} R-hat and effective sample size of each component parameter, as sampled and"
            " relabelled.",
            _convergence(labels, raw=diagnosis.raw, relabelled=diagnosis.relabelled),
            decimals=dict.fromkeys(("R-hat, raw", "R-hat, relabelled"), 3),
        ),
        Table(
            "invariants",
            f"{data_named(comparison)} R-hat and effective sample size of quantities that do not depend on labels: log"
            " densities at fixed points of the data (along its first principal axis), sorted means,"
            " moments of the mixture.",
            _convergence(labels, invariant=diagnosis.invariants),
            decimals={"R-hat, invariant": 3},
        ),
    ]
    blocks += diagnosis_blocks(comparison)
    caption = (
        f"{data_named(comparison)} Means of {labels[0]} by draw, chain after chain, a mark for each component: (a) as"
        " sampled, (b) relabelled by ECR with EM's most probable allocation as the pivot. Horizontal lines are EM's"
        " means."
    )
    drawn = traces(posterior, comparison.relabelled, labels, em_mixture=comparison.best, feature=0)
    alt = f"{caption} {diagnosis.switches}."
    return Section("The posterior", (*blocks, pictured("traces", drawn, caption, alt)))


def _convergence(labels: Sequence[str], **sets: pd.DataFrame) -> pd.DataFrame:
    """R-hat and ESS of every quantity, by its name in words, the sets side by side."""
    columns = {}
    for label, frame in sets.items():
        columns[f"R-hat, {label}"] = frame["r_hat"]
        columns[f"ESS bulk, {label}"] = frame["ess_bulk"].round().astype(int)
        columns[f"ESS tail, {label}"] = frame["ess_tail"].round().astype(int)
    frame = pd.DataFrame(columns).rename_axis("quantity").reset_index()
    return frame.assign(quantity=[in_words(str(name), labels) for name in frame["quantity"]])
