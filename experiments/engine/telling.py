"""What somebody at a terminal is told: one line for every error a reader can mend, and an exit status."""

import io
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import typer
from typer.exceptions import TyperException

FAILED = 1
BAD_INPUT = 2
INTERRUPTED = 130


def call(application: typer.Typer, arguments: Sequence[str] | None, name: str | None = None) -> int:
    """Run an application of typer: its exit status, with one line for every error a reader can mend."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a character that a terminal lacks is no reason to fail
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
        complain(
            "interrupted; no report was written or touched but those named above, if any. The cases that `run` has"
            " finished are kept, and the same command goes on from there; `compare` begins anew"
        )
    return int(status or 0)


@contextmanager
def one_line(*kinds: type[Exception]) -> Iterator[None]:
    """Errors of these kinds are the reader's to mend: one line and exit status 2. All others keep their traceback."""
    try:
        yield
    except kinds as error:
        complain(str(error))
        raise typer.Exit(BAD_INPUT) from error


def complain(text: str) -> None:
    """One line on the standard error."""
    typer.echo("error: " + " ".join(text.split()), err=True)
