"""Starts, and the best of many."""

import numpy as np
import pytest
from support import STRUCTURE_NAMES, random_mixture, read_columns

import em
from mixture import match

EACH = pytest.mark.parametrize("structure", STRUCTURE_NAMES)


@EACH
def test_known_allocations_give_the_group_moments(structure):
    rng = np.random.default_rng(1)
    x, z = random_mixture(structure, 3, 2, rng).draw(90, rng)
    mixture = em.from_allocations(x, z, structure=structure)
    for k in range(3):
        assert mixture.weights[k] == pytest.approx((z == k).mean())
        np.testing.assert_allclose(mixture.means[k], x[z == k].mean(axis=0), rtol=1e-10)
    pooled = sum(np.cov(x[z == k].T, ddof=0) * (z == k).sum() for k in range(3)) / len(x)
    if structure == "full":
        np.testing.assert_allclose(mixture.covariances[1], np.cov(x[z == 1].T, ddof=0), rtol=1e-9)
    if structure == "tied":
        np.testing.assert_allclose(mixture.covariances, pooled, rtol=1e-9)
    if structure == "tied_spherical":
        np.testing.assert_allclose(mixture.covariances, np.trace(pooled) / 2, rtol=1e-9)


@pytest.mark.parametrize(
    ("allocations", "message"),
    [([0, 1], "one per row"), ([0.0, 1.0, 1.0], "integers"), ([0, 1, -1], "must lie in"), ([0, 0, 1], "component 1")],
)
def test_bad_allocations_are_named(allocations, message):
    with pytest.raises(ValueError, match=message):
        em.from_allocations([[0.0], [1.0], [5.0]], allocations)


@EACH
@pytest.mark.parametrize("make_start", [em.kmeans_plus_plus, em.random_partition])
def test_starts_are_mixtures_of_the_structure_and_follow_their_generator(structure, make_start):
    x = read_columns("faithful")
    first, again, other = (make_start(x, 3, structure=structure, rng=np.random.default_rng(s)) for s in (1, 1, 2))
    assert first == again
    assert first != other
    assert first.structure == structure
    np.testing.assert_allclose(first.weights @ first.means, x.mean(axis=0), rtol=1e-10)


def test_kmeans_plus_plus_spreads_its_centres():
    """Three far groups: the chance that two of the three centres fall into one group is below 1e-4."""
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(c, 1.0, 100) for c in (0.0, 1000.0, 2000.0)])
    for _ in range(50):
        np.testing.assert_allclose(np.sort(em.kmeans_plus_plus(x, 3, rng=rng).weights), 1 / 3)


def test_too_few_distinct_points_are_refused():
    with pytest.raises(ValueError, match="2 distinct points"):
        em.kmeans_plus_plus([0.0, 0.0, 1.0, 1.0], 3, rng=np.random.default_rng(0))


def test_restarts_keep_everything_and_find_a_planted_mixture(tmp_path):
    rng = np.random.default_rng(6)
    truth = random_mixture("full", 3, 2, rng, separation=8.0)
    x = truth.draw(2000, rng)[0]
    restarts = em.fit_best(x, 3, n_starts=10, rng=1)
    assert restarts.n_starts == len(restarts.fits) + len(restarts.failures) == 10
    usable = [fit.log_likelihood for fit in restarts.fits if fit.status.usable]
    assert restarts.best.log_likelihood == max(usable)
    assert restarts.share_at_best == np.mean(np.array(usable) > max(usable) - 1e-4) * len(usable) / 10
    found = restarts.best.mixture
    found = found.permute(match(found, truth))
    np.testing.assert_allclose(found.weights, truth.weights, atol=0.05)
    assert found.log_likelihood(x) >= truth.log_likelihood(x)
    restarts.save(tmp_path / "restarts.json")
    assert em.Restarts.load(tmp_path / "restarts.json") == restarts
    assert {fit.start_name for fit in restarts.fits} == {"k-means++", "short runs"}


def test_a_start_is_the_same_however_many_follow():
    x = read_columns("faithful")
    few, many = (em.fit_best(x, 2, n_starts=n, rng=5, max_iterations=5).fits for n in (2, 4))
    assert [fit.mixture for fit in few] == [fit.mixture for fit in many[:2]]


