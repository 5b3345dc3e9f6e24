"""Old Faithful: do EM and the posterior tell the same two kinds of eruption?"""

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd

import em
from experiments.comparing.assembly import build_answer
from experiments.comparing.comparison import Comparison, Subject, compare_subject
from experiments.comparing.parameters import ascending
from experiments.data.datasets import load
from experiments.engine.experiment import Budget, Case, Experiment, Results, Task
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

FIXED_POINT_STEPS = 500
"""M steps that bring every digit a double holds to rest; EM's own stopping rule leaves 5e-5 in a covariance."""


@dataclass(frozen=True, eq=False)
class Result:
    """The comparison under `full`; EM's best fit in every structure; the fixed point of `full`."""

    comparison: Comparison
    structures: dict[str, em.EMFit]
    fixed_point: GaussianMixture


def run(task: Task) -> Result:
    """EM in six structures; EM beside the posterior for a covariance matrix per component."""
    budget, seed, progress = task.budget, task.seed, task.progress
    data = load("faithful")
    points = data.points()
    labels = tuple(column.label for column in data.measurements)
    subject = Subject(data.title, points, labels, f"Source: {data.source}.", data.sha256)
    comparison = compare_subject(subject, 2, structure="full", budget=budget, seed=seed, progress=progress)
    with progress.stage("EM in six covariance structures", len(STRUCTURES)) as advance:
        structures = {}
        for structure in STRUCTURES:
            restarts = em.fit_best(points, 2, structure=structure.name, n_starts=budget.n_starts, rng=seed)
            structures[structure.name] = restarts.best
            advance(1)
    settled = em.fit(points, comparison.best, tolerance=0.0, max_iterations=FIXED_POINT_STEPS).mixture
    return Result(comparison, structures, settled.permute(ascending(settled)))


def answer(results: Results[Result]) -> Answer:
    """The comparison's report, the six structures, and every published number we know beside ours."""
    result = results["full"]
    x = result.comparison.subject.points
    rows = []
    for structure in STRUCTURES:
        fit = result.structures[structure.name]
        criteria = em.criteria(x, fit.mixture)
        rows.append(
            {
                "structure": structure.name,
                "mclust": structure.mclust,
                "meaning": structure.meaning,
                "log-likelihood": fit.log_likelihood,
                "parameters": criteria.n_parameters,
                "BIC": criteria.bic,
                "ICL": criteria.icl,
            }
        )
    frame = pd.DataFrame(rows)
    best = frame.iloc[int(frame["BIC"].argmin())]
    text = (
        "The comparison above gives each component a covariance matrix of its own. What the other assumptions cost, at"
        f" two components: the lowest BIC (smaller is better) is that of *{best['structure']}*, {best['meaning']}."
    )
    table = Table(
        "structures",
        "EM's best optimum of two components in six covariance structures.",
        frame,
        decimals={"log-likelihood": 4, "BIC": 4, "ICL": 4},
    )
    return build_answer(
        result.comparison,
        claims=claims(result),
        references=(
            "Azzalini, A. & Bowman, A. W. (1990). A look at some data on the Old Faithful geyser. Applied Statistics"
            " 39, 357-365. doi:10.2307/2347385",
            "Scrucca, L., Fop, M., Murphy, T. B. & Raftery, A. E. (2016). mclust 5: clustering, classification and"
            " density estimation using Gaussian finite mixture models. The R Journal 8, 289-317."
            " doi:10.32614/RJ-2016-021",
        ),
        extra=(Section("Other covariance structures", (text, table)),),
        result={"structures": json.loads(frame.to_json(orient="records"))},
    )


def claims(result: Result) -> tuple[Claim, ...]:
    """Six log-likelihoods to 1e-6, and the estimates of `full` at the fixed point to 1e-6."""
    likelihoods = [
        Claim(f"log-likelihood of {name}", MCLUST, published, result.structures[name].log_likelihood, 1e-6, unit="nats")
        for name, published in LOG_LIKELIHOODS.items()
    ]
    settled = result.fixed_point
    estimates = []
    for k in range(2):
        places = [("weight", WEIGHTS[k], settled.weights[k])]
        places += [
            (f"mean of {name}", MEANS[k][d], settled.means[k, d]) for d, name in enumerate(("eruptions", "waiting"))
        ]
        lower = settled.covariances[k][np.tril_indices(2)]
        names = ("variance of eruptions", "covariance", "variance of waiting")
        places += [(name, COVARIANCES[k][i], lower[i]) for i, name in enumerate(names)]
        estimates += [
            Claim(f"{what}, component {k + 1}", MCLUST, published, float(ours), 1e-6)
            for what, published, ours in places
        ]
    return (*likelihoods, *estimates)


EXPERIMENT = Experiment(
    name="old_faithful",
    title="Old Faithful: EM beside the posterior",
    question="Do EM and the posterior tell the same two kinds of eruption, and with the same uncertainty?",
    summary="272 eruptions in two dimensions, K = 2, a covariance matrix per component",
    tags=("real data", "em", "posterior"),
    quick=Budget(draws=250, tune=400, chains=4, n_starts=6),
    full=Budget(draws=2000, tune=1000, chains=4, n_starts=40),
    expect="",
    limits="",
    data=("faithful",),
    cases=lambda _: (Case("full"),),
    run=run,
    answer=answer,
)

if __name__ == "__main__":
    from experiments.engine.running import run_as_script

    run_as_script(EXPERIMENT)
