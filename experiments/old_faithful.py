"""Old Faithful: do EM and the posterior tell the same two kinds of eruption?"""

import json
from collections.abc import Sequence

import numpy as np
import pandas as pd

import em
from experiments.comparing import background
from experiments.comparing.assembly import build_answer
from experiments.comparing.comparison import Comparison, Subject, compare_subject
from experiments.data.datasets import load
from experiments.engine.experiment import Budget, Case, Experiment, Published, Results, Task
from experiments.referee.parameters import ascending
from experiments.reporting.report import Answer, Claim, Section, Table
from mixture import STRUCTURES, GaussianMixture

MCLUST = "R package mclust 6.0.0, run to a tolerance of 1e-14"
LOG_LIKELIHOODS = {
    "full": -1130.263960,
    "tied": -1140.186759,
    "diag": -1147.806353,
    "tied_diag": -1157.680012,
    "spherical": -1709.529282,
    "tied_spherical": -1709.681373,
}
"""Maximum log-likelihoods of two components in six covariance structures, from mclust."""

WEIGHTS = (0.35587287, 0.64412713)
MEANS = ((2.036389, 54.478517), (4.289662, 79.968115))
COVARIANCES = ((0.0691676726, 0.4351676244, 33.6972820723), (0.1699684357, 0.9406093193, 36.0462113176))
"""mclust's estimates for `full` at the fixed point, components in ascending order of the mean; (xx, xy, yy)."""

N_PARAMETERS = len(WEIGHTS) - 1 + sum(map(len, MEANS)) + sum(map(len, COVARIANCES))
"""Free ones, for `full`."""

FIXED_POINT_STEPS = 500
"""M steps that bring every digit a double holds to rest; EM's own stopping rule leaves 5e-5 in a covariance."""

N_POINTS, N_COMPONENTS = 272, 2
"""Eruptions, and the components of every mixture."""

COMPARISON, FIXED_POINT = "comparison", "fixed-point"

type Outcome = Comparison | GaussianMixture | em.Criteria
"""Of the comparison; of the fixed point of `full`; of EM in one structure."""


def _published() -> dict[str, Published]:
    """Six log-likelihoods, and the estimates of `full` at the fixed point: each to 1e-6."""
    found = {
        f"em-{name}": Published(f"log-likelihood of {name}", MCLUST, value, 1e-6, unit="nats")
        for name, value in LOG_LIKELIHOODS.items()
    }
    names = (
        *("weight", "mean of eruptions", "mean of waiting"),
        *("variance of eruptions", "covariance", "variance of waiting"),
    )
    for k in range(2):
        values = (WEIGHTS[k], *MEANS[k], *COVARIANCES[k])
        for place, (name, value) in enumerate(zip(names, values, strict=True)):
            found[f"{k}-{place}"] = Published(f"{name}, component {k + 1}", MCLUST, value, 1e-6)
    return found


CLAIMS = _published()


def cases(_budget: Budget) -> Sequence[Case]:
    """The comparison under `full`, its fixed point, and EM in every structure."""
    each = (Case(f"em-{structure.name}", {"structure": structure.name}, cost=1.5) for structure in STRUCTURES)
    return (Case(COMPARISON, cost=18.0), Case(FIXED_POINT), *each)


def run(task: Task) -> Outcome:
    """EM beside the posterior for a covariance matrix per component; the fixed point; or EM in one structure."""
    data = load("faithful")
    points = data.points()
    if task.case.name == COMPARISON:
        labels = tuple(column.label for column in data.measurements)
        subject = Subject(data.title, points, labels, f"Source: {data.source}.", data.sha256)
        return compare_subject(
            subject, N_COMPONENTS, structure="full", budget=task.budget, seed=task.seed, progress=task.progress
        )
    structure = task.settings.get("structure", "full")
    restarts = em.fit_best(
        points, N_COMPONENTS, structure=structure, n_starts=task.budget.n_starts, rng=task.rng(), n_jobs=task.n_jobs
    )
    best = restarts.best.mixture
    if task.case.name != FIXED_POINT:
        return em.criteria(points, best)
    settled = em.fit(points, best, tolerance=0.0, max_iterations=FIXED_POINT_STEPS).mixture
    return settled.permute(ascending(settled))


