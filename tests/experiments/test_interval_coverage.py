"""The report on coverage: intervals by hand, missing ones counted as misses, claims that can fail."""

import numpy as np
import pytest
from answered import run_case

import em
from experiments.answers.interval_coverage_declared import CLAIMS
from experiments.answers.interval_coverage_tables import (
    FLAGGED,
    METHODS,
    UNFLAGGED,
    approach_table,
    error_of,
    failure_table,
    pooled_table,
    wilson,
)
from experiments.engine.answering import report_of
from experiments.engine.experiment import Budget, Results
from experiments.interval_coverage import BOOTSTRAPPED, EXPERIMENT, Batch, percentile, wald
from experiments.studies.two_normals import numbers, two_normals
from mixture import GaussianMixture

TRUTH = {"separated": numbers(two_normals(5.0)), "overlapping": numbers(two_normals(2.0))}


def batch(separation, n, shares, *, count=20, missing=0, no_fit=0, flagged=0):
    """Intervals of width 0.2 about the truth, of which a share by method holds it; the first ones may be missing."""
    centre = np.tile(TRUTH[separation], (len(METHODS), count, 1))
    for i, share in enumerate(shares):
        centre[i, : round((1.0 - share) * count)] += 1.0
    lower, upper = centre - 0.1, centre + 0.1
    lower[0, :missing] = upper[0, :missing] = np.nan
    tried = np.ones((len(METHODS), count))
    tried[METHODS.index("bootstrap"), BOOTSTRAPPED:] = 0.0
    r_hats = np.where(np.arange(count) < flagged, 1.2, 1.0)
    return Batch(separation, n, lower, upper, tried, no_fit, missing - no_fit, np.full(count, 0.1), r_hats)


def report(good=(0.95, 0.95, 1.0, 0.95), bad=(0.6, 0.7, 1.0, 0.9), **changes):
    found = {}
    for case in EXPERIMENT.declared_cases(EXPERIMENT.full):
        separation, n = case.settings["separation"], case.settings["n"]
        shares = bad if (separation, n) == ("overlapping", 50) else good
        found[case.name] = changes.get(f"{separation}{n}", batch(separation, n, shares))
    return report_of(EXPERIMENT, Results(found, EXPERIMENT.full, 1), quick=False, seconds=1.0)


def test_what_theory_expects_passes():
    made = report()
    assert made.passed
    assert made.answer.startswith("Every kind does, to within 5 points, where components are 5 sds apart (95% to 100%")
    assert (
        "; the bootstrap and the posterior do at 2 sds and n = 50 (bootstrap 100%, posterior 90%, Wald 60%)."
        in made.answer
    )
    assert "coverage is highest for the bootstrap at n = 50" in made.answer
    assert "In none of these 240 posteriors do chains disagree" in made.answer
    assert all(claim.error for claim in made.claims)


@pytest.mark.parametrize(
    ("change", "failing"),
    [
        ({"separated800": batch("separated", 800, (0.85, 0.95, 1.0, 0.95))}, "Wald"),
        ({"separated800": batch("separated", 800, (0.95, 0.95, 1.0, 0.85))}, "posterior"),
        ({"overlapping50": batch("overlapping", 50, (0.95, 0.95, 1.0, 0.95))}, "overlap"),
    ],
)
def test_wrong_coverage_fails_its_own_claim(change, failing):
    made = report(**change)
    assert [claim.statement for claim in made.claims if not claim.passed] == [CLAIMS[failing].statement]


def test_what_is_covered_where_chains_agree_is_told():
    made = report(overlapping200=batch("overlapping", 200, (0.9, 0.9, 1.0, 0.9), flagged=2))  # these two miss
    assert "In 8 of these 240 posteriors chains disagree" in made.answer
    assert "100% at n = 200" in made.answer
    [row] = failure_table([batch("overlapping", 200, (1.0, 1.0, 1.0, 0.9), flagged=2)], TRUTH).to_dict("records")
    assert row[FLAGGED] == 2
    assert row[UNFLAGGED] == 1.0


def test_wilsons_interval_is_that_of_the_literature():
    """Newcombe 1998, Statistics in Medicine 17, table I: 81 of 263, (0.2553, 0.3662); 0 of 20, (0, 0.1611)."""
    hits = np.zeros((263, 1))
    hits[:81] = 1.0
    np.testing.assert_allclose(wilson(hits), [0.2553, 0.3662], atol=5e-4)
    low, high = wilson(np.ones((20, 1)))
    assert high == 1.0
    assert low == pytest.approx(1.0 - 0.1611, abs=1e-4)
    together = np.repeat(hits, 5, axis=1)  # five parameters that say the same are worth one
    np.testing.assert_allclose(wilson(together), wilson(hits), atol=2e-3)


