"""Running experiments for somebody at a terminal: what is missing computed, reports written, Ctrl-C obeyed.

The command line and every experiment's own script stand on this.
"""

import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from experiments.engine.experiment import DEFAULT_SEED, Case, Experiment
from experiments.engine.interrupts import interruptible
from experiments.engine.publishing import index_renewed, publish
from experiments.engine.telling import BAD_INPUT, FAILED, call, complain, one_line

if TYPE_CHECKING:
    from experiments.engine.computing import Machine
    from experiments.engine.plan import Plan
    from experiments.engine.total import Total

Quick = Annotated[bool, typer.Option("--quick", help="A small budget: seconds instead of minutes, rougher numbers.")]
Output = Annotated[Path, typer.Option("--output", metavar="DIR", help="Folder that gets a folder for each report.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Same seed, same numbers.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Compute again what is stored.")]
Jobs = Annotated[
    int | None, typer.Option("--jobs", min=1, metavar="N", help="Cases at once; one for each core if left out.")
]


def run_as_script(experiment: Experiment[Any]) -> None:
    """`python experiments/<name>.py [--quick] [--output DIR] [--seed N]`, at the bottom of each experiment's file."""
    # The folder of the script is no place to import libraries from.
    here = Path(__file__).resolve().parents[1]
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != here]
    script = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)

    @script.command(help=f"{experiment.question}\n\n{experiment.summary}")
    def run_one(
        quick: Quick = False,
        output: Output = Path("reports"),
        seed: Seed = DEFAULT_SEED,
        fresh: Fresh = False,
        jobs: Jobs = None,
    ) -> None:
        known = _as_registered(experiment)
        with index_renewed(output):
            status = run_all([known], quick=quick, output=output, seed=seed, fresh=fresh, jobs=jobs)
        raise typer.Exit(status)

    sys.exit(call(script, None))


def _as_registered(experiment: Experiment[Any]) -> Experiment[Any]:
    """The experiment of this name in the registry: types of a script's own copy are known to no other process."""
    from experiments.registry import EXPERIMENTS

    return next((known for known in EXPERIMENTS if known.name == experiment.name), experiment)


def run_all(
    chosen: Sequence[Experiment[Any]],
    *,
    quick: bool,
    output: Path,
    seed: int,
    options: Mapping[str, str] | None = None,
    fresh: bool = False,
    jobs: int | None = None,
    cluster: str | None = None,
) -> int:
    """Compute what is not stored and write a folder for each experiment into `output`; the exit status.

    An experiment that fails keeps no other from its report. 0; 1 if a claim or an experiment failed.
    """
    plans = _plans(chosen, quick=quick, output=output, seed=seed, options=options)
    from experiments.engine.computing import compute
    from experiments.engine.total import Total

    with one_line(OSError):
        for plan in plans:
            plan.store.check()
    failures = Failures()
    with _machine(jobs, cluster) as machine:
        left: dict[str, list[Case]] = {}
        for plan in plans:
            with failures.shown(plan):
                left[plan.experiment.name] = list(plan.cases) if fresh else plan.missing()
        passed = True
        with Total(_weights(plans, left, machine)) as total:
            for place, plan in enumerate(plans, start=1):
                name = plan.experiment.name
                if name not in left:
                    continue
                total.say(f"{place}/{len(plans)}  {name}: {plan.experiment.question}")
                with failures.shown(plan, total):
                    with one_line(OSError), interruptible():
                        compute(plan, left[name], machine, total)
                        plan.tidy()
                    total.case_begins(name, "drawing")
                    passed &= _write_report(plan, telling=total.paused)
    return failures.status(plans, passed=passed)


def draw_all(
    chosen: Sequence[Experiment[Any]],
    *,
    quick: bool,
    output: Path,
    seed: int,
    options: Mapping[str, str] | None = None,
) -> int:
    """Write the reports of stored results again, computing nothing; the exit status.

    2 where results are missing or belong to something else: one line says which command computes them.
    """
    plans = _plans(chosen, quick=quick, output=output, seed=seed, options=options)
    from experiments.engine.plan import Missing

    failures = Failures()
    passed, complete = True, True
    for plan in plans:
        with failures.shown(plan):
            try:
                passed &= _write_report(plan)
            except Missing as error:
                complain(str(error))
                complete = False
    status = failures.status(plans, passed=passed)
    return status if complete else BAD_INPUT


class Failures:
    """Experiments that ended in an exception: each is shown with its traceback, and the others go on."""

    def __init__(self) -> None:
        self.names: list[str] = []

    @contextmanager
    def shown(self, plan: "Plan", total: "Total | None" = None) -> Iterator[None]:
        """Show what is raised inside, but for what ends the whole run: bad input and Ctrl-C."""
        from experiments.engine.computing import CaseFailed

        try:
            yield
        except typer.Exit:
            raise
        except Exception as error:
            told = str(error) if isinstance(error, CaseFailed) else traceback.format_exc()
            self.names.append(plan.experiment.name)
            if total is None:
                typer.echo(told, err=True)
            else:
                with total.paused():
                    typer.echo(told, err=True)

    def status(self, plans: "Sequence[Plan]", *, passed: bool) -> int:
        """The exit status, after one line about all that failed."""
        if self.names:
            complain(
                f"{len(self.names)} of {len(plans)} experiments failed, as shown above: {', '.join(self.names)}."
                " Every case that did not fail is kept."
            )
        return FAILED if self.names or not passed else 0


def _plans(
    chosen: Sequence[Experiment[Any]], *, quick: bool, output: Path, seed: int, options: Mapping[str, str] | None
) -> "list[Plan]":
    """A plan for each, once it is clear that their reports can be written."""
    from experiments.reporting.writing import check_target

    with one_line(OSError):
        for experiment in chosen:
            check_target(output / experiment.name)
    from experiments.engine.plan import Plan

    return [Plan(experiment, quick, seed, options or {}, output) for experiment in chosen]


def _write_report(plan: "Plan", *, telling: Callable[[], AbstractContextManager[None]] = nullcontext) -> bool:
    """Draw stored results; whether all claims hold. Raises Missing."""
    from experiments.engine.answering import report_of

    results, seconds = plan.results()
    report = report_of(plan.experiment, results, quick=plan.quick, seconds=seconds)
    return publish(report, plan.output, telling=telling)


@contextmanager
def _machine(jobs: int | None, cluster: str | None) -> "Iterator[Machine]":
    """This machine, or this machine and a cluster at an address; one line if none answers there."""
    from experiments.engine.computing import Machine

    if cluster is None:
        yield Machine(jobs)
        return
    from em import connect

    with one_line(ValueError, ImportError):
        client = connect(cluster)
    try:
        yield Machine(jobs, client)
    finally:
        client.close()


def _weights(
    plans: "Sequence[Plan]", left: Mapping[str, Sequence[Case]], machine: "Machine"
) -> dict[tuple[str, str], float]:
    """The seconds that each case is expected to hold the run up."""
    weights = {}
    for plan in plans:
        at_once = machine.workers if plan.experiment.side_by_side else 1
        names = {case.name for case in left.get(plan.experiment.name, ())}
        for case, seconds in plan.expected().items() if names else ():
            if case in names:
                weights[plan.experiment.name, case] = seconds / at_once
    return weights
