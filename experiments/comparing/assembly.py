"""The report of a comparison, made from what `experiments.comparing.comparison` found."""

from collections.abc import Sequence

import pandas as pd

from experiments.comparing import findings
from experiments.comparing.comparison import INTERVAL, Comparison
from experiments.comparing.fixed_allocations import fixed_allocations
from experiments.comparing.partitions import Partitions
from experiments.comparing.sections import diagnosis, partition
from experiments.comparing.sections.data import data_section
from experiments.comparing.sections.em import em_section
from experiments.comparing.sections.posterior import posterior_section
from experiments.comparing.sections.prediction import prediction_section
from experiments.comparing.sections.prior import prior_section
from experiments.comparing.sections.side_by_side import FIXED, side_by_side_section
from experiments.referee.metrics import comparison_table
from experiments.referee.parameters import component_name
from experiments.reporting.report import Answer, Claim, Json, Section

REFERENCES = (
    "Dempster, A. P., Laird, N. M. & Rubin, D. B. (1977). Maximum likelihood from incomplete data via the EM algorithm."
    " Journal of the Royal Statistical Society B 39, 1-38. doi:10.1111/j.2517-6161.1977.tb01600.x",
    "Louis, T. A. (1982). Finding the observed information matrix when using the EM algorithm. Journal of the Royal"
    " Statistical Society B 44, 226-233. doi:10.1111/j.2517-6161.1982.tb01203.x",
    "Papastamoulis, P. & Iliopoulos, G. (2010). An artificial allocations based solution to the label switching problem"
    " in Bayesian analysis of mixtures of distributions. Journal of Computational and Graphical Statistics 19, 313-331."
    " doi:10.1198/jcgs.2010.09008",
    "Vehtari, A., Gelman, A., Simpson, D., Carpenter, B. & Bürkner, P.-C. (2021). Rank-normalization, folding, and"
    " localization: an improved R-hat for assessing convergence of MCMC. Bayesian Analysis 16, 667-718."
    " doi:10.1214/20-BA1221",
    "Hoffman, M. D. & Gelman, A. (2014). The No-U-Turn sampler: adaptively setting path lengths in Hamiltonian"
    " Monte Carlo. Journal of Machine Learning Research 15, 1593-1623.",
)


def build_answer(
    comparison: Comparison,
    *,
    claims: Sequence[Claim] = (),
    references: Sequence[str] = (),
    extra: Sequence[Section] = (),
    first: str = "",
    more: str = "",
    result: dict[str, Json] | None = None,
    partitions: Partitions | None = None,
    before: Sequence[Section] = (),
) -> Answer:
    """`before`; data, EM, posterior, both side by side, what they predict; then `extra` sections.

    first, more: sentences before and after what the comparison found. partitions: those of the comparison, where they
    are known already. Every number is computed.
    """
    subject = comparison.subject
    table = comparison_table(
        comparison.best, comparison.errors, comparison.relabelled, subject.labels, interval=INTERVAL, kind="eti"
    )
    table = table.rename(columns={"(mean - EM)/sd": findings.DISTANCE})
    fixed = fixed_allocations(subject.points, comparison.best, comparison.prior)
    if fixed is not None:
        table.insert(list(table.columns).index("posterior mean"), FIXED, fixed.means)
    if comparison.best.n_components == 1:  # a weight of 1 is no estimate
        table = table[table["parameter"] != "weight"].reset_index(drop=True)
    parts = (
        *before,
        data_section(comparison),
        em_section(comparison),
        prior_section(comparison),
        posterior_section(comparison),
        side_by_side_section(comparison, table, fixed),
        prediction_section(comparison),
        *partition.partition_sections(comparison, partitions),
        *extra,
    )
    return Answer(
        words=f"{first} {findings.answer(comparison, table)} {more}".strip(),
        sections=parts,
        claims=tuple(claims),
        references=(
            *REFERENCES,
            *diagnosis.references(comparison),
            *partition.references(comparison),
            *references,
        ),
        provenance={
            "data sha256": subject.sha256,
            "components": comparison.best.n_components,
            "covariance structure": comparison.best.structure,
            **{f"seconds, {stage}": round(seconds, 2) for stage, seconds in comparison.seconds.items()},
        },
        result={**_result(comparison, table), **(result or {})},
        posterior=comparison.posterior,
    )


def _result(comparison: Comparison, table: pd.DataFrame) -> dict[str, Json]:
    """Plain numbers for programs: EM's side exact, the posterior's summarised."""
    diagnosis = comparison.diagnosis
    rows = [
        {str(key): None if value is None or value != value else value for key, value in row.items()}
        for row in table.to_dict(orient="records")
    ]
    return {
        "components": [component_name(k) for k in range(comparison.best.n_components)],
        "em": {
            "mixture": comparison.best.to_dict(),
            "log_likelihood": comparison.restarts.best.log_likelihood,
            "status": comparison.restarts.best.status.name,
            "n_iterations": comparison.restarts.best.n_iterations,
            "share_at_best": comparison.restarts.share_at_best,
            "n_starts": comparison.restarts.n_starts,
            "aic": comparison.criteria.aic,
            "bic": comparison.criteria.bic,
            "icl": comparison.criteria.icl,
        },
        "posterior": {
            "verdict": diagnosis.verdict.words,
            "hard": list(diagnosis.hard),
            "explanation": diagnosis.explanation,
            "divergences": diagnosis.divergences,
            "worst_r_hat_relabelled": float(diagnosis.relabelled["r_hat"].max()),
            "worst_r_hat_invariant": float(diagnosis.invariants["r_hat"].max()),
            "prior": str(comparison.prior),
        },
        "comparison": rows,
    }
