"""Runs in this process and on a cluster: nothing computed twice, nothing lost where one thing fails."""

import errno
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import made_up
import pytest
from support import ROOT

from experiments.engine import identity as identities
from experiments.engine import store as stores
from experiments.engine.experiment import Results
from experiments.engine.plan import Plan
from experiments.engine.running import draw_all, run_all
from experiments.reporting.report import Answer

SERIAL, PARALLEL = made_up.EXPERIMENTS


@pytest.fixture(autouse=True)
def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where cases that begin are noted; nobody waits for a case."""
    monkeypatch.setenv("MADE_UP_LOG", str(tmp_path / "log"))
    monkeypatch.setattr(made_up, "PAUSE", 0.0)
    return tmp_path / "log"


def computed(log: Path) -> list[str]:
    """The cases begun since this was asked last."""
    lines = log.read_text().splitlines() if log.exists() else []
    log.unlink(missing_ok=True)
    return [line.partition(" ")[2] for line in lines]


def run(output: Path, *experiments: Any, **settings: Any) -> int:
    return run_all(experiments or (SERIAL,), **{"quick": True, "output": output, "seed": 1, "jobs": 1, **settings})


def results(output: Path, name: str = "serial") -> dict[str, Any]:
    content: dict[str, Any] = json.loads((output / name / "results.json").read_text())
    return content


def test_a_case_is_computed_once(tmp_path: Path, begun: Path) -> None:
    assert run(tmp_path) == 0
    assert len(computed(begun)) == made_up.CASES
    first = results(tmp_path)
    assert run(tmp_path) == 0
    assert draw_all([SERIAL], quick=True, output=tmp_path, seed=1) == 0
    assert computed(begun) == []
    assert results(tmp_path) == first
    assert run(tmp_path, fresh=True) == 0
    assert len(computed(begun)) == made_up.CASES
    assert results(tmp_path)["result"] == first["result"]
    assert run(tmp_path, seed=2) == 0
    assert len(computed(begun)) == made_up.CASES
    assert results(tmp_path)["result"] != first["result"]


def test_seconds_are_those_the_cases_took(tmp_path: Path) -> None:
    assert run(tmp_path) == 0
    headers = [stores._header(path) for path in (tmp_path / stores.FOLDER / "serial").glob("*.zip")]
    took = sum(header.seconds for header in headers if header is not None)
    assert results(tmp_path)["provenance"]["seconds"] == pytest.approx(took, abs=0.051)


def test_a_case_that_is_lost_or_damaged_is_computed_again(tmp_path: Path, begun: Path) -> None:
    assert run(tmp_path) == 0
    expected = results(tmp_path)["result"]
    lost, damaged = sorted((tmp_path / stores.FOLDER / "serial").glob("*.zip"))[:2]
    lost.unlink()
    damaged.write_bytes(damaged.read_bytes()[:-50])
    computed(begun)
    assert draw_all([SERIAL], quick=True, output=tmp_path, seed=1) == 2
    assert computed(begun) == []
    assert run(tmp_path) == 0
    assert computed(begun) == ["case-0", "case-1"]
    assert results(tmp_path)["result"] == expected


def test_a_failing_case_or_answer_keeps_no_other_from_its_report(
    tmp_path: Path, begun: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def wrong(_: Results[made_up.Outcome]) -> Answer:
        raise LookupError("a mistake in drawing")

    undrawable = replace(SERIAL, name="undrawable", answer=wrong)
    failing = replace(SERIAL, name="failing", run=fail_third)
    assert run(tmp_path, failing, undrawable, SERIAL) == 1
    err = capsys.readouterr().err
    for words in (
        "case 'case-2' of failing failed",
        "ZeroDivisionError: the third",
        "LookupError: a mistake in drawing",
    ):
        assert words in err
    assert "2 of 3 experiments failed, as shown above: failing, undrawable." in err.splitlines()[-1]
    assert {path.name for path in tmp_path.iterdir()} == {"serial", stores.FOLDER, "log"}
    computed(begun)
    monkeypatch.setenv("MENDED", "yes")
    assert run(tmp_path, failing, replace(undrawable, answer=made_up.answer)) == 0
    assert computed(begun) == ["case-2"]


def fail_third(task: Any) -> made_up.Outcome:
    found = made_up.run(task)
    if task.case.name == "case-2" and "MENDED" not in os.environ:
        raise ZeroDivisionError("the third")
    return found


def test_what_was_computed_with_other_code_is_not_kept(
    tmp_path: Path, begun: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    planned = identities.versions()
    with monkeypatch.context() as patched:
        seen = iter([planned])  # the plan's; what a case finds when it ends is another
        patched.setattr(identities, "versions", lambda: next(seen, {**planned, "numpy": "0.1"}))
        assert run(tmp_path) == 1
    assert "under another version of numpy than the run began with" in " ".join(capsys.readouterr().err.split())
    assert len(computed(begun)) == made_up.CASES
    assert run(tmp_path) == 0
    assert len(computed(begun)) == made_up.CASES


def test_a_full_disk_is_one_line_and_loses_nothing(
    tmp_path: Path, begun: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real, written = stores.write_whole, []

    def until_full(path: Path, content: bytes) -> None:
        if len(written) > 3:  # the trial before the work, and three cases
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(path)
        real(path, content)

    monkeypatch.setattr(stores, "write_whole", until_full)
    with pytest.raises(BaseException, match="2"):
        run(tmp_path)
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "No space left on device. Choose another --output or make room." in err
    monkeypatch.undo()
    monkeypatch.setenv("MADE_UP_LOG", str(begun))
    computed(begun)
    assert run(tmp_path) == 0
    assert len(computed(begun)) == made_up.CASES - 3


def test_an_unwritable_folder_is_one_line_before_the_work(
    tmp_path: Path, begun: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / stores.FOLDER).write_text("in the way")
    with pytest.raises(BaseException, match="2"):
        run(tmp_path)
    assert capsys.readouterr().err.count("\n") == 1
    assert computed(begun) == []


@pytest.mark.reports
def test_compiled_routines_give_the_same_bits_on_one_core_and_on_two(tmp_path: Path) -> None:
    climbing = replace(PARALLEL, run=made_up.climb)
    found = []
    for jobs in (1, 2):
        assert run(tmp_path / str(jobs), climbing, jobs=jobs) == 0
        plan = Plan(climbing, True, 1, {}, tmp_path / str(jobs))
        outcomes = plan.results()[0].outcomes
        found.append({case: (outcome.values.tobytes(), outcome.mean) for case, outcome in outcomes.items()})
    assert found[0] == found[1]
    assert len(set(found[0].values())) == made_up.CASES


@pytest.mark.reports
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_cluster_gives_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    distributed = pytest.importorskip("distributed")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(ROOT / "tests")]))
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(**options) as cluster:
        assert run(tmp_path / "there", PARALLEL, cluster=cluster.scheduler_address) == 0
    assert run(tmp_path / "here", PARALLEL) == 0
    there, here = (results(tmp_path / place, "parallel") for place in ("there", "here"))
    assert there["result"] == here["result"]
    stored = [sorted(path.name for path in (tmp_path / place).glob("**/*.zip")) for place in ("there", "here")]
    assert stored[0] == stored[1]
    assert len(stored[0]) == made_up.CASES
