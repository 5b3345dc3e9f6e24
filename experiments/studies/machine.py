"""The machine that measures: its processor, its cores, and how busy others keep it."""

import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

BUSY = 0.2
"""Cores busy with other work from which a report says so."""


@dataclass(frozen=True)
class Machine:
    """busy: how many cores others kept busy before anything was measured, None where none can tell."""

    processor: str
    n_cores: int
    busy: float | None

    @classmethod
    def seen(cls, seconds: float = 0.5) -> Self:
        """As it is now, looked at for so long."""
        return cls(processor_name(), os.cpu_count() or 1, busy_cores(seconds))

    @property
    def words(self) -> str:
        """A sentence, and another where it was not idle."""
        text = f" The machine: {self.n_cores} cores, {self.processor}."
        if self.busy is not None and self.busy > BUSY:
            text += (
                f" It was not idle: others kept {self.busy:.1f} of them busy before anything was measured, so that"
                " figures, those on all cores above all, are to be read with care."
            )
        return text

    @property
    def provenance(self) -> dict[str, str | float | int]:
        """For the report's table of how it came about."""
        busy = {} if self.busy is None else {"cores busy with other work": round(self.busy, 2)}
        return {"processor": self.processor, "cores": self.n_cores, **busy}


def processor_name() -> str:
    """The processor's own name where the system tells it, else its architecture."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def busy_cores(seconds: float = 1.0) -> float | None:
    """How many cores work while this process sleeps for so long, from Linux's /proc; None elsewhere."""
    path = Path("/proc/stat")
    if not path.exists():
        return None
    counted = []
    for pause in (seconds, 0.0):
        times = [int(field) for field in path.read_text(encoding="ascii").splitlines()[0].split()[1:9]]
        counted.append((sum(times), times[3] + times[4]))  # all, and idle or waiting for a disk
        time.sleep(pause)
    (all_before, idle_before), (all_after, idle_after) = counted
    idle = (idle_after - idle_before) / max(all_after - all_before, 1)
    return (1.0 - idle) * (os.cpu_count() or 1)