def test_sides_of_the_posteriors_misses():
    [row] = approach_table([batch("overlapping", 50, (1.0, 1.0, 1.0, 0.9))], TRUTH, "overlapping").to_dict("records")
    assert (row["misses"], row["inward"]) == (4, 2)  # both means of two data sets are put too far to the right
    assert (row["half"], row["off"]) == (pytest.approx(0.1), pytest.approx(0.0))


def test_a_missing_interval_is_a_miss_and_is_counted():
    of = batch("overlapping", 50, (1.0, 1.0, 1.0, 1.0), missing=5, no_fit=2)
    wald_row = pooled_table([of], TRUTH).set_index("method").loc["Wald"]
    assert wald_row["coverage"] == pytest.approx(0.75)
    assert wald_row["if given"] == 1.0
    [row] = failure_table([of], TRUTH).to_dict(orient="records")
    assert (row["no fit"], row["no SE"], row["outside"]) == (2, 3, 0.0)


def test_the_bootstraps_coverage_is_that_of_the_data_sets_it_saw():
    row = pooled_table([batch("separated", 50, (1.0, 1.0, 0.9, 1.0))], TRUTH).set_index("method").loc["bootstrap"]
    assert row["data sets"] == BOOTSTRAPPED
    assert row["coverage"] == pytest.approx(1.0 - 2.0 / BOOTSTRAPPED)  # the two misses come first


def test_walds_intervals_by_hand():
    mixture = GaussianMixture([0.2, 0.8], [[0.0], [9.0]], [[4.0], [1.0]], "diag")
    x = mixture.draw(300, np.random.default_rng(1))[0]
    errors = em.standard_errors(x, mixture)
    (plain, moved), (plain_upper, moved_upper) = wald(mixture, errors)
    assert plain_upper[0] - 0.2 == pytest.approx(1.96 * errors.weights[0], rel=1e-4)
    np.testing.assert_allclose(0.5 * (plain + plain_upper), numbers(mixture))
    np.testing.assert_allclose(np.sqrt((moved * moved_upper)[3:]), numbers(mixture)[3:])  # symmetric in the logarithm
    np.testing.assert_allclose(np.log((moved_upper / moved)[3:]), 2 * 1.96 * errors.scales[:, 0] / [2, 1], rtol=1e-4)
    odds = (moved[0] / (1.0 - moved[0])) * (moved_upper[0] / (1.0 - moved_upper[0]))
    assert odds == pytest.approx((0.2 / 0.8) ** 2)
    np.testing.assert_array_equal(moved[1:3], plain[1:3])


def test_the_percentile_interval_is_about_walds_where_components_are_far_apart():
    x = two_normals(8.0).draw(400, np.random.default_rng(2))[0]
    fit = em.fit(x, two_normals(8.0)).mixture
    low, high, lost = percentile(x, fit, np.random.default_rng(3))
    (plain, _), (plain_upper, _) = wald(fit, em.standard_errors(x, fit))
    assert lost == 0.0
    np.testing.assert_allclose((high - low) / (plain_upper - plain), 1.0, atol=0.3)


def test_the_error_of_a_coverage():
    hits = np.random.default_rng(4).random((400, 1)) < 0.9
    assert error_of(hits.astype(float)) == pytest.approx(np.sqrt(0.9 * 0.1 / 400), rel=0.2)
    together = np.repeat(hits, 5, axis=1).astype(float)  # five parameters that say the same are worth one
    assert error_of(together) == pytest.approx(error_of(hits.astype(float)), rel=0.05)
    assert error_of(np.ones((20, 5))) > 0.0


def test_one_batch_by_computation():
    tiny = Budget(draws=80, tune=120, chains=2, n_starts=2, n_samples=50, n_simulations=2)
    found = run_case(EXPERIMENT, tiny, 5, "separated-n50-1")
    assert found.lower.shape == (len(METHODS), 2, 5)
    given = np.isfinite(found.lower)
    assert given[METHODS.index("posterior")].all()
    assert (found.lower[given] < found.upper[given]).all()
    assert ((found.lower[3, :, 0] > 0.0) & (found.upper[3, :, 0] < 1.0)).all()
