"""One bar over all experiments and their cases, with the time left, and below it what is being done now."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from experiments.engine.progress import ignore

if TYPE_CHECKING:
    from rich.console import Console

type Place = tuple[str, str]
"""Experiment and case."""


class Total:
    """Progress of a whole run, where the standard error is a terminal; nothing anywhere else.

    expected  the seconds each case is expected to take, by experiment and case: what the bar weighs them by
    visible   never: samplers draw no bars of their own inside this one
    """

    visible = False

    def __init__(
        self,
        expected: Mapping[Place, float],
        console: "Console | None" = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        from rich.console import Console

        self._expected = dict(expected)
        self._console = console or Console(file=sys.stderr, highlight=False)
        self._clock = clock
        self._began = self._last = clock()
        self._done = 0.0
        self._bars: Any = None
        self._task: Any = None

    def __enter__(self) -> "Total":
        if self._console.is_terminal and self._expected:
            self._bars = _bars(self._console, self.left)
            self._task = self._bars.add_task("", total=sum(self._expected.values()))
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars is not None:
            self._bars.stop()
            self._bars = None

    def left(self) -> float | None:
        """The seconds that are left, at the pace of what has ended, in expected seconds.

        While nothing has ended those that are expected; None once these are over.
        """
        if self._done == 0.0:
            waiting = sum(self._expected.values()) - (self._clock() - self._began)
            return waiting if waiting > 0.0 else None
        pace = (self._last - self._began) / self._done
        waiting = (sum(self._expected.values()) - self._done) * pace
        return max(0.0, waiting - (self._clock() - self._last))

    def case_begins(self, experiment: str, case: str) -> None:
        """Name what is being done."""
        if self._bars is not None:
            from rich.markup import escape

            self._bars.update(self._task, description=escape(f"{experiment}: {case}"))

    def case_ended(self, experiment: str, case: str) -> None:
        """Count a case as done."""
        share = self._expected.get((experiment, case), 0.0)
        self._done += share
        self._last = self._clock()
        if self._bars is not None:
            self._bars.advance(self._task, share)

    @contextmanager
    def stage(self, description: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """A bar below the total, which goes when the stage is done."""
        if self._bars is None:
            yield ignore
            return
        from rich.markup import escape

        bars = self._bars
        task = bars.add_task(f"  {escape(description)}", total=total)
        try:
            yield lambda steps: bars.advance(task, steps)
        finally:
            bars.remove_task(task)

    def say(self, text: str) -> None:
        """One line, dimmed, above the bars."""
        if self._console.is_terminal:
            self._console.print(text, style="dim", markup=False)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """The bars are away while something else is written."""
        if self._bars is None:
            yield
            return
        self._bars.stop()
        try:
            yield
        finally:
            self._bars.start()


def _bars(console: "Console", left: Callable[[], float | None]) -> Any:
    from rich import progress
    from rich.text import Text

    class Left(progress.ProgressColumn):
        """The time left of the whole."""

        def render(self, task: progress.Task) -> Text:
            seconds = left() if task.id == 0 else None
            return Text("" if seconds is None else f"{_clock_time(seconds)} left", style="progress.remaining")

    return progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.TaskProgressColumn(),
        Left(),
        console=console,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )


def _clock_time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"
