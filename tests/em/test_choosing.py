"""The table of models, and the bootstrap likelihood ratio."""

import importlib

import numpy as np
import pytest
from support import read_columns

import em
from mixture import ConjugatePrior, structure_named

CHOOSING = importlib.import_module("em.choosing.choose")
"""The module, whose name in its package is that of its function."""


@pytest.fixture(scope="module")
def choice():
    return em.choose(read_columns("faithful"), [1, 2, 3], ["VVV", "EEE", "VVI", "EII"], rng=0, n_starts=6, n_jobs=1)


def test_faithful_prefers_three_tied_components(choice):
    assert (choice.best.structure, choice.best.n_components) == ("tied", 3)
    assert -choice.best.criteria.bic == pytest.approx(-2314.295678, abs=2e-5)
    table = choice.table()
    assert list(table.index) == [1, 2, 3]
    assert "full (VVV)" in table
    assert -table.loc[2, "full (VVV)"] == pytest.approx(-2322.191743, abs=2e-5)
    assert "smaller is better" in choice.sign
    assert not choice.failed
    assert len(choice.summary()) == 12


def test_every_criterion_has_its_table(choice):
    for criterion in ("aic", "bic", "icl"):
        table = choice.table(criterion)
        assert np.isfinite(table.to_numpy()).all()
    with pytest.raises(ValueError, match="known are: bic, aic, icl"):
        choice.table("dic")


def test_no_model_lies_below_one_it_contains():
    x = read_columns("faithful")
    found = em.choose(x, [1, 2, 3], None, rng=1, n_starts=2, n_jobs=1, tolerance=1e-6)
    levels = {(cell.structure, cell.n_components): cell.criteria.log_likelihood for cell in found.fitted}
    for (name, k), level in levels.items():
        for (other, count), lower in levels.items():
            family, simpler = structure_named(name), structure_named(other)
            if family.contains(simpler) and (count == k or (count == k - 1 and name == other)):
                assert level >= lower - 1e-3, (name, k, other, count)


def test_failed_cells_stay_with_their_reason():
    x = np.repeat([[0.0], [1.0], [5.0]], 4, axis=0)
    found = em.choose(x, [1, 3], ["full", "tied"], rng=0, n_jobs=1)
    assert {(cell.structure, cell.n_components) for cell in found.failed} >= {("full", 3), ("tied", 3)}
    assert all("component" in cell.reason or "singular" in cell.reason for cell in found.failed)
    assert np.isnan(found.table().loc[3, "full (VVV)"])


