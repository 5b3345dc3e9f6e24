"""Types of reports and experiments: what they compute and what they refuse."""

import math
from dataclasses import replace

import pandas as pd
import pytest

from experiments.data.datasets import load
from experiments.engine.answering import answer
from experiments.engine.experiment import Budget, Case, Experiment, Results, Task
from experiments.engine.progress import Silent, Terminal
from experiments.reporting.report import Answer, Claim, Comparison, Report, Section, Table, require_name


def claim(ours: float, kind: Comparison = "equal within", tolerance: float = 0.5) -> Claim:
    return Claim("a number", "a paper", published=2.0, ours=ours, tolerance=tolerance, kind=kind)


@pytest.mark.parametrize(
    ("kind", "ours", "holds"),
    [
        ("equal within", 2.5, True),
        ("equal within", 1.5, True),
        ("equal within", 2.51, False),
        ("equal within", 1.49, False),
        ("at least", 1.5, True),
        ("at least", 1.49, False),
        ("at least", 99.0, True),
        ("at most", 2.5, True),
        ("at most", 2.51, False),
        ("at most", -99.0, True),
        ("equal within", math.nan, False),
        ("at least", math.inf, False),
    ],
)
def test_claim_is_computed(kind: Comparison, ours: float, holds: bool) -> None:
    assert claim(ours, kind).passed is holds


def test_difference_is_ours_minus_published() -> None:
    assert claim(2.25).difference == 0.25


def table(name: str) -> Table:
    return Table(name, "A table.", pd.DataFrame({"a": [1.0]}))


def test_report_passes_only_if_every_claim_does() -> None:
    parts = {"name": "r", "title": "T", "question": "Q?", "answer": "A.", "sections": ()}
    assert Report(**parts).passed
    assert Report(**parts, claims=(claim(2.0),)).passed
    assert not Report(**parts, claims=(claim(2.0), claim(9.0))).passed


def test_tables_come_in_reading_order_and_have_names_of_their_own() -> None:
    sections = (Section("one", ("text", table("b"))), Section("two", (table("a"),)))
    report = Report("r", "T", "Q?", "A.", sections)
    assert [part.name for part in report.tables] == ["b", "a"]
    assert list(report.pictures) == []
    with pytest.raises(ValueError, match="several parts called b"):
        Report("r", "T", "Q?", "A.", (Section("one", (table("b"), table("b"))),))


@pytest.mark.parametrize("name", ["../up", "a b", "", "A", "x/y", ".hidden", "a" * 81])
def test_names_can_be_files_and_anchors_everywhere(name: str) -> None:
    with pytest.raises(ValueError, match="cannot name"):
        table(name)


def experiment(question: str = "Is it so?") -> Experiment[int]:
    budget = Budget(draws=10, tune=20, chains=2, n_starts=3)

    def run(task: Task) -> int:
        with task.progress.stage("counting", 3) as advance:
            for _ in range(3):
                advance(1)
        return task.budget.draws * task.budget.chains + int(task.settings["more"])

    def answered(results: Results[int]) -> Answer:
        return Answer(f"It is {results['one']}.", (), provenance={"data": "none"})

    return Experiment(
        name="counting",
        title="Counting",
        question=question,
        summary="It counts.",
        tags=("em",),
        expect="A number.",
        limits="Everything else.",
        quick=budget,
        full=Budget(100, 20, 4, 3),
        cases=lambda _: (Case("one", {"more": 7}),),
        run=run,
        answer=answered,
    )


def test_an_experiment_reports_with_its_provenance() -> None:
    report = answer(experiment(), quick=True, seed=7)
    assert report.answer == "It is 27."
    assert {"seed": 7, "budget": "quick", "draws": 10, "data": "none"}.items() <= report.provenance.items()
    assert {"seconds", "numpy", "pymc", "python"} <= set(report.provenance)
    assert answer(experiment(), seed=7).answer == "It is 407."


def test_the_sources_of_data_are_among_the_references() -> None:
    source = load("acidity").citation
    assert answer(replace(experiment(), data=("acidity",), references=("Else.",))).references == ("Else.", source)
    assert answer(replace(experiment(), data=("acidity",), references=(source,))).references == (source,)


def test_a_question_ends_with_a_question_mark() -> None:
    with pytest.raises(ValueError, match="question mark"):
        experiment("It is so.")


@pytest.mark.parametrize("value", [0, -1, 1.5, True])
def test_budgets_are_whole_and_positive(value: int) -> None:
    with pytest.raises(ValueError, match="draws must be a whole number"):
        Budget(draws=value, tune=1, chains=1, n_starts=1)


def test_progress_is_quiet_where_there_is_no_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    for progress in (Silent(), Terminal()):
        assert not progress.visible
        progress.say("hello")
        with progress.stage("work", 2) as advance:
            advance(2)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["claims", "references"])
def test_a_table_takes_no_name_of_a_part_that_every_report_has(name: str) -> None:
    with pytest.raises(ValueError, match=f"several parts called {name}"):
        Report("r", "T", "Q?", "A.", (Section("one", (table(name),)),))


@pytest.mark.parametrize("name", ["con", "lpt1", "Con", "a b", "../a", ""])
def test_what_cannot_be_a_file_anywhere_is_no_name(name: str) -> None:
    with pytest.raises(ValueError, match="cannot name a part"):
        require_name(name)
