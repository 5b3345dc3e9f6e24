"""Six kinds of standard errors beside posterior sds: on data where they agree, and on data where they do not."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

import em
from experiments.answers.uncertainty import POSTERIORDB, build_answer
from experiments.answers.uncertainty_declared import CLAIMS, EXPECT, LIMITS, MATHEMATICS, REFERENCES
from experiments.answers.uncertainty_kinds import DEGREES, HEAVY_TAILS
from experiments.data.posteriordb import Posteriordb
from experiments.engine.experiment import Budget, Case, Experiment, Results, Task
from experiments.reporting.report import Answer, Json
from experiments.studies.error_kinds import METHODS, Six, effective, gathered, one_data_set, worst_r_hat
from experiments.studies.two_normals import (
    APART,
    WEIGHT,
    highest_fit,
    number_draws,
    number_errors,
    numbers,
    sampled,
    two_normals,
)
from mixture import GaussianMixture
from mixture.arrays import FloatArray

N_SIX = 500
"""Points of the simulated data on which all six kinds are computed."""
FRESH = 2
"""Fresh data sets to a draw of the budget: what the estimate really does from one data set to the next."""
DATASET = "low_dim_gauss_mix"
SIZES = {50: 20, 200: 20, 1000: 10, 3000: 6, 10_000: 4}
"""Points, and how many data sets of so many are simulated in the full budget."""
REPLICATES, FEWER = 2, 5
"""Draws of the budget to one replicate of a bootstrap: in posteriordb's data, and in each of many simulated ones."""
LONGER = {"separated": 1, "overlapping": 4}
"""Draws to a draw of the budget with rising n: where components overlap, few of them are worth an independent one."""
KEPT = 1500
"""Draws of the first data set that are kept for a figure."""


@dataclass(frozen=True, eq=False)
class Approach:
    """Posterior beside N(estimate, SE^2) in data sets of one size: (R, 5) each, for the R data sets that have both.

    gaps          largest distance between the distribution functions of the two
    standardised  (T, 5) draws of the first data set: (draw - estimate) / SE
    no_fit        data sets in which every start of EM ran away; no_errors: in which its optimum has no SE
    """

    n_samples: int
    n_data_sets: int
    estimates: FloatArray
    errors: FloatArray
    means: FloatArray
    sds: FloatArray
    ess: FloatArray
    gaps: FloatArray
    r_hats: FloatArray
    standardised: FloatArray
    no_fit: int
    no_errors: int


type Outcome = Six | Approach | None


def cases(budget: Budget) -> Sequence[Case]:
    """posteriordb's data; three kinds of simulated data with all six kinds of errors; data sets of rising size."""
    named = [Case(POSTERIORDB, {"kind": POSTERIORDB}, cost=4.0)]
    named += [
        Case(name, {"kind": "six", "data": name, "data_sets": budget.n_simulations}, cost=2.0 * budget.n_simulations)
        for name in (*APART, HEAVY_TAILS)
    ]
    for separation in APART:
        for size, count in SIZES.items():
            if size > budget.n_samples:
                continue
            few = max(2, round(count * budget.n_simulations / SIZES[min(SIZES)]))
            settings: dict[str, Json] = {"kind": "approach", "data": separation, "n": size, "data_sets": few}
            named.append(Case(f"{separation}-n{size}", settings, cost=few * (0.5 + 5e-4 * size)))
    return named


def run(task: Task) -> Outcome:
    """One case."""
    match task.settings["kind"]:
        case "six":
            return six(task)
        case "approach":
            return approach(task)
        case _:
            found = Posteriordb.of(task.options)
            if found is None:
                return None
            y = np.array(found.data(DATASET)["y"])[:, None]
            return of_reference(task, y)


def target(name: str) -> GaussianMixture:
    """The mixture that labels are matched to: the truth, or its likeness with normal components."""
    return two_normals(APART.get(name, APART["separated"]))


def simulated(name: str, n_samples: int, rng: np.random.Generator) -> FloatArray:
    """Points (N, 1) of two normals, or of two t distributions with unit variance."""
    if name != HEAVY_TAILS:
        return target(name).draw(n_samples, rng)[0]
    left = rng.random(n_samples) < WEIGHT
    noise = rng.standard_t(DEGREES, n_samples) / np.sqrt(DEGREES / (DEGREES - 2.0))
    half = 0.5 * APART["separated"]
    return np.asarray(np.where(left, -half, half) + noise)[:, None]


