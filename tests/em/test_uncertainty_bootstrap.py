"""Bootstraps: closed forms, published figures, and draws that ArviZ reads."""

import arviz as az
import numpy as np
import pytest
import xarray as xr
from support import FAMILY_NAMES, read_columns

import em
from em.uncertainty import RESAMPLINGS, bootstrap, delta_method
from em.uncertainty.bootstrap import resampling_named
from mixture import ConjugatePrior, GaussianMixture

KINDS = tuple(resampling.name for resampling in RESAMPLINGS)


@pytest.fixture(scope="module")
def lakes() -> tuple[np.ndarray, GaussianMixture]:
    """The acidity of lakes and their equal-variance fit, the lower mean first."""
    x = read_columns("acidity")
    mixture = em.fit_best(x, 2, structure="tied", n_starts=6, rng=1, tolerance=1e-10).best.mixture
    return x, mixture.permute(np.argsort(mixture.means[:, 0]))


def assert_published(errors: em.StandardErrors, n_replicates: int) -> None:
    """mclust's nonparametric bootstrap with 999 replicates. An error from B has a relative one of 1 / sqrt(2 B)."""
    spread = np.hypot(1 / np.sqrt(2 * n_replicates), 1 / np.sqrt(2 * 999))
    found = [errors.weights[0], *errors.means[:, 0], errors.covariances[0, 0]]
    np.testing.assert_allclose(found, [0.0413, 0.0467, 0.0672, 0.0238], rtol=4 * spread)


def test_acidity_against_published_errors(lakes):
    assert_published(bootstrap(*lakes, n_replicates=200, rng=3).standard_errors(), 200)


@pytest.mark.slow
def test_acidity_against_published_errors_with_as_many_replicates(lakes):
    replicates = bootstrap(*lakes, n_replicates=999, rng=3)
    assert_published(replicates.standard_errors(), 999)
    assert replicates.ambiguous_share == 0.0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
