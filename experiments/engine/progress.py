"""What long work says while it runs: nothing, or bars and lines at a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


def ignore(_steps: int) -> None:
    """Count nothing."""


class Progress(Protocol):
    """What long work says while it runs.

    visible  whether anybody looks: hand it to samplers that draw bars of their own (not inside a `stage`)
    stage    `with progress.stage("EM starts", 20) as advance: ...; advance(1)`
    say      one line
    """

    @property
    def visible(self) -> bool: ...

    def stage(self, description: str, total: int | None = None) -> AbstractContextManager[Callable[[int], None]]: ...

    def say(self, text: str) -> None: ...


class Silent:
    """Progress that says nothing."""

    visible = False

    @contextmanager
    def stage(self, description: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """Count nothing."""
        yield ignore

    def say(self, text: str) -> None:
        """Say nothing."""


class Terminal:
    """Bars and lines on the standard error, where that is a terminal; nothing anywhere else."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(file=sys.stderr, highlight=False)
        self.visible = self._console.is_terminal

    @contextmanager
    def stage(self, description: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """A bar with the time left, which goes when the stage is done."""
        if not self.visible:
            yield ignore
            return
        from rich import progress
        from rich.markup import escape

        columns = (
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TimeRemainingColumn(elapsed_when_finished=True),
        )
        with progress.Progress(*columns, console=self._console, transient=True) as bars:
            task = bars.add_task(escape(description), total=total)
            yield lambda steps: bars.advance(task, steps)

    def say(self, text: str) -> None:
        """One line, dimmed."""
        if self.visible:
            self._console.print(text, style="dim", markup=False)
