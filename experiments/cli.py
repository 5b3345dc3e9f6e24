"""The command line: list the experiments, run them, compare EM and the posterior on a CSV of one's own.

Heavy libraries are imported inside the commands, so that --help answers at once.
"""

import csv
import difflib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from experiments.engine.experiment import DEFAULT_SEED, Budget, Experiment
from experiments.engine.interrupts import interruptible
from experiments.engine.progress import Terminal
from experiments.engine.publishing import index_renewed, publish
from experiments.engine.running import Fresh, Jobs, Output, Quick, Seed, draw_all, run_all
from experiments.engine.telling import BAD_INPUT, call, complain, one_line

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
    python -m experiments draw --all                    the same again from stored results
    python -m experiments compare my.csv --components 3 your own data

    Exit status: 0; 1 if a claim of a report failed, or an experiment itself; 2 for bad input; 130 if interrupted.
    """


Names = Annotated[list[str] | None, typer.Argument(metavar="NAME...", help="Experiments, as `list` has them.")]
Every = Annotated[bool, typer.Option("--all", help="Every experiment.")]
Tags = Annotated[
    list[str] | None, typer.Option("--tag", metavar="TAG", help="Experiments that bear the tag; may be repeated.")
]
Database = Annotated[
    Path | None,
    typer.Option("--posteriordb", metavar="DIR", help="A clone of posteriordb, for experiments that can use one."),
]


@app.command("list")
def list_experiments(tags: Tags = None) -> None:
    """List the experiments and the question each of them answers.

    \b
    python -m experiments list
    python -m experiments list --tag "real data"
    """
    from experiments.registry import EXPERIMENTS

    chosen = _chosen(EXPERIMENTS, [], every=not tags, tags=tags or [])
    width = max((len(experiment.name) for experiment in chosen), default=0)
    for experiment in chosen:
        typer.echo(f"{experiment.name:<{width}}  {experiment.question}")


@app.command()
def run(
    names: Names = None,
    every: Every = False,
    tags: Tags = None,
    quick: Quick = False,
    output: Output = Path("reports"),
    seed: Seed = DEFAULT_SEED,
    fresh: Fresh = False,
    jobs: Jobs = None,
    cluster: Annotated[
        str | None,
        typer.Option("--cluster", metavar="ADDRESS", help="A Dask cluster for cases that may run side by side."),
    ] = None,
    posteriordb: Database = None,
) -> None:
    """Run experiments and write their reports to DIR/NAME/.

    \b
    python -m experiments run old_faithful
    python -m experiments run old_faithful galaxies --quick --output look
    python -m experiments run --all
    python -m experiments run --tag em --tag simulation --jobs 4

    Each case is kept in DIR/.results/ as it ends and not computed again, as long as its declaration, data, code and
    libraries are the same: after a kill the same command goes on from there. A report is written whole or not at all:
    an interrupted run leaves the one before.
    """
    from experiments.registry import EXPERIMENTS

    chosen = _chosen(EXPERIMENTS, names or [], every=every, tags=tags or [])
    options = _options(posteriordb)
    with index_renewed(output):
        status = run_all(
            chosen, quick=quick, output=output, seed=seed, options=options, fresh=fresh, jobs=jobs, cluster=cluster
        )
    raise typer.Exit(status)


@app.command()
def draw(
    names: Names = None,
    every: Every = False,
    tags: Tags = None,
    quick: Quick = False,
    output: Output = Path("reports"),
    seed: Seed = DEFAULT_SEED,
    posteriordb: Database = None,
) -> None:
    """Write reports again from stored results, without computing anything.

    \b
    python -m experiments draw old_faithful
    python -m experiments draw --all --quick

    Results that are missing, or belong to other code, data, settings or libraries, are never drawn: one line says which
    command computes them.
    """
    from experiments.registry import EXPERIMENTS

    chosen = _chosen(EXPERIMENTS, names or [], every=every, tags=tags or [])
    options = _options(posteriordb)
    with index_renewed(output):
        status = draw_all(chosen, quick=quick, output=output, seed=seed, options=options)
    raise typer.Exit(status)


@app.command("index")
def index_reports(
    output: Output = Path("reports"),
    readme: Annotated[Path | None, typer.Option(metavar="FILE", help="Renew the table of questions in it too.")] = None,
) -> None:
    """Write the pages above the reports of DIR: README.md, index.html, the glossary, links between chapters.

    \b
    python -m experiments index
    python -m experiments index --readme README.md

    `run` does this by itself; the table of another file is renewed by this command alone.
    """
    from experiments.registry import contents
    from experiments.reporting.indexing import PAGES, write_index
    from experiments.reporting.readme import write_questions

    if not output.is_dir():
        _refuse(f"there is no folder {output}: run an experiment first")
    with one_line(OSError):
        written = write_index(output, contents())
    if not written:
        _refuse(f"no report of an experiment stands in {output}: run one first")
    for name in PAGES:
        typer.echo(f"{output / name}" + ("" if output / name in written else " was left as it is: it is another's"))
    if readme is not None:
        with one_line(OSError, ValueError):
            write_questions(readme, output, contents())


@app.command()
def compare(
    data: Annotated[Path, typer.Argument(metavar="DATA.csv", help="A table with a header line, as it comes.")],
    columns: Annotated[
        str | None, typer.Option(metavar="A,B", help="Columns to use; all of numbers if left out.")
    ] = None,
    components: Annotated[str, typer.Option(metavar="K", help="Number of components: 3, or 1,2,4, or 1-4.")] = "2",
    structures: Annotated[
        str,
        typer.Option(
            "--structures", "--structure", metavar="S,T", help="full, tied, diag, tied_diag, spherical, tied_spherical."
        ),
    ] = "full",
    describe: Annotated[
        Path | None, typer.Option(metavar="FILE.toml", help="A title; labels, units and divisors of columns.")
    ] = None,
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
    python -m experiments compare lab.csv --columns "T3,T4,TSH" --components 1-4 --structures full,diag
    python -m experiments compare geyser.csv --describe geyser.toml --quick

    Of several models the one with the smallest BIC is reported in full, and the report says how close the others were.
    Commas, semicolons or tabs, decimal commas, quotes and blank lines are understood; columns of words are left out.
    Cells may be missing (empty, NA, NaN): EM takes every row, the posterior the complete ones, and the report says so.
    """
    from experiments.own_data.description import described, read_description
    from experiments.own_data.errors import InputError
    from experiments.own_data.models import Models, parse_components, parse_structures
    from experiments.own_data.rerun import rerun_command
    from experiments.own_data.tables import read_table
    from experiments.reporting.writing import check_target

    given = {"draws": draws, "tune": tune, "chains": chains}
    budget = replace(COMPARE_QUICK if quick else COMPARE_FULL, **{key: value for key, value in given.items() if value})
    with one_line(InputError):
        table = read_table(data, None if columns is None else _split_names(columns))
        counts, names = parse_components(components), parse_structures(structures)
        Models.of(counts, names, len(table.points))
        if describe is not None:
            table = described(table, read_description(describe))
        if prior is not None and not prior.is_file():
            raise InputError(f"there is no prior file {prior}")
    name = f"compare_{table.slug}"
    with one_line(OSError):
        check_target(output / name)
    from experiments.own_data.compare import compare_table

    progress = Terminal()
    for note in table.notes:
        typer.echo(f"note: {note}", err=True)
    if (output / name).exists():
        typer.echo(f"note: the report in {output / name} will be replaced", err=True)
    with one_line(InputError), interruptible():
        report = compare_table(
            table,
            n_components=counts,
            structures=names,
            prior_file=prior,
            budget=budget,
            seed=seed,
            progress=progress,
        )
    again: dict[str, object] = {"columns": columns, "components": components, "structures": structures}
    again |= {"describe": describe, "prior": prior, **given, "quick": quick, "seed": seed}
    report = replace(report, name=name, rerun=rerun_command(data, again))
    raise typer.Exit(0 if publish(report, output) else 1)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status."""
    return call(app, arguments, "python -m experiments")


def _refuse(text: str) -> NoReturn:
    complain(text)
    raise typer.Exit(BAD_INPUT)


def _chosen(
    known: Sequence[Experiment[Any]], names: Sequence[str], *, every: bool, tags: Sequence[str]
) -> list[Experiment[Any]]:
    """The experiments that are named, in that order, then those that bear one of the tags."""
    by_name = {experiment.name: experiment for experiment in known}
    if every:
        return list(known)
    if not names and not tags:
        _refuse(f"name an experiment or say --all; there are {', '.join(by_name)}")
    _require_known(names, list(by_name), "experiment")
    _require_known(tags, sorted({tag for experiment in known for tag in experiment.tags}), "tag")
    tagged = [name for name, experiment in by_name.items() if set(tags) & set(experiment.tags)]
    return [by_name[name] for name in dict.fromkeys([*names, *tagged])]


def _require_known(names: Sequence[str], known: Sequence[str], what: str) -> None:
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            advice = f"did you mean {close[0]}? " if close else ""
            _refuse(f"there is no {what} {name!r}; {advice}there are {', '.join(known)}")


def _options(posteriordb: Path | None) -> dict[str, str]:
    """What is handed in for the experiments that can use it, by name."""
    from experiments.data.posteriordb import OPTION, Posteriordb

    options = {} if posteriordb is None else {OPTION: str(posteriordb.expanduser().resolve())}
    with one_line(ValueError):
        Posteriordb.of(options)
    return options


def _split_names(text: str) -> list[str]:
    """Names between commas; a name with a comma in it goes in double quotes."""
    return [name.strip() for name in next(csv.reader([text], skipinitialspace=True), []) if name.strip()]
