"""What each method costs, and how the cost grows with points, components and features."""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from experiments.answers.cost import build_answer
from experiments.answers.cost_declared import CLAIMS, EXPECT, LIMITS, MATHEMATICS, REFERENCES
from experiments.engine.experiment import Budget, Case, Experiment, Results, Task
from experiments.reporting.report import Answer
from experiments.studies.costing import Size, costs, warm
from experiments.studies.machine import Machine
from experiments.studies.programs import PROGRAMS, installed, scikit_learn, stock_pymc

BASE = Size(10_000, 3, 2)
FEW_SAMPLES, MANY_SAMPLES = 1_000, 100_000
"""Fewer points, where calls cost more than arithmetic, and more, where they do not."""
N_COMPONENTS, N_FEATURES = (2, 5), (1, 6)
QUICK_COMPONENTS, QUICK_FEATURES = (2,), (1,)
ENOUGH = 300
"""Draws from which a budget has all sizes, SMC, and stock PyMC, whose compilation takes as long as all the rest."""
ONE_FEATURE = Size(BASE.n_samples, BASE.n_components, 1)
"""What stock PyMC is measured on: its `NormalMixture` has one feature."""
AWAY = 2
"""Data sets of other sizes at most; of MANY_SAMPLES one, which takes as long as several of the others."""


@dataclass(frozen=True, eq=False)
class Costs:
    """rows: method, seconds, passes (nan where none are counted), data_set, on one size."""

    rows: pd.DataFrame
    machine: Machine


@dataclass(frozen=True, eq=False)
class Beside:
    """rows: method, ours, theirs (seconds), data_set, and log-likelihoods of fits; on that size, by that version."""

    rows: pd.DataFrame
    size: Size
    version: str


@dataclass(frozen=True)
class Absent:
    """A program that is not installed."""

    program: str


type Outcome = Costs | Beside | Absent


def sizes(budget: Budget) -> Iterator[Size]:
    """The base, then the others along one axis each."""
    whole = budget.draws >= ENOUGH
    yield BASE
    for n in (FEW_SAMPLES, MANY_SAMPLES) if whole else (FEW_SAMPLES,):
        yield Size(n, BASE.n_components, BASE.n_features)
    for k in N_COMPONENTS if whole else QUICK_COMPONENTS:
        yield Size(BASE.n_samples, k, BASE.n_features)
    for d in N_FEATURES if whole else QUICK_FEATURES:
        yield Size(BASE.n_samples, BASE.n_components, d)


def data_sets(size: Size, budget: Budget) -> int:
    """How many are drawn of a size."""
    if size.n_samples == MANY_SAMPLES:
        return 1
    along_the_first_axis = (size.n_components, size.n_features) == (BASE.n_components, BASE.n_features)
    return budget.n_simulations if along_the_first_axis else min(AWAY, budget.n_simulations)


def cases(budget: Budget) -> list[Case]:
    """A case for each size, and for each other program; whether it is installed belongs to its settings."""
    found = [
        Case(
            name_of(size),
            {
                "n": size.n_samples,
                "k": size.n_components,
                "d": size.n_features,
                "data_sets": data_sets(size, budget),
            },
            cost=(3.0 + size.n_samples / 2_500) * data_sets(size, budget),
        )
        for size in sizes(budget)
    ]
    for name, distribution in PROGRAMS.items():
        if name != "stock-pymc" or budget.draws >= ENOUGH:
            found.append(Case(name, {"version": installed(distribution)}, cost=15.0))
    return found


def name_of(size: Size) -> str:
    """Of its case."""
    return f"n{size.n_samples}-k{size.n_components}-d{size.n_features}"


def run(task: Task) -> Outcome:
    """Every method on the data sets of one size; or one pair of programs."""
    rng, budget = task.rng(), task.budget
    if task.case.name in PROGRAMS:
        version = task.settings["version"]
        if version is None:
            return Absent(task.case.name)
        if task.case.name == "stock-pymc":
            return Beside(stock_pymc(ONE_FEATURE, budget, rng).assign(data_set=0), ONE_FEATURE, version)
        n = data_sets(ONE_FEATURE, budget)
        rows = [scikit_learn(BASE, budget, each).assign(data_set=i) for i, each in enumerate(rng.spawn(n))]
        return Beside(pd.concat(rows, ignore_index=True), BASE, version)
    size = Size(*(task.settings[name] for name in ("n", "k", "d")))
    machine = Machine.seen()
    smc = size.n_samples == FEW_SAMPLES and budget.draws >= ENOUGH
    warm(size, budget, smc=smc)
    found = []
    count = task.settings["data_sets"]
    with task.progress.stage(f"data sets, {task.case.name}", count) as advance:
        for number, each in enumerate(rng.spawn(count)):
            found.append(costs(size, budget, each, smc=smc).assign(data_set=number))
            advance(1)
    return Costs(pd.concat(found, ignore_index=True), machine)


def answer(results: Results[Outcome]) -> Answer:
    """Seconds and passes, growth, other programs."""
    measured = {size: results[name_of(size)] for size in dict.fromkeys(sizes(results.budget))}
    rows = [
        each.rows.assign(N=size.n_samples, K=size.n_components, D=size.n_features)
        for size, each in measured.items()
        if isinstance(each, Costs)
    ]
    machines = [each.machine for each in measured.values() if isinstance(each, Costs)]
    return build_answer(
        pd.concat(rows, ignore_index=True),
        {name: each for name, each in results.outcomes.items() if isinstance(each, Beside)},
        [each.program for each in results.outcomes.values() if isinstance(each, Absent)],
        max(machines, key=lambda one: one.busy or 0.0),
        n_starts=results.budget.n_starts,
    )


EXPERIMENT: Experiment[Outcome] = Experiment(
    name="cost",
    title="What each method costs",
    question="What does each method cost, and how does it grow?",
    summary="EM, standard errors, bootstrap, NUTS, Gibbs, relabelling, evidence: seconds and passes by N, K and D",
    tags=("em", "posterior", "speed", "simulated data"),
    expect=EXPECT,
    mathematics=MATHEMATICS,
    limits=LIMITS,
    references=REFERENCES,
    claims=CLAIMS,
    quick=Budget(draws=100, tune=100, chains=2, n_starts=5),
    full=Budget(draws=300, tune=300, chains=2, n_starts=20, n_simulations=3),
    cases=cases,
    run=run,
    answer=answer,
    stored=(Costs, Beside, Absent, Size, Machine),
)

if __name__ == "__main__":
    from experiments.engine.running import run_as_script

    run_as_script(EXPERIMENT)