def six(task: Task) -> Six:
    """All six kinds and the posterior in data sets of one kind, and the estimate in fresh ones.

    The estimate is the optimum that EM reaches from the truth, in all of them.
    """
    name, budget = task.settings["data"], task.budget
    aim, move = target(name), em.moves.AcceleratedEM()
    rng, fresh_rng = task.rng().spawn(2)
    rows = []
    with task.progress.stage(task.case.name, task.settings["data_sets"]) as advance:
        for stream in rng.spawn(task.settings["data_sets"]):
            x = simulated(name, N_SIX, stream)
            fit = em.fit(x, aim, move=move)
            if fit.status.usable:
                rows.append(one_data_set(budget, x, fit.mixture, max(2, budget.draws // FEWER), stream))
            advance(1)
    again = [em.fit(simulated(name, N_SIX, stream), aim, move=move) for stream in fresh_rng.spawn(FRESH * budget.draws)]
    usable = [numbers(fit.mixture) for fit in again if fit.status.usable]
    spread = np.std(usable, axis=0, ddof=1) if len(usable) > 1 else np.full(5, np.nan)
    return gathered(
        rows, N_SIX, max(2, budget.draws // FEWER), spread, len(usable), task.settings["data_sets"] - len(rows)
    )


def of_reference(task: Task, x: FloatArray) -> Six:
    """The same for posteriordb's one data set, from EM's highest optimum; nothing is known of fresh ones."""
    rng, budget = task.rng(), task.budget
    estimate = highest_fit(x, target("separated"), budget.n_starts, rng)
    if estimate is None:
        raise ValueError("every start of EM ran away: take another seed")
    n_replicates = budget.draws // REPLICATES
    return gathered(
        [one_data_set(budget, x, estimate, n_replicates, rng)], len(x), n_replicates, np.full(5, np.nan), 0, 0
    )


def approach(task: Task) -> Approach:
    """Data sets of one size: posterior and normal approximation in each."""
    budget, settings = task.budget, task.settings
    truth = target(settings["data"])
    rows: list[tuple[FloatArray, ...]] = []
    r_hats: list[float] = []
    standardised = np.empty((0, 5))
    no_fit = no_errors = 0
    with task.progress.stage(task.case.name, settings["data_sets"]) as advance:
        for rng in task.rng().spawn(settings["data_sets"]):
            x = truth.draw(settings["n"], rng)[0]
            advance(1)
            estimate = highest_fit(x, truth, budget.n_starts, rng)
            if estimate is None:
                no_fit += 1
                continue
            try:
                error = number_errors(em.standard_errors(x, estimate))
            except em.NotAMaximum:
                no_errors += 1
                continue
            draws = number_draws(
                sampled(
                    x,
                    estimate,
                    draws=LONGER[settings["data"]] * budget.draws,
                    tune=budget.tune,
                    chains=budget.chains,
                    rng=rng,
                )
            )
            z = (draws.reshape(-1, 5) - numbers(estimate)) / error
            away = np.array([stats.kstest(column, "norm").statistic for column in z.T])
            flat = draws.reshape(-1, 5)
            rows.append((numbers(estimate), error, flat.mean(axis=0), flat.std(axis=0, ddof=1), effective(draws), away))
            r_hats.append(worst_r_hat(draws))
            if not standardised.size:
                standardised = z[:: -(-len(z) // KEPT)]
    estimates, errors, means, sds, ess, gaps = np.array(rows).reshape(len(rows), 6, 5).transpose(1, 0, 2)
    return Approach(
        n_samples=settings["n"],
        n_data_sets=settings["data_sets"],
        estimates=estimates,
        errors=errors,
        means=means,
        sds=sds,
        ess=ess,
        gaps=gaps,
        r_hats=np.array(r_hats),
        standardised=standardised,
        no_fit=no_fit,
        no_errors=no_errors,
    )


def answer(results: Results[Outcome]) -> Answer:
    """Six kinds beside the posterior, posteriordb's table if it is there, and the approach with rising n."""
    outcomes = dict(results.outcomes)
    return build_answer(
        reference=_of_kind(outcomes.pop(POSTERIORDB), Six),
        six={name: outcome for name, outcome in outcomes.items() if isinstance(outcome, Six)},
        approaches={name: outcome for name, outcome in outcomes.items() if isinstance(outcome, Approach)},
    )


def _of_kind[Kind](outcome: object, kind: type[Kind]) -> Kind | None:
    return outcome if isinstance(outcome, kind) else None


EXPERIMENT = Experiment(
    name="uncertainty",
    title="Standard errors beside posterior standard deviations",
    question="Do standard errors and posterior standard deviations agree?",
    summary=(
        f"{len(METHODS)} kinds of standard errors and the posterior; n = {min(SIZES)} to {max(SIZES):,},"
        f" {' and '.join(APART)}"
    ),
    tags=("em", "posterior", "simulated data", "uncertainty"),
    quick=Budget(draws=100, tune=200, chains=4, n_starts=4, n_samples=1000, n_simulations=2),
    full=Budget(draws=500, tune=300, chains=4, n_starts=8, n_samples=10_000, n_simulations=20),
    expect=EXPECT,
    mathematics=MATHEMATICS,
    limits=LIMITS,
    references=REFERENCES,
    claims=CLAIMS,
    stored=(Six, Approach),
    cases=cases,
    run=run,
    answer=answer,
    side_by_side=True,
)

if __name__ == "__main__":
    from experiments.engine.running import run_as_script

    run_as_script(EXPERIMENT)
