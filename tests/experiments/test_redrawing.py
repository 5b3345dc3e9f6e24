"""A whole comparison is stored and drawn again: the same bytes, and nothing computed."""

from dataclasses import replace
from pathlib import Path

import pytest

from experiments.comparing.assembly import build_answer
from experiments.comparing.comparison import Comparison, Subject, compare_subject
from experiments.data.datasets import load
from experiments.engine.experiment import Budget, Case, Experiment, Results, Task
from experiments.engine.running import draw_all, run_all
from experiments.reporting.report import Answer

TINY = Budget(draws=60, tune=100, chains=2, n_starts=2)
COMPUTED: list[str] = []
"""The cases that were computed."""


def run(task: Task) -> Comparison:
    COMPUTED.append(task.case.name)
    points = load("faithful").points()[::4]
    subject = Subject.of_array(points, ("eruptions (min)", "waiting (min)"))
    return compare_subject(subject, 2, budget=task.budget, seed=task.seed, progress=task.progress)


def answer(results: Results[Comparison]) -> Answer:
    return build_answer(results["all"])


EXPERIMENT = Experiment(
    name="comparison",
    title="A comparison",
    question="Does it come back?",
    summary="It does.",
    tags=(),
    expect="",
    limits="",
    quick=TINY,
    full=TINY,
    data=("faithful",),
    cases=lambda _: (Case("all"),),
    run=run,
    answer=answer,
)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.reports
def test_a_comparison_is_drawn_again_to_the_byte(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = {"quick": True, "output": tmp_path, "seed": 4}
    COMPUTED.clear()
    status = run_all([EXPERIMENT], **settings)  # type: ignore[arg-type]
    assert status in (0, 1)
    first = files(tmp_path / "comparison")
    assert {"report.md", "report.html", "results.json", "posterior.nc", "figures/data.png"} <= set(first)
    assert draw_all([EXPERIMENT], **settings) == status  # type: ignore[arg-type]
    assert run_all([EXPERIMENT], **settings) == status  # type: ignore[arg-type]
    again = files(tmp_path / "comparison")
    assert set(again) == set(first)
    assert {name for name in first if first[name] != again[name]} <= {"posterior.nc"}  # its file holds the clock
    assert COMPUTED == ["all"]
    assert capsys.readouterr().err == ""
    reworded = replace(EXPERIMENT, title="Another title", expect="Something.")
    assert draw_all([reworded], **settings) == status  # type: ignore[arg-type]
    assert "# Another title" in (tmp_path / "comparison" / "report.md").read_text()
    assert draw_all([replace(EXPERIMENT, quick=replace(TINY, draws=61))], **settings) == 2  # type: ignore[arg-type]
    assert "what is stored of case 'all' belongs to another budget" in capsys.readouterr().err
    assert run_all([EXPERIMENT], fresh=True, **settings) == status  # type: ignore[arg-type]
    assert COMPUTED == ["all", "all"]
    fresh = files(tmp_path / "comparison")
    same = {name for name in first if name.startswith("figures/") and name.endswith((".png", ".csv", ".svg"))}
    assert {name for name in same if first[name] != fresh[name]} == set()
