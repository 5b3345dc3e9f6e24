"""A report written, and told of."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.engine.interrupts import postponed_interrupts
from experiments.engine.telling import one_line

if TYPE_CHECKING:
    from experiments.reporting.report import Report


def publish(
    report: "Report", output: Path, *, telling: Callable[[], AbstractContextManager[None]] = nullcontext
) -> bool:
    """Write the report, and say where it is, what it answers and which claims hold; whether all do.

    telling: what surrounds the saying, as where bars must be away for it.
    """
    from experiments.reporting.rendering import write_report
    from experiments.reporting.writing import write_folder

    with one_line(OSError), postponed_interrupts() as interrupts:
        folder = write_folder(
            output / report.name,
            lambda draft: write_report(report, draft, between=interrupts.check),
            before_swap=interrupts.settle,
        )
        with telling():
            _announce(report, folder)
    return report.passed


@contextmanager
def index_renewed(output: Path) -> Iterator[None]:
    """The pages above the reports in `output`, and the links between these, are renewed in the end.

    Also where the block ends early: reports that it wrote before that have no links yet.
    """
    from experiments.registry import contents
    from experiments.reporting.indexing import write_index

    try:
        yield
    except BaseException:
        with suppress(OSError):
            write_index(output, contents())
        raise
    with one_line(OSError):
        write_index(output, contents())


def _announce(report: "Report", folder: Path) -> None:
    from rich.console import Console
    from rich.text import Text

    from experiments.reporting.markup import one_line

    page = folder / "report.html"
    shown = page.relative_to(Path.cwd()) if page.is_relative_to(Path.cwd()) else page
    console = Console(highlight=False)
    console.soft_wrap = not console.is_terminal  # a file gets whole lines
    console.print(Text(str(shown), style="bold"))
    console.print(Text(one_line(report.answer)))
    for claim in report.claims:
        verdict = Text("pass", style="green") if claim.passed else Text("FAIL", style="bold red")
        console.print(verdict, Text(f"{claim.statement}: {claim.ours:.6g} (published {claim.published:.6g})"))
