"""Six kinds of standard errors beside posterior sds: on data where they agree, and on data where they do not."""

from collections.abc import Sequence
from dataclasses import dataclass

import arviz as az
import numpy as np
from scipy import stats

import em
from experiments.answers.uncertainty import HEAVY_TAILS, METHODS, POSTERIORDB, build_answer
from experiments.answers.uncertainty_declared import CLAIMS, EXPECT, LIMITS, MATHEMATICS, REFERENCES
from experiments.data.posteriordb import Posteriordb
from experiments.engine.experiment import Budget, Case, Experiment, Results, Task
from experiments.reporting.report import Answer, Json
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
"""Fresh data sets to each replicate of a bootstrap: what the estimate really does from one data set to the next."""
DEGREES = 5
"""Of freedom of the heavy-tailed components."""
DATASET = "low_dim_gauss_mix"
SIZES = {50: 16, 200: 16, 1000: 8, 3000: 4, 10_000: 3}
"""Points, and how many data sets of so many are simulated in the full budget."""
WHOLE = 200
"""Replicates of a bootstrap from which the jackknife leaves out one point at a time, not groups of them."""
LEAST_DRAWS = 1000
"""Draws of a chain where the posterior is held against published numbers."""
KEPT = 1500
"""Draws of the first data set that are kept for a figure."""


@dataclass(frozen=True, eq=False)
class Six:
    """One data set: rows of `errors` by the names of METHODS, columns by those of the five numbers.

    estimate (5,), errors (6, 5); posterior_mean, posterior_sd, ess (5,); r_hat the largest
    spread    (5,) sd of the estimate over fresh data sets, nan where there are none; n_fresh of them had an estimate
    notes     what became of the replicates, in words
    """

    n_samples: int
    n_replicates: int
    estimate: FloatArray
    errors: FloatArray
    posterior_mean: FloatArray
    posterior_sd: FloatArray
    ess: FloatArray
    r_hat: float
    spread: FloatArray
    n_fresh: int
    notes: tuple[str, ...]


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
    """posteriordb's data; three simulated data sets with all six kinds; data sets of rising size."""
    named = [Case(POSTERIORDB, {"kind": POSTERIORDB}, cost=4.0)]
    named += [Case(name, {"kind": "six", "data": name}, cost=8.0) for name in (*APART, HEAVY_TAILS)]
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
            rng = task.rng()
            name = task.settings["data"]
            return six(task, simulated(name, N_SIX, rng), target(name), rng, fresh=name)
        case "approach":
            return approach(task)
        case _:
            found = Posteriordb.of(task.options)
            if found is None:
                return None
            y = np.array(found.data(DATASET)["y"])[:, None]
            return six(task, y, target("separated"), task.rng(), fresh=None)


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


def six(task: Task, x: FloatArray, aim: GaussianMixture, rng: np.random.Generator, fresh: str | None) -> Six:
    """All six kinds, the posterior, and the estimate in fresh data sets."""
    budget = task.budget
    estimate = highest_fit(x, aim, budget.n_starts, rng)
    if estimate is None:
        raise ValueError("every start of EM ran away: take another seed")
    move = em.moves.AcceleratedEM()
    kinds = ("parametric", "nonparametric", "weighted")
    n_replicates = budget.draws // 2
    groups = None if n_replicates >= WHOLE else n_replicates
    replicates = [
        em.bootstrap(x, estimate, kind=kind, n_replicates=n_replicates, rng=rng, move=move, n_jobs=1) for kind in kinds
    ]
    found = {
        "observed information": em.standard_errors(x, estimate),
        "sandwich": em.sandwich(x, estimate),
        **{f"{kind} bootstrap": one.standard_errors() for kind, one in zip(kinds, replicates, strict=True)},
        "jackknife": em.jackknife(x, estimate, n_groups=groups, rng=rng, move=move, n_jobs=1).errors,
    }
    draws = number_draws(
        sampled(x, estimate, draws=max(2 * budget.draws, LEAST_DRAWS), tune=budget.tune, chains=budget.chains, rng=rng)
    )
    spread, n_fresh = np.full(draws.shape[-1], np.nan), 0
    if fresh is not None:
        again = []
        for stream in rng.spawn(FRESH * n_replicates):
            other = simulated(fresh, len(x), stream)
            fit = em.fit(other, aim, move=move)
            again += [numbers(fit.mixture)] if fit.status.usable else []
        spread, n_fresh = np.std(again, axis=0, ddof=1), len(again)
    return Six(
        n_samples=len(x),
        n_replicates=n_replicates,
        estimate=numbers(estimate),
        errors=np.array([number_errors(found[name]) for name in METHODS]),
        posterior_mean=draws.mean(axis=(0, 1)),
        posterior_sd=draws.std(axis=(0, 1), ddof=1),
        ess=effective(draws),
        r_hat=worst_r_hat(draws),
        spread=spread,
        n_fresh=n_fresh,
        notes=(
            *(f"{kind}: {one.message}" for kind, one in zip(kinds, replicates, strict=True)),
            f"jackknife: {'one point' if groups is None else f'one of {groups} groups of points'} left out at a time",
        ),
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
                sampled(x, estimate, draws=budget.draws, tune=budget.tune, chains=budget.chains, rng=rng)
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


def effective(draws: FloatArray) -> FloatArray:
    """Effective sample size of the means of draws (C, S, 5)."""
    return np.array([float(az.ess(draws[:, :, i])) for i in range(draws.shape[-1])])


def worst_r_hat(draws: FloatArray) -> float:
    """The largest R-hat of draws (C, S, 5)."""
    return max(float(az.rhat(draws[:, :, i])) for i in range(draws.shape[-1]))


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
    summary="six kinds of standard errors and the posterior; n = 50 to 10,000, separated and overlapping",
    tags=("em", "posterior", "simulated data", "uncertainty"),
    quick=Budget(draws=120, tune=200, chains=4, n_starts=4, n_samples=1000, n_simulations=3),
    full=Budget(draws=500, tune=300, chains=4, n_starts=8, n_samples=10_000, n_simulations=16),
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
