"""Runs that are killed at any moment, and go on: no half-written report, no finished case lost or computed again."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from made_up import CASES, EXPERIMENTS
from support import ROOT

from experiments.engine.store import FOLDER
from experiments.reporting.writing import read_results

TESTS = ROOT / "tests"
NAMES = tuple(experiment.name for experiment in EXPERIMENTS)
pytestmark = [
    pytest.mark.reports,
    pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL and folder locks are POSIX"),
]


def begin(output: Path, log: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """A run of its own session, so that its workers can be killed with it."""
    paths = os.pathsep.join([str(ROOT), str(TESTS)])
    return subprocess.Popen(
        [sys.executable, str(TESTS / "run_made_up.py"), *arguments, "--output", str(output)],
        env={**os.environ, "PYTHONPATH": paths, "MADE_UP_LOG": str(log), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def run(output: Path, log: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    process = begin(output, log, *arguments, **environment)
    _, err = process.communicate(timeout=300)
    return process.returncode, err


def kept(output: Path) -> set[tuple[str, str]]:
    """Experiment and case of every stored file."""
    return {(path.parent.name, path.name.partition(".")[0]) for path in (output / FOLDER).glob("*/*.zip")}


def begun(log: Path) -> Counter[str]:
    lines = log.read_text().splitlines() if log.exists() else []
    return Counter(line.partition(" ")[2] for line in lines)


def content(output: Path) -> dict[str, bytes]:
    """Every file of the reports, results.json without what the clock says."""
    found = {}
    for name in NAMES:
        for path in sorted((output / name).rglob("*")):
            if path.is_file():
                found[f"{name}/{path.relative_to(output / name)}"] = path.read_bytes()
        results = json.loads(found.pop(f"{name}/results.json"))
        assert results["provenance"].pop("seconds") > 0.0
        found[f"{name}/results"] = json.dumps(results).encode()
        for page in ("report.html", "report.md"):  # the seconds are told there
            del found[f"{name}/{page}"]
    return found


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """A run that nobody disturbs, and the seconds it took."""
    folder = tmp_path_factory.mktemp("unbroken")
    began = time.perf_counter()
    status, err = run(folder / "reports", folder / "log", "run", "--all", "--jobs", "2")
    assert (status, err) == (0, "")
    return folder / "reports", time.perf_counter() - began


def test_killed_at_twenty_moments_and_resumed(tmp_path: Path, unbroken: tuple[Path, float]) -> None:
    whole, seconds = unbroken
    expected = content(whole)
    moments = random.Random(20)
    output, killed, after_work = tmp_path / "reports", 0, 0
    while killed < 20:
        log = tmp_path / f"log-{killed}"
        before = kept(output)
        process = begin(output, log, "run", "--all", "--jobs", "2")
        awaited = moments.randrange(len(NAMES) * CASES - len(before) + 1)
        while process.poll() is None and begun(log).total() < awaited:
            time.sleep(0.002)
        # A short while into a case, or somewhere on the way from the start, or from the last case, to the reports.
        way = 0.3 * seconds if awaited in (0, len(NAMES) * CASES - len(before)) else 0.05
        with suppress(subprocess.TimeoutExpired):
            process.wait(moments.uniform(0.0, way))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            killed += 1
        process.communicate()
        after = kept(output)
        assert before <= after
        computed = begun(log)
        for case in {case for _, case in before}:  # by both experiments together
            assert computed[case] <= sum((name, case) not in before for name in NAMES)
        after_work += bool(computed)
        for name in NAMES:
            if (output / name).exists():
                assert read_results(output / name) is not None
                listed = set(read_results(output / name)["files"])
                assert listed == {
                    path.relative_to(output / name).as_posix() for path in (output / name).rglob("*") if path.is_file()
                }
        if len(after) == len(NAMES) * CASES and all((output / name).exists() for name in NAMES):
            assert content(output) == expected
            shutil.rmtree(output)  # and once more from the start
    assert after_work > 0
    log = tmp_path / "log-last"
    before = kept(output)
    assert run(output, log, "run", "--all", "--jobs", "2") == (0, "")
    assert sum(begun(log).values()) == len(NAMES) * CASES - len(before)
    assert content(output) == expected
    assert not list((output / FOLDER).rglob("*.part"))
    assert not [path for path in output.iterdir() if path.name.startswith(".") and path.name != FOLDER]


def test_the_same_numbers_whatever_the_number_of_cores(tmp_path: Path, unbroken: tuple[Path, float]) -> None:
    assert run(tmp_path / "one", tmp_path / "log", "run", "--all", "--jobs", "1") == (0, "")
    assert content(tmp_path / "one") == content(unbroken[0])


def test_two_runs_into_one_folder_do_not_mix(tmp_path: Path, unbroken: tuple[Path, float]) -> None:
    runs = [begin(tmp_path / "reports", tmp_path / "log", "run", "--all", "--jobs", "2") for _ in range(2)]
    for process in runs:
        assert process.communicate(timeout=300)[1] == ""
        assert process.returncode == 0
    assert content(tmp_path / "reports") == content(unbroken[0])


def test_a_case_that_fails_loses_nothing_else(tmp_path: Path) -> None:
    output, log = tmp_path / "reports", tmp_path / "log"
    status, err = run(output, log, "run", "--all", "--jobs", "2", MADE_UP_FAILS="case-3")
    assert status == 1
    assert "ZeroDivisionError: made up" in err
    assert "2 of 2 experiments failed, as shown above: serial, parallel." in err.splitlines()[-1]
    assert len(kept(output)) == len(NAMES) * (CASES - 1)
    status, err = run(output, tmp_path / "again", "run", "--all", "--jobs", "2")
    assert (status, err) == (0, "")
    assert begun(tmp_path / "again") == {"case-3": 2}
