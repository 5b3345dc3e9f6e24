"""How fast an EM iteration is: beside scikit-learn's and the machine's floor, and as the data grow."""

import os
import platform
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.answers.em_speed import build_answer
from experiments.engine.experiment import Budget, Case, Experiment, Results, Task
from experiments.reporting.report import Answer

if TYPE_CHECKING:
    from benchmarks.em_iteration import Row
    from benchmarks.linear_in_n import Row as GrowthRow

GROWTH_FEATURES = (2, 10)
QUICK_COMPONENTS = (5,)
LONG = 1_000_000
"""Points from which one thread is measured with QUICK_COMPONENTS alone."""


@dataclass(frozen=True, eq=False)
class Result:
    """The grid and the growth as measured; `busy` is how many cores others kept busy before, None if none can tell."""

    rows: tuple["Row", ...]
    growth: tuple["GrowthRow", ...]
    processor: str
    n_cores: int
    busy: float | None
    scikit_learn: str


def run(task: Task) -> Result:
    """The grid up to `n_samples` points (five components alone, unless a million), and growth to ten times that.

    Raises ImportError without scikit-learn. The points are always the same; there is nothing random in the answer.
    """
    budget, progress = task.budget, task.progress
    try:
        from threadpoolctl import threadpool_limits

        from benchmarks import em_iteration, linear_in_n
    except ModuleNotFoundError as error:
        raise ImportError("em_speed measures scikit-learn too: pip install 'logsum[sklearn]'") from error
    busy, n_cores = busy_cores(), os.cpu_count() or 1
    whole = budget.n_samples >= max(em_iteration.N_SAMPLES)
    sizes = [n for n in em_iteration.N_SAMPLES if n <= budget.n_samples]
    cases = [
        case
        for threads in (1, None)
        for case in em_iteration.grid(sizes, threads)
        if case.n_components in QUICK_COMPONENTS or (whole and (threads is None or case.n_samples < LONG))
    ]
    rows = []
    stage = progress.stage("EM iterations, ours and scikit-learn's", len(cases))
    with threadpool_limits(n_cores), stage as advance:  # however few threads the environment gives to BLAS
        for row in em_iteration.rows(cases, seconds=0.2 if whole else 0.05):
            rows.append(row)
            advance(1)
    grown: list[GrowthRow] = []
    if Path("/proc/self/clear_refs").exists():  # where Linux tells the memory of a process
        to = [n for n in linear_in_n.N_SAMPLES if n <= 10 * budget.n_samples]
        with progress.stage("growing data", 2 * len(GROWTH_FEATURES)) as advance:
            for n_features in GROWTH_FEATURES:
                for threads in (1, None):
                    grown += linear_in_n.measure(n_features, to, threads=threads, seconds=0.5 if whole else 0.1)
                    advance(1)
    scikit_learn = metadata.version("scikit-learn")
    return Result(tuple(rows), tuple(grown), processor_name(), n_cores, busy, scikit_learn)


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


def answer(results: Results[Result]) -> Answer:
    """The ratios, the floor and the growth."""
    return build_answer(results["all"])


EXPERIMENT = Experiment(
    name="em_speed",
    title="The speed of an EM iteration",
    question="How fast is an EM iteration, and how does it grow?",
    summary="ours, scikit-learn's and the floor: four structures, D to 32, N to 10⁷; ten minutes of an idle machine",
    tags=("em", "speed"),
    quick=Budget(n_samples=100_000),
    full=Budget(n_samples=1_000_000),
    expect="",
    limits="",
    cases=lambda _: (Case("all"),),
    run=run,
    answer=answer,
)

if __name__ == "__main__":
    from experiments.engine.running import run_as_script

    run_as_script(EXPERIMENT)
