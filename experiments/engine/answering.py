"""From an experiment to its report: the cases run, the answer drawn, and how it came about."""

import time
from collections.abc import Mapping, Sequence
from importlib import metadata

from experiments.engine.experiment import DEFAULT_SEED, Experiment, Results, Task
from experiments.engine.identity import LIBRARIES, versions
from experiments.engine.progress import Progress, Silent
from experiments.reporting.report import Answer, Report


def library_versions() -> dict[str, str]:
    """The versions that numbers and figures may depend on, for the provenance of a report."""
    told = versions()
    return {
        **{name: told[name] for name in ("python", "logsum", *LIBRARIES)},
        "matplotlib": metadata.version("matplotlib"),
    }


def answer[Outcome](
    experiment: Experiment[Outcome],
    *,
    quick: bool = False,
    seed: int = DEFAULT_SEED,
    progress: Progress | None = None,
    options: Mapping[str, str] | None = None,
) -> Report:
    """Run every case, one after the other, and report on them."""
    budget = experiment.budget(quick=quick)
    began = time.perf_counter()
    outcomes = {
        case.name: experiment.run(
            Task(case, budget, experiment.seed_of(case, seed), progress or Silent(), None, options or {})
        )
        for case in experiment.declared_cases(budget)
    }
    results = Results(outcomes, budget, seed)
    return report_of(experiment, results, quick=quick, seconds=time.perf_counter() - began)


def report_of[Outcome](
    experiment: Experiment[Outcome], results: Results[Outcome], *, quick: bool, seconds: float
) -> Report:
    """Draw the answer and bind it with what the experiment declares.

    Raises ValueError if the answer leaves out a claim that the experiment declares, unless it is optional.
    """
    found = experiment.answer(results)
    _require_claims(experiment, found)
    declared: dict[str, str | float | int] = {
        "seed": results.seed,
        "budget": "quick" if quick else "full",
        **results.budget.told,
    }
    measured: dict[str, str | float | int] = {"seconds": round(seconds, 1), **library_versions()}
    return Report(
        name=experiment.name,
        title=experiment.title,
        question=experiment.question,
        answer=found.words,
        sections=found.sections,
        expect=experiment.expect,
        mathematics=experiment.mathematics,
        limits=experiment.limits,
        rerun=f"python -m experiments run {experiment.name}{' --quick' if quick else ''} --seed {results.seed}",
        claims=found.claims,
        references=tuple(dict.fromkeys((*experiment.references, *found.references, *_sources(experiment.data)))),
        provenance={**declared, **found.provenance, **measured},
        result=found.result,
        posterior=found.posterior,
    )


def _sources(data: Sequence[str]) -> tuple[str, ...]:
    from experiments.data.datasets import load

    return tuple(load(name).citation for name in data)


def _require_claims[Outcome](experiment: Experiment[Outcome], found: Answer) -> None:
    answered = {claim.statement for claim in found.claims}
    required = (published.statement for published in experiment.claims.values() if not published.optional)
    silent = [statement for statement in required if statement not in answered]
    if silent:
        raise ValueError(f"the answer of {experiment.name} leaves out its claim {silent[0]!r}")
