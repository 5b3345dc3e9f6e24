"""An experiment: one question, what is run to answer it, and the report that answers it."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from platform import python_version
from typing import Protocol

from experiments.report import Report, require_name

DEFAULT_SEED = 20_260

_LIBRARIES = ("numpy", "scipy", "numba", "pymc", "pytensor", "nutpie", "arviz", "xarray", "pandas", "matplotlib")


@dataclass(frozen=True)
class Budget:
    """How much to compute: posterior draws and tuning steps per chain, chains, EM starts, points of simulated data,
    simulated data sets.

    What an experiment has no use for stays at 1, and is not told in its report.
    """

    draws: int = 1
    tune: int = 1
    chains: int = 1
    n_starts: int = 1
    n_samples: int = 1
    n_simulations: int = 1

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} must be a whole number of at least 1, not {value!r}")

    @property
    def told(self) -> dict[str, int]:
        """What of it an experiment has a use for, by name."""
        return {name: value for name, value in asdict(self).items() if value > 1}


def _ignore(_steps: int) -> None:
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
        yield _ignore

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
            yield _ignore
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


def library_versions() -> dict[str, str]:
    """The versions a number may depend on, for the provenance of a report."""
    return {"python": python_version(), **{name: metadata.version(name) for name in ("logsum", *_LIBRARIES)}}


@dataclass(frozen=True)
class Experiment[Result]:
    """One question, declared.

    name      command-line and folder name
    question  one sentence that ends with a question mark
    summary   one line for a list of experiments
    tags      words to choose experiments by
    quick     a budget of seconds; full: the budget whose report is published
    run       (budget, seed, progress) -> result: computes, draws nothing, writes nothing
    report    result -> Report: reads the result, computes nothing of substance
    """

    name: str
    question: str
    summary: str
    tags: tuple[str, ...]
    quick: Budget
    full: Budget
    run: Callable[[Budget, int, Progress], Result]
    report: Callable[[Result], Report]

    def __post_init__(self) -> None:
        require_name(self.name)
        if not self.question.endswith("?"):
            raise ValueError(f"the question of {self.name} must end with a question mark: {self.question!r}")

    def answer(self, *, quick: bool = False, seed: int = DEFAULT_SEED, progress: Progress | None = None) -> Report:
        """Run the experiment and report on it, with seed, budget, versions and seconds in the provenance."""
        budget = self.quick if quick else self.full
        began = time.perf_counter()
        result = self.run(budget, seed, progress or Silent())
        report = self.report(result)
        seconds = round(time.perf_counter() - began, 1)
        declared: dict[str, str | float | int] = {
            "seed": seed,
            "budget": "quick" if quick else "full",
            **budget.told,
        }
        measured: dict[str, str | float | int] = {"seconds": seconds, **library_versions()}
        return replace(report, provenance={**declared, **report.provenance, **measured})
