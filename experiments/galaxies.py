"""Galaxies: three components for their velocities, in two versions of the data."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

import bayesian
import em
from bayesian.diagnosis.hardness import RATE_LIMIT
from experiments.comparing import background, findings
from experiments.comparing.assembly import build_answer
from experiments.comparing.comparison import INTERVAL, Comparison, Subject, compare_subject
from experiments.data.datasets import load
from experiments.engine.experiment import Budget, Case, Experiment, Published, Results, Task
from experiments.referee.metrics import comparison_table
from experiments.referee.parameters import component_name
from experiments.referee.quantities import parameter_name
from experiments.reporting.report import Answer, Formula, Section, Table
from experiments.reporting.sentences import listed

VERSIONS = ("galaxies", "galaxies_rg1997")
SHORT = {"galaxies": "26.690 (MASS)", "galaxies_rg1997": "26.960 (Richardson & Green)"}
PLACE = 78
"""The versions by the value, in 10³ km/s, at the place where they differ, counted from 1."""

N_POINTS, N_COMPONENTS = 82, 3
"""Velocities in either version, and the components of the comparison."""

COMPARED = ("EM", "posterior mean", "posterior sd")
"""Columns that both versions are compared by."""

HIGHEST = {2: -220.0580, 3: -203.1792, 4: -197.4538}
"""Highest log-likelihoods seen for the version with 26.690, with a variance per component."""

SEEN = "highest local maximum found from many starts, cross-checked in R"

CLAIMS = {
    f"em-{k}": Published(f"log-likelihood, K = {k}", SEEN, value, 1e-4, kind="at least", unit="nats")
    for k, value in HIGHEST.items()
}

type Outcome = Comparison | float
"""Of one version; or EM's best log-likelihood for one number of components (version 26.690)."""


def cases(_budget: Budget) -> Sequence[Case]:
    """The comparison for K = 3 in both versions; EM for K = 2, 3, 4 in the first."""
    compared = (Case(version, cost=10.0) for version in VERSIONS)
    return (*compared, *(Case(f"em-{k}", {"n_components": k}, cost=2.0) for k in HIGHEST))


def run(task: Task) -> Outcome:
    """EM and the posterior for one version; or EM alone."""
    version, budget = task.case.name, task.budget
    if version not in VERSIONS:
        points, k = load(VERSIONS[0]).points(), int(task.settings["n_components"])
        restarts = em.fit_best(points, k, n_starts=3 * budget.n_starts, rng=task.rng(), n_jobs=task.n_jobs)
        return restarts.best.log_likelihood
    data = load(version)
    subject = Subject(
        data.title,
        data.points(),
        tuple(column.label for column in data.measurements),
        f"Source: {data.source} (version {SHORT[version]}).",
        data.sha256,
    )
    return compare_subject(
        subject,
        N_COMPONENTS,
        structure="full",
        prior=bayesian.Prior.chib(),
        budget=budget,
        seed=task.seed,
        progress=task.progress,
    )


def answer(results: Results[Outcome]) -> Answer:
    """The report of the first version, and the second beside it."""
    compared = [outcome for outcome in results.outcomes.values() if isinstance(outcome, Comparison)]
    first, second = compared
    found = {k: outcome for k in HIGHEST if isinstance(outcome := results[f"em-{k}"], float)}
    ours, theirs = (SHORT[version].split()[0] for version in VERSIONS)
    frame, moved, place = _side_by_side(compared)
    text = (
        f"The figures above use the version whose {PLACE}th value is {ours} (R's MASS); Richardson & Green (1997) and"
        f" Chib (1995) have {theirs}. Sources disagree about which is right, so both are fitted, under the same prior."
        f" {moved[:1].upper()}{moved[1:]}{place}. {_verdicts(first, second)}"
    )
    highest = pd.DataFrame(
        [{"components": k, "log-likelihood": value, "highest seen elsewhere": HIGHEST[k]} for k, value in found.items()]
    )
    return build_answer(
        first,
        claims=tuple(CLAIMS[f"em-{k}"].against(value) for k, value in found.items()),
        extra=(
            Section(
                "The other version of the data",
                (
                    text,
                    Table(
                        "versions",
                        f"Both versions of the velocities, n = {N_POINTS}, K = {N_COMPONENTS}, side by side: the number"
                        " in a column's name is the disputed value.",
                        frame,
                        resolution={
                            f"{column}, {name.split()[0]}": f"posterior sd, {name.split()[0]}"
                            for name in SHORT.values()
                            for column in COMPARED
                        },
                    ),
                ),
            ),
            Section(
                "Is it the highest optimum?",
                (
                    f"EM finds a local maximum only. From many starts, and for K = {listed([str(k) for k in HIGHEST])},"
                    " its best log-likelihood is set beside the highest that is known: a known maximum is a bound from"
                    " below, not a truth, so ours has to be at least as high. A higher likelihood is not simply"
                    " better: from two components on it is unbounded where a component shrinks onto a single point.",
                    Table(
                        "highest",
                        f"EM's best optimum by number of components, n = {N_POINTS} velocities, version"
                        f" {SHORT[VERSIONS[0]]}.",
                        highest,
                        decimals={"log-likelihood": 4, "highest seen elsewhere": 4},
                    ),
                ),
            ),
        ),
        first=f"{_agreed(first)}; {moved}.",
        result={
            "versions": {
                version: {"verdict": c.diagnosis.words, "em": c.best.to_dict()}
                for version, c in zip(VERSIONS, compared, strict=True)
            }
        },
    )


