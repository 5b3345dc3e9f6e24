"""The report on standard errors and posterior sds: identities on small data, and claims that can fail."""

from dataclasses import replace

import numpy as np
import pytest
from answered import run_case
from scipy import stats

import em
from experiments import uncertainty
from experiments.answers.uncertainty import CHANCE, POSTERIORDB, approach_table
from experiments.answers.uncertainty_declared import CLAIMS
from experiments.answers.uncertainty_kinds import long_table, notes
from experiments.engine.answering import report_of
from experiments.engine.experiment import Budget, Results, Task
from experiments.studies.error_kinds import METHODS
from experiments.studies.two_normals import PARAMETERS, WEIGHT, highest_fit, number_errors, numbers, two_normals
from experiments.uncertainty import EXPERIMENT, Approach, Six, simulated
from mixture import GaussianMixture

TINY = Budget(draws=60, tune=120, chains=2, n_starts=2, n_samples=200, n_simulations=2)


def six(scale=1.0, wrong=1.5, seed=0, count=4):
    """Errors about 0.1: the posterior's are `scale` times the information's, the sandwich's of sds `wrong` times."""
    rng = np.random.default_rng(seed)
    errors = 0.1 * np.ones((count, len(METHODS), 5))
    errors[:, METHODS.index("sandwich"), 3:] *= wrong
    centre = np.tile([0.4, -2.5, 2.5, 1.0, 1.0], (count, 1))
    spread = 0.1 * rng.uniform(0.9, 1.1, 5)
    return Six(
        500, 100, centre, errors, centre + 0.01, np.full((count, 5), 0.1 * scale), np.full((count, 5), 900.0),
        np.ones(count), spread, 300, np.zeros((count, 3)), np.zeros((count, 3)), 100, 0,
    )  # fmt: skip


def approach(n, ratio=1.0, shift=0.0, failed=0):
    """Three data sets whose posterior is N(EM + shift SE, (ratio SE)^2)."""
    errors = np.full((3, 5), 0.1)
    estimates = np.tile([0.4, -2.5, 2.5, 1.0, 1.0], (3, 1))
    z = np.random.default_rng(n).normal(shift, ratio, (300, 5))
    return Approach(
        n, 3 + failed, estimates, errors, estimates + shift * errors, ratio * errors, np.full((3, 5), 800.0),
        np.full((3, 5), 0.05), np.ones(3), z, failed, 0,
    )  # fmt: skip


def outcomes(**changes):
    """Made-up outcomes for every case of the full budget, by name."""
    found = {
        case.name: {
            POSTERIORDB: None,
            "six": six(seed=len(case.name)),
        }.get(case.settings["kind"], approach(case.settings.get("n", 0)))
        for case in EXPERIMENT.declared_cases(EXPERIMENT.full)
    }
    return {**found, **changes}


def report(found):
    return report_of(EXPERIMENT, Results(found, EXPERIMENT.full, 1), quick=False, seconds=1.0)


def test_agreement_passes_and_says_what_is_missing_without_posteriordb():
    made = report(outcomes())
    assert made.passed, [claim for claim in made.claims if not claim.passed]
    assert made.answer.startswith("They do where components are 5 sds apart and n = 10000 (posterior sd / SE 1.00")
    assert "no standard error" not in made.answer
    assert "the posterior sides with the information" in made.answer
    assert not any("posteriordb" in claim.statement for claim in made.claims)
    [blocks] = [section.blocks for section in made.sections if section.title == "A reference posterior"]
    assert "--posteriordb DIR" in blocks[0]


def test_posteriordbs_claims_are_made_where_its_data_are():
    sure = replace(six(count=1), estimates=np.zeros((1, 5)))
    made = report(outcomes(**{POSTERIORDB: sure}))
    statements = {claim.statement: claim for claim in made.claims}
    wanted = {claim.statement for claim in CLAIMS.values() if claim.optional}
    assert len(wanted) == 2 * len(PARAMETERS) + 1
    assert wanted <= set(statements)
    assert not statements["posteriordb: posterior mean of mean 1"].passed  # made up, not posteriordb's
    assert all(statements[name].error for name in wanted if "posterior mean" in name)


@pytest.mark.parametrize(
    ("change", "failing"),
    [
        ({"separated-n10000": approach(10_000, ratio=1.2)}, "ratio"),
        ({"separated-n10000": approach(10_000, shift=0.5)}, "distance"),
        ({"heavy-tails": six(scale=1.5)}, "wrong model"),
        ({"heavy-tails": six(wrong=1.0)}, "sandwich"),
    ],
)
def test_disagreement_fails_its_own_claim(change, failing):
    made = report(outcomes(**change))
    assert [claim.statement for claim in made.claims if not claim.passed] == [CLAIMS[failing].statement]


