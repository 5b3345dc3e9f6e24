"""Which interval covers: Wald, bootstrap and credible intervals in simulated data sets, whose truth is known."""

from collections.abc import Sequence
from dataclasses import dataclass

import arviz as az
import numpy as np

import bayesian
import em
from experiments.answers.interval_coverage import build_answer
from experiments.answers.interval_coverage_declared import CLAIMS, EXPECT, LEVEL, LIMITS, MATHEMATICS, REFERENCES, Z
from experiments.answers.interval_coverage_tables import METHODS
from experiments.engine.experiment import Budget, Case, Experiment, Results, Task
from experiments.reporting.report import Answer, Json
from experiments.studies.two_normals import (
    APART,
    STRUCTURE,
    highest_fit,
    number_draws,
    number_errors,
    numbers,
    sampled,
    two_normals,
)
from mixture import GaussianMixture
from mixture.arrays import FloatArray

SIZES = (50, 200, 800)
"""Points of a data set."""
BATCH = 20
"""Data sets of one case."""
BOOTSTRAPPED = 7
"""The first ones of a batch, to which the bootstrap is applied: it costs more than all else."""
REPLICATES = 99
TOLERANCE = 1e-4
"""Nats that a replicate may fall short of its maximum: one seventieth of a standard error."""
TAILS = (0.5 - 0.5 * LEVEL, 0.5 + 0.5 * LEVEL)
WEIGHTS, SDS = slice(0, 1), slice(3, 5)
"""Places among the five numbers."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Intervals in R data sets, by method and parameter: lower and upper (4, R, 5), nan where there is none.

    tried     (4, R) whether the method was asked for an interval
    no_fit    data sets in which every start of EM ran away; no_errors: in which its optimum has no standard error
    lost      (R,) share of the bootstrap's replicates that ran away; nan where there was no bootstrap
    r_hats    (R,) the largest R-hat of relabelled parameters
    """

    separation: str
    n_samples: int
    lower: FloatArray
    upper: FloatArray
    tried: FloatArray
    no_fit: int
    no_errors: int
    lost: FloatArray
    r_hats: FloatArray


