"""What methods cost: units and slopes from made-up seconds, other programs left out, and a small problem measured."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from answered import reported

from experiments.answers.cost import build_answer, slopes_of
from experiments.cost import EXPERIMENT, Beside, Costs, cases
from experiments.studies.costing import UNITS, Size, of_em, scikit_learn
from experiments.studies.machine import Machine

MACHINE = Machine("a processor", 2, 0.0)


def rows(n: int, k: int, d: int) -> pd.DataFrame:
    """The i-th method takes i times N K D^2 microseconds."""
    return pd.DataFrame([{"method": name, "seconds": 1e-6 * (i + 1) * n * k * d**2} for i, name in enumerate(UNITS)])


def outcomes(stock_ratio: float = 3.0):
    found: list[object] = []
    for case in cases(EXPERIMENT.full):
        if "n" in case.settings:
            found.append(Costs(rows(*(case.settings[name] for name in ("n", "k", "d"))), MACHINE))
        else:
            methods = (
                ("EM iteration", "EM fit") if case.name == "scikit-learn" else ("NUTS draw", "NUTS effective draw")
            )
            found.append(
                Beside(pd.DataFrame([{"method": name, "ours": 1.0, "theirs": stock_ratio} for name in methods]))
            )
    return found


def test_slopes_are_the_powers_of_the_law_that_made_the_seconds() -> None:
    made = [rows(n, k, d).assign(N=n, K=k, D=d) for n, k, d in ((100, 2, 2), (400, 2, 2), (100, 6, 2), (100, 2, 5))]
    slopes = slopes_of(pd.concat(made)).set_index(["axis", "method"])["slope"]
    for axis, power in (("N", 1.0), ("K", 1.0), ("D", 2.0)):
        np.testing.assert_allclose(slopes[axis], power, atol=1e-9)


def test_costs_are_told_in_em_iterations(tmp_path: Path) -> None:
    report = reported(EXPERIMENT, *outcomes())
    table = next(table.frame for table in report.tables if table.name == "methods")
    np.testing.assert_allclose(table["EM iterations"], np.arange(1, len(UNITS) + 1))
    assert "an effective draw of NUTS 6, of Gibbs sampling 8" in report.answer
    assert report.passed
    folder = report.write(tmp_path / "cost")
    assert {path.name for path in (folder / "figures").glob("*.png")} == {"costs.png", "growth.png"}


def test_a_method_without_a_point_is_named_with_its_size() -> None:
    made = outcomes()
    lacking = next(i for i, case in enumerate(cases(EXPERIMENT.full)) if case.settings.get("d") == 8)
    made[lacking] = Costs(made[lacking].rows.query("method != 'bridge'"), MACHINE)
    [growth] = [section for section in reported(EXPERIMENT, *made).sections if section.title == "How it grows"]
    assert str(growth.blocks[0]).endswith("from so few draws: bridge at N = 1000, K = 3, D = 8.")


def test_a_faster_program_fails_its_claim_and_is_named() -> None:
    report = reported(EXPERIMENT, *outcomes(stock_ratio=0.5))
    assert not any(claim.passed for claim in report.claims)
    assert "Missed: scikit-learn's time over ours, EM iteration" in report.answer


def test_programs_that_are_not_there_are_left_out_and_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("experiments.cost.find_spec", lambda _: None)
    names = [case.name for case in cases(EXPERIMENT.quick)]
    assert all(name.startswith("n") for name in names)
    sizes = pd.concat([rows(n, 2, 2).assign(N=n, K=2, D=2) for n in (100, 400)])
    one = Beside(pd.DataFrame([{"method": "EM iteration", "ours": 1.0, "theirs": 2.0}]))
    answer = build_answer(sizes, {"scikit-learn": one.rows}, MACHINE)
    assert "Not measured in this run: stock PyMC" in str(answer.sections[-1].blocks[0])
    assert not build_answer(sizes, {}, MACHINE).claims


def test_em_is_measured_on_a_small_problem() -> None:
    size = Size(60, 2, 1)
    rng = np.random.default_rng(0)
    x = size.points(rng)
    assert x.shape == (60, 1)
    found = of_em(x, size, rng)
    assert all(seconds > 0.0 for seconds in found.values())
    assert found["EM iteration"] < found["EM fit"]


def test_scikit_learn_is_measured_beside_ours() -> None:
    pytest.importorskip("sklearn")
    found = scikit_learn(Size(60, 2, 1), np.random.default_rng(0))
    assert set(found) == {"EM iteration", "EM fit"}
    assert all(value > 0.0 for pair in found.values() for value in pair)