def test_data_sets_without_an_error_are_counted():
    made = report(outcomes(**{"overlapping-n50": approach(50, ratio=2.0, shift=1.0, failed=4)}))
    assert "4 of 7 data sets have no standard error" in made.answer


def test_errors_that_a_data_set_lacks_are_left_out_of_medians_and_told():
    one = six()
    one.errors[0, METHODS.index("sandwich")] = np.nan
    table = long_table({"separated": one}).set_index(["method", "parameter"])
    assert table.loc[("sandwich", "mean 1"), "data sets"] == 3
    assert table.loc[("sandwich", "mean 1"), "ratio"] == pytest.approx(0.1 / one.spread[1])
    assert "1 data sets lack one of the errors" in notes(one)


def test_the_gap_of_chance_is_that_of_independent_normal_draws():
    rng = np.random.default_rng(8)
    gaps = [stats.kstest(rng.standard_normal(900), "norm").statistic for _ in range(300)]
    assert CHANCE / np.sqrt(900) == pytest.approx(np.mean(gaps), rel=0.05)
    [row] = approach_table({"separated-n50": approach(50)}).to_dict("records")
    assert row["chance"] == pytest.approx(CHANCE / np.sqrt(800))


def test_six_kinds_by_computation():
    found = run_case(EXPERIMENT, TINY, 4, "separated")
    assert found.errors.shape == (2, len(METHODS), 5)
    assert np.isfinite(found.errors).all()
    np.testing.assert_allclose(np.median(found.errors / found.spread, axis=(0, 2)), 1.0, atol=0.35)
    np.testing.assert_allclose(found.sds / found.errors[:, 0], 1.0, atol=0.35)


def test_a_separated_case_by_computation():
    found = run_case(EXPERIMENT, TINY, 3, "separated-n200")
    assert isinstance(found, Approach)
    assert found.estimates.shape == (found.n_data_sets, 5)
    assert found.no_fit == found.no_errors == 0
    ratios = found.sds / found.errors
    np.testing.assert_allclose(ratios, 1.0, atol=0.45)
    np.testing.assert_allclose(found.standardised.std(axis=0), ratios[0], rtol=0.25)
    assert np.abs(found.estimates - [WEIGHT, -2.5, 2.5, 1.0, 1.0]).max() < 0.6
    again = run_case(EXPERIMENT, TINY, 3, "separated-n200")
    np.testing.assert_array_equal(found.sds, again.sds)


def test_without_a_folder_posteriordb_is_nothing(monkeypatch, tmp_path):
    monkeypatch.setattr("experiments.data.posteriordb.BESIDE", tmp_path / "absent")
    [case] = [case for case in EXPERIMENT.declared_cases(TINY) if case.name == POSTERIORDB]
    assert EXPERIMENT.run(Task(case, TINY, 1)) is None


def test_numbers_are_read_in_one_order():
    mixture = GaussianMixture([0.3, 0.7], [[1.0], [2.0]], [[4.0], [9.0]], "diag")
    np.testing.assert_allclose(numbers(mixture), [0.3, 1.0, 2.0, 2.0, 3.0])
    x = two_normals(6.0).draw(400, np.random.default_rng(1))[0]
    fit = highest_fit(x, two_normals(6.0), 2, np.random.default_rng(2))
    errors = number_errors(em.standard_errors(x, fit))
    counts = 400 * fit.weights
    np.testing.assert_allclose(errors[1:3], numbers(fit)[3:] / np.sqrt(counts), rtol=0.1)  # sd / sqrt(n_k)
    np.testing.assert_allclose(errors[3:], numbers(fit)[3:] / np.sqrt(2.0 * counts), rtol=0.1)


def test_heavy_tails_have_unit_sd_and_more_kurtosis():
    x = simulated("heavy-tails", 200_000, np.random.default_rng(5))[:, 0]
    left = x[x < 0.0] + 2.5
    assert left.std() == pytest.approx(1.0, abs=0.05)
    assert (left**4).mean() / (left**2).mean() ** 2 > 4.0


def test_cases_follow_the_budget():
    assert "separated-n10000" in {case.name for case in EXPERIMENT.declared_cases(EXPERIMENT.full)}
    few = EXPERIMENT.declared_cases(TINY)
    assert {case.settings["n"] for case in few if "n" in case.settings} == {50, 200}
    assert uncertainty.SIZES[50] == EXPERIMENT.full.n_simulations
