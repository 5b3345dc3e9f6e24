"""Committed reports are what the full run writes: those that repeat are run again, with the seed they name."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from support import ROOT

from experiments.engine.answering import answer
from experiments.engine.experiment import Experiment
from experiments.registry import EXPERIMENTS
from experiments.reporting.rendering import results_json
from experiments.reporting.writing import read_results

RELATIVE = 1e-6
"""Of numbers; a number below it in size may differ by it."""

REPEATING = tuple(experiment for experiment in EXPERIMENTS if experiment.repeats)


def differences(committed: Any, ours: Any, place: str = "result") -> Iterator[str]:
    """Where two results are not the same: other numbers, words, keys or lengths."""
    if isinstance(committed, Mapping) and isinstance(ours, Mapping):
        if committed.keys() != ours.keys():
            yield f"{place} has other keys: {sorted(committed.keys() ^ ours.keys())}"
        for key in committed.keys() & ours.keys():
            yield from differences(committed[key], ours[key], f"{place}.{key}")
    elif isinstance(committed, list) and isinstance(ours, list):
        if len(committed) != len(ours):
            yield f"{place} has {len(ours)} entries instead of {len(committed)}"
        for i, (one, other) in enumerate(zip(committed, ours, strict=False)):
            yield from differences(one, other, f"{place}[{i}]")
    elif _are_numbers(committed, ours):
        if not math.isclose(committed, ours, rel_tol=RELATIVE, abs_tol=RELATIVE**2):
            yield f"{place} is {ours!r} instead of {committed!r}"
    elif type(committed) is not type(ours) or committed != ours:
        yield f"{place} is {ours!r} instead of {committed!r}"


def _are_numbers(*values: object) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


@pytest.mark.reports
@pytest.mark.parametrize("experiment", REPEATING, ids=[experiment.name for experiment in REPEATING])
def test_a_full_run_gives_the_committed_result(experiment: Experiment[Any]) -> None:
    committed = read_results(ROOT / "reports" / experiment.name)
    if committed is None or committed["provenance"]["budget"] != "full":
        pytest.skip(f"the full report of {experiment.name} is not committed")
    report = answer(experiment, seed=committed["provenance"]["seed"])
    ours = json.loads(results_json(report, []))
    assert ours["result"], f"{experiment.name} says that it repeats, and gives no result to compare"
    assert list(differences(committed["result"], ours["result"])) == []
    passed = [{claim["statement"]: claim["passed"] for claim in content["claims"]} for content in (committed, ours)]
    assert passed[0] == passed[1]


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=[experiment.name for experiment in EXPERIMENTS])
def test_no_work_is_cited_twice(experiment: Experiment[Any]) -> None:
    committed = read_results(ROOT / "reports" / experiment.name)
    assert committed is not None
    works = [re.sub(r"\W+", " ", reference)[:60] for reference in committed["references"]]
    assert len(works) == len(set(works))


def test_the_comparison_sees_what_differs() -> None:
    committed = {"a": [1.0, "x", None], "b": {"c": 1e-20}, "d": True}
    same = {"a": [1.0 + 1e-7, "x", None], "b": {"c": 0.0}, "d": True}
    assert list(differences(committed, same)) == []
    for changed, told in (
        ({**committed, "a": [1.0 + 1e-5, "x", None]}, "result.a[0] is 1.00001 instead of 1.0"),
        ({**committed, "a": [1.0, "y", None]}, "result.a[1] is 'y' instead of 'x'"),
        ({**committed, "a": [1.0, "x"]}, "result.a has 2 entries instead of 3"),
        ({**committed, "a": [1.0, "x", 0.0]}, "result.a[2] is 0.0 instead of None"),
        ({**committed, "d": 1}, "result.d is 1 instead of True"),
        ({"a": committed["a"], "b": {}, "d": True}, "result.b has other keys: ['c']"),
    ):
        assert list(differences(committed, changed)) == [told]
