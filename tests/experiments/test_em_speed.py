"""The report on speed, from rows that were not measured here; and cells that were."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from answered import reported

from benchmarks import em_iteration, linear_in_n
from experiments.answers.em_speed import FULL_BARS, OTHER_BARS, powers_of_d, powers_of_n
from experiments.em_speed import EXPERIMENT, LONG, STRUCTURES, Growth, Iterations, cases, cells
from experiments.studies.machine import Machine, busy_cores, processor_name

MACHINE = Machine("a processor", 2, 0.0)


def row(cell: em_iteration.Case, ratio: float, times_floor: float = 2.0) -> dict[str, object]:
    ours = 1.5 * cell.n_features
    names = {"structure": cell.structure, "D": cell.n_features, "K": cell.n_components, "N": cell.n_samples}
    measured = {"ours": ours, "theirs": ratio * ours, "ratio": ratio, "floor": ours / times_floor}
    return {**names, "threads": str(cell.threads or "all"), **measured, "times floor": times_floor}


def outcomes(*changes: dict[str, object], uneven: float = 1.0, megabytes: float = 0.5, busy: float = 0.0):
    """Every cell just above its bar, but for the changes."""
    found: list[object] = []
    key = ("structure", "D", "K", "N", "threads")
    changed = {tuple(change[name] for name in key): change for change in changes}
    for structure in STRUCTURES:
        bars = FULL_BARS if structure == "full" else OTHER_BARS
        rows = [row(cell, 1.01 * bars[cell.n_features]) for cell in cells(structure, LONG)]
        rows = [changed.get(tuple(one[name] for name in key), one) for one in rows]
        found.append(Iterations(pd.DataFrame(rows), dataclasses.replace(MACHINE, busy=busy), "1.0"))
    for d in (2, 10):
        grown = [
            {
                "D": d,
                "K": 5,
                "N": n,
                "threads": threads,
                "ns per point": 10.0 * d * (uneven if n == 10**6 else 1.0),
                "MB above the data": megabytes,
            }
            for threads in ("1", "all")
            for n in (10**4, 10**5, 10**6)
        ]
        found.append(Growth(pd.DataFrame(grown)))
    return found


def test_every_bar_holds_just_above_it() -> None:
    report = reported(EXPERIMENT, *outcomes())
    assert report.passed
    assert len(report.claims) == 11
    assert "Every bar set for it is cleared." in report.answer
    assert "0.5 MB at most, up to 10⁶ points" in report.answer
    assert not any("not idle" in str(block) for section in report.sections for block in section.blocks)


@pytest.mark.parametrize(
    ("cell", "ratio", "broken"),
    [
        (em_iteration.Case("full", 4, 5, 100_000, 1), 19.9, "full, D ≤ 4"),
        (em_iteration.Case("full", 10, 5, 1_000_000, None), 14.9, "full, D = 10"),
        (em_iteration.Case("full", 32, 16, 100_000, 1), 4.9, "full, D = 32"),
        (em_iteration.Case("tied", 1, 5, 100_000, 1), 9.9, "tied, diag and spherical, D ≤ 4"),
        (em_iteration.Case("spherical", 10, 2, 100_000, 1), 4.9, "tied, diag and spherical, D = 10"),
        (em_iteration.Case("diag", 32, 5, 1_000, 1), 0.9, "least of all cases"),
    ],
)
def test_one_slow_cell_breaks_its_bar_and_is_named(cell: em_iteration.Case, ratio: float, broken: str) -> None:
    report = reported(EXPERIMENT, *outcomes(row(cell, ratio)))
    [failed] = [claim for claim in report.claims if not claim.passed]
    assert broken in failed.statement
    assert failed.ours == ratio
    assert f"Missed: {failed.statement}." in report.answer


def test_far_from_the_floor_uneven_or_large_fails() -> None:
    far = row(em_iteration.Case("full", 2, 5, 100_000, None), 30.0, times_floor=4.1)
    for broken, words in (
        (outcomes(far), "our time over the floor, most, N ≥ 10⁵, all cores"),
        (outcomes(megabytes=11.0), "memory above the data"),
    ):
        [failed] = [claim for claim in reported(EXPERIMENT, *broken).claims if not claim.passed]
        assert words in failed.statement
    assert sum(not claim.passed for claim in reported(EXPERIMENT, *outcomes(uneven=1.3)).claims) == 2


def test_a_busy_machine_is_said_to_be_one() -> None:
    [text, *_] = reported(EXPERIMENT, *outcomes(busy=1.3)).sections[0].blocks
    assert "others kept 1.3 of them busy" in str(text)


def test_it_is_written(tmp_path: Path) -> None:
    folder = reported(EXPERIMENT, *outcomes()).write(tmp_path / "em_speed")
    assert {path.name for path in (folder / "figures").glob("*.png")} == {"speeds.png", "growing.png"}


def test_without_growth_it_reports_the_ratios() -> None:
    without = [case for case in cases(EXPERIMENT.full) if not case.name.startswith("growth")]
    report = reported(dataclasses.replace(EXPERIMENT, cases=lambda _: without), *outcomes()[: len(without)])
    assert [picture.name for picture in report.pictures] == ["speeds"]


def test_a_cell_is_measured() -> None:
    [measured] = em_iteration.measure([em_iteration.Case("diag", 2, 2, 1_000, 1)], seconds=0.0)
    assert all(value > 0.0 and math.isfinite(value) for value in (measured.ours, measured.theirs, measured.floor))


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells the memory of a process")
def test_memory_that_grows_with_the_points_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    n = 100_000
    [lean] = linear_in_n.measure(2, [n], threads=1, seconds=0.0)

    def holding_responsibilities(*_: object, **__: object) -> np.ndarray:
        return np.full((n, linear_in_n.N_COMPONENTS), 0.2)

    monkeypatch.setattr(linear_in_n.em, "m_step", holding_responsibilities)
    [wasteful] = linear_in_n.measure(2, [n], threads=1, seconds=0.0)
    assert wasteful.megabytes - lean.megabytes > 0.8 * n * linear_in_n.N_COMPONENTS * 8 / 2**20


def test_growth_is_told_as_powers() -> None:
    grown = pd.DataFrame([{"D": 2, "N": n, "threads": "1", "ns per point": 3.0 * n**0.5} for n in (10**5, 10**6)])
    assert powers_of_n(grown) == pytest.approx([1.5])
    rows = [row(em_iteration.Case("full", d, 5, 10**5, 1), 2.0) for d in (1, 2, 4)]
    assert powers_of_d(pd.DataFrame(rows)).to_numpy() == pytest.approx(1.0)


def test_the_machine_is_described() -> None:
    assert processor_name()
    busy = busy_cores(0.05)
    assert busy is None or busy >= 0.0
