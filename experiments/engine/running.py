"""Running experiments for somebody at a terminal: reports written, errors in one line, Ctrl-C obeyed.

The command line and every experiment's own script stand on this.
"""

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.exceptions import TyperException

from experiments.engine.experiment import DEFAULT_SEED, Experiment
from experiments.engine.progress import Terminal

if TYPE_CHECKING:
    from experiments.reporting.report import Report

BAD_INPUT = 2
INTERRUPTED = 130

Quick = Annotated[bool, typer.Option("--quick", help="A small budget: seconds instead of minutes, rougher numbers.")]
Output = Annotated[Path, typer.Option("--output", metavar="DIR", help="Folder that gets a folder for each report.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Same seed, same numbers.")]


def run_as_script(experiment: Experiment[Any]) -> None:
    """`python experiments/<name>.py [--quick] [--output DIR] [--seed N]`, at the bottom of each experiment's file."""
    # The folder of the script is no place to import libraries from.
    here = Path(__file__).resolve().parents[1]
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != here]
    script = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)

    @script.command(help=f"{experiment.question}\n\n{experiment.summary}")
    def run_one(quick: Quick = False, output: Output = Path("reports"), seed: Seed = DEFAULT_SEED) -> None:
        raise typer.Exit(0 if run_all([experiment], quick=quick, output=output, seed=seed) else 1)

    sys.exit(call(script, None))


def run_all(chosen: Sequence[Experiment[Any]], *, quick: bool, output: Path, seed: int) -> bool:
    """Run experiments one after the other and write a folder for each into `output`; whether all claims hold."""
    from experiments.reporting.writing import check_target

    with one_line(OSError):
        for experiment in chosen:
            check_target(output / experiment.name)
    from experiments.engine.answering import answer

    progress = Terminal()
    passed = True
    for place, experiment in enumerate(chosen, start=1):
        progress.say(f"{place}/{len(chosen)}  {experiment.name}: {experiment.question}")
        with interruptible():
            report = answer(experiment, quick=quick, seed=seed, progress=progress)
        passed &= publish(report, output)
    return passed


def publish(report: "Report", output: Path) -> bool:
    """Write the report, and say where it is, what it answers and which claims hold."""
    from experiments.reporting.rendering import write_report
    from experiments.reporting.writing import write_folder

    with one_line(OSError), postponed_interrupts() as interrupts:
        folder = write_folder(
            output / report.name,
            lambda draft: write_report(report, draft, between=interrupts.check),
            before_swap=interrupts.settle,
        )
        _announce(report, folder)
    return report.passed


def _announce(report: "Report", folder: Path) -> None:
    from rich.console import Console
    from rich.text import Text

    page = folder / "report.html"
    shown = page.relative_to(Path.cwd()) if page.is_relative_to(Path.cwd()) else page
    console = Console(highlight=False, soft_wrap=True)
    console.print(Text(str(shown), style="bold"))
    console.print(Text(" ".join(report.answer.split())))
    for claim in report.claims:
        verdict = Text("pass", style="green") if claim.passed else Text("FAIL", style="bold red")
        console.print(verdict, Text(f"{claim.statement}: {claim.ours:.6g} (published {claim.published:.6g})"))


def call(application: typer.Typer, arguments: Sequence[str] | None, name: str | None = None) -> int:
    """Run an application of typer: its exit status, with one line for every error a reader can mend."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        status = application(given, standalone_mode=False, prog_name=name)
    except TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            typer.echo(error.format_message())
            return BAD_INPUT
        complain(error.format_message())
        return BAD_INPUT
    except (KeyboardInterrupt, typer.Abort):
        status = INTERRUPTED
    if status == INTERRUPTED:
        complain("interrupted; no report was written or touched but those named above, if any")
    return int(status or 0)


@contextmanager
def one_line(*kinds: type[Exception]) -> Iterator[None]:
    """Errors of these kinds are the reader's to mend: one line and exit status 2. All others keep their traceback."""
    try:
        yield
    except kinds as error:
        complain(str(error))
        raise typer.Exit(BAD_INPUT) from error


@contextmanager
def interruptible() -> Iterator[None]:
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


class Interrupts:
    """Ctrl-C as a request that waits for the next `check`, and counts no more once things are settled."""

    def __init__(self) -> None:
        self.asked = False
        self.settled = False

    def check(self) -> None:
        """KeyboardInterrupt if Ctrl-C was pressed."""
        if self.asked:
            raise KeyboardInterrupt

    def settle(self) -> None:
        """The last check: what is asked from here on comes too late."""
        self.settled = True  # first, so that nothing is asked between the check and what follows it
        self.check()


@contextmanager
def postponed_interrupts() -> Iterator[Interrupts]:
    """Ctrl-C is heard where the block checks for it: work that is put in its place is never said to be undone."""
    interrupts = Interrupts()

    def ask(_number: int, _frame: FrameType | None) -> None:
        interrupts.asked |= not interrupts.settled

    previous = signal.signal(signal.SIGINT, ask)
    try:
        yield interrupts
    finally:
        signal.signal(signal.SIGINT, previous)


def complain(text: str) -> None:
    """One line on the standard error."""
    typer.echo("error: " + " ".join(text.split()), err=True)