def test_run_aways_are_listed_apart_from_the_best():
    x = read_columns("galaxies") / 1000.0
    restarts = em.fit_best(x, 5, n_starts=16, rng=0, max_iterations=500)
    assert restarts.singular
    assert restarts.best not in restarts.singular
    unbounded = {em.Status.SINGULAR, em.Status.SPIKE}
    assert all(fit.status in unbounded and "effective points" in fit.message for fit in restarts.singular)
    with pytest.raises(em.NoUsableFit, match="none of the"):
        _ = em.Restarts(restarts.singular).best


def test_distinct_optima_are_named_with_the_starts_that_led_there():
    x = read_columns("galaxies") / 1000.0
    restarts = em.fit_best(x, 3, n_starts=20, starts=["k-means++", "random points"], rng=0)
    optima = restarts.optima
    assert sum(optimum.count for optimum in optima) == len(restarts.usable)
    assert optima[0].best is restarts.best
    assert len(optima) >= 2
    assert all(set(optimum.starts) <= {"k-means++", "random points"} for optimum in optima)
    gaps = -np.diff([optimum.log_likelihood for optimum in optima])
    assert (gaps >= 0.0).all()


def test_an_optimum_is_one_whatever_its_labels():
    """Two climbs from one start with its labels turned end at one optimum."""
    x = read_columns("faithful")
    start = em.kmeans_plus_plus(x, 3, rng=np.random.default_rng(0))
    restarts = em.fit_best(x, 3, starts=[start, start.permute([2, 0, 1])], n_starts=2)
    (optimum,) = restarts.optima
    assert optimum.count == 2
    assert optimum.starts == {"given": 2}


def test_restarts_do_not_depend_on_the_processes():
    x = read_columns("faithful")
    one, two = (em.fit_best(x, 3, n_starts=4, rng=2, n_jobs=n, max_iterations=30) for n in (1, 2))
    assert [fit.mixture for fit in one.fits] == [fit.mixture for fit in two.fits]


def test_starts_may_be_named_given_or_allocations():
    x = read_columns("faithful")
    start = em.kmeans_plus_plus(x, 2, rng=np.random.default_rng(0))
    seen = []
    restarts = em.fit_best(
        x, 2, starts=["ward", start, (x[:, 0] > 3).astype(int), "k-means"], n_starts=6, rng=0, progress=seen.append
    )
    names = [fit.start_name for fit in restarts.fits]
    assert names == ["ward", "given", "given allocations", "k-means", "k-means", "k-means"]
    assert len(seen) == 6


@pytest.mark.parametrize(
    ("starts", "message"),
    [
        (["banana"], "known are: k-means"),
        ([], "starts is empty"),
        ([em.kmeans_plus_plus(np.arange(6.0), 3, rng=np.random.default_rng(0))], "wanted are K = 2, D = 2"),
        ([np.zeros(3, dtype=int)], "272 integers"),
    ],
)
def test_wrong_starts_are_named(starts, message):
    with pytest.raises(ValueError, match=message):
        em.fit_best(read_columns("faithful"), 2, starts=starts)


@pytest.mark.parametrize(
    ("x", "k", "message"),
    [
        ([[1.0, 2.0]] * 5, 2, "column 0 is constant"),
        ([[1.0, 2.0], [2.0, 4.0], [4.0, 8.0]], 2, "columns 0 and 1 are the same"),
        ([[1.0], [2.0]], 3, "3 components cannot be fitted to 2 points"),
        ([[1.0], [2.0]], 0, "at least 1"),
        ([[1.0], [2.0]], 1.5, "whole number"),
        ([[1.0], [2.0]], np.nan, "whole number"),
        ([[1.0], [2.0]], "two", "whole number"),
        ([[1.0]], 1, "single row"),
        ([[1e300], [2e300]], 1, "rescale"),
        ([[1e-300], [2e-300]], 1, "rescale"),
        ([[0, 0, 0], [1, 0, 1], [0, 1, 1], [2, 1, 3], [1, 3, 4]], 1, "linearly dependent"),
        ([], 1, "empty"),
    ],
)
def test_bad_input_is_named(x, k, message):
    with pytest.raises(ValueError, match=message):
        em.fit_best(x, k, rng=0)


def test_one_component_is_the_sample_moments():
    x = read_columns("faithful")
    restarts = em.fit_best(x, 1)
    assert restarts.n_starts == 1
    np.testing.assert_allclose(restarts.best.mixture.covariances[0], np.cov(x.T, ddof=0), rtol=1e-12)


def test_dependent_columns_are_no_trouble_without_correlations():
    x = np.array([[0, 0, 0], [1, 0, 1], [0, 1, 1], [2, 1, 3], [1, 3, 4]], dtype=float)
    assert em.fit_best(x, 1, structure="diag").best.status is em.Status.CONVERGED


