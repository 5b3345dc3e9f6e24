"""Ways to climb: what is counted, and the report, from climbs of a few starts on small data."""

from pathlib import Path

import numpy as np
import pytest
from answered import reported

import em
from em.moves import EM, LBFGS, AcceleratedEM, GeneralisedEM, GradientAscent
from experiments import ascents
from experiments.ascents import CLOSE, EASY, EXPERIMENT, HARD, SAME, Climbs, Result, climb_all, problem

MOVES = (EM(), AcceleratedEM(), LBFGS(), GradientAscent())


def silent(_steps: int) -> None:
    """Count nothing."""


def climbs(name: str, distance: float, n_features: int = 1, moves=MOVES, structure: str = "full") -> Climbs:
    rng = np.random.default_rng(0)
    x = np.where(rng.random(200) < 0.4, 0.0, distance)[:, None] + rng.standard_normal((200, n_features))
    return climb_all(problem(name, "two normals", x, 2, structure, 3, 1), moves, silent)


@pytest.fixture(scope="module")
def result() -> Result:
    structures = (climbs("tied", 2.5, 2, (EM(), AcceleratedEM()), "tied"),)
    families = (climbs("tied_shape", 2.5, 2, (EM(), GeneralisedEM()), "tied_shape"),)
    return Result((climbs(EASY, 8.0), climbs(HARD, 3.5)), structures, families)


def test_arrival_is_the_first_pass_close_to_the_best_end_of_the_same_optimum(result: Result) -> None:
    for found in result.climbs:
        ends = [fit.log_likelihood for fits in found.fits.values() for fit in fits if fit.status.name == "CONVERGED"]
        assert found.best == max(ends)
        for fits in found.fits.values():
            for fit in fits:
                best = max(end for end in ends if abs(end - fit.log_likelihood) <= SAME)
                assert found.optimum(fit) == best
                reached = [p for p, v in zip(fit.passes, fit.values, strict=True) if v >= best - CLOSE]
                assert found.arrival(fit) == (reached[0] if reached else None)


def test_all_moves_share_their_starts(result: Result) -> None:
    for found in result.climbs:
        for fits in found.fits.values():
            assert [fit.start for fit in fits] == list(found.problem.starts)


def test_report_counts_and_claims(result: Result, tmp_path: Path) -> None:
    report = reported(EXPERIMENT, result)
    assert report.passed
    assert [claim.published for claim in report.claims] == [3, 0.0]
    moves = next(table.frame for table in report.tables if table.name == "moves")
    assert len(moves) == 2 * len(MOVES)
    assert (moves["at the best"] <= moves["optima"]).all()
    assert (moves["passes"] <= moves["worst"]).all()
    assert (moves["gap"] >= 0.0).all()
    folder = report.write(tmp_path / "ascents")
    assert (folder / "report.html").is_file()
    assert {path.name for path in (folder / "figures").glob("*.png")} == {"gaps.png", "passes.png"}


def test_too_many_passes_fail_the_claim(result: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("experiments.answers.ascents.FEW_PASSES", 1)
    report = reported(EXPERIMENT, result)
    [failed] = [claim for claim in report.claims if not claim.passed]
    assert HARD in failed.statement
    assert failed.ours == 0


def test_singular_climbs_are_counted_and_left_out(result: Result) -> None:
    found = result.climbs[0]
    ended = em.EMFit.from_dict({**found.fits["EM"][0].to_dict(), "status": "SINGULAR"})
    changed = Climbs(found.problem, {**found.fits, "EM": (ended, *found.fits["EM"][1:])})
    report = reported(EXPERIMENT, Result((changed, result.climbs[1]), result.structures, result.families))
    moves = next(table.frame for table in report.tables if table.name == "moves")
    assert moves["optima"].tolist()[:2] == [2, 3]


def test_simulated_data_are_what_they_are_said_to_be() -> None:
    x = ascents.overlapping(3)
    assert x.shape == (1000, 1)
    assert abs(x.var() - (1.0 + 0.75**2)) < 0.3
    np.testing.assert_array_equal(x, ascents.overlapping(3))
    assert ascents.far_apart(3).shape == (1000, 4)
