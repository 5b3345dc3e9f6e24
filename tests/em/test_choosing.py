"""The table of models, and the bootstrap likelihood ratio."""

import numpy as np
import pytest
from support import read_columns

import em
from mixture import structure_named


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
        ({"structures": ["banana"]}, "unknown covariance structure"),
        ({"criterion": "waic"}, "known are"),
    ],
)
def test_bad_arguments(arguments, named):
    with pytest.raises(ValueError, match=named):
        em.choose(read_columns("acidity"), **arguments)


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