def test_one_component_has_textbook_errors(kind, weighted):
    """SE of the mean sd / sqrt(n), n the sum of the weights, within 4 / sqrt(2 B); weights = duplication."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((120, 2)) * [1.0, 10.0]
    counts = rng.integers(0, 4, 120) if weighted else np.ones(120, dtype=int)
    repeated = np.repeat(x, counts, axis=0)
    mixture = em.fit_best(repeated, 1).best.mixture
    replicates = bootstrap(x, mixture, kind=kind, n_replicates=400, rng=1, weights=counts if weighted else None)
    errors = replicates.standard_errors()
    n = counts.sum()
    np.testing.assert_allclose(errors.means[0], repeated.std(axis=0) / np.sqrt(n), rtol=4 / np.sqrt(800))
    if kind == "parametric":
        expected = np.diagonal(mixture.covariances[0]) * np.sqrt(2 / n)
    else:
        expected = np.square(repeated - repeated.mean(axis=0)).std(axis=0) / np.sqrt(n)
    np.testing.assert_allclose(np.diagonal(errors.covariances[0]), expected, rtol=0.2)
    # pi, mu, Sigma are free in this order: the covariance matrix holds the same errors.
    np.testing.assert_allclose(np.sqrt(np.diagonal(errors.covariance)[:2]), errors.means[0])


@pytest.mark.parametrize("kind", KINDS)
def test_replicates_are_optima_of_their_own_data(kind, lakes):
    """sum_k pi_k mu_k is the mean of the data at every optimum, and a longer climb gains no more than the tolerance."""
    x, mixture = lakes
    replicates = bootstrap(x, mixture, kind=kind, n_replicates=6, rng=4)
    for generator, replicate in zip(np.random.default_rng(4).spawn(6), replicates.mixtures, strict=True):
        points, weights = resampling_named(kind).draw(x, np.empty(0), mixture, generator)
        assert weights.sum() == pytest.approx(len(x))
        mean = weights @ points / weights.sum()
        np.testing.assert_allclose(replicate.weights @ replicate.means, mean, rtol=1e-9)
        further = em.fit(points, replicate, weights=weights, tolerance=1e-10)
        assert further.log_likelihood - further.log_likelihoods[0] < 2e-6


def test_replicates_depend_on_the_seed_alone(lakes):
    few = bootstrap(*lakes, n_replicates=3, rng=7, n_jobs=1)
    told = []
    many = bootstrap(*lakes, n_replicates=8, rng=np.random.default_rng(7), n_jobs=2, progress=told.append)
    xr.testing.assert_allclose(many.dataset.isel(draw=slice(3)), few.dataset, rtol=1e-9)
    assert tuple(replicate.mixture for replicate in told) == many.mixtures
    assert few.dataset.attrs["seed_entropy"] == "7"
    assert not bootstrap(*lakes, n_replicates=3, rng=8).dataset.equals(few.dataset)


@pytest.mark.parametrize("structure", FAMILY_NAMES)
def test_arviz_reads_replicates_as_draws(structure, tmp_path):
    x = read_columns("faithful")
    mixture = em.fit_best(x, 2, structure=structure, n_starts=4, rng=0).best.mixture
    replicates = bootstrap(x, mixture, n_replicates=20, rng=0)
    dataset = replicates.dataset
    assert dict(dataset.sizes) == {"chain": 1, "draw": 20, "component": 2, "feature": 2, "feature_other": 2}
    assert dataset["covariances"].dims == ("chain", "draw", "component", "feature", "feature_other")
    summary = az.summary(dataset, var_names=["weights", "means", "scales"], kind="stats", round_to="none")
    errors = replicates.standard_errors()
    np.testing.assert_allclose(
        summary["sd"], [*errors.weights, *errors.means.ravel(), *errors.scales.ravel()], rtol=0.03
    )
    interval = replicates.interval(0.9)
    np.testing.assert_allclose(interval["means"].sel(bound="lower"), np.quantile(dataset["means"], 0.05, axis=(0, 1)))
    summary = replicates.summary()
    np.testing.assert_array_equal(summary["weights"].sel(quantity="standard_error"), errors.weights)
    assert summary.attrs["n_replicates"] == 20
    assert (az.hdi(dataset, prob=0.9)["scales"].values > 0.0).all()
    dataset.to_netcdf(tmp_path / "replicates.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "replicates.nc", engine="h5netcdf") as stored:
        xr.testing.assert_identical(stored.load(), dataset)


def test_the_delta_method_stands_beside_the_bootstrap(lakes):
    x, mixture = lakes
    replicates = bootstrap(x, mixture, n_replicates=300, rng=5)

    def gap(m: GaussianMixture) -> np.ndarray:
        """How far apart the means are, in standard deviations."""
        return (m.means[1] - m.means[0]) / np.sqrt(m.covariances[0])

    from_replicates = np.std([gap(m) for m in replicates.mixtures])
    assert delta_method(gap, mixture, replicates.standard_errors()).standard_error[0] == pytest.approx(
        from_replicates, rel=0.1
    )


def test_overlapping_components_have_ambiguous_labels():
    rng = np.random.default_rng(2)
    x = np.concatenate([rng.normal(0.0, 1.0, 50), rng.normal(1.5, 1.0, 50)])
    mixture = em.fit(x, GaussianMixture([0.5, 0.5], [[0.0], [1.5]], 1.0, "tied_spherical"), tolerance=1e-6).mixture
    replicates = bootstrap(x, mixture, n_replicates=40, rng=0, tolerance=1e-3)
    assert replicates.ambiguous_share > 0.1
    assert replicates.ambiguous_share == replicates.dataset["ambiguous"].mean()
    assert "were a close call" in replicates.message


def test_singular_replicates_are_left_out_and_counted():
    """Three of 39 points make a component of their own: resampled, they often are less than two distinct ones."""
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.standard_normal(36), 50.0 + np.array([0.0, 0.1, 0.3])])
    mixture = em.fit_best(x, 2, structure="full", n_starts=8, rng=0).best.mixture
    replicates = bootstrap(x, mixture, n_replicates=100, rng=1)
    assert 0 < replicates.n_failed < 90
    assert replicates.dataset.sizes["draw"] == len(replicates.mixtures) == 100 - replicates.n_failed
    assert f"{replicates.n_failed} left out" in replicates.message
    assert len(set(replicates.dataset["replicate"].values)) == len(replicates.mixtures)
    prior = ConjugatePrior.fraley_raftery(x, 2)
    for regularised in ({"prior": prior}, {"floor": 1e-4}):
        start = em.fit(x, mixture, **regularised).mixture
        assert bootstrap(x, start, n_replicates=100, rng=1, **regularised).n_failed < replicates.n_failed / 2


def test_further_starts_never_lower_a_replicate():
    x = read_columns("galaxies") / 1000.0
    mixture = em.fit_best(x, 3, structure="tied", n_starts=4, rng=0).best.mixture
    warm = bootstrap(x, mixture, n_replicates=5, rng=2, tolerance=1e-4)
    more = bootstrap(x, mixture, n_replicates=5, rng=2, tolerance=1e-4, further_starts=2)
    assert (more.dataset["log_likelihood"] >= warm.dataset["log_likelihood"] - 1e-3).all()
    assert more.dataset.attrs["further_starts"] == 2


def test_large_data_give_the_same_replicates_in_worker_processes():
    """Arrays of a megabyte and more are shared with them."""
    x = np.random.default_rng(0).standard_normal(140_000)
    mixture = GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], 1.0, "tied_spherical")
    here, there = (
        bootstrap(x, mixture, n_replicates=3, rng=1, tolerance=1.0, max_iterations=5, n_jobs=n_jobs)
        for n_jobs in (1, 2)
    )
    xr.testing.assert_identical(here.dataset, there.dataset)


@pytest.mark.parametrize("kind", KINDS)
def test_missing_cells_stay_missing_in_replicates(kind):
    """One component, its second feature alone in places: SE of the first mean from all rows, as if complete."""
    rng = np.random.default_rng(3)
    x = rng.standard_normal((200, 2))
    x[:80, 1] = np.nan
    start = GaussianMixture([1.0], [[0.0, 0.0]], [[1.0, 1.0]], "diag")
    mixture = em.fit(x, start, missing=True).mixture
    errors = bootstrap(x, mixture, kind=kind, n_replicates=200, rng=0, missing=True).standard_errors()
    expected = [x[:, 0].std() / np.sqrt(200), x[80:, 1].std() / np.sqrt(120)]
    np.testing.assert_allclose(errors.means[0], expected, rtol=4 / np.sqrt(400))
    with pytest.raises(ValueError, match="NaN"):
        bootstrap(x, mixture, kind=kind, n_replicates=2)


def test_bad_input_is_refused(lakes):
    x, mixture = lakes
    with pytest.raises(ValueError, match="unknown kind of bootstrap 'smooth'; the known ones are 'nonparametric', "):
        bootstrap(x, mixture, kind="smooth")
    with pytest.raises(ValueError, match="n_replicates must be at least 2"):
        bootstrap(x, mixture, n_replicates=1)
    with pytest.raises(ValueError, match="sum to 1, but a bootstrap reads them as counts"):
        bootstrap(x, mixture, n_replicates=2, weights=np.full(len(x), 1 / len(x)))
    with pytest.raises(ValueError, match="2 columns"):
        bootstrap(np.ones((9, 2)), mixture, n_replicates=2)
    for level in (0.0, 1.0, np.nan):
        with pytest.raises(ValueError, match="level must lie between 0 and 1"):
            bootstrap(x, mixture, n_replicates=2, rng=0).interval(level)
