"""One case, computed in whatever process it was sent to."""

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.engine.experiment import Task
from experiments.engine.identity import Identity
from experiments.engine.interrupts import interruptible


@dataclass(frozen=True)
class Job:
    """One case to be computed.

    run, task  what is computed
    types      what its outcome may be made of
    folder     of the store that keeps it; None: its file is sent back
    """

    run: Callable[[Task], Any]
    task: Task
    types: tuple[type, ...]
    identity: Identity
    folder: Path | None


@dataclass(frozen=True)
class Ended:
    """How a case ended: kept (or, without a folder, its file as `content`), or failed with a traceback.

    unwritable  the one line that says why it could not be kept; empty if it could
    """

    case: str
    seconds: float = 0.0
    content: bytes | None = None
    failure: str = ""
    unwritable: str = ""


def work(job: Job) -> Ended:
    """Compute the case and keep it: the file is there, whole, before this returns.

    No exception of an experiment leaves this function: the other cases go on. What was computed with other code or
    libraries than its identity names is not kept.
    """
    from experiments.engine.codec import Codec
    from experiments.engine.identity import installation
    from experiments.engine.store import Store, packed

    case = job.task.case.name
    began = time.perf_counter()
    try:
        with interruptible():
            outcome = job.run(job.task)
        seconds = time.perf_counter() - began
        differing = job.identity.differing({**job.identity.parts, **installation(job.run, job.task.options)})
        if differing:
            return Ended(case, failure=_another_place(differing))
        content = packed(Codec(job.types), outcome, job.identity, seconds)
    except Exception:  # told where all experiments are, with its traceback
        return Ended(case, failure=traceback.format_exc())
    if job.folder is None:
        return Ended(case, seconds, content)
    try:
        Store(job.folder).keep(job.identity, content)
    except OSError as error:
        return Ended(case, seconds, unwritable=str(error))
    return Ended(case, seconds)


def _another_place(differing: list[str]) -> str:
    parts = ", another ".join(differing)
    return (
        f"it was computed under another {parts} than the run began with, and is not kept. Sources were edited"
        " meanwhile, or a cluster's workers hold another version: run it again, on a cluster after renewing the"
        " workers.\n"
    )