def test_far_outliers_leave_every_start_an_outcome():
    """Scatter matrices of points at 1e6 sd keep rounding that must not read as asymmetry."""
    rng = np.random.default_rng(0)
    x = np.concatenate(
        [rng.normal(0, 1, (60, 2)), rng.normal(5, 1, (40, 2)), [[1e6, 1e6], [1e6, 1.1e6], [1e6 + 3, 1e6]]]
    )
    for seed in range(20):
        assert em.fit_best(x, 2, rng=seed, n_starts=4, max_iterations=200).n_starts == 4


@pytest.mark.parametrize(
    ("starts", "names"),
    [
        ("k-means", {"k-means"}),
        (np.array(["k-means", "ward"]), {"k-means", "ward"}),
        (None, {"k-means++", "short runs"}),
        ((read_columns("faithful")[:, 0] > 3).astype(int), {"given allocations"}),
        ((read_columns("faithful")[:, 0] > 3).astype(int).tolist(), {"given allocations"}),
        (em.kmeans_plus_plus(read_columns("faithful"), 2, rng=np.random.default_rng(0)), {"given"}),
    ],
)
def test_one_start_may_stand_alone(starts, names):
    found = em.fit_best(read_columns("faithful"), 2, starts=starts, n_starts=2, rng=0, max_iterations=3)
    assert {fit.start_name for fit in found.fits} == names


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"starts": 3}, r"starts must be one start or a sequence of starts; .* not int"),
        ({"starts": {"k-means": 2}}, "not dict"),
        ({"starts": ["k-means", None]}, "a start is a name of em.STARTS.* not None"),
        ({"starts": [[[1, 2], [3]]]}, "a start is a name of em.STARTS.* neither"),
        ({"starts": np.full(272, 2)}, r"must lie in 0\.\.1"),
        ({"rng": "x"}, "rng must be a generator .* not 'x'"),
        ({"rng": -1}, "0 or more"),
        ({"progress": 3}, "progress must be True, False or a function to call with each outcome, not 3"),
        ({"missing": "no"}, "missing must be True or False, not 'no'"),
        ({"simpler": 3}, "simpler must be fitted mixtures .* not 3"),
        ({"simpler": [None]}, "simpler must be fitted mixtures .* not None"),
    ],
)
def test_wrong_settings_are_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        em.fit_best(read_columns("faithful"), 2, **{"rng": 0, **wrong})


def test_restarts_of_nothing_have_no_best():
    nothing = em.Restarts((), ())
    with pytest.raises(em.NoUsableFit, match="hold no fits at all"):
        _ = nothing.best
    assert "0 starts" in str(nothing)


def test_stored_restarts_say_what_is_wrong():
    content = em.fit_best(read_columns("faithful"), 1).to_dict()
    unknown = {**content, "fits": [{**content["fits"][0], "status": "FINE"}]}
    with pytest.raises(ValueError, match="unknown status 'FINE'; known are: CONVERGED"):
        em.Restarts.from_dict(unknown)
    with pytest.raises(ValueError, match="'refits' missing"):
        em.Restarts.from_dict({key: value for key, value in content.items() if key != "refits"})


def test_optima_say_how_many_fits_stopped_on_their_way():
    found = em.fit_best(read_columns("faithful"), 3, n_starts=3, rng=0, max_iterations=4)
    assert sum(optimum.n_unfinished for optimum in found.optima) == 3
    assert "of them unfinished" in str(found)
    assert "unfinished" not in str(em.fit_best(read_columns("faithful"), 1))


def test_rows_without_weight_play_no_part():
    """A far row of weight 0 leaves every fit as it is, and cannot hide a constant column."""
    x = read_columns("faithful")
    outlier = np.vstack([x, [[1e9, -1e9]]])
    alone, beside = (
        em.fit_best(points, 2, n_starts=4, rng=3, weights=weights)
        for points, weights in ((x, np.ones(272)), (outlier, np.append(np.ones(272), 0.0)))
    )
    assert [fit.start for fit in alone.fits] == [fit.start for fit in beside.fits]
    flat = np.column_stack([x[:, 0], np.ones(272)])
    with pytest.raises(ValueError, match="column 1 is constant"):
        em.fit_best(np.vstack([flat, [[0.0, 9.0]]]), 2, weights=np.append(np.ones(272), 0.0))