def _agreed(comparison: Comparison) -> str:
    """On which components EM and the posterior agree: no mean of a parameter is notably far from EM's estimate."""
    if findings.warning(comparison):
        return "Whether EM and the posterior agree is left open, since the posterior is not to be read"
    best, labels = comparison.best, comparison.subject.labels
    table = comparison_table(best, comparison.errors, comparison.relabelled, labels, interval=INTERVAL)
    furthest = table["(mean - EM)/sd"].astype(float).abs().groupby(table["component"]).max()
    agreed = [k for k in range(best.n_components) if furthest[component_name(k)] < findings.CLOSE]
    if len(agreed) == best.n_components:
        return f"EM and the posterior agree on all {best.n_components} groups of galaxies"
    if not agreed:
        return f"EM and the posterior agree on none of {best.n_components} groups of galaxies"
    share = float(best.weights[agreed].sum())
    names = f"component{'s' if len(agreed) > 1 else ''} {listed([component_name(k) for k in agreed])}"
    who = f"the bulk ({names}, {100 * share:.0f}% of the galaxies)" if share > 0.5 else names
    return f"EM and the posterior agree on {who} only"


def _verdicts(first: Comparison, second: Comparison) -> str:
    """The verdicts on both versions, each with the share of draws that makes a posterior hard."""
    one, other = (
        f"“{c.diagnosis.words}” (components not told apart in {100 * c.diagnosis.non_permutation_rate:.2f}% of draws)"
        for c in (first, second)
    )
    return (
        f"The verdict on the first version is {one}, on the second {other}; above {100 * RATE_LIMIT:g}% a posterior is"
        " called hard."
    )


def _side_by_side(compared: Sequence[Comparison]) -> tuple[pd.DataFrame, str, str]:
    """Both versions' estimates in one table, what the disputed value moves, and where it moves most."""
    tables = [comparison_table(c.best, c.errors, c.relabelled, c.subject.labels, interval=INTERVAL) for c in compared]
    frame = tables[0][["parameter", "component"]].copy()
    for version, table in zip(VERSIONS, tables, strict=True):
        for column in COMPARED:
            frame[f"{column}, {SHORT[version].split()[0]}"] = table[column]
    if any(findings.warning(c) for c in compared):
        return frame, "what the disputed value moves is left open, since not both posteriors are to be read", ""
    sds = np.maximum(tables[0]["posterior sd"], tables[1]["posterior sd"])
    shifts: pd.Series[float] = (tables[0]["posterior mean"] - tables[1]["posterior mean"]).abs() / sds
    furthest = tables[0].iloc[int(shifts.argmax())]
    place = parameter_name(furthest["parameter"], furthest["component"], furthest["feature"])
    moved = f"the disputed value moves no posterior mean by more than {shifts.max():.2f} posterior sd"
    return frame, moved, f" ({place})"


EXPERIMENT = Experiment(
    name="galaxies",
    title=f"Galaxies: three components for {N_POINTS} velocities",
    question="Do EM and the posterior agree on three groups of galaxies, and does one disputed value matter?",
    summary=f"{N_POINTS} velocities, K = {N_COMPONENTS}, two versions of the data, Chib's prior",
    tags=("real data", "em", "posterior", "label switching"),
    quick=Budget(draws=250, tune=400, chains=4, n_starts=10),
    full=Budget(draws=2000, tune=1000, chains=4, n_starts=40),
    expect="Three groups of very different size: a few slow galaxies, the bulk, a few fast ones. The bulk is known"
    " well; the small groups hold so few points that their variances are uncertain by a factor, the posterior is skewed"
    f" there, and Chib's prior, which is informative here, is part of the answer. {background.EXPECT}",
    mathematics=(
        *background.MATHEMATICS,
        "The prior is Chib's (1995), in units of 1000 km/s, with the normal's second number a standard deviation:",
        Formula(
            r"\mu_k \sim \mathcal{N}(20, 10), \qquad \sigma_k^2 \sim \mathrm{InvGamma}(3, 20), \qquad"
            r" \pi \sim \mathrm{Dirichlet}(1, 1, 1)",
            "the means are normal around 20 with standard deviation 10, the variances inverse gamma with shape 3 and"
            " scale 20, the weights Dirichlet with parameters one",
        ),
    ),
    limits=f"{background.LIMITS} That there are three groups is assumed here: how many the data ask for depends on the"
    " criterion and on the prior, and is a question of its own.",
    references=(
        "Chib, S. (1995). Marginal likelihood from the Gibbs output. Journal of the American Statistical"
        " Association 90, 1313-1321. doi:10.1080/01621459.1995.10476635",
    ),
    claims=CLAIMS,
    data=VERSIONS,
    cases=cases,
    run=run,
    answer=answer,
)

if __name__ == "__main__":
    from experiments.engine.running import run_as_script

    run_as_script(EXPERIMENT)
