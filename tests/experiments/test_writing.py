"""Reports on disk: whole or not at all, never over anything else."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from experiments.reporting import writing
from experiments.reporting.writing import check_target, read_results, write_folder


def writer(text: str, *, then: Callable[[], None] | None = None, files: int = 3) -> Callable[[Path], None]:
    """Writes a small report whose files all hold `text`."""

    def write(folder: Path) -> None:
        names = [f"figures/{place}.csv" for place in range(files)]
        (folder / "figures").mkdir()
        for name in names:
            (folder / name).write_text(text)
        (folder / "report.md").write_text(text)
        if then is not None:
            then()
        content = {"format": 1, "title": text, "files": ["report.md", "results.json", *names]}
        (folder / "results.json").write_text(json.dumps(content))

    return write


def contents(folder: Path) -> set[str]:
    return {path.read_text() for path in folder.rglob("*") if path.is_file() and path.name != "results.json"}


def hidden(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def test_writes_and_replaces(tmp_path: Path) -> None:
    target = tmp_path / "reports" / "one"
    assert write_folder(target, writer("first", files=9)) == target
    write_folder(target, writer("second", files=2))
    assert contents(target) == {"second"}
    assert len(list(target.rglob("*.csv"))) == 2
    assert hidden(target.parent) == []


def test_the_last_word_before_the_swap(tmp_path: Path) -> None:
    target = tmp_path / "one"
    write_folder(target, writer("first"))

    def stop() -> None:
        assert contents(target) == {"first"}
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_folder(target, writer("second"), before_swap=stop)
    assert contents(target) == {"first"}
    assert hidden(tmp_path) == []


def test_a_failing_writer_leaves_the_report_that_was_there(tmp_path: Path) -> None:
    target = tmp_path / "one"
    write_folder(target, writer("first"))

    def fail() -> None:
        raise ValueError("on the way")

    with pytest.raises(ValueError, match="on the way"):
        write_folder(target, writer("second", then=fail))
    assert contents(target) == {"first"}
    assert hidden(tmp_path) == []


@pytest.mark.parametrize("stranger", ["notes.txt", "figures/mine.csv", "sub/deep.txt"])
def test_a_folder_with_anything_else_is_left_alone(tmp_path: Path, stranger: str) -> None:
    target = tmp_path / "one"
    write_folder(target, writer("first"))
    (target / stranger).parent.mkdir(exist_ok=True)
    (target / stranger).write_text("precious")
    for act in (lambda: check_target(target), lambda: write_folder(target, writer("second"))):
        with pytest.raises(OSError, match="left as it is, since it also holds") as caught:
            act()
        assert "\n" not in str(caught.value)
    assert contents(target) == {"first", "precious"}


def test_a_folder_that_is_no_report_is_left_alone(tmp_path: Path) -> None:
    documents = tmp_path / "Documents"
    documents.mkdir()
    (documents / "thesis.tex").write_text("precious")
    with pytest.raises(OSError, match="it is not a report: choose another --output"):
        write_folder(documents, writer("x"))
    (documents / "results.json").write_text('{"format": 1, "files": ["thesis.tex"]}')
    with pytest.raises(OSError, match="it is not a report"):
        write_folder(documents, writer("x"))
    assert (documents / "thesis.tex").read_text() == "precious"
    with pytest.raises(OSError, match="is a file, not a folder"):
        write_folder(documents / "thesis.tex", writer("x"))
    with pytest.raises(OSError, match="cannot write to"):
        write_folder(documents / "thesis.tex" / "below", writer("x"))


def test_an_empty_folder_and_a_partial_checkout_are_replaced(tmp_path: Path) -> None:
    target = tmp_path / "one"
    target.mkdir()
    write_folder(target, writer("first"))
    (target / "figures" / "1.csv").unlink()
    (target / ".DS_Store").write_text("litter")
    write_folder(target, writer("second"))
    assert contents(target) == {"second"}


def test_an_unwritable_place_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing.tempfile, "mkdtemp", full)
    with pytest.raises(OSError, match=r"cannot write to .*: No space left on device\. Choose another") as caught:
        check_target(tmp_path / "one")
    assert "\n" not in str(caught.value)


def test_a_run_killed_between_the_renames_is_made_good(tmp_path: Path) -> None:
    target = tmp_path / "one"
    write_folder(target, writer("first"))
    aside = tmp_path / ".one.previous-abc"
    aside.mkdir()
    target.rename(aside / "report")
    check_target(target)
    assert contents(target) == {"first"}
    assert hidden(tmp_path) == []


def test_drafts_of_the_dead_go_and_those_of_the_living_stay(tmp_path: Path) -> None:
    target = tmp_path / "one"
    (tmp_path / ".one.draft-dead").mkdir()

    def other_run() -> None:
        write_folder(target, writer("inner"))

    write_folder(target, writer("outer", then=other_run))
    assert contents(target) == {"outer"}
    assert hidden(tmp_path) == []


KILLED = """
import sys
sys.path.insert(0, {here!r})
from pathlib import Path
from test_writing import writer
from experiments.reporting.writing import write_folder
print("ready", flush=True)
for n in range(100_000):
    write_folder(Path({target!r}), writer(str(n), files=6))
"""


@pytest.mark.reports
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL and folder locks are POSIX")
@pytest.mark.parametrize("n_writers", [1, 2])
def test_sigkill_at_any_moment_leaves_one_whole_report(tmp_path: Path, n_writers: int) -> None:
    target = tmp_path / "one"
    script = KILLED.format(here=str(Path(__file__).parent), target=str(target))
    write_folder(target, writer("start"))
    for attempt in range(3):
        runs = [subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) for _ in range(n_writers)]
        for run in runs:
            assert run.stdout is not None
            run.stdout.readline()
        time.sleep(0.05 + 0.037 * attempt)
        for run in runs:
            os.kill(run.pid, signal.SIGKILL)
            run.communicate()
        check_target(target)
        assert len(contents(target)) == 1
        assert read_results(target) is not None
        assert hidden(tmp_path) == []
