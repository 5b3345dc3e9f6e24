"""How many components: choices from made-up outcomes, probabilities of known evidences, and small cases computed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from answered import reported, run_case

from bayesian import Prior
from experiments.answers import iris
from experiments.answers.choosing_k import (
    Choices,
    chosen_by_evidence,
    chosen_by_filling,
    chosen_by_test,
    loo_by_k,
    probabilities,
    shown,
    within_one_error,
)
from experiments.answers.counts_published import CONCENTRATION, OVERFITTED, PUBLISHED_K
from experiments.engine.experiment import Budget
from experiments.how_many import (
    EXPERIMENT,
    SUBJECTS,
    Filled,
    Judged,
    Likelihoods,
    RatioTest,
    Subject,
    cases,
)
from mixture import GaussianMixture

TINY = Budget(draws=60, tune=60, chains=2, n_starts=2, n_simulations=3)
MCLUST = {"acidity": ("tied", 2, 392.0723), "faithful": ("tied", 3, 2314.2957)}
"""Structure, K, BIC."""


def criteria(subject: Subject) -> Likelihoods:
    """BIC least at K = 2 of `full`, AIC at 3, ICL at 2; the published value, if there is one, is the least of all."""
    structure, best, bic = MCLUST.get(subject.data, ("full", 2, 100.0))
    rows = [
        {
            "structure": name,
            "n_components": k,
            "log_likelihood": -185.9493 if (name, k) == ("tied", 2) else -200.0,
            "n_parameters": 3 * k,
            "aic": 90.0 + abs(k - 3),
            "bic": bic if (name, k) == (structure, best) else bic + 5.0 + 2.0 * abs(k - 2),
            "icl": 120.0 + 8.0 * abs(k - 2),
            "reason": "",
        }
        for name in subject.structures
        for k in range(1, subject.most + 1)
    ]
    mixtures = {
        str(k): GaussianMixture(np.full(k, 1.0 / k), 20.0 + np.arange(k)[:, None], np.ones((k, 1, 1)), "full")
        for k in range(1, subject.most + 1)
    }
    return Likelihoods(pd.DataFrame(rows), mixtures)


def made(shift: float = 0.0):
    """Tests that refute K = 1 alone; evidences of the galaxies as published, but for a shift of that of K = 3."""
    found: list[object] = []
    for case in cases(EXPERIMENT.full):
        subject, k = SUBJECTS[case.settings["data"]], case.settings.get("k", 0)
        points = np.random.default_rng(k).normal(-3.0, 0.3, 50) + 0.4 * min(k, 2)
        level = np.log(PUBLISHED_K.get(k, 1e-6)) if subject.hierarchical else -3.0 * abs(k - 3)
        level += shift * (k == 3)
        found.append(
            {
                "criteria": lambda subject=subject: criteria(subject),
                "test": lambda k=k: RatioTest(9.0, 0.01 if k == 1 else 0.4, 0.01, 99),
                "posterior": lambda level=level, points=points: Judged(
                    -500.0 + level + np.array([-0.01, 0.01, 0.0, 0.0]), points, 0, 0, 1.0, ()
                ),
                "filled": lambda: Filled(np.tile(np.eye(OVERFITTED)[1] * 0.8 + np.eye(OVERFITTED)[2] * 0.2, (2, 1))),
            }[case.settings["kind"]]()
        )
    return found


def test_probabilities_and_their_error() -> None:
    by_run = {1: np.array([-10.0, -10.2]), 2: np.array([-9.0, -9.0]), 3: np.array([-12.0, -12.1])}
    found = probabilities(by_run)
    weights = np.exp([-10.1, -9.0, -12.05])
    np.testing.assert_allclose(found["probability"], weights / weights.sum())
    rng = np.random.default_rng(0)
    logs = np.array([-10.1, -9.0, -12.05]) + np.array([0.1, 0.0, 0.05]) * rng.standard_normal((100_000, 3))
    drawn = np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found["error"], drawn.std(axis=0), rtol=0.1)


def test_leave_one_out_prefers_the_largest_and_keeps_what_cannot_be_told_from_it() -> None:
    noise = np.random.default_rng(1).standard_normal(400)
    by_k = {1: noise - 1.0, 2: noise - 0.001 * np.abs(noise[::-1]), 3: noise + 0.001 * noise[::-1]}
    outcomes = {f"posterior-k{k}": Judged(np.zeros(2), v, 0, 0, 1.0, ()) for k, v in by_k.items()}
    crossed = loo_by_k(outcomes)
    best = max(by_k, key=lambda k: by_k[k].sum())
    assert crossed["elpd"].idxmax() == best
    assert crossed.loc[best, "below"] == 0.0
    assert crossed.loc[1, "error"] == pytest.approx(20.0 * (by_k[best] - by_k[1]).std(ddof=1))
    assert 1 not in within_one_error(crossed)
    assert best in within_one_error(crossed)


@pytest.mark.parametrize(
    ("p_values", "taken"),
    [((0.3,), "1"), ((0.01, 0.2), "2"), ((0.01, 0.05, 0.01), "≥ 4"), ((0.01, np.nan), "?")],
)
def test_the_first_that_is_not_refuted_is_taken(p_values: tuple[float, ...], taken: str) -> None:
    outcomes = {f"test-k{k + 1}": RatioTest(1.0, p, 0.0, 9) for k, p in enumerate(p_values)}
    assert chosen_by_test(outcomes) == taken


def test_a_p_value_that_its_replicates_do_not_part_from_the_level_is_doubted() -> None:
    assert (
        chosen_by_test({"test-k1": RatioTest(9.0, 0.01, 0.01, 99), "test-k2": RatioTest(9.0, 0.06, 0.02, 99)})
        == "2 (?)"
    )
    assert chosen_by_test({"test-k1": RatioTest(9.0, 0.05, 0.05, 19)}) == "≥ 2 (?)"


def test_the_largest_number_tried_is_shown_as_a_bound() -> None:
    assert shown(pd.Series([1.0, 3.0, 2.0], index=[1, 2, 3])) == "2"
    assert shown(pd.Series([1.0, 3.0, np.nan], index=[1, 2, 3])) == "≥ 2"


def test_numbers_that_the_draws_do_not_tell_apart_are_all_shown() -> None:
    stuck = np.array([[0.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    assert chosen_by_filling(stuck) == "1 or 2"
    assert chosen_by_filling(stuck[:3]) == "2"
    runs = {1: np.array([-3.0, -3.0]), 2: np.array([-0.5, 0.5]), 3: np.array([-0.4, 0.0]), 4: np.array([-9.0, -9.0])}
    outcomes = {f"posterior-k{k}": Judged(logs, np.zeros(5), 0, 0, 1.0, ()) for k, logs in runs.items()}
    assert chosen_by_evidence(outcomes) == "2 or 3"
    sure = {**runs, 2: np.array([2.0, 2.01])}
    outcomes = {f"posterior-k{k}": Judged(logs, np.zeros(5), 0, 0, 1.0, ()) for k, logs in sure.items()}
    assert chosen_by_evidence(outcomes) == "2"


def test_choices_of_one_data_set() -> None:
    of_acidity = {
        case.name.removeprefix("acidity-"): outcome
        for case, outcome in zip(cases(EXPERIMENT.full), made(), strict=True)
        if case.name.startswith("acidity-")
    }
    found = Choices.of(of_acidity)
    assert {name: found.taken[name] for name in ("AIC", "BIC", "ICL", "test", "evidence", "filled")} == {
        "AIC": "3",
        "BIC": "2",
        "ICL": "2",
        "test": "2",
        "evidence": "3",
        "filled": "2",
    }
    assert found.span[0] == 2
    assert found.icl_is_least


def test_report_holds_the_published_figures(tmp_path: Path) -> None:
    report = reported(EXPERIMENT, *made())
    assert report.passed, [claim for claim in report.claims if not claim.passed]
    assert len(report.claims) == 10
    assert "It depends on what is asked" in report.answer
    folder = report.write(tmp_path / "how_many")
    assert {path.name for path in (folder / "figures").glob("*.png")} == {
        "criteria.png",
        "counts.png",
        "densities.png",
    }


def test_another_posterior_of_k_fails_its_claims() -> None:
    report = reported(EXPERIMENT, *made(shift=1.0))
    failed = [claim.statement for claim in report.claims if not claim.passed]
    assert "galaxies: P(K = 3 | X), 3 ≤ K ≤ 8" in failed
    assert "Not met: galaxies: P(K = 3 | X)" in report.answer


def test_no_number_is_taken_by_evidence_where_a_bridge_failed() -> None:
    outcomes = made()
    names = [case.name for case in cases(EXPERIMENT.full)]
    place = names.index("iris-posterior-k4")
    outcomes[place] = Judged(np.full(2, np.nan), outcomes[place].log_density, 0, 0, 1.6, ("no",))
    report = reported(EXPERIMENT, *outcomes)
    table = next(table.frame for table in report.tables if table.name == "posteriors")
    assert table[table["data"] == "iris"]["P(K | X)"].isna().all()
    choices = next(table.frame for table in report.tables if table.name == "choices").set_index("data")
    assert choices["evidence"]["iris"] == "?"
    assert choices["evidence"]["acidity"] == "3"


def test_doubts_of_the_bridge_and_reasons_of_no_test_are_told() -> None:
    outcomes = made()
    names = [case.name for case in cases(EXPERIMENT.full)]
    place, untested = names.index("iris-posterior-k3"), names.index("acidity-test-k1")
    outcomes[place] = replace(outcomes[place], notes=("chains disagree (R-hat 1.4): sample longer",))
    outcomes[untested] = RatioTest(np.nan, np.nan, np.nan, 0, "no replicate gave usable fits")
    report = reported(EXPERIMENT, *outcomes)
    told = " ".join(block for section in report.sections for block in section.blocks if isinstance(block, str))
    assert "iris, K = 3: chains disagree (R-hat 1.4)" in told
    assert "acidity, 1 against 2: no replicate gave usable fits" in told
    choices = next(table.frame for table in report.tables if table.name == "choices").set_index("data")
    assert choices["evidence"]["iris"] == "3 (?)"
    assert choices["test"]["acidity"] == "?"


def test_the_sparse_mixture_of_the_irises_is_that_of_their_own_report() -> None:
    points = SUBJECTS["iris"].points()
    prior, own = SUBJECTS["iris"].sparse_prior(), Prior.weakly_informative(points, iris.SPECIES)
    assert (OVERFITTED, CONCENTRATION) == (iris.OVERFITTED, iris.EMPTYING)
    assert str(prior.covariances) == str(own.covariances)
    assert str(prior.means) == str(own.means)


def test_small_cases_are_computed() -> None:
    found = run_case(EXPERIMENT, TINY, 1, "acidity-criteria")
    bic = found.criteria.set_index(["structure", "n_components"])["bic"]
    assert bic["tied", 2] == pytest.approx(392.0723, abs=2e-4)
    filled = run_case(EXPERIMENT, TINY, 1, "acidity-filled")
    np.testing.assert_allclose(filled.shares.sum(axis=1), 1.0)
    assert filled.shares[:, 0].max() < 0.5


@pytest.mark.slow
def test_a_test_and_a_posterior_are_computed() -> None:
    one = run_case(EXPERIMENT, TINY, 1, "acidity-test-k1")
    assert one.statistic == pytest.approx(2.0 * (225.785365 - 184.644709), abs=0.01)
    assert one.p_value == pytest.approx(0.25)
    judged = run_case(EXPERIMENT, Budget(draws=300, tune=300, chains=2), 1, "acidity-posterior-k2")
    assert np.isfinite(judged.log_evidence).all()
    assert judged.log_density.shape == (155,)
