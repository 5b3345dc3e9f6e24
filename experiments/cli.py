"""The command line: list the experiments, run them, compare EM and the posterior on a CSV of one's own.

Heavy libraries are imported inside the commands, so that --help answers at once.
"""

import csv
import difflib
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.exceptions import TyperException

from experiments.experiment import DEFAULT_SEED, Budget, Experiment, Terminal

if TYPE_CHECKING:
    from experiments.report import Report

BAD_INPUT = 2
INTERRUPTED = 130
COMPARE_FULL = Budget(draws=1000, tune=1000, chains=4, n_starts=20)
COMPARE_QUICK = Budget(draws=300, tune=400, chains=2, n_starts=8)

Quick = Annotated[bool, typer.Option("--quick", help="A small budget: seconds instead of minutes, rougher numbers.")]
Output = Annotated[Path, typer.Option("--output", metavar="DIR", help="Folder that gets a folder for each report.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Same seed, same numbers.")]

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
    python -m experiments run old_faithful galaxies --quick --output /tmp/look
    python -m experiments run --all

    A report is written whole or not at all: an interrupted run leaves the one before.
    """
    from experiments.indexing import write_index
    from experiments.registry import EXPERIMENTS

    chosen = _chosen(EXPERIMENTS, names or [], every=every)
    passed = _run_all(chosen, quick=quick, output=output, seed=seed)
    with _one_line(OSError):
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
    from experiments.tables import InputError, read_table

    given = {"draws": draws, "tune": tune, "chains": chains}
    budget = replace(COMPARE_QUICK if quick else COMPARE_FULL, **{key: value for key, value in given.items() if value})
    with _one_line(InputError):
        table = read_table(data, None if columns is None else _split_names(columns))
        _require_model(components, len(table.points), structure)
        if prior is not None and not prior.is_file():
            raise InputError(f"there is no prior file {prior}")
    name = f"compare_{table.slug}"
    with _one_line(OSError):
        _check_target(output / name)
    from experiments.own_data import compare_table

    progress = Terminal()
    for note in table.notes:
        progress.say(note)
    with _one_line(InputError), _interruptible():
        report = compare_table(
            table,
            n_components=components,
            structure=structure,
            prior_file=prior,
            budget=budget,
            seed=seed,
            progress=progress,
        )
    raise typer.Exit(0 if _publish(replace(report, name=name), output) else 1)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status."""
    return _call(app, arguments)


def run_as_script(experiment: Experiment[Any]) -> None:
    """`python experiments/<name>.py [--quick] [--output DIR] [--seed N]`, at the bottom of each experiment's file."""
    # The folder of the script is no place to import libraries from.
    here = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != here]
    script = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)

    @script.command(help=f"{experiment.question}\n\n{experiment.summary}")
    def run_one(quick: Quick = False, output: Output = Path("reports"), seed: Seed = DEFAULT_SEED) -> None:
        raise typer.Exit(0 if _run_all([experiment], quick=quick, output=output, seed=seed) else 1)

    sys.exit(_call(script, None))


def _call(application: typer.Typer, arguments: Sequence[str] | None) -> int:
    given = list(sys.argv[1:] if arguments is None else arguments)
    name = "python -m experiments" if application is app else None
    try:
        status = application(given, standalone_mode=False, prog_name=name)
    except TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            typer.echo(error.format_message())
            return BAD_INPUT
        _complain(error.format_message())
        return BAD_INPUT
    except (KeyboardInterrupt, typer.Abort):
        status = INTERRUPTED
    if status == INTERRUPTED:
        _complain("interrupted; the unfinished report was not written, and the one before it is untouched")
    return int(status or 0)


def _complain(text: str) -> None:
    typer.echo("error: " + " ".join(text.split()), err=True)


def _refuse(text: str) -> NoReturn:
    _complain(text)
    raise typer.Exit(BAD_INPUT)


@contextmanager
def _one_line(*kinds: type[Exception]) -> Iterator[None]:
    """Errors of these kinds are the reader's to mend: one line and exit status 2. All others keep their traceback."""
    try:
        yield
    except kinds as error:
        _complain(str(error))
        raise typer.Exit(BAD_INPUT) from error


@contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C ends the work even where a sampler would make do with the draws it has."""
    asked: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        asked.append(number)
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
        if asked:
            raise KeyboardInterrupt


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


def _run_all(chosen: Sequence[Experiment[Any]], *, quick: bool, output: Path, seed: int) -> bool:
    with _one_line(OSError):
        for experiment in chosen:
            _check_target(output / experiment.name)
    progress = Terminal()
    passed = True
    for place, experiment in enumerate(chosen, start=1):
        progress.say(f"{place}/{len(chosen)}  {experiment.name}: {experiment.question}")
        with _interruptible():
            report = experiment.answer(quick=quick, seed=seed, progress=progress)
        passed &= _publish(report, output)
    return passed


def _check_target(target: Path) -> None:
    from experiments.writing import check_target

    check_target(target)


def _require_model(components: int, n_samples: int, structure: str) -> None:
    """InputError for settings that fit no mixture."""
    from experiments.tables import InputError
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


def _publish(report: "Report", output: Path) -> bool:
    """Write the report, and say where it is, what it answers and which claims hold."""
    from rich.console import Console
    from rich.text import Text

    with _one_line(OSError), _interruptible():
        folder = report.write(output / report.name)
    page = folder / "report.html"
    shown = page.relative_to(Path.cwd()) if page.is_relative_to(Path.cwd()) else page
    console = Console(highlight=False, soft_wrap=True)
    console.print(Text(str(shown), style="bold"))
    console.print(Text(" ".join(report.answer.split())))
    for claim in report.claims:
        verdict = Text("pass", style="green") if claim.passed else Text("FAIL", style="bold red")
        console.print(verdict, Text(f"{claim.statement}: {claim.ours:.6g} (published {claim.published:.6g})"))
    return report.passed
