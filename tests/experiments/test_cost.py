"""What methods cost: slopes from made-up seconds, other programs left out, and small problems measured."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from answered import reported, run_case

from experiments import cost
from experiments.answers.cost import slopes_of
from experiments.answers.cost_declared import CLAIMS, PAIRS
from experiments.cost import BASE, EXPERIMENT, ONE_FEATURE, Absent, Beside, Costs, cases
from experiments.engine.experiment import Budget
from experiments.studies.costing import UNITS, Size, of_em, of_posterior
from experiments.studies.machine import Machine
from experiments.studies.programs import AS_THEY_COME, MATCHED, scikit_learn

MACHINE = Machine("a processor", 2, 0.0)
TINY = Budget(draws=60, tune=60, chains=2, n_starts=3)


def rows(n: int, k: int, d: int, data_sets: int = 1) -> pd.DataFrame:
    """The i-th method takes i times N K D^2 microseconds, and i passes."""
    return pd.DataFrame(
        [
            {"method": name, "seconds": 1e-6 * (i + 1) * n * k * d**2, "passes": i + 1.0, "data_set": number}
            for number in range(data_sets)
            for i, name in enumerate(UNITS)
        ]
    )


def beside(program: str, ratio: float) -> Beside:
    """The other program takes `ratio` times as long as ours, and its fits end 1 nat lower."""
    made = pd.DataFrame(
        [{"method": method, "ours": 1.0, "theirs": ratio, "data_set": 0} for name, method in PAIRS if name == program]
    )
    if program == "scikit-learn":
        made["our log-likelihood"], made["their log-likelihood"] = -10.0, -11.0
    return Beside(made, BASE if program == "scikit-learn" else ONE_FEATURE, "1.0")


def outcomes(ratio: float = 3.0) -> list[object]:
    found: list[object] = []
    for case in cases(EXPERIMENT.full):
        if "n" in case.settings:
            found.append(Costs(rows(*(case.settings[name] for name in ("n", "k", "d", "data_sets"))), MACHINE))
        else:
            found.append(beside(case.name, ratio))
    return found


def test_slopes_are_the_powers_of_the_law_that_made_the_seconds():
    made = [rows(n, k, d).assign(N=n, K=k, D=d) for n, k, d in ((100, 2, 2), (400, 2, 2), (100, 6, 2), (100, 2, 5))]
    slopes = slopes_of(pd.concat(made)).set_index(["axis", "method"])
    for axis, power in (("N", 1.0), ("K", 1.0), ("D", 2.0)):
        np.testing.assert_allclose(slopes["slope"][axis], power, atol=1e-9)
    assert (slopes["points"] == 2).all()
    assert slopes["error"].isna().all()  # two points leave nothing over


def test_the_error_of_a_slope_is_that_of_least_squares():
    rng = np.random.default_rng(0)
    n = np.repeat([100, 300, 1000], 2)
    seconds = 1e-6 * n**0.8 * np.exp(0.2 * rng.normal(size=n.size))
    made = pd.DataFrame({"method": "EM fit", "seconds": seconds, "N": n, "K": 2, "D": 2})
    [found] = slopes_of(made).to_dict("records")
    coefficients, covariance = np.polyfit(np.log(n), np.log(seconds), 1, cov=True)
    assert found["slope"] == pytest.approx(coefficients[0])
    assert found["error"] == pytest.approx(np.sqrt(covariance[0, 0]))
    assert found["points"] == 6


def test_seconds_and_passes_are_told_at_the_base(tmp_path: Path):
    report = reported(EXPERIMENT, *outcomes())
    table = next(table.frame for table in report.tables if table.name == "methods")
    places = np.arange(1, len(UNITS) + 1)
    np.testing.assert_allclose(table["passes"].drop("SMC").astype(float), places[:-1])
    milliseconds = 1e-3 * places * BASE.n_samples * BASE.n_components * BASE.n_features**2
    for column in (f"N = {BASE.n_samples}", "least", "most"):
        np.testing.assert_allclose(table[column].drop("SMC").astype(float), milliseconds[:-1])
    first = report.answer.partition(". ")[0]
    assert first == (
        "With 10000 points an EM fit from 20 starts takes 0.24 s, 1000 effective draws 960 s by Gibbs sampling and"
        " 720 s by NUTS; all grow about as the points do"
    )
    assert "; as it comes its fit ends 1 nats below ours." in report.answer
    assert report.passed
    assert report.provenance["scikit-learn"] == "1.0"
    folder = report.write(tmp_path / "cost")
    assert {path.name for path in (folder / "figures").glob("*.png")} == {"costs.png", "growth.png"}


def test_a_method_without_a_point_is_named_with_its_size():
    made = outcomes()
    lacking = next(i for i, case in enumerate(cases(EXPERIMENT.full)) if case.settings.get("d") == 6)
    made[lacking] = Costs(made[lacking].rows.query("method != 'bridge'"), MACHINE)
    [growth] = [section for section in reported(EXPERIMENT, *made).sections if section.title == "How it grows"]
    assert growth.blocks[-1].name == "slopes"
    assert str(growth.blocks[0]).endswith("independent ones: bridge at N = 10000, K = 3, D = 6.")


def test_slopes_without_an_error_are_not_told():
    answer = cost.build_answer(
        pd.concat([rows(*size).assign(N=size[0], K=size[1], D=size[2]) for size in ((100, 2, 2), (400, 2, 2))]),
        {}, [], MACHINE, n_starts=2,
    )  # fmt: skip
    assert [block.name for block in answer.sections[-1].blocks[1:]] == ["growth"]


def test_chains_that_are_worth_too_little_have_no_price():
    made = [
        replace(one, rows=one.rows[~one.rows["method"].str.contains("effective")]) if isinstance(one, Costs) else one
        for one in outcomes()
    ]
    report = reported(EXPERIMENT, *made)
    assert report.answer.startswith("With 10000 points an EM fit from 20 starts takes 0.24 s; all grow about as the")


def test_a_faster_program_fails_its_claim_and_is_named():
    report = reported(EXPERIMENT, *outcomes(ratio=0.5))
    passed = {claim.statement: claim.passed for claim in report.claims}
    assert passed.pop(CLAIMS["log-likelihood"].statement)
    assert len(passed) == len(PAIRS)
    assert not any(passed.values())
    assert f"Missed: scikit-learn's time over ours, EM iteration; scikit-learn's time over ours, {AS_THEY_COME}" in (
        report.answer
    )


def test_a_program_that_is_not_there_keeps_its_case_and_is_said_to_be_absent(monkeypatch: pytest.MonkeyPatch):
    declared = [case.name for case in cases(EXPERIMENT.full)]
    monkeypatch.setattr(cost, "installed", lambda _: None)
    assert [case.name for case in cases(EXPERIMENT.full)] == declared
    assert run_case(EXPERIMENT, TINY, 1, "scikit-learn") == Absent("scikit-learn")
    made = [
        Absent("scikit-learn") if case == "scikit-learn" else one
        for case, one in zip(declared, outcomes(), strict=True)
    ]
    report = reported(EXPERIMENT, *made)
    assert "Not installed where this was run: scikit-learn." in str(report.sections[-1].blocks[0])
    assert len(report.claims) == sum(program != "scikit-learn" for program, _ in PAIRS)


def test_a_small_problem_is_measured():
    size = Size(200, 2, 1)
    rng = np.random.default_rng(0)
    x = size.points(rng)
    assert x.shape == (200, 1)
    found = {**of_em(x, size, TINY, rng), **of_posterior(x, size, TINY, rng)}
    assert set(found) <= set(UNITS)
    assert all(one.seconds > 0.0 for one in found.values())
    assert found["EM iteration"].seconds < found["EM fit"].seconds
    assert found["EM fit"].passes >= TINY.n_starts
    assert found["Gibbs sweep"].passes == 1.0 <= found["NUTS draw"].passes
    for sampler, unit in (("Gibbs", "sweep"), ("NUTS", "draw")):
        if (priced := found.get(f"{sampler} effective draw")) is not None:
            one = found[f"{sampler} {unit}"]
            assert priced.passes / one.passes == pytest.approx(priced.seconds / one.seconds)


def test_scikit_learn_is_measured_beside_ours_and_matched_fits_end_equally_high():
    pytest.importorskip("sklearn")
    found = scikit_learn(Size(200, 2, 1), TINY, np.random.default_rng(0)).set_index("method")
    assert list(found.index) == ["EM iteration", AS_THEY_COME, MATCHED]
    assert (found[["ours", "theirs"]] > 0.0).all(axis=None)
    heights = found.loc[MATCHED, ["our log-likelihood", "their log-likelihood"]]
    assert heights.iloc[0] == pytest.approx(heights.iloc[1], abs=1e-6)
