"""Galaxies: three components for 82 velocities, in both versions of the data that circulate."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

import bayesian
import em
from experiments.comparing import findings
from experiments.comparing.assembly import build_answer
from experiments.comparing.comparison import INTERVAL, Comparison, Subject, compare_subject
from experiments.comparing.metrics import comparison_table
from experiments.comparing.quantities import parameter_name
from experiments.data.datasets import load
from experiments.engine.experiment import Budget, Case, Experiment, Results, Task
from experiments.reporting.report import Answer, Claim, Section, Table

VERSIONS = ("galaxies", "galaxies_rg1997")
SHORT = {"galaxies": "26.690 (MASS)", "galaxies_rg1997": "26.960 (Richardson & Green)"}
"""The versions by their 78th value, in 10³ km/s."""

COMPARED = ("EM", "posterior mean", "posterior sd")
"""Columns that both versions are compared by."""

HIGHEST = {2: -220.0580, 3: -203.1792, 4: -197.4538}
"""Highest log-likelihoods seen for the version with 26.690, with a variance per component."""

SEEN = "highest local maximum found from many starts, cross-checked in R"


@dataclass(frozen=True, eq=False)
class Result:
    """The comparison for each version, and EM's best log-likelihood by number of components (version 26.690)."""

    comparisons: dict[str, Comparison]
    log_likelihoods: dict[int, float]


def run(task: Task) -> Result:
    """EM and the posterior for K = 3 in both versions; EM for K = 2, 3, 4 in the first."""
    budget, seed, progress = task.budget, task.seed, task.progress
    comparisons = {}
    for version in VERSIONS:
        data = load(version)
        subject = Subject(
            data.title,
            data.points(),
            tuple(column.label for column in data.measurements),
            f"Source: {data.source} (version {SHORT[version]}).",
            data.sha256,
        )
        comparisons[version] = compare_subject(
            subject, 3, structure="full", prior=bayesian.Prior.chib(), budget=budget, seed=seed, progress=progress
        )
    points = load("galaxies").points()
    with progress.stage("EM for two, three and four components", len(HIGHEST)) as advance:
        found = {}
        for k in HIGHEST:
            found[k] = em.fit_best(points, k, n_starts=3 * budget.n_starts, rng=seed).best.log_likelihood
            advance(1)
    return Result(comparisons, found)


def answer(results: Results[Result]) -> Answer:
    """The report of the first version, and the second beside it."""
    result = results["both"]
    first, second = (result.comparisons[version] for version in VERSIONS)
    tables = [
        comparison_table(c.best, c.errors, c.relabelled, c.subject.labels, interval=INTERVAL) for c in (first, second)
    ]
    frame = tables[0][["parameter", "component"]].copy()
    for version, table in zip(VERSIONS, tables, strict=True):
        for column in COMPARED:
            frame[f"{column}, {SHORT[version].split()[0]}"] = table[column]
    sds = np.maximum(tables[0]["posterior sd"], tables[1]["posterior sd"])
    shifts: pd.Series[float] = (tables[0]["posterior mean"] - tables[1]["posterior mean"]).abs() / sds
    furthest = tables[0].iloc[int(shifts.argmax())]
    place = parameter_name(furthest["parameter"], furthest["component"], furthest["feature"])
    more = (
        f"The disputed value moves no posterior mean by more than {shifts.max():.2f} posterior standard deviations"
        f" ({place})."
    )
    if any(findings.warning(c) for c in (first, second)):
        more = "What the disputed value moves is left open, since not both posteriors are to be read."
    text = (
        "The figures above use the version whose 78th value is 26.690 (R's MASS); Richardson & Green (1997) and Chib"
        f" (1995) have 26.960. Sources disagree about which is right, so both are fitted, under the same prior. {more}"
        f" The verdict on the second version is: {second.diagnosis.verdict.words}."
    )
    highest = pd.DataFrame(
        [
            {"components": k, "log-likelihood": value, "highest seen elsewhere": HIGHEST[k]}
            for k, value in result.log_likelihoods.items()
        ]
    )
    return build_answer(
        first,
        claims=tuple(
            Claim(f"log-likelihood, K = {k}", SEEN, HIGHEST[k], value, 1e-4, kind="at least", unit="nats")
            for k, value in result.log_likelihoods.items()
        ),
        references=(
            "Roeder, K. (1990). Density estimation with confidence sets exemplified by superclusters and voids in the"
            " galaxies. Journal of the American Statistical Association 85, 617-624."
            " doi:10.1080/01621459.1990.10474918",
            "Chib, S. (1995). Marginal likelihood from the Gibbs output. Journal of the American Statistical"
            " Association 90, 1313-1321. doi:10.1080/01621459.1995.10476635",
            "Richardson, S. & Green, P. J. (1997). On Bayesian analysis of mixtures with an unknown number of"
            " components. Journal of the Royal Statistical Society B 59, 731-792. doi:10.1111/1467-9868.00095",
        ),
        extra=(
            Section(
                "The other version of the data",
                (
                    text,
                    Table(
                        "versions",
                        "Both versions of the data, K = 3, side by side.",
                        frame,
                        resolution={
                            f"{column}, {name.split()[0]}": f"posterior sd, {name.split()[0]}"
                            for name in SHORT.values()
                            for column in COMPARED
                        },
                    ),
                    Table(
                        "highest",
                        "EM's best optimum by number of components, version 26.690.",
                        highest,
                        decimals={"log-likelihood": 4, "highest seen elsewhere": 4},
                    ),
                ),
            ),
        ),
        more=more,
        result={
            "versions": {
                version: {"verdict": c.diagnosis.verdict.words, "em": c.best.to_dict()}
                for version, c in result.comparisons.items()
            }
        },
    )


EXPERIMENT = Experiment(
    name="galaxies",
    title="Galaxies: three components for 82 velocities",
    question="Do EM and the posterior agree on three groups of galaxies, and does one disputed value matter?",
    summary="82 velocities, K = 3, both versions of the data, Chib's prior",
    tags=("real data", "em", "posterior", "label switching"),
    quick=Budget(draws=250, tune=400, chains=4, n_starts=10),
    full=Budget(draws=2000, tune=1000, chains=4, n_starts=40),
    expect="",
    limits="",
    data=VERSIONS,
    cases=lambda _: (Case("both"),),
    run=run,
    answer=answer,
)

if __name__ == "__main__":
    from experiments.engine.running import run_as_script

    run_as_script(EXPERIMENT)
