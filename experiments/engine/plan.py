"""What one experiment is to compute, what of it is stored, and what is left to do."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from experiments.engine.codec import Codec
from experiments.engine.experiment import Budget, Case, Experiment, Results, Task
from experiments.engine.identity import Belonging, Identity
from experiments.engine.progress import Progress, Silent
from experiments.engine.store import Result, Store
from experiments.engine.work import Job

REPORTS = Path("reports")
"""Where reports go unless another folder is named."""


class Missing(LookupError):
    """Results that are to be drawn are not stored, or belong to something else; the message says what computes them."""


@dataclass(frozen=True)
class Plan:
    """One experiment under one budget and seed, with its store beside the reports in `output`."""

    experiment: Experiment[Any]
    quick: bool
    seed: int
    options: Mapping[str, str]
    output: Path

    @cached_property
    def store(self) -> Store:
        """Where its results are kept."""
        return Store.of(self.output, self.experiment.name)

    @property
    def budget(self) -> Budget:
        """How much is computed."""
        return self.experiment.budget(quick=self.quick)

    @cached_property
    def cases(self) -> tuple[Case, ...]:
        """What is computed, in the order of the report."""
        return self.experiment.declared_cases(self.budget)

    @cached_property
    def identities(self) -> dict[str, Identity]:
        """What the result of each case belongs to, by name."""
        belonging = Belonging.of_run(self.experiment, self.budget, self.seed, self.options)
        return {case.name: belonging.of(case) for case in self.cases}

    @property
    def command(self) -> str:
        """What computes it."""
        given = {"output": str(self.output), **self.options} if self.output != REPORTS else self.options
        options = "".join(f" --{name} {shlex.quote(value)}" for name, value in given.items())
        return f"python -m experiments run {self.experiment.name}{' --quick' * self.quick} --seed {self.seed}{options}"

    def missing(self) -> list[Case]:
        """The cases that no stored result belongs to."""
        return [case for case in self.cases if not self.store.has(self.identities[case.name])]

    def expected(self) -> dict[str, float]:
        """The seconds each case is expected to take: those it took before, else those that are declared."""
        timed = {case.name: self.store.latest(case.name, self.identities[case.name]) for case in self.cases}
        return {case.name: before.seconds if (before := timed[case.name]) else case.cost for case in self.cases}

    def job(self, case: Case, *, n_jobs: int | None, progress: Progress | None = None, sent: bool = False) -> Job:
        """The work on one case; sent: to where the store is not."""
        seed = self.experiment.seed_of(case, self.seed)
        task = Task(case, self.budget, seed, progress or Silent(), n_jobs, self.options)
        folder = None if sent else self.store.folder.resolve()
        return Job(self.experiment.run, task, self.experiment.stored, self.identities[case.name], folder)

    def tidy(self) -> None:
        """Let go of results of cases that no budget declares any more."""
        budgets = (self.experiment.quick, self.experiment.full)
        self.store.forget_all_but(case.name for budget in budgets for case in self.experiment.declared_cases(budget))

    def results(self) -> tuple[Results[Any], float]:
        """Every outcome, and the seconds they took together; raises Missing if one is not there."""
        codec = Codec(self.experiment.stored)
        found: dict[str, Result[Any]] = {}
        for case in self.cases:
            result = self.store.read(self.identities[case.name], codec)
            if result is not None:
                found[case.name] = result
        missing = [case.name for case in self.cases if case.name not in found]
        if missing:
            raise Missing(f"{self.experiment.name}: {self._why(missing)}. To compute them: {self.command}")
        outcomes = {case.name: found[case.name].outcome for case in self.cases}
        return Results(outcomes, self.budget, self.seed), sum(result.seconds for result in found.values())

    def _why(self, missing: list[str]) -> str:
        """In what the stored results differ from what is to be drawn, told by the first that is missing."""
        name = missing[0]
        before = self.store.latest(name)
        count = f"{len(missing)} of {len(self.cases)} results are not there"
        if before is None:
            return f"{count} (the first is of case {name!r})"
        other = self.identities[name].differing(before.parts)
        if not other:
            return f"{count} (the one of case {name!r} cannot be read)"
        return f"{count} (what is stored of case {name!r} belongs to another {', another '.join(other)})"