def cases(budget: Budget) -> Sequence[Case]:
    """Batches of data sets for each separation and size."""
    found = []
    batches = -(-budget.n_simulations // BATCH)
    for separation in APART:
        for size in SIZES:
            if size > budget.n_samples:
                continue
            for batch in range(batches):
                count = min(BATCH, budget.n_simulations - batch * BATCH)
                settings: dict[str, Json] = {"separation": separation, "n": size, "data_sets": count}
                found.append(Case(f"{separation}-n{size}-{batch + 1}", settings, cost=0.6 * count))
    return found


def run(task: Task) -> Batch:
    """Four intervals of five parameters in each data set of a batch."""
    settings = task.settings
    truth = two_normals(APART[settings["separation"]])
    count = settings["data_sets"]
    lower, upper = np.full((2, len(METHODS), count, 5), np.nan)
    lost, r_hats = np.full((2, count), np.nan)
    tried = np.ones((len(METHODS), count))
    tried[METHODS.index("bootstrap"), BOOTSTRAPPED:] = 0.0
    no_fit = no_errors = 0
    with task.progress.stage(task.case.name, count) as advance:
        for place, rng in enumerate(task.rng().spawn(count)):
            x = truth.draw(settings["n"], rng)[0]
            estimate = highest_fit(x, truth, task.budget.n_starts, rng)
            no_fit += estimate is None
            if estimate is not None:
                try:
                    found = wald(estimate, em.standard_errors(x, estimate))
                    lower[:2, place], upper[:2, place] = found
                except em.NotAMaximum:
                    no_errors += 1
                if place < BOOTSTRAPPED:
                    lower[2, place], upper[2, place], lost[place] = percentile(x, estimate, rng)
            credible = posterior_interval(task.budget, x, estimate or truth, rng)
            lower[3, place], upper[3, place], r_hats[place] = credible
            advance(1)
    return Batch(settings["separation"], settings["n"], lower, upper, tried, no_fit, no_errors, lost, r_hats)


def wald(estimate: GaussianMixture, errors: em.StandardErrors) -> tuple[FloatArray, FloatArray]:
    """Lower and upper ends (2, 5): estimate -+ z SE, and the same of logit weight and log sd, transformed back."""
    centre, error = numbers(estimate), number_errors(errors)
    ends = np.stack([centre - Z * error, centre + Z * error])
    moved = ends.copy()
    weight, sds = centre[WEIGHTS], centre[SDS]
    logit = np.log(weight / (1.0 - weight))
    step = Z * error[WEIGHTS] / (weight * (1.0 - weight))
    moved[:, WEIGHTS] = 1.0 / (1.0 + np.exp(-np.stack([logit - step, logit + step])))
    ratio = np.exp(Z * error[SDS] / sds)
    moved[:, SDS] = np.stack([sds / ratio, sds * ratio])
    return np.stack([ends[0], moved[0]]), np.stack([ends[1], moved[1]])


def percentile(
    x: FloatArray, estimate: GaussianMixture, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, float]:
    """Quantiles (5,), (5,) of the estimate in resampled data, nan if there are none; share of replicates lost."""
    try:
        found = em.bootstrap(
            x,
            estimate,
            n_replicates=REPLICATES,
            rng=rng,
            tolerance=TOLERANCE,
            move=em.moves.AcceleratedEM(),
            n_jobs=1,
        )
    except ValueError:  # fewer than two usable replicates
        return np.full(5, np.nan), np.full(5, np.nan), 1.0
    again = np.array([numbers(mixture) for mixture in found.mixtures])
    low, high = np.quantile(again, TAILS, axis=0)
    return low, high, found.n_failed / REPLICATES


def posterior_interval(
    budget: Budget, x: FloatArray, around: GaussianMixture, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, float]:
    """Posterior quantiles (5,), (5,) under the default prior, and the largest R-hat."""
    posterior = sampled(
        x,
        around,
        draws=budget.draws,
        tune=budget.tune,
        chains=budget.chains,
        rng=rng,
        prior=bayesian.Prior.weakly_informative(x, 2, STRUCTURE),
    )
    draws = number_draws(posterior)
    low, high = np.quantile(draws, TAILS, axis=(0, 1))
    return low, high, max(float(az.rhat(draws[:, :, i])) for i in range(5))


def answer(results: Results[Batch]) -> Answer:
    """Coverage and width by method, n and separation."""
    truths = {name: numbers(two_normals(apart)) for name, apart in APART.items()}
    return build_answer(list(results.outcomes.values()), truths, n_replicates=REPLICATES)


EXPERIMENT = Experiment(
    name="interval_coverage",
    title="Which interval covers",
    question=f"Which {100 * LEVEL:g}% interval holds the truth in {100 * LEVEL:g}% of data sets?",
    summary=(
        f"coverage of Wald, bootstrap and credible intervals, {' and '.join(APART)}, n = {min(SIZES)} to {max(SIZES)}"
    ),
    tags=("em", "posterior", "simulated data", "uncertainty"),
    quick=Budget(draws=150, tune=150, chains=2, n_starts=2, n_samples=200, n_simulations=5),
    full=Budget(draws=1000, tune=300, chains=4, n_starts=3, n_samples=800, n_simulations=80),
    expect=EXPECT,
    mathematics=MATHEMATICS,
    limits=LIMITS,
    references=REFERENCES,
    claims=CLAIMS,
    stored=(Batch,),
    cases=cases,
    run=run,
    answer=answer,
    side_by_side=True,
)

if __name__ == "__main__":
    from experiments.engine.running import run_as_script

    run_as_script(EXPERIMENT)