def test_results_do_not_depend_on_the_processes():
    x = read_columns("acidity")
    one = em.choose(x, [1, 2], rng=3, n_starts=3, n_jobs=1)
    two = em.choose(x, [1, 2], rng=3, n_starts=3, n_jobs=2)
    np.testing.assert_allclose(one.table().to_numpy(), two.table().to_numpy(), rtol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"n_components": []}, "nothing to choose from"),
        ({"n_components": [0]}, "at least 1"),
        ({"n_components": 2.5}, "n_components must be a whole number, not 2.5"),
        ({"n_components": None}, "n_components must be a whole number"),
        ({"n_components": "2"}, "n_components must be a whole number"),
        ({"n_components": [[1, 2]]}, "n_components must be a whole number"),
        ({"structures": ["banana"]}, "unknown covariance structure"),
        ({"structures": 3}, "structures must be a name or names of covariance structures.*not 3"),
        ({"structures": [["full"]]}, "structures must be names of covariance structures.*not list"),
        ({"structures": []}, "nothing to choose from"),
        ({"criterion": "waic"}, "known are"),
        ({"starts": ["kmeanz"]}, "unknown start 'kmeanz'"),
        ({"starts": "kmeanz"}, "unknown start 'kmeanz'"),
        ({"starts": []}, "starts is empty"),
        ({"starts": 1}, "starts must be a name or names of starts.*not 1"),
        ({"starts": [np.zeros(155, dtype=int)]}, "starts must be names of starts.*not ndarray"),
        ({"n_starts": 0}, "n_starts must be at least 1"),
        ({"floor": 2.0}, "floor must lie between 0 and 1"),
        ({"tolerance": -1.0}, "tolerance must be a number of nats"),
        ({"max_iterations": 1.5}, "max_iterations must be a whole number"),
        ({"n_jobs": 0}, "n_jobs"),
        ({"weights": [1.0, 2.0]}, "weights must have shape"),
        ({"weights": np.full(155, -1.0)}, "not negative"),
        ({"progress": 1}, "progress must be True, False or a function"),
        ({"progress": "yes"}, "progress must be True, False or a function"),
        ({"prior": None}, "prior must be True .*not NoneType"),
        ({"prior": ConjugatePrior([0.0], 1.0, 3.0, [[1.0]])}, "prior must be True .*not ConjugatePrior.*lambda"),
        ({"prior": lambda k: k}, r"prior\(1\) must give a ConjugatePrior, not int"),
        ({"prior": lambda _: ConjugatePrior([0.0, 0.0], 1.0, 4.0, np.eye(2))}, "for 2 features, but the data have 1"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_fitted(arguments, named, monkeypatch):
    monkeypatch.setattr(CHOOSING, "fit_best", lambda *_, **__: pytest.fail("something was fitted"))
    with pytest.raises(ValueError, match=named):
        em.choose(read_columns("acidity"), **arguments)


def test_errors_that_are_not_of_the_data_are_not_taken_for_failed_models(monkeypatch):
    def broken(*_, **__):
        raise ValueError("not of the data")

    monkeypatch.setattr(CHOOSING, "fit_best", broken)
    with pytest.raises(ValueError, match="not of the data"):
        em.choose(read_columns("acidity"), 1, n_jobs=1)


def test_models_that_the_data_do_not_allow_stay_in_the_table():
    rng = np.random.default_rng(0)
    two = rng.standard_normal((20, 2))
    x = np.column_stack([two, two.sum(axis=1)])
    found = em.choose(x, [1, 2, 21], ["tied", "tied_diag"], rng=0, n_starts=2, n_jobs=1)
    reasons = {(cell.structure, cell.n_components): cell.reason for cell in found.failed}
    assert set(reasons) == {("tied", 1), ("tied", 2), ("tied", 21), ("tied_diag", 21)}
    assert "linearly dependent" in reasons["tied", 1]
    assert "21 components cannot be fitted to 20 points" in reasons["tied_diag", 21]
    with pytest.raises(em.NoUsableFit, match="linearly dependent"):
        _ = found.cells[0].mixture


def test_points_without_weight_are_none():
    x = read_columns("acidity")
    weights = np.zeros(len(x))
    weights[:3] = 1.0
    found = em.choose(x, [1, 4], "tied", weights=weights, rng=0, n_starts=2, n_jobs=1)
    assert [cell.n_components for cell in found.failed] == [4]
    assert "4 components cannot be fitted to 3 points" in found.failed[0].reason


@pytest.mark.parametrize("count", [2, 2.0, np.int64(2), np.float64(2.0), np.array(2), [2], (2, 2.0), np.array([2])])
def test_any_whole_number_is_a_number_of_components(count):
    found = em.choose(read_columns("acidity"), count, "EEE", rng=0, n_starts=1, n_jobs=1)
    assert [cell.n_components for cell in found.cells] == [2]
    assert type(found.best.n_components) is int
    assert found.best.mixture == found.best.best.mixture


def test_a_bare_name_is_one_start():
    found = em.choose(read_columns("acidity"), 2, "tied", starts="k-means", n_starts=2, rng=0, n_jobs=1)
    assert [fit.start_name for fit in found.best.restarts.fits] == ["k-means", "k-means"]


def test_a_prior_may_be_a_function_of_the_number_of_components():
    x = read_columns("acidity")
    settings = {"structures": "full", "rng": 0, "n_starts": 2, "n_jobs": 1}
    own = em.choose(x, [1, 2], prior=lambda k: ConjugatePrior.fraley_raftery(x, k), **settings)
    named = em.choose(x, [1, 2], prior=True, **settings)
    np.testing.assert_array_equal(own.table(), named.table())
    without = em.choose(x, [1, 2], prior=np.bool_(False), **settings)
    assert without.table().loc[2].item() < named.table().loc[2].item()


def test_the_summary_says_how_the_best_fits_ended():
    x = read_columns("acidity")[:30]
    found = em.choose(x, [2, 31], "tied", max_iterations=2, rng=0, n_starts=1, n_jobs=1)
    table = found.summary()
    assert table["status"][0] == "ITERATION_LIMIT"
    assert table["remaining_gain"][0] == found.cells[0].best.remaining_gain
    assert table.loc[1, ["status", "remaining_gain"]].isna().all()


def test_what_was_done_to_the_data_is_told():
    x = read_columns("acidity")
    assert em.choose(x, 1, "tied", n_jobs=1).notes == ()
    found = em.choose(x.astype(np.float32), 1, "tied", n_jobs=1)
    assert len(found.notes) == 1
    assert "float32" in found.notes[0]
    assert found.notes[0] in str(found)
    assert found.best.best.notes == found.notes


def test_the_likelihood_ratio_finds_two_components_in_acidity():
    test = em.likelihood_ratio_test(read_columns("acidity"), 1, structure="tied", n_replicates=19, rng=0, n_jobs=1)
    assert test.p_value == pytest.approx(1 / 20)
    assert test.statistic > test.replicates.max()
    assert test.replicates.min() >= 0.0
    assert test.n_failed == 0
    assert 0.0 < test.standard_error < 0.1


@pytest.mark.slow
def test_p_values_are_uniform_where_one_component_is_true():
    """Under H0 the test of level 0.2 rejects in a fifth of the data sets: a binomial bound at four sds."""
    rng = np.random.default_rng(7)
    values = [
        em.likelihood_ratio_test(
            rng.standard_normal(60),
            1,
            structure="tied",
            n_replicates=19,
            n_starts=3,
            replicate_starts=3,
            rng=rng,
            n_jobs=1,
        ).p_value
        for _ in range(60)
    ]
    rejected = np.mean(np.array(values) <= 0.2)
    assert abs(rejected - 0.2) < 4.0 * np.sqrt(0.2 * 0.8 / 60)


def test_levels_outside_zero_and_one_are_refused():
    with pytest.raises(ValueError, match="level"):
        em.likelihood_ratio_tests(read_columns("acidity"), 3, level=1.0)


def test_weights_are_counts_and_replicates_have_as_many_points():
    """A weight of 2 counts a point twice, in the statistic and in the number of points that replicates draw."""
    x = read_columns("acidity")[:60]
    counts = np.random.default_rng(0).integers(1, 4, len(x))
    settings = {"structure": "tied", "n_replicates": 5, "n_starts": 2, "replicate_starts": 2, "n_jobs": 1}
    weighted = em.likelihood_ratio_test(x, 1, weights=counts, rng=1, **settings)
    copied = em.likelihood_ratio_test(np.repeat(x, counts, axis=0), 1, rng=1, **settings)
    assert weighted.statistic == pytest.approx(copied.statistic, abs=1e-3)
    np.testing.assert_allclose(weighted.replicates, copied.replicates, atol=1e-3)
    halves = em.likelihood_ratio_test(np.repeat(x, 2, axis=0), 1, weights=np.full(2 * len(x), 0.5), rng=1, **settings)
    single = em.likelihood_ratio_test(x, 1, rng=1, **settings)
    assert halves.statistic == pytest.approx(single.statistic, abs=1e-3)
    np.testing.assert_allclose(halves.replicates, single.replicates, atol=1e-3)


def test_replicates_too_small_for_their_covariance_count_as_failed():
    x = np.random.default_rng(0).standard_normal((40, 3))
    with pytest.raises(em.NoUsableFit, match="no bootstrap replicate"):
        em.likelihood_ratio_test(
            x, 1, structure="tied", weights=np.full(40, 0.075), n_replicates=2, n_starts=1, rng=0, n_jobs=1
        )


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"prior": True}, "a likelihood ratio needs maximum likelihood.*floor"),
        ({"starts": ["kmeanz"]}, "unknown start"),
        ({"starts": []}, "starts is empty"),
        ({"n_starts": 0}, "n_starts must be at least 1"),
        ({"replicate_starts": 0}, "replicate_starts must be at least 1"),
        ({"n_replicates": 0}, "n_replicates must be at least 1"),
        ({"floor": 2.0}, "floor must lie between 0 and 1"),
        ({"tolerance": -1.0}, "tolerance must be a number of nats"),
        ({"max_iterations": -1}, "max_iterations must be at least 0"),
        ({"structure": "banana"}, "unknown covariance structure"),
        ({"progress": 3}, "progress must be"),
        ({"weights": [1.0]}, "weights must have shape"),
        ({"weights": np.full(155, 1e-3)}, "the weights sum to 0.155: replicates of 1 points"),
    ],
)
def test_bad_arguments_of_the_tests_are_refused_before_anything_is_fitted(arguments, named, monkeypatch):
    monkeypatch.setattr("em.choosing.likelihood_ratio.fit_best", lambda *_, **__: pytest.fail("something was fitted"))
    x = read_columns("acidity")
    with pytest.raises(ValueError, match=named):
        em.likelihood_ratio_test(x, 1, **arguments)
    with pytest.raises(ValueError, match=named):
        em.likelihood_ratio_tests(x, 2, **arguments)


def test_starts_and_limits_reach_both_models():
    test = em.likelihood_ratio_test(
        read_columns("acidity"),
        np.int64(2),
        structure="tied",
        n_replicates=1,
        starts="k-means",
        n_starts=2,
        max_iterations=3,
        tolerance=0.0,
        floor=1e-3,
        rng=0,
        n_jobs=1,
    )
    assert test.null.start_name == "k-means"
    assert test.null.n_iterations <= 3
    assert test.alternative.n_iterations <= 3
    assert type(test.n_components) is int


def test_the_sequence_of_tests_ends_where_one_keeps_its_hypothesis():
    x = np.random.default_rng(3).standard_normal(50)
    tests = em.likelihood_ratio_tests(
        x, 4, structure="tied", n_replicates=9, n_starts=2, replicate_starts=2, level=0.11, rng=0, n_jobs=1
    )
    assert [test.n_components for test in tests] == [1]
    assert tests[0].p_value > 0.11
