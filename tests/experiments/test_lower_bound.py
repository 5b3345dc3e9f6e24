"""Why EM works: identities on other data, a bound that is no bound, and what the report makes of it."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from answered import reported, run_case

from experiments.answers.lower_bound import gains_of
from experiments.engine.experiment import Budget
from experiments.lower_bound import EXPERIMENT, Enumerated, Slice, Stairs


@pytest.fixture(scope="module")
def steps() -> Stairs:
    return run_case(EXPERIMENT, Budget(), 1, "staircase")


@pytest.fixture(scope="module", params=[1, 2])
def section(request: pytest.FixtureRequest) -> Slice:
    return run_case(EXPERIMENT, Budget(), request.param, "slice")


@pytest.fixture(scope="module")
def few() -> Enumerated:
    return run_case(EXPERIMENT, Budget(), 1, "enumeration")


def test_gain_is_gain_of_the_bound_and_divergence(steps: Stairs) -> None:
    gains = gains_of(steps)
    np.testing.assert_allclose(gains["log L"] - gains["F after E"], gains["gain of F"] + gains["divergence"], atol=1e-9)
    assert (gains["gain of F"] > -1e-9).all()
    assert (gains["divergence"] > -1e-9).all()
    assert gains["gap left"].iloc[0] > 1.0 > gains["gap left"].iloc[20]


def test_bounds_touch_where_an_iteration_begins_with_the_same_slope(section: Slice) -> None:
    gaps = section.log_likelihoods - section.bounds
    assert gaps.min() > -1e-9
    for gap, iterate in zip(gaps, section.iterates, strict=False):
        assert abs(section.grid[gap.argmin()] - iterate) < 0.06  # a step of the grid is 0.05
        assert np.interp(iterate, section.grid, gap) < 0.05
    assert np.all(np.diff(section.touching) > 0.0)


def test_the_next_iterate_is_the_top_of_the_parabola(section: Slice) -> None:
    for bound, after, reached in zip(section.bounds, section.iterates[1:], section.reached, strict=True):
        second, first, constant = np.polyfit(section.grid, bound, 2)
        np.testing.assert_allclose(np.polyval([second, first, constant], section.grid), bound, atol=1e-7)
        assert after == pytest.approx(-first / (2.0 * second), abs=1e-7)
        assert reached == pytest.approx(constant - first**2 / (4.0 * second), abs=1e-7)


def test_enumeration_agrees_for_several_draws() -> None:
    for seed in range(5):
        few = run_case(EXPERIMENT, Budget(), seed, "enumeration")
        np.testing.assert_allclose(few.formulas, few.sums, rtol=1e-12)
        assert few.formulas[1] > 0.0


def test_report_and_claims_that_fail(steps: Stairs, section: Slice, few: Enumerated, tmp_path: Path) -> None:
    report = reported(EXPERIMENT, steps, section, few)
    assert report.passed
    folder = report.write(tmp_path / "lower_bound")
    assert {path.stem for path in (folder / "figures").glob("*.png")} == {"staircase", "bounds"}

    broken = reported(
        EXPERIMENT,
        dataclasses.replace(steps, free_energies=steps.free_energies - 1e-3 * (np.arange(81) == 80), rate=0.9),
        dataclasses.replace(section, bounds=section.bounds + 1e-1),
        dataclasses.replace(few, sums=few.sums + 1e-6),
    )
    assert not any(claim.passed for claim in broken.claims)
