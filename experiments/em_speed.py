"""How fast an EM iteration is: beside scikit-learn's and the machine's floor, and as the data grow."""

from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from experiments.answers.em_speed import CLAIMS, FEW, LONG, MANY, MIDDLE, build_answer, ten_to
from experiments.engine.experiment import Budget, Case, Experiment, Results, Task
from experiments.reporting.report import Answer, Formula
from experiments.studies.machine import Machine

if TYPE_CHECKING:
    from benchmarks.em_iteration import Case as Cell

STRUCTURES = ("full", "tied", "diag", "spherical")
N_FEATURES = (1, 2, 4, 10, 32)
FEW_FEATURES = (2, 10, 32)
"""Of a quick budget, and of numbers of components other than MIDDLE."""
LONG_FEATURES = (2, 10)
"""With LONG points, and as the data grow."""
OTHERS = (2, 16)
"""Components with MANY points on one thread, beside MIDDLE."""


@dataclass(frozen=True, eq=False)
class Iterations:
    """rows: structure, D, K, N, threads ("1" or "all"), ours, theirs, floor (ns per point and component), ratio, times
    floor.
    """

    rows: pd.DataFrame
    machine: Machine
    scikit_learn: str


@dataclass(frozen=True, eq=False)
class Growth:
    """A row for each N and number of threads: D, K, N, threads, ns per point, MB above the data."""

    rows: pd.DataFrame


type Outcome = Iterations | Growth


def cases(_: Budget) -> list[Case]:
    """A case for each structure; for each D as the data grow, where Linux tells the memory of a process."""
    found = [Case(f"iterations-{structure}", {"structure": structure}, cost=15.0) for structure in STRUCTURES]
    if Path("/proc/self/clear_refs").exists():
        found += [Case(f"growth-d{d}", {"n_features": d}, cost=6.0) for d in LONG_FEATURES]
    return found


def cells(structure: str, n_samples: int) -> list["Cell"]:
    """What is measured of a structure: MIDDLE components, FEW and MANY points, one thread and all cores; with a budget
    of LONG points all D, and some cells with OTHERS and with LONG points.
    """
    from benchmarks.em_iteration import Case as Cell

    whole = n_samples >= LONG
    found = [
        Cell(structure, d, MIDDLE, n, threads)
        for n in (FEW, MANY)
        for d in (N_FEATURES if whole else FEW_FEATURES)
        for threads in (1, None)
    ]
    if whole:
        found += [Cell(structure, d, k, MANY, 1) for k in OTHERS for d in FEW_FEATURES]
        found += [Cell(structure, d, MIDDLE, LONG, None) for d in LONG_FEATURES]
    return found


def run(task: Task) -> Outcome:
    """The cells of a structure, or data that grow to ten times n_samples, LONG at most.

    Raises ImportError without scikit-learn. The points are always the same; nothing in it is random.
    """
    if "n_features" in task.settings:
        return grown(task)
    try:
        from threadpoolctl import threadpool_limits

        from benchmarks import em_iteration
    except ModuleNotFoundError as error:
        raise ImportError("em_speed measures scikit-learn too: pip install 'logsum[sklearn]'") from error
    machine = Machine.seen()
    wanted = cells(task.settings["structure"], task.budget.n_samples)
    measured = []
    stage = task.progress.stage(f"EM iterations, {task.settings['structure']}", len(wanted))
    with threadpool_limits(machine.n_cores), stage as advance:  # however few threads the environment gives to BLAS
        for row in em_iteration.rows(wanted, seconds=0.0):
            measured.append(
                {
                    "structure": row.structure,
                    "D": row.n_features,
                    "K": row.n_components,
                    "N": row.n_samples,
                    "threads": str(row.threads or "all"),
                    "ours": row.ours,
                    "theirs": row.theirs,
                    "ratio": row.ratio,
                    "floor": row.floor,
                    "times floor": row.times_floor,
                }
            )
            advance(1)
    return Iterations(pd.DataFrame(measured), machine, metadata.version("scikit-learn"))


def grown(task: Task) -> Growth:
    """Time and memory of an iteration by the number of points."""
    from benchmarks import linear_in_n

    d, most = task.settings["n_features"], min(10 * task.budget.n_samples, LONG)
    sizes = [n for n in linear_in_n.N_SAMPLES if n <= most]
    rows = [row for threads in (1, None) for row in linear_in_n.measure(d, sizes, threads=threads, seconds=0.2)]
    return Growth(
        pd.DataFrame(
            [
                {
                    "D": row.n_features,
                    "K": linear_in_n.N_COMPONENTS,
                    "N": row.n_samples,
                    "threads": str(row.threads or "all"),
                    "ns per point": row.nanoseconds,
                    "MB above the data": row.megabytes,
                }
                for row in rows
            ]
        )
    )


def answer(results: Results[Outcome]) -> Answer:
    """The ratios, the floor and the growth."""
    found = results.outcomes.values()
    iterations = [each for each in found if isinstance(each, Iterations)]
    return build_answer(iterations, [each.rows for each in found if isinstance(each, Growth)])


EXPERIMENT: Experiment[Outcome] = Experiment(
    name="em_speed",
    title="The speed of an EM iteration",
    question="How fast is an EM iteration, and how does it grow?",
    summary=f"ours, scikit-learn's and the floor: {len(STRUCTURES)} structures, D to {max(N_FEATURES)}, N to"
    f" {ten_to(LONG)}; wants an idle machine",
    tags=("em", "speed"),
    quick=Budget(n_samples=100_000),
    full=Budget(n_samples=1_000_000),
    expect=(
        "An iteration walks the data once, so that its time is proportional to the number of points. By component and"
        " point it is an exponential and a quadratic form: a constant, then a term that grows with the square of the"
        " dimension where covariances are full, and with the dimension where they are diagonal. A pass that keeps a"
        " block of points in the nearest memory need not store a responsibility, and so needs no memory beside the"
        " data. It is compiled once, and has to be a few times the arithmetic itself; array programs that write every"
        " intermediate of N × K numbers to memory take many times as long."
    ),
    mathematics=(
        "An E step and an M step need, for each point and each component, one exponential, the quadratic form and the"
        " weighted moments. With full covariances that is",
        Formula(
            r"N K \, (2 D (D + 1) + 5 D + 2)",
            "N times K times the sum of two D times D plus one, five D, and two",
        ),
        "floating-point operations beside N K exponentials, a multiplication and an addition being two; with diagonal"
        " ones the quadratic term becomes linear. The floor is that count over the speeds of exponentials and of a"
        " matrix product, as this run measures them.",
    ),
    limits=(
        "Seconds are this machine's, and of the moment: what others run on it at the same time lengthens both sides,"
        " though rarely alike, and the least of a few rounds is taken. Ratios are of one iteration, not of a fit:"
        " starts, stopping rules and numbers of iterations differ between programs, and decide as much (see cost). The"
        " points are unit Gaussians; their values hardly matter to the time of an iteration."
    ),
    references=(
        "Pedregosa, F. et al. (2011). Scikit-learn: machine learning in Python. Journal of Machine Learning Research"
        " 12, 2825-2830.",
    ),
    claims=CLAIMS,
    stored=(Iterations, Growth, Machine),
    cases=cases,
    run=run,
    answer=answer,
)

if __name__ == "__main__":
    from experiments.engine.running import run_as_script

    run_as_script(EXPERIMENT)
