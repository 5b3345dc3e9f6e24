"""A bar on the terminal that tells how far a long piece of work is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from em.arguments import check_progress


@contextmanager
def telling[R](progress: bool | Callable[[R], None], what: str, total: int) -> Iterator[Callable[[R], None] | None]:
    """What to call with each result: the caller's function, a bar on standard error for True, nothing for False."""
    check_progress(progress)
    if callable(progress):
        yield progress
    elif not progress:
        yield None
    else:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(what, total=total)
            yield lambda _: bar.advance(task)
