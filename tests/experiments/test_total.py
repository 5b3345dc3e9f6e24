"""One bar over a whole run: weighed by expected seconds, with the time left; nothing where nobody looks."""

import io

import pytest
from rich.console import Console

from experiments.engine.total import Total

EXPECTED = {("a", "short"): 1.0, ("a", "long"): 3.0, ("b", "one"): 4.0}


class Clock:
    """Seconds that pass when they are told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_time_left_goes_by_the_pace_of_what_has_ended() -> None:
    clock = Clock()
    total = Total(EXPECTED, Console(file=io.StringIO()), clock)
    assert total.left() == 8.0  # as declared
    clock.now += 2.0
    assert total.left() == 6.0
    clock.now += 7.0
    assert total.left() is None
    clock.now -= 7.0
    total.case_ended("a", "short")  # 2 s for 1 expected: 7 expected are left
    assert total.left() == pytest.approx(14.0)
    clock.now += 4.0
    assert total.left() == pytest.approx(10.0)
    clock.now += 1000.0
    assert total.left() == 0.0
    total.case_ended("a", "long")
    total.case_ended("b", "one")
    assert total.left() == 0.0


def test_nothing_is_written_where_nobody_looks() -> None:
    file = io.StringIO()
    with Total(EXPECTED, Console(file=file)) as total:
        total.case_begins("a", "short")
        with total.stage("EM starts", 3) as advance:
            advance(1)
        total.say("a line")
        with total.paused():
            total.case_ended("a", "short")
    assert file.getvalue() == ""
    assert not total.visible


def test_a_terminal_shows_experiment_case_stage_share_and_time_left() -> None:
    file, clock = io.StringIO(), Clock()
    console = Console(file=file, force_terminal=True, width=120, color_system=None)
    with Total(EXPECTED, console, clock) as total:
        clock.now += 60.0
        total.case_ended("b", "one")
        total.case_begins("a", "[long]")
        with total.stage("EM starts", 3) as advance:
            advance(2)
            total._bars.refresh()
        total.say("a line")
    shown = file.getvalue()
    for words in ("a: [long]", "50%", "0:01:00 left", "EM starts", "67%", "a line"):
        assert words in shown


def test_the_bars_make_way_for_what_else_is_written() -> None:
    file = io.StringIO()
    with Total(EXPECTED, Console(file=file, force_terminal=True, width=80)) as total:
        with total.paused():
            before = file.getvalue()
            assert not total._bars.live.is_started
        assert total._bars.live.is_started
    assert file.getvalue().startswith(before)
