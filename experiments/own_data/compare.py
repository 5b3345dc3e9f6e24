"""EM beside the posterior on one's own data: from an array, or from a table read from a file."""

from collections.abc import Sequence
from pathlib import Path

from numpy.typing import ArrayLike

import bayesian
import em
from experiments.comparing.assembly import build_answer
from experiments.comparing.comparison import Subject, compare_subject
from experiments.engine.answering import answer
from experiments.engine.experiment import DEFAULT_SEED, Budget, Case, Experiment
from experiments.engine.progress import Progress, Silent, Terminal
from experiments.own_data.prior_files import read_prior
from experiments.own_data.tables import InputError, NumericTable
from experiments.reporting.report import Report
from mixture import structure_named
from mixture.arrays import check_columns


def compare_table(
    table: NumericTable,
    *,
    n_components: int,
    structure: str,
    prior_file: Path | None,
    budget: Budget,
    seed: int,
    progress: Progress | None = None,
) -> Report:
    """The report on a table read from a file; raises InputError for what its owner can mend."""
    subject = Subject(
        table.name, table.points, tuple(table.columns), " ".join(table.notes) or "Read from a file.", table.sha256
    )
    form = structure_named(structure)
    try:
        check_columns(table.points, correlated=not form.diagonal)
    except ValueError as error:
        raise InputError(f"{table.name}: {error}") from error
    prior = None if prior_file is None else read_prior(prior_file)
    if prior is not None:
        try:
            prior.check(table.points, n_components, structure)
        except ValueError as error:
            raise InputError(f"the prior does not fit: {error}") from error
    try:
        return _reported(subject, n_components, structure, prior, budget, seed, progress)
    except em.NoUsableFit as error:
        raise InputError(f"EM finds no mixture of {n_components} components in {table.name}: {error}") from error


def compare(
    x: ArrayLike,
    n_components: int,
    *,
    structure: str = "full",
    prior: bayesian.Prior | None = None,
    features: Sequence[str] | None = None,
    title: str = "Your data",
    draws: int = 1000,
    tune: int = 1000,
    chains: int = 4,
    n_starts: int = 20,
    seed: int = DEFAULT_SEED,
    progressbar: bool = True,
) -> Report:
    """EM beside the posterior of a K-component mixture for x (N, D): the report that a notebook shows.

    `.write(folder)` puts it on disk; `.tables`, `.pictures` and `.result` are its parts. features: names for axes and
    tables, "name (unit)". Raises ValueError for bad data or settings.
    """
    subject = Subject.of_array(x, features, title=title)
    budget = Budget(draws=draws, tune=tune, chains=chains, n_starts=n_starts)
    progress = Terminal() if progressbar else Silent()
    return _reported(subject, n_components, structure, prior, budget, seed, progress)


def _reported(
    subject: Subject,
    n_components: int,
    structure: str,
    prior: bayesian.Prior | None,
    budget: Budget,
    seed: int,
    progress: Progress | None,
) -> Report:
    experiment = Experiment(
        name="compare",
        title=f"{subject.title}: EM beside the posterior",
        question=f"What do EM and the posterior say about {subject.title}, with K = {n_components}?",
        summary="a data set of one's own",
        tags=(),
        quick=budget,
        full=budget,
        expect="",
        limits="",
        cases=lambda _: (Case("all"),),
        run=lambda task: compare_subject(
            subject,
            n_components,
            structure=structure,
            prior=prior,
            budget=task.budget,
            seed=task.seed,
            progress=task.progress,
        ),
        answer=lambda results: build_answer(results["all"]),
    )
    return answer(experiment, seed=seed, progress=progress)
