"""Independent tasks over the cores of one machine, in order."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from joblib import Parallel, cpu_count, delayed

from mixture.arrays import as_whole_number

WORTHWHILE_SECONDS = 5.0
"""Seconds that worker processes must be expected to save before they are started: each takes a second or two to come
up, import the libraries and load what is compiled."""


def over_cores[T, R](
    function: Callable[[T], R],
    tasks: Sequence[T],
    *,
    n_jobs: int | None = None,
    done: Callable[[R], None] | None = None,
) -> list[R]:
    """[function(task) for task in tasks], on several cores where that pays; results do not depend on `n_jobs`.

    n_jobs  None: one after the other at first, timed; the rest goes to worker processes once these are expected to
            save more than `WORTHWHILE_SECONDS`. 1: all in this process. Another number: that many processes; -1: one
            for each core this process may use.
    done    called in this process with each result, in the order of the tasks

    A function that runs in workers is pickled, as are its tasks and results; large arrays that it holds are shared
    and may be written to (each worker sees its own changes). It should keep to one thread. What is random comes from a
    generator in the task. An exception of the function ends the map and is raised here as it is.
    Raises ValueError for another `n_jobs`.
    """
    workers = None if n_jobs is None else _as_workers(n_jobs)
    results: list[R] = []

    def take(found: Iterable[R]) -> None:
        for result in found:
            results.append(result)
            if done is not None:
                done(result)

    if workers is None:
        take(_while_not_worthwhile(function, tasks, cpu_count()))
        workers = cpu_count()
    left = tasks[len(results) :]
    if workers == 1 or len(left) < 2:
        take(map(function, left))
    elif left:
        # mmap_mode "c": arrays that are shared stay writable, for which compiled routines are compiled.
        run = Parallel(n_jobs=min(workers, len(left)), prefer="processes", return_as="generator", mmap_mode="c")
        take(run(delayed(function)(task) for task in left))
    return results


def as_they_end[T, R](function: Callable[[T], R], tasks: Sequence[T], *, n_jobs: int) -> Iterator[R]:
    """function(task) for each task, in the order in which they end: a result is given as soon as it is there.

    n_jobs as in `over_cores`, but for None; with 1 all is done in this process. Tasks begin in the order they have.
    An exception of the function ends it all and is raised here; what runs is broken off when the iterator is closed.
    """
    workers = _as_workers(n_jobs)
    if workers == 1:
        yield from map(function, tasks)
        return
    run = Parallel(
        n_jobs=workers,
        prefer="processes",
        return_as="generator_unordered",
        mmap_mode="c",
        batch_size=1,  # each result by itself
        pre_dispatch="n_jobs",
    )
    yield from run(delayed(function)(task) for task in tasks)


def cores() -> int:
    """The cores this process may use."""
    return int(cpu_count())


def _as_workers(n_jobs: int) -> int:
    count = as_whole_number(n_jobs, "n_jobs", least=-1)
    if count == 0:
        raise ValueError("n_jobs must be None, -1 (every core) or at least 1, not 0")
    return int(cpu_count()) if count == -1 else count


def _while_not_worthwhile[T, R](function: Callable[[T], R], tasks: Sequence[T], cores: int) -> Iterator[R]:
    """Results one after the other, until worker processes would save enough on the tasks that are left.

    The first task may compile or load something: once there are more, it does not count.
    """
    seconds = 0.0
    for i, task in enumerate(tasks):
        began = time.perf_counter()
        yield function(task)
        seconds = time.perf_counter() - began + (seconds if i > 1 else 0.0)
        of_one = seconds / max(i, 1)
        if of_one * (len(tasks) - i - 1) * (1.0 - 1.0 / cores) > WORTHWHILE_SECONDS:
            return