def answer(results: Results[Outcome]) -> Answer:
    """The comparison's report, the six structures, and every published number we know beside ours."""
    comparison, settled = results[COMPARISON], results[FIXED_POINT]
    assert isinstance(comparison, Comparison)
    assert isinstance(settled, GaussianMixture)
    frame = _structures(results)
    best = frame.iloc[int(frame["BIC"].argmin())]
    second = float(np.partition(frame["BIC"].to_numpy(), 1)[1])
    text = (
        "The comparison above gives each component a covariance matrix of its own. What the other assumptions cost, at"
        f" K = {N_COMPONENTS}: the lowest BIC (smaller is better) is that of *{best['structure']}*, {best['meaning']},"
        f" by {second - best['BIC']:.1f} over the next."
    )
    table = Table(
        "structures",
        f"Eruptions of the Old Faithful geyser, n = {N_POINTS}, K = {N_COMPONENTS}. EM's best optimum in six covariance"
        " structures.",
        frame,
        columns={"BIC": "and ICL: smaller is better; mclust prints the negatives"},
        decimals={"log-likelihood": 4, "BIC": 4, "ICL": 4},
    )
    return build_answer(
        comparison,
        claims=_claims(frame, settled),
        extra=(Section("Other covariance structures", (text, table)),),
        result={"structures": json.loads(frame.to_json(orient="records"))},
    )


def _structures(results: Results[Outcome]) -> pd.DataFrame:
    rows = []
    for structure in STRUCTURES:
        found = results[f"em-{structure.name}"]
        assert isinstance(found, em.Criteria)
        rows.append(
            {
                "structure": structure.name,
                "mclust": structure.mclust,
                "meaning": structure.meaning,
                "log-likelihood": found.log_likelihood,
                "parameters": found.n_parameters,
                "BIC": found.bic,
                "ICL": found.icl,
            }
        )
    return pd.DataFrame(rows)


def _claims(structures: pd.DataFrame, settled: GaussianMixture) -> tuple[Claim, ...]:
    ours = {
        f"em-{name}": float(value)
        for name, value in zip(structures["structure"], structures["log-likelihood"], strict=True)
    }
    for k in range(2):
        lower = settled.dense_covariances[k][np.tril_indices(2)]
        for place, value in enumerate((settled.weights[k], *settled.means[k], *lower)):
            ours[f"{k}-{place}"] = float(value)
    return tuple(published.against(ours[name]) for name, published in CLAIMS.items())


EXPERIMENT = Experiment(
    name="old_faithful",
    title="Old Faithful: EM beside the posterior",
    question="Do EM and the posterior tell the same two kinds of eruption, and with the same uncertainty?",
    summary=f"{N_POINTS} eruptions in two dimensions, K = {N_COMPONENTS}, a covariance matrix per component",
    tags=("real data", "em", "posterior"),
    quick=Budget(draws=250, tune=400, chains=4, n_starts=6),
    full=Budget(draws=2000, tune=1000, chains=4, n_starts=40),
    expect="Short eruptions are followed by short waits and long ones by long waits: two groups that hardly touch, with"
    f" n = {N_POINTS} points for {N_PARAMETERS} parameters. This is the easy case, where the normal approximation"
    f" behind standard errors should hold. {background.EXPECT}",
    mathematics=background.MATHEMATICS,
    limits=f"{background.LIMITS} The eruptions are a series in time, and not independent of each other: a short"
    " eruption is nearly always followed by a long one. Times are rounded, to the minute for waiting, and a mixture of"
    " densities knows nothing of that.",
    references=(
        "Scrucca, L., Fop, M., Murphy, T. B. & Raftery, A. E. (2016). mclust 5: clustering, classification and"
        " density estimation using Gaussian finite mixture models. The R Journal 8, 289-317."
        " doi:10.32614/RJ-2016-021",
    ),
    claims=CLAIMS,
    data=("faithful",),
    cases=cases,
    run=run,
    answer=answer,
)

if __name__ == "__main__":
    from experiments.engine.running import run_as_script

    run_as_script(EXPERIMENT)
