"""EM beside the posterior on one's own data: from an array, or from a table read from a file."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

import bayesian
import em
from bayesian.diagnosis.convergence import MIN_DRAWS
from experiments.comparing import background
from experiments.comparing.assembly import build_answer
from experiments.comparing.comparison import Comparison, Subject, compare_subject
from experiments.engine.answering import answer
from experiments.engine.experiment import DEFAULT_SEED, Budget, Case, Experiment, Results, Task
from experiments.engine.progress import Progress, Silent, Terminal
from experiments.own_data import choice_section
from experiments.own_data.errors import InputError
from experiments.own_data.models import Models
from experiments.own_data.prior_files import read_prior
from experiments.own_data.tables import NumericTable
from experiments.reporting.report import Answer, Report
from mixture import structure_named
from mixture.arrays import check_columns


def compare_table(
    table: NumericTable,
    *,
    n_components: int | Sequence[int],
    structures: str | Sequence[str] = "full",
    prior_file: Path | None,
    budget: Budget,
    seed: int,
    progress: Progress | None = None,
) -> Report:
    """The report on a table read from a file; raises InputError for what its owner can mend."""
    points = table.points
    cells = None if len(points) == len(table.cells) else table.cells
    origin = " ".join(table.notes) or "Read from a file."
    subject = Subject(table.title, points, table.labels, origin, table.sha256, cells)
    models = Models.of(n_components, structures, len(points))
    prior = None if prior_file is None else read_prior(prior_file)
    for structure, k in models.pairs:
        _require_fit(subject, structure, k, prior)
    try:
        return _reported(subject, models, prior, budget, seed, progress)
    except em.NoUsableFit as error:
        several = " or ".join(str(k) for k in models.n_components)
        why = _why(error, table)
        raise InputError(f"EM finds no mixture of {several} components in {table.name}: {why}") from error


FAR = 1000.0
"""Interquartile ranges from the median at which a number is pointed out."""


def _why(error: em.NoUsableFit, table: NumericTable) -> str:
    """The first reason, components counted from one and features by name; what to look for, and what else to ask."""
    reason = str(error).partition("The first reason: ")[2].partition(": ")[0] or str(error)
    reason = re.sub(r"feature (\d+)", lambda found: f"{table.columns[int(found[1])]!r}", reason)
    reason = re.sub(r"component (\d+)", lambda found: f"component {int(found[1]) + 1}", reason)
    lower, middle, upper = np.quantile(table.points, (0.25, 0.5, 0.75), axis=0)
    apart = np.abs(table.points - middle) / np.maximum(upper - lower, np.finfo(np.float64).tiny)
    row, column = np.unravel_index(apart.argmax(), apart.shape)
    hint = "Look for values far from all others and for rows that repeat"
    if apart[row, column] > FAR:
        hint = f"Column {table.columns[column]!r} holds {table.points[row, column]:g}, far from all others"
    return f"{reason}. {hint}; or take fewer components (--components) or a simpler structure (--structures tied,diag)"


def _require_fit(subject: Subject, structure: str, n_components: int, prior: bayesian.Prior | None) -> None:
    """InputError where the columns or the prior do not allow a model."""
    try:
        check_columns(subject.points, correlated=not structure_named(structure).diagonal)
    except ValueError as error:
        raise InputError(f"{subject.title}: {error}") from error
    try:
        if prior is not None:
            prior.check(subject.points, n_components, structure)
    except ValueError as error:
        raise InputError(f"the prior does not fit ({structure}, K = {n_components}): {error}") from error


def compare(
    x: ArrayLike | pd.DataFrame,
    n_components: int | Sequence[int],
    *,
    structure: str | Sequence[str] = "full",
    prior: bayesian.Prior | None = None,
    features: Sequence[str] | None = None,
    missing: bool = False,
    title: str = "Your data",
    draws: int = 1000,
    tune: int = 1000,
    chains: int = 4,
    n_starts: int = 20,
    seed: int = DEFAULT_SEED,
    progressbar: bool = True,
) -> Report:
    """EM beside the posterior of a K-component mixture for x (N, D): the report that a notebook shows.

    n_components, structure   one or several of each; of several models the one with the smallest BIC is reported in
                              full, and the report says how close the others were
    missing                   whether NaN stands for a missing cell: EM then takes all rows, the posterior complete ones
    features                  names for axes and tables, "name (unit)"; default the columns of a DataFrame; those
                              without numbers are left out, and named in the report

    `.write(folder)` puts it on disk; `.tables`, `.pictures` and `.result` are its parts. Raises ValueError for bad data
    or settings.
    """
    left_out: list[str] = []
    if isinstance(x, pd.DataFrame):
        numeric = x.select_dtypes("number")
        left_out = [str(name) for name in x.columns if name not in numeric.columns]
        if numeric.shape[1] == 0:
            raise ValueError(f"the data have no column of numbers; the columns are {', '.join(left_out)}")
        features = tuple(str(name) for name in numeric.columns) if features is None else features
        x = numeric.to_numpy(dtype=np.float64, na_value=np.nan)
    subject = Subject.of_array(x, features, title=title, missing=missing, left_out=left_out)
    models = Models.of(n_components, structure, len(subject.points))
    budget = Budget(draws=draws, tune=tune, chains=chains, n_starts=n_starts)
    progress = Terminal() if progressbar else Silent()
    return _reported(subject, models, prior, budget, seed, progress)


@dataclass(frozen=True, eq=False)
class Found:
    """The choice among models, where there were several, and the comparison for the preferred one."""

    choice: em.Choice | None
    comparison: Comparison


def _run(task: Task, subject: Subject, models: Models, prior: bayesian.Prior | None) -> Found:
    choice, (structure, k) = None, models.pairs[0]
    if len(models.pairs) > 1:
        with task.progress.stage("EM for every model", len(models.pairs)) as advance:
            choice = em.choose(
                subject.points if subject.cells is None else subject.cells,
                models.n_components,
                models.structures,
                n_starts=max(3, task.budget.n_starts // 2),
                rng=task.rng(),
                missing=subject.cells is not None,
                progress=lambda _: advance(1),
            )
        structure, k = choice.best.structure, choice.best.n_components
    comparison = compare_subject(
        subject,
        k,
        structure=structure,
        prior=prior,
        budget=task.budget,
        seed=task.seed,
        progress=task.progress,
        start=None if choice is None else choice.best.mixture,
    )
    return Found(choice, comparison)


def _answer(found: Found) -> Answer:
    subject, choice = found.comparison.subject, found.choice
    chosen = () if choice is None else (choice_section.choice_section(choice),)
    more = [] if choice is None else [choice_section.in_words(choice)]
    more += [f"{subject.incomplete}."] if subject.incomplete else []
    parameters, n = found.comparison.criteria.n_parameters, len(subject.points)
    if parameters >= n:
        more += [
            f"The model has {parameters} parameters and the data {n} complete rows: too few for any of it to hold."
        ]
    if subject.incomplete and found.comparison.errors is not None:
        more += [
            f"The standard errors are those of a {found.comparison.errors.method} of all rows, and so of another kind"
            " than the observed information would give."
        ]
    return build_answer(
        found.comparison,
        before=chosen,
        references=() if choice is None else choice_section.REFERENCES,
        more=" ".join(more),
        result={} if choice is None else {"models": choice_section.rows(choice)},
    )


def _reported(
    subject: Subject,
    models: Models,
    prior: bayesian.Prior | None,
    budget: Budget,
    seed: int,
    progress: Progress | None,
) -> Report:
    counts = ", ".join(str(k) for k in models.n_components)
    several = len(models.pairs) > 1

    def answered(results: Results[Found]) -> Answer:
        return _answer(results["all"])

    if budget.draws < MIN_DRAWS:
        raise InputError(f"a diagnosis needs at least {MIN_DRAWS} draws of each chain, not {budget.draws}")
    experiment = Experiment(
        name="compare",
        title=f"{subject.title}: EM beside the posterior",
        question=f"What do EM and the posterior say about {subject.title}, with K = {counts}?",
        summary="a data set of one's own",
        tags=(),
        quick=budget,
        full=budget,
        expect=background.EXPECT,
        mathematics=background.MATHEMATICS,
        limits=background.LIMITS
        + (" A model that was chosen on these data looks better on them than it is on new ones." if several else ""),
        cases=lambda _: (Case("all"),),
        run=lambda task: _run(task, subject, models, prior),
        answer=answered,
    )
    report = answer(experiment, seed=seed, progress=progress)
    provenance = {name: value for name, value in report.provenance.items() if name != "budget"}
    return replace(report, rerun="", provenance=provenance)
