"""How many components: criteria of the likelihood, a bootstrap test, evidence, leave-one-out, filled components."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

import bayesian
import em
from bayesian import BridgeSettings, Prior
from bayesian.evidence import loo
from bayesian.evidence.bridge import BridgeFailure
from bayesian.sampling.nuts import compiled_for
from bayesian.sampling.problem import Problem
from experiments.answers.counts_published import (
    CLAIMS,
    CONCENTRATION,
    EXPECT,
    GROUPS,
    LIMITS,
    MATHEMATICS,
    OVERFITTED,
    REFERENCES,
)
from experiments.answers.how_many import build_answer
from experiments.data.datasets import load
from experiments.engine.experiment import Budget, Case, Experiment, Results, Task
from experiments.reporting.report import Answer
from mixture import GaussianMixture
from mixture.arrays import FloatArray

FLOOR = 1e-3
"""Of the test: no component is narrower than this share of the data's covariance, so that no likelihood runs away."""
REPLICATE_STARTS = 3
TEST_TOLERANCE = 1e-4
"""Nats still to be gained at which a climb of the test stops."""
THIN, TUNING = 10, 20
"""Gibbs sweeps for each draw, and for each tuning step, of NUTS: they cost less, and clusters merge and part rarely."""
FEW_SWEEPS = 2
"""The same of a budget of few draws."""
REFITS = 3
"""Points with a high Pareto k that are left out in earnest; if there are more, they are only counted."""
LITTLE = 1000
"""Draws of NUTS below which a budget has one test, two runs of a bridge, few sweeps, and at most two components of the
data without a published posterior."""


@dataclass(frozen=True)
class Subject:
    """Data, the most components of each method, independent runs of the bridge, which prior, and one family more."""

    data: str
    most: int
    tested: int
    runs: int
    hierarchical: bool = False
    beyond: tuple[str, ...] = ()

    def points(self) -> FloatArray:
        """The data (N, D)."""
        return load(self.data).points()

    @property
    def structure(self) -> str:
        """Of the posterior: in one feature the one whose spread is a variance."""
        return "diag" if len(load(self.data).measurements) == 1 else "full"

    @property
    def structures(self) -> tuple[str, ...]:
        """Of EM: the six with linear parameters, as far as they differ, and what is asked for besides."""
        one = len(load(self.data).measurements) == 1
        six = ("full", "tied", "diag", "tied_diag", "spherical", "tied_spherical")
        return (*(six[:2] if one else six), *self.beyond)

    def prior(self, n_components: int) -> Prior:
        """Of a mixture with so many components."""
        make = Prior.richardson_green if self.hierarchical else Prior.weakly_informative
        return make(self.points(), n_components, self.structure)

    def sparse_prior(self) -> Prior:
        """Of the overfitted mixture: the hierarchy of the paper, or, where ties make it improper, a fixed scale."""
        if self.hierarchical:
            return Prior.sparse(self.points(), OVERFITTED, self.structure, CONCENTRATION)
        return replace(Prior.weakly_informative(self.points(), GROUPS, self.structure), concentration=CONCENTRATION)


SUBJECTS = {
    subject.data: subject
    for subject in (
        Subject("galaxies_rg1997", 8, 3, 4, hierarchical=True),
        Subject("acidity", 5, 2, 2),
        Subject("faithful", 4, 2, 2),
        Subject("iris", 4, 2, 2, beyond=("tied_shape",)),
    )
}


@dataclass(frozen=True, eq=False)
class Likelihoods:
    """EM's criteria, a row a model (structure, n_components, log_likelihood, aic, bic, icl); its `full` fits by K."""

    criteria: pd.DataFrame
    mixtures: dict[str, GaussianMixture]


@dataclass(frozen=True, eq=False)
class RatioTest:
    """K against K + 1: the statistic in nats, its bootstrap p value with the Monte Carlo error; NaN, and why."""

    statistic: float
    p_value: float
    standard_error: float
    n_replicates: int
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Judged:
    """One K under its prior: log evidence of each run (R,), NaN where the bridge fails; leave-one-out by point (N,).

    high: points whose Pareto k is too high and that were not left out in earnest; refitted: points that were.
    r_hat: of the log likelihood, the worst of the chains that leave-one-out stands on.
    """

    log_evidence: FloatArray
    log_density: FloatArray
    high: int
    refitted: int
    r_hat: float
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Filled:
    """Share of the draws of each chain with k filled components, k = 1.. (C, K)."""

    shares: FloatArray


type Outcome = Likelihoods | RatioTest | Judged | Filled


def cases(budget: Budget) -> list[Case]:
    """For each data set: the criteria, each test, each posterior, the overfitted mixture."""
    found = []
    for name, subject in SUBJECTS.items():
        most = subject.most if budget.draws >= LITTLE or subject.hierarchical else 2
        found.append(Case(f"{name}-criteria", {"kind": "criteria", "data": name}, cost=4.0))
        found += [
            Case(f"{name}-test-k{k}", {"kind": "test", "data": name, "k": k}, cost=0.15 * k * budget.n_simulations)
            for k in range(1, (subject.tested if budget.draws >= LITTLE else 1) + 1)
        ]
        found += [
            Case(f"{name}-posterior-k{k}", {"kind": "posterior", "data": name, "k": k}, cost=2.0 + k)
            for k in range(1, most + 1)
        ]
        found.append(
            Case(f"{name}-filled", {"kind": "filled", "data": name}, cost=25.0 if budget.draws >= LITTLE else 2.0)
        )
    return found


