"""The command line: list the experiments, run them, compare EM and the posterior on a CSV of one's own.

Heavy libraries are imported inside the commands, so that --help answers at once.
"""

import csv
import difflib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from experiments.engine.experiment import DEFAULT_SEED, Budget, Experiment
from experiments.engine.progress import Terminal
from experiments.engine.running import (
    BAD_INPUT,
    Output,
    Quick,
    Seed,
    call,
    complain,
    interruptible,
    one_line,
    publish,
    run_all,
)

COMPARE_FULL = Budget(draws=1000, tune=1000, chains=4, n_starts=20)
COMPARE_QUICK = Budget(draws=300, tune=400, chains=2, n_starts=8)

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def experiments_help() -> None:
    """EM beside Bayesian inference for Gaussian mixtures: one question a report.

    \b
    python -m experiments list                          the questions
    python -m experiments run old_faithful --quick      one report, in seconds
    python -m experiments run --all                     every report, as published
    python -m experiments compare my.csv --components 3 your own data

    Exit status: 0; 1 if a claim of a report failed; 2 for bad input; 130 if interrupted.
    """


@app.command("list")
def list_experiments() -> None:
    """List the experiments and the question each of them answers."""
    from experiments.registry import EXPERIMENTS

    width = max((len(experiment.name) for experiment in EXPERIMENTS), default=0)
    for experiment in EXPERIMENTS:
        typer.echo(f"{experiment.name:<{width}}  {experiment.question}")


@app.command()
def run(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME...", help="Experiments, as `list` has them.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every experiment.")] = False,
    quick: Quick = False,
    output: Output = Path("reports"),
    seed: Seed = DEFAULT_SEED,
) -> None:
    """Run experiments and write their reports to DIR/NAME/.

    \b
    python -m experiments run old_faithful
    python -m experiments run old_faithful galaxies --quick --output look
    python -m experiments run --all

    A report is written whole or not at all: an interrupted run leaves the one before.
    """
    from experiments.registry import EXPERIMENTS
    from experiments.reporting.indexing import write_index

    chosen = _chosen(EXPERIMENTS, names or [], every=every)
    passed = run_all(chosen, quick=quick, output=output, seed=seed)
    with one_line(OSError):
        write_index(output, [experiment.name for experiment in EXPERIMENTS])
    raise typer.Exit(0 if passed else 1)


@app.command()
def compare(
    data: Annotated[Path, typer.Argument(metavar="DATA.csv", help="A table with a header line, as it comes.")],
    columns: Annotated[
        str | None, typer.Option(metavar="A,B", help="Columns to use; all of numbers if left out.")
    ] = None,
    components: Annotated[int, typer.Option(metavar="K", help="Number of components.")] = 2,
    structure: Annotated[str, typer.Option(metavar="S", help="full, tied, diag, tied_diag, spherical, ...")] = "full",
    prior: Annotated[Path | None, typer.Option(metavar="FILE.toml", help="A prior of your own.")] = None,
    draws: Annotated[int | None, typer.Option(min=1, help="Posterior draws of each chain.")] = None,
    tune: Annotated[int | None, typer.Option(min=1, help="Tuning steps of each chain.")] = None,
    chains: Annotated[int | None, typer.Option(min=1, help="Chains.")] = None,
    quick: Quick = False,
    output: Output = Path("reports"),
    seed: Seed = DEFAULT_SEED,
) -> None:
    """Fit a mixture to a CSV by EM and by NUTS and set the answers side by side, in DIR/compare_DATA/.

    \b
    python -m experiments compare geyser.csv --components 2
    python -m experiments compare lab.csv --columns "T3,T4,TSH" --components 3 --structure diag
    python -m experiments compare geyser.csv --quick

    Commas, semicolons or tabs, decimal commas, quotes and blank lines are understood; columns of words are left out.
    """
    from experiments.own_data.tables import InputError, read_table
    from experiments.reporting.writing import check_target

    given = {"draws": draws, "tune": tune, "chains": chains}
    budget = replace(COMPARE_QUICK if quick else COMPARE_FULL, **{key: value for key, value in given.items() if value})
    with one_line(InputError):
        table = read_table(data, None if columns is None else _split_names(columns))
        _require_model(components, len(table.points), structure)
        if prior is not None and not prior.is_file():
            raise InputError(f"there is no prior file {prior}")
    name = f"compare_{table.slug}"
    with one_line(OSError):
        check_target(output / name)
    from experiments.own_data.compare import compare_table

    progress = Terminal()
    for note in table.notes:
        progress.say(note)
    with one_line(InputError), interruptible():
        report = compare_table(
            table,
            n_components=components,
            structure=structure,
            prior_file=prior,
            budget=budget,
            seed=seed,
            progress=progress,
        )
    raise typer.Exit(0 if publish(replace(report, name=name), output) else 1)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status."""
    return call(app, arguments, "python -m experiments")


def _refuse(text: str) -> NoReturn:
    complain(text)
    raise typer.Exit(BAD_INPUT)


def _chosen(known: Sequence[Experiment[Any]], names: Sequence[str], *, every: bool) -> list[Experiment[Any]]:
    by_name = {experiment.name: experiment for experiment in known}
    if every:
        return list(known)
    if not names:
        _refuse(f"name an experiment or say --all; there are {', '.join(by_name)}")
    for name in names:
        if name not in by_name:
            close = difflib.get_close_matches(name, by_name, n=1)
            advice = f"did you mean {close[0]}? " if close else ""
            _refuse(f"there is no experiment {name!r}; {advice}there are {', '.join(by_name)}")
    return [by_name[name] for name in dict.fromkeys(names)]


def _require_model(components: int, n_samples: int, structure: str) -> None:
    """InputError for settings that fit no mixture."""
    from experiments.own_data.tables import InputError
    from mixture import structure_named
    from mixture.arrays import as_component_count

    checks: tuple[Callable[[], object], ...] = (
        lambda: as_component_count(components, n_samples),
        lambda: structure_named(structure),
    )
    for check in checks:
        try:
            check()
        except ValueError as error:
            raise InputError(str(error)) from error


def _split_names(text: str) -> list[str]:
    """Names between commas; a name with a comma in it goes in double quotes."""
    return [name.strip() for name in next(csv.reader([text], skipinitialspace=True), []) if name.strip()]
