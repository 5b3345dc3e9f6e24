"""The front doors with every kind of data: restarts over maps, missing cells and Dask arrays."""

import numpy as np
import pytest
from support import random_mixture, read_columns

import em
from em.sources import source_of
from mixture import ConjugatePrior, match


@pytest.fixture(scope="module")
def planted():
    rng = np.random.default_rng(0)
    truth = random_mixture("full", 3, 2, rng, separation=8.0)
    return truth, truth.draw(3000, rng)[0]


def close_to(found, truth):
    found = found.permute(match(found, truth))
    np.testing.assert_allclose(found.weights, truth.weights, atol=0.05)
    sds = np.sqrt(np.diagonal(truth.dense_covariances, axis1=1, axis2=2))
    assert np.abs((found.means - truth.means) / sds).max() < 0.3


def test_restarts_over_a_memory_map_equal_those_in_memory(planted, tmp_path):
    truth, x = planted
    path = tmp_path / "points.npy"
    np.save(path, x)
    mapped = em.fit_best(np.load(path, mmap_mode="r"), 3, n_starts=3, rng=1)
    close_to(mapped.best.mixture, truth)
    inside = em.fit_best(x, 3, n_starts=3, rng=1)
    assert mapped.best.log_likelihood == pytest.approx(inside.best.log_likelihood, abs=1e-6)


def test_restarts_over_a_dask_array(planted):
    dask_array = pytest.importorskip("dask.array")
    truth, x = planted
    close_to(em.fit_best(dask_array.from_array(x, chunks=(700, 2)), 3, n_starts=3, rng=1).best.mixture, truth)


def test_restarts_with_missing_cells(planted):
    truth, x = planted
    rng = np.random.default_rng(5)
    holes = np.where(rng.random(x.shape) < 0.1, np.nan, x)
    holes = holes[~np.isnan(holes).all(axis=1)]
    found = em.fit_best(holes, 3, n_starts=3, rng=1, missing=True).best
    close_to(found.mixture, truth)
    assert "missing" in found.notes[0]
    with pytest.raises(ValueError, match=r"row \d+, column \d"):
        em.fit_best(holes, 3, rng=1)


def test_floor_prior_weights_and_moves_go_together(planted):
    _, x = planted
    x = x[:300]
    weights = np.random.default_rng(2).integers(1, 4, len(x))
    prior = ConjugatePrior.fraley_raftery(x, 3, weights=weights)
    levels = [
        em.fit_best(
            x, 3, n_starts=3, rng=0, weights=weights, floor=1e-3, prior=prior, move=move, starts=["k-means++"]
        ).best.value
        for move in (em.moves.EM(), em.moves.AcceleratedEM(), em.moves.Squarem())
    ]
    assert np.ptp(levels) < 1e-5


def test_a_bar_is_drawn_and_goes(capsys):
    em.fit_best(read_columns("faithful"), 2, n_starts=2, rng=0, progress=True)
    assert capsys.readouterr().out == ""  # nothing on standard output


@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_other_numbers_are_converted_and_the_fit_says_so(dtype):
    x = np.round(100.0 * read_columns("faithful")).astype(dtype)
    fit = em.fit_best(x, 2, n_starts=2, rng=0).best
    assert fit.notes == (f"the data were {np.dtype(dtype)} and have been converted to float64",)
    assert fit.mixture.means.dtype == np.float64


def weighted(x):
    """Weights far from equal, a hundred of them zero."""
    rng = np.random.default_rng(7)
    weights = rng.exponential(size=len(x)) ** 2
    weights[rng.choice(len(x), 100, replace=False)] = 0.0
    return weights


def write_and_map(x, path):
    np.save(path, x)
    return np.load(path, mmap_mode="r")


def test_weighted_restarts_over_a_memory_map_are_those_in_memory(planted, tmp_path):
    x = planted[1]
    weights = weighted(x)
    inside = em.fit_best(x, 3, n_starts=4, rng=1, weights=weights, n_jobs=1)
    mapped = em.fit_best(write_and_map(x, tmp_path / "x.npy"), 3, n_starts=4, rng=1, weights=weights)
    assert [fit.start for fit in mapped.fits] == [fit.start for fit in inside.fits]
    assert mapped.best.mixture == inside.best.mixture
    assert mapped.best.log_likelihood == inside.best.log_likelihood


def test_weighted_restarts_over_a_dask_array_start_as_those_in_memory(planted):
    dask_array = pytest.importorskip("dask.array")
    x = planted[1]
    weights = weighted(x)
    inside = em.fit_best(x, 3, n_starts=4, rng=1, weights=weights, n_jobs=1)
    array = dask_array.from_array(x, chunks=((0, 700, 800, 1500), 2))
    there = em.fit_best(array, 3, n_starts=4, rng=1, weights=weights)
    assert [fit.start for fit in there.fits] == [fit.start for fit in inside.fits]
    assert there.best.log_likelihood == pytest.approx(inside.best.log_likelihood, rel=1e-12)


def test_given_allocations_go_with_the_drawn_rows(planted, tmp_path, monkeypatch):
    """Fewer rows are drawn than there are: each keeps its own allocation."""
    truth, x = planted
    z = truth.responsibilities(x).argmax(axis=1)
    mapped = write_and_map(x, tmp_path / "x.npy")
    monkeypatch.setattr("em.restarts.START_ROWS", 500)
    weights = weighted(x)
    found = em.fit_best(mapped, 3, starts=z, n_starts=1, rng=0, weights=weights)
    assert found.fits[0].start_name == "given allocations"
    drawn = source_of(mapped, weights).sample(500, np.random.default_rng(0)).numbers
    assert found.fits[0].start == em.from_allocations(x[drawn], z[drawn], weights=weights[drawn])
    close_to(found.best.mixture, em.fit(x, found.fits[0].start, weights=weights).mixture)
    with pytest.raises(ValueError, match="allocations must be 3000 integers"):
        em.fit_best(mapped, 3, starts=z[:500])


def test_weights_move_the_starts_of_incomplete_data():
    """A far row of weight 0 neither starts a component nor fills a gap."""
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(0.0, 1.0, (200, 2)), [[1e9, 1e9]]])
    x[:60, 1] = np.nan
    weights = np.append(np.ones(200), 0.0)
    found = em.fit_best(x, 2, n_starts=6, rng=0, missing=True, weights=weights)
    assert not found.failures
    assert all(np.abs(fit.start.means).max() < 10.0 for fit in found.fits)