def run(task: Task) -> Outcome:
    """One method on one data set, for one K where it has one."""
    subject = SUBJECTS[task.settings["data"]]
    match task.settings["kind"]:
        case "criteria":
            return by_criteria(task, subject)
        case "test":
            return by_test(task, subject)
        case "posterior":
            return by_posterior(task, subject)
        case _:
            return by_filling(task, subject)


def by_criteria(task: Task, subject: Subject) -> Likelihoods:
    """AIC, BIC and ICL of EM's best fits."""
    choice = em.choose(
        subject.points(),
        range(1, subject.most + 1),
        subject.structures,
        n_starts=task.budget.n_starts,
        rng=task.rng(),
        n_jobs=task.n_jobs,
    )
    wanted = ["structure", "n_components", "log_likelihood", "n_parameters", "aic", "bic", "icl", "reason"]
    mixtures = {
        str(cell.n_components): cell.mixture
        for cell in choice.cells
        if cell.structure == "full" and cell.criteria is not None
    }
    return Likelihoods(choice.summary()[wanted].astype({"aic": float, "bic": float, "icl": float}), mixtures)


def by_test(task: Task, subject: Subject) -> RatioTest:
    """The bootstrap likelihood ratio test."""
    try:
        found = em.likelihood_ratio_test(
            subject.points(),
            task.settings["k"],
            n_replicates=task.budget.n_simulations,
            n_starts=task.budget.n_starts,
            replicate_starts=REPLICATE_STARTS,
            tolerance=TEST_TOLERANCE,
            floor=FLOOR,
            rng=task.rng(),
            n_jobs=task.n_jobs,
        )
    except em.NoUsableFit as nothing:
        return RatioTest(np.nan, np.nan, np.nan, 0, str(nothing))
    return RatioTest(found.statistic, found.p_value, found.standard_error, len(found.replicates))


def by_posterior(task: Task, subject: Subject) -> Judged:
    """Log evidence by bridge sampling in independent runs, and leave-one-out from one more posterior."""
    budget, k, rng = task.budget, task.settings["k"], task.rng()
    problem = Problem.of(subject.points(), k, subject.structure, subject.prior(k))
    draws = (2 if subject.hierarchical else 1) * budget.draws
    settings = BridgeSettings(draws, budget.tune, budget.chains)
    try:
        evidence = bayesian.log_evidence(
            problem.x,
            k,
            structure=subject.structure,
            prior=problem.prior,
            runs=subject.runs if budget.draws >= LITTLE else 2,
            settings=settings,
            random_seed=rng.spawn(1)[0],
        )
        by_run, notes = evidence.by_run, evidence.notes
    except BridgeFailure as failure:
        by_run, notes = np.full(subject.runs, np.nan), (str(failure),)
    compiled = compiled_for(problem)
    posterior = compiled.sample(
        budget.draws, budget.tune, budget.chains, random_seed=rng.spawn(1)[0], cores=1, progressbar=False
    )
    crossed = loo(posterior)
    if 0 < crossed.high.size <= REFITS and budget.draws >= LITTLE:
        crossed = loo(posterior, compiled, random_seed=task.seed)
    import arviz as az

    r_hat = float(az.rhat(posterior.log_likelihood))
    return Judged(by_run, crossed.log_density, crossed.high.size, crossed.refitted.size, r_hat, notes)


def by_filling(task: Task, subject: Subject) -> Filled:
    """Filled components of an overfitted mixture with sparse weights, by Gibbs sampling."""
    budget = task.budget
    thin, tuning = (THIN, TUNING) if budget.draws >= LITTLE else (FEW_SWEEPS, FEW_SWEEPS)
    posterior = bayesian.gibbs(
        subject.points(),
        OVERFITTED,
        structure=subject.structure,
        prior=subject.sparse_prior(),
        draws=budget.draws,
        thin=thin,
        tune=tuning * budget.tune,
        chains=budget.chains,
        random_seed=task.seed,
        keep_allocations=True,
    )
    filled = bayesian.filled_components(posterior).n_components
    return Filled(np.stack([np.bincount(chain - 1, minlength=OVERFITTED) / len(chain) for chain in filled]))


def answer(results: Results[Outcome]) -> Answer:
    """What each method takes, data set by data set."""
    by_data: dict[str, dict[str, Outcome]] = {name: {} for name in SUBJECTS}
    for case, outcome in results.outcomes.items():
        name, _, part = case.partition("-")
        by_data[name][part] = outcome
    return build_answer(by_data)


EXPERIMENT = Experiment(
    name="how_many",
    title="How many components?",
    question="How many components does a mixture need?",
    summary="AIC, BIC, ICL, a bootstrap test, evidence, leave-one-out and filled components on four data sets",
    tags=("em", "posterior", "choice", "real data"),
    quick=Budget(draws=400, tune=300, chains=2, n_starts=3, n_simulations=19),
    full=Budget(draws=1200, tune=600, chains=4, n_starts=6, n_simulations=99),
    expect=EXPECT,
    mathematics=MATHEMATICS,
    limits=LIMITS,
    references=REFERENCES,
    claims=CLAIMS,
    stored=(Likelihoods, RatioTest, Judged, Filled),
    data=tuple(SUBJECTS),
    side_by_side=True,
    cases=cases,
    run=run,
    answer=answer,
)

if __name__ == "__main__":
    from experiments.engine.running import run_as_script

    run_as_script(EXPERIMENT)
