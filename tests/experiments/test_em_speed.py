"""The report on speed, from rows that were not measured here; and one case that was."""

import dataclasses
import math
from pathlib import Path

import pytest
from answered import reported

from benchmarks import em_iteration
from benchmarks.linear_in_n import Row as GrowthRow
from experiments.answers.em_speed import FULL_BARS, OTHER_BARS
from experiments.em_speed import EXPERIMENT, Result, busy_cores, processor_name


def row(case: em_iteration.Case, ratio: float, times_floor: float = 2.0) -> em_iteration.Row:
    ours = 1.5 * case.n_features
    floor = ours / times_floor
    return em_iteration.Row(**dataclasses.asdict(case), ours=ours, theirs=ratio * ours, ratio=ratio, floor=floor,
                            times_floor=times_floor, least_floor=floor)  # fmt: skip


def result(*changes: em_iteration.Row, uneven: float = 1.0, megabytes: float = 0.5, busy: float = 0.0) -> Result:
    """Every case just above its bar, but for the changes."""
    rows = {}
    for threads in (1, None):
        for case in em_iteration.grid(threads=threads):
            bars = FULL_BARS if case.structure == "full" else OTHER_BARS
            rows[case] = row(case, 1.01 * bars[case.n_features])
    for change in changes:
        rows[em_iteration.Case(*(getattr(change, field.name) for field in dataclasses.fields(em_iteration.Case)))] = (
            change
        )
    growth = tuple(
        GrowthRow(d, n, threads, 10.0 * d * (uneven if n > 10**6 else 1.0), megabytes)
        for d in (2, 10)
        for threads in (1, None)
        for n in (10**4, 10**5, 10**6, 10**7)
    )
    return Result(tuple(rows.values()), growth, "a processor", 2, busy, "1.0")


def test_every_bar_holds_just_above_it() -> None:
    report = reported(EXPERIMENT, result())
    assert report.passed
    assert len(report.claims) == 11
    assert "Every bar set for it is cleared." in report.answer
    assert "less than 1 MB, up to 10⁷ points" in report.answer
    assert not any("not idle" in str(block) for section in report.sections for block in section.blocks)


@pytest.mark.parametrize(
    ("case", "ratio", "broken"),
    [
        (em_iteration.Case("full", 4, 2, 100_000, 1), 19.9, "full, D ≤ 4"),
        (em_iteration.Case("full", 10, 16, 1_000_000, None), 14.9, "full, D = 10"),
        (em_iteration.Case("full", 32, 5, 100_000, None), 4.9, "full, D = 32"),
        (em_iteration.Case("tied", 1, 2, 100_000, 1), 9.9, "tied, diag and spherical, D ≤ 4"),
        (em_iteration.Case("spherical", 10, 2, 100_000, 1), 4.9, "tied, diag and spherical, D = 10"),
        (em_iteration.Case("diag", 32, 2, 1_000, 1), 0.9, "least of all cases"),
    ],
)
def test_one_slow_case_breaks_its_bar_and_is_named(case: em_iteration.Case, ratio: float, broken: str) -> None:
    report = reported(EXPERIMENT, result(row(case, ratio)))
    [failed] = [claim for claim in report.claims if not claim.passed]
    assert broken in failed.statement
    assert failed.ours == ratio
    assert f"Missed: {failed.statement}." in report.answer


def test_far_from_the_floor_uneven_or_large_fails() -> None:
    far = row(em_iteration.Case("full", 2, 5, 100_000, None), 30.0, times_floor=4.1)
    for broken, words in (
        (result(far), "our time over the floor, most, N ≥ 10⁵, all cores"),
        (result(megabytes=11.0), "memory above the data"),
    ):
        [failed] = [claim for claim in reported(EXPERIMENT, broken).claims if not claim.passed]
        assert words in failed.statement
    assert sum(not claim.passed for claim in reported(EXPERIMENT, result(uneven=1.3)).claims) == 2


def test_a_busy_machine_is_said_to_be_one() -> None:
    [text, *_] = reported(EXPERIMENT, result(busy=1.3)).sections[0].blocks
    assert "others kept 1.3 cores busy" in str(text)


def test_it_is_written_without_growth_too(tmp_path: Path) -> None:
    report = reported(EXPERIMENT, dataclasses.replace(result(), growth=()))
    folder = report.write(tmp_path / "em_speed")
    assert {path.name for path in (folder / "figures").glob("*.png")} == {"speeds.png"}
    report = reported(EXPERIMENT, result())
    assert {picture.name for picture in report.pictures} == {"speeds", "growing"}


def test_a_case_is_measured() -> None:
    [measured] = em_iteration.measure([em_iteration.Case("diag", 2, 2, 1_000, 1)], seconds=0.0)
    assert all(value > 0.0 and math.isfinite(value) for value in (measured.ours, measured.theirs, measured.floor))


def test_the_machine_is_described() -> None:
    assert processor_name()
    busy = busy_cores(0.05)
    assert busy is None or busy >= 0.0
