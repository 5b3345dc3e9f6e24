"""Experiments that cost nothing, in a registry of their own: `python run_made_up.py run --all --output DIR`.

Every case that begins and every case that ends is noted in the file that MADE_UP_LOG names.
"""

import os
import sys
import time
import types
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.engine.experiment import Budget, Case, Experiment, Results, Task
from experiments.reporting.report import Answer, Section, Table

CASES = 8
PAUSE = 0.03
"""Seconds that the shortest case takes."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """Some numbers."""

    values: np.ndarray
    mean: float


def cases(_: Budget) -> tuple[Case, ...]:
    return tuple(Case(f"case-{place}", {"place": place}, cost=0.05) for place in range(CASES))


def note(task: Task, what: str) -> None:
    with Path(os.environ["MADE_UP_LOG"]).open("a") as file:
        file.write(f"{what} {task.case.name}\n")


def run(task: Task) -> Outcome:
    note(task, "begin")
    if os.environ.get("MADE_UP_FAILS") == task.case.name:
        raise ZeroDivisionError("made up")
    time.sleep(PAUSE * (1 + task.settings["place"] % 3))
    values = task.rng().standard_normal(1000)
    return Outcome(values, float(values.mean()))


def run_otherwise(task: Task) -> Outcome:
    return Outcome(np.zeros(1), float(task.seed))


def climb(task: Task) -> Outcome:
    """EM from two starts, by compiled routines."""
    import em

    rng = task.rng()
    fit = em.fit_best(rng.standard_normal((60, 2)), 2, n_starts=2, rng=rng, n_jobs=task.n_jobs).best
    return Outcome(np.concatenate([fit.mixture.means, fit.mixture.covariances.reshape(-1, 2)]), fit.log_likelihood)


def answer(results: Results[Outcome]) -> Answer:
    frame = pd.DataFrame([{"case": name, "mean": outcome.mean} for name, outcome in results.outcomes.items()])
    table = Table("means", "Means.", frame)
    return Answer("It is so.", (Section("Means", (table,)),), result={"means": frame["mean"].tolist()})


def experiment(name: str, *, side_by_side: bool) -> Experiment[Outcome]:
    return Experiment(
        name=name,
        title=name,
        question="Is it so?",
        summary="It is.",
        tags=("made up",),
        expect="",
        limits="",
        quick=Budget(n_samples=10),
        full=Budget(n_samples=100),
        cases=cases,
        run=run,
        answer=answer,
        stored=(Outcome,),
        side_by_side=side_by_side,
    )


EXPERIMENTS = (experiment("serial", side_by_side=False), experiment("parallel", side_by_side=True))


def registered() -> None:
    """Put these experiments in the place of the registry."""
    registry = types.ModuleType("experiments.registry")
    vars(registry)["EXPERIMENTS"] = EXPERIMENTS
    vars(registry)["contents"] = lambda: [("Part", [each.name for each in EXPERIMENTS])]
    sys.modules["experiments.registry"] = registry
