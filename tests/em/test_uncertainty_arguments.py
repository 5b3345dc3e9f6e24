"""What the methods of uncertainty are handed: fits in place of mixtures, small and converted data, no errors at all."""

import pickle

import numpy as np
import pytest
from support import read_columns

import em
from em.uncertainty.refit import Refit
from mixture import ConjugatePrior, GaussianMixture
from mixture.information import information

METHODS = {
    "bootstrap": lambda x, m: em.bootstrap(x, m, n_replicates=2),
    "jackknife": em.jackknife,
    "standard_errors": em.standard_errors,
    "sandwich": em.sandwich,
    "delta_method": lambda _, m: em.delta_method(lambda found: found.means, m, None),
    "convergence_rate": em.convergence_rate,
    "lower_bound": lambda x, m: em.lower_bound(x, np.ones((len(x), 1)), m),
    "staircase": lambda x, m: em.staircase(x, m, 1),
}


@pytest.fixture(scope="module")
def waits() -> tuple[np.ndarray, em.Restarts]:
    """Whole minutes between eruptions, and the fits of two components."""
    x = read_columns("faithful")[:, 1]
    return x, em.fit_best(x, 2, structure="tied", n_starts=2, rng=0, tolerance=1e-11)


@pytest.mark.parametrize("method", METHODS)
def test_a_fit_is_no_mixture(method, waits):
    x, fits = waits
    call = METHODS[method]
    with pytest.raises(ValueError, match=r"must be a GaussianMixture, not EMFit: hand in its \.mixture"):
        call(x, fits.best)
    with pytest.raises(ValueError, match=r"must be a GaussianMixture, not Restarts: hand in its \.best\.mixture"):
        call(x, fits)
    with pytest.raises(ValueError, match=r"must be a GaussianMixture, not int$"):
        call(x, 3)


def test_the_delta_method_wants_the_errors_of_its_mixture(waits):
    x, fits = waits
    mixture = fits.best.mixture
    of_jackknife = em.jackknife(x, mixture, n_groups=4, rng=0)
    of_bootstrap = em.bootstrap(x, mixture, n_replicates=2, rng=0)
    for errors, message in (
        (3, "errors must be StandardErrors, not int: take"),
        (of_jackknife, r"not Jackknife: hand in its \.errors"),
        (of_bootstrap, r"not Replicates: hand in its \.standard_errors\(\)"),
    ):
        with pytest.raises(ValueError, match=message):
            em.delta_method(lambda m: m.means, mixture, errors)
    one = em.fit_best(x, 1).best.mixture
    with pytest.raises(ValueError, match="errors are those of 2 parameters, but the mixture has 4"):
        em.delta_method(lambda m: m.means, mixture, em.sandwich(x, one))


def test_results_that_hold_arrays_compare_and_hash_by_identity(waits):
    x, fits = waits
    mixture = fits.best.mixture
    for make in (em.standard_errors, em.convergence_rate, information):
        first, second = make(x, mixture), make(x, mixture)
        assert first == first
        assert first != second
        assert len({first, second}) == 2
        assert type(pickle.loads(pickle.dumps(first))) is type(first)
    stairs = [em.staircase(x, mixture, 2) for _ in range(2)]
    assert stairs[0] == stairs[1]  # numbers and mixtures, which compare by value
    assert len(set(stairs)) == 1


@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_converted_data_are_noted(dtype, waits):
    x, fits = waits
    mixture = fits.best.mixture
    note = f"the data were {np.dtype(dtype)} and have been converted to float64"
    replicates = em.bootstrap(x.astype(dtype), mixture, n_replicates=2, rng=0)
    assert replicates.dataset.attrs["notes"] == replicates.summary().attrs["notes"] == note
    assert em.jackknife(x.astype(dtype), mixture, n_groups=3, rng=0).dataset.attrs["notes"] == note
    plain = em.bootstrap(x, mixture, n_replicates=2, rng=0)
    assert "notes" not in plain.dataset.attrs
    assert plain.dataset["means"].equals(replicates.dataset["means"])


def test_the_rate_is_for_data_of_the_mixtures_own_columns(waits):
    x, fits = waits
    with pytest.raises(ValueError, match="the data have 2 columns, but the mixture has 1 features"):
        em.convergence_rate(np.stack([x, x**2], axis=1), fits.best.mixture)


def few() -> tuple[np.ndarray, GaussianMixture]:
    """Eight points and six components: a resample has about five distinct points."""
    x = np.random.default_rng(0).normal(size=8)
    return x, GaussianMixture(np.full(6, 1 / 6), np.linspace(-1, 1, 6)[:, None], np.full((6, 1, 1), 0.1))


def test_replicates_of_too_few_points_are_counted_as_failed():
    x, mixture = few()
    with pytest.raises(ValueError, match=r"0 of 20 replicates gave a usable mixture.*unbounded"):
        em.bootstrap(x, mixture, n_replicates=20, rng=0, further_starts=1)


@pytest.mark.parametrize("regularised", ["floor", "prior"])
def test_a_start_that_cannot_be_made_leaves_the_climb_from_the_optimum(regularised):
    x, mixture = few()
    settings = {"floor": 1e-2} if regularised == "floor" else {"prior": ConjugatePrior.fraley_raftery(x, 6)}
    alone, further = (em.bootstrap(x, mixture, n_replicates=20, rng=0, further_starts=n, **settings) for n in (0, 1))
    assert alone.n_failed == further.n_failed == 0
    assert (further.dataset["log_likelihood"] >= alone.dataset["log_likelihood"] - 1e-3).all() or regularised == "prior"


def test_distinct_points_are_what_counts():
    refit = Refit(few()[1], further_starts=2)
    tied = np.repeat([[0.0], [1.0], [4.0]], 4, axis=0)
    found = refit(tied, np.ones(12), np.random.default_rng(0))
    assert found.mixture is None
    assert "unbounded" in found.detail


def test_under_a_floor_a_replicate_without_variance_fails_alone():
    """One row in nine has the second value of column 1: a third of the resamples lack it."""
    rng = np.random.default_rng(1)
    x = np.stack([rng.normal(size=9), np.arange(9) == 4], axis=1)
    mixture = em.fit(x, em.ward(x, 1, floor=0.1), floor=0.1).mixture
    replicates = em.bootstrap(x, mixture, n_replicates=60, rng=0, floor=0.1)
    assert 8 <= replicates.n_failed <= 34  # binomial(60, (8/9)^9 = 0.35), within four standard deviations
    found = Refit(mixture, floor=0.1)(x, np.where(np.arange(9) == 4, 0.0, 1.0), None)
    assert found.detail == "column 1 does not vary in the replicate, so that a floor relative to it is zero"
