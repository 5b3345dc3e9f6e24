"""Cases that are not stored yet, computed: side by side on the cores of this machine or a cluster, or one by one."""

import warnings
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from em.parallel import as_they_end, cores
from experiments.engine.experiment import Case
from experiments.engine.plan import Plan
from experiments.engine.total import Total
from experiments.engine.work import Ended, Job, work


class CaseFailed(Exception):
    """A case ended in an exception; the message is its traceback."""


@dataclass(frozen=True)
class Machine:
    """What computes.

    n_jobs  processes for cases that run side by side, None for one a core; threads of a case that runs alone
    client  of a Dask cluster, which takes the cases that run side by side; None for this machine
    """

    n_jobs: int | None = None
    client: Any = None

    @property
    def workers(self) -> int:
        """Cases that run at once."""
        if self.client is not None:
            return max(1, sum(self.client.nthreads().values()))
        return self.n_jobs or cores()


def compute(plan: Plan, cases: list[Case], machine: Machine, total: Total) -> None:
    """Compute cases and keep each as it ends.

    Raises CaseFailed once all have ended if one failed, and OSError at once if one cannot be kept.
    """
    failures = []
    with closing(_ended(plan, cases, machine, total)) as results:
        for ended in results:
            if ended.content is not None:
                plan.store.keep(plan.identities[ended.case], ended.content)
            if ended.unwritable:
                raise OSError(ended.unwritable)
            if ended.failure:
                failures.append(f"case {ended.case!r} of {plan.experiment.name} failed:\n{ended.failure}")
            total.case_ended(plan.experiment.name, ended.case)
    if failures:
        raise CaseFailed("\n".join(failures))


def _ended(plan: Plan, cases: list[Case], machine: Machine, total: Total) -> Generator[Ended]:
    """The ends of the cases as they come; the longest are begun first where they run side by side."""
    if not plan.experiment.side_by_side:
        for case in cases:
            total.case_begins(plan.experiment.name, case.name)
            yield work(plan.job(case, n_jobs=machine.n_jobs, progress=total))
        return
    expected = plan.expected()
    ordered = sorted(cases, key=lambda case: -expected[case.name])
    total.case_begins(plan.experiment.name, f"{len(cases)} cases side by side")
    if machine.client is not None:
        yield from _on_cluster([plan.job(case, n_jobs=1, sent=True) for case in ordered], machine.client)
    elif machine.workers == 1 or len(ordered) == 1:
        for case in ordered:
            yield work(plan.job(case, n_jobs=1, progress=total))
    else:
        with warnings.catch_warnings():  # a worker that has grown is replaced, which joblib takes for a mishap
            warnings.filterwarnings("ignore", "A worker stopped while some jobs", UserWarning)
            yield from as_they_end(work, [plan.job(case, n_jobs=1) for case in ordered], n_jobs=machine.workers)


def _on_cluster(jobs: list[Job], client: Any) -> Generator[Ended]:
    """The ends of jobs on a Dask cluster, whose workers hold the same version of this project."""
    from em.sources.optional import distributed

    futures = [client.submit(work, job, pure=False) for job in jobs]
    try:
        for _, ended in distributed().as_completed(futures, with_results=True):
            yield ended
    finally:
        client.cancel(futures)
