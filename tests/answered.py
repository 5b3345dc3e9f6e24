"""Reports of experiments from outcomes made up or computed in a test."""

from experiments.engine.answering import report_of
from experiments.engine.experiment import Experiment, Results, Task


def reported(experiment: Experiment, *outcomes: object):
    """The report on these outcomes, one for each case of the full budget."""
    cases = experiment.declared_cases(experiment.full)
    named = {case.name: outcome for case, outcome in zip(cases, outcomes, strict=True)}
    return report_of(experiment, Results(named, experiment.full, 1), quick=False, seconds=1.0)


def run_case(experiment: Experiment, budget, seed: int, name: str | None = None):
    """The outcome of one case, the first unless named."""
    cases = {case.name: case for case in experiment.declared_cases(budget)}
    return experiment.run(Task(cases[name or next(iter(cases))], budget, seed))
