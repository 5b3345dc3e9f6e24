"""What code a result belongs to: edits of what computes change it, edits of words and drawing do not."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from experiments import galaxies
from experiments.engine.code_identity import digest_of, digest_of_packages, reached
from experiments.engine.experiment import Task

FILES = {
    "__init__.py": "",
    "question.py": '''
"""A question."""
import math
from typing import TYPE_CHECKING
from studied import shared
from studied.tools.steps import step as one_step
from . import words
if TYPE_CHECKING:
    from studied.drawing import Figure

WORDS = "what the report says"
SCALE = 2.0
TABLE = {}
TABLE["a"] = 1.0
type Number = float

class Outcome:
    """What comes back."""
    unit = shared.UNIT

def run(task: "Number") -> "Outcome":
    """Compute."""
    from studied.late import offset
    return Outcome(), SCALE * one_step(task) + offset() + shared.helper(task)

def answer(results):
    from studied.drawing import draw
    return WORDS + words.more() + draw(results)

if __name__ == "__main__":
    run(1.0)
''',
    "shared.py": "UNIT = 1\nOTHER = 2\n\ndef helper(x):\n    return x\n\ndef unused(x):\n    return x\n",
    "tools/__init__.py": "",
    "tools/steps.py": "def step(x):\n    return deeper(x)\n\ndef deeper(x):\n    return x + 1.0\n",
    "late.py": "def offset():\n    return 0.5\n",
    "words.py": "def more():\n    return 'more'\n",
    "drawing.py": "def draw(x):\n    return 'figure'\nclass Figure: ...\n",
}


WHOLE = lambda: None  # noqa: E731


@pytest.fixture
def studied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, Callable[[], str]]]:
    """A small package, and what digest its `run` has as its files are now."""
    folder = tmp_path / "studied"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    from studied import question  # type: ignore[import-not-found]

    yield folder, lambda: digest_of(reached(question.run))
    for name in [name for name in sys.modules if name.partition(".")[0] == "studied"]:
        del sys.modules[name]


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("question.py", "SCALE = 2.0", "SCALE = 3.0"),
        ("question.py", "SCALE * one_step", "one_step"),
        ("shared.py", "    return x\n\ndef unused", "    return 2 * x\n\ndef unused"),
        ("shared.py", "UNIT = 1", "UNIT = 3"),
        ("tools/steps.py", "x + 1.0", "x + 1.5"),
        ("late.py", "0.5", "0.25"),
        ("question.py", "unit = shared.UNIT", "unit = 1"),
    ],
)
def test_what_computes_counts(studied: tuple[Path, Callable[[], str]], file: str, old: str, new: str) -> None:
    folder, digest = studied
    before = digest()
    edit(folder / file, old, new)
    assert digest() != before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("question.py", "what the report says", "other words"),
        ("question.py", "return WORDS + words.more()", "return words.more()"),
        ("question.py", '"""Compute."""', '"""Compute, in other words."""'),
        ("question.py", "WORDS =", "# a comment\n\n\nWORDS  =  "),
        ("question.py", "    run(1.0)", "    run(2.0)"),
        ("question.py", "from studied.drawing import Figure", "from studied.drawing import draw"),
        ("words.py", "'more'", "'less'"),
        ("drawing.py", "'figure'", "'better figure'"),
        ("shared.py", "OTHER = 2", "OTHER = 4"),
        ("shared.py", "def unused(x):\n    return x", "def unused(x):\n    return -x"),
    ],
)
def test_words_and_drawing_do_not_count(studied: tuple[Path, Callable[[], str]], file: str, old: str, new: str) -> None:
    folder, digest = studied
    before = digest()
    edit(folder / file, old, new)
    assert digest() == before


def test_statements_that_change_what_is_reached_count(studied: tuple[Path, Callable[[], str]]) -> None:
    folder, digest = studied
    edit(folder / "shared.py", "UNIT = 1", "UNIT = [1]\nUNIT.append(2)")
    before = digest()
    edit(folder / "shared.py", "append(2)", "append(3)")
    assert digest() != before


def test_an_experiment_reaches_what_computes_and_not_what_draws() -> None:
    modules = {module for module, _ in reached(galaxies.EXPERIMENT.run)}
    assert {"experiments.galaxies", "experiments.comparing.comparison", "experiments.data.datasets"} <= modules
    assert not {name for name in modules if name.startswith(("experiments.figures", "experiments.reporting"))}
    assert any("default_rng" in text for text in reached(Task.rng).values())
    assert ("experiments.galaxies", "answer") not in reached(galaxies.EXPERIMENT.run)


def test_what_is_no_plain_function_is_refused() -> None:
    with pytest.raises(ValueError, match="not a plain function"):
        reached(print)


def test_a_lambda_reaches_its_module() -> None:
    assert (__name__, "FILES") in reached(WHOLE)


def test_packages_count_whole() -> None:
    assert digest_of_packages("mixture") != digest_of_packages("mixture", "em")
    with pytest.raises(ValueError, match="no package"):
        digest_of_packages("nowhere")
