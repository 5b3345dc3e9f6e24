"""The climb: monotone, exact against enumeration and scikit-learn, honest about how it ended."""

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal
from sklearn.mixture import GaussianMixture as SklearnMixture
from support import STRUCTURE_NAMES, random_mixture, read_columns

import em
from mixture import ConjugatePrior, GaussianMixture

EACH = pytest.mark.parametrize("structure", STRUCTURE_NAMES)


@EACH
def test_one_step_is_the_posterior_average_over_all_allocations(structure):
    """EM's step maximises sum_z P(z | x, theta) log p(x, z | theta'), with the K^N allocations enumerated."""
    rng = np.random.default_rng(1)
    start = random_mixture(structure, 2, 2, rng, condition=2.0)
    x = start.draw(8, rng)[0]
    k, n = 2, len(x)
    joint = np.stack(
        [
            weight * multivariate_normal(mean, covariance).pdf(x)
            for weight, mean, covariance in zip(start.weights, start.means, start.dense_covariances, strict=True)
        ]
    )
    allocations = np.array(list(itertools.product(range(k), repeat=n)))
    probabilities = joint[allocations, np.arange(n)].prod(axis=1)
    evidence = probabilities.sum()
    probabilities /= evidence
    membership = np.stack([(probabilities[:, None] * (allocations == j)).sum(axis=0) for j in range(k)], axis=1)
    counts = membership.sum(axis=0)
    means = membership.T @ x / counts[:, None]
    scatter = np.stack([((x - m) * r[:, None]).T @ (x - m) for m, r in zip(means, membership.T, strict=True)])
    covariances = {
        "full": scatter / counts[:, None, None],
        "tied": scatter.sum(axis=0) / n,
        "diag": np.diagonal(scatter, axis1=1, axis2=2) / counts[:, None],
        "tied_diag": np.diagonal(scatter.sum(axis=0)) / n,
        "spherical": np.trace(scatter, axis1=1, axis2=2) / (2 * counts),
        "tied_spherical": np.trace(scatter.sum(axis=0)) / (2 * n),
    }[structure]
    fit = em.fit(x, start, tolerance=0.0, max_iterations=1)
    assert fit.log_likelihoods[0] == pytest.approx(np.log(evidence), rel=1e-12)
    np.testing.assert_allclose(fit.mixture.weights, counts / n, rtol=1e-10)
    np.testing.assert_allclose(fit.mixture.means, means, rtol=1e-10)
    np.testing.assert_allclose(fit.mixture.covariances, covariances, rtol=1e-9)


@pytest.mark.parametrize(("structure", "sklearn_type"), [(s, s) for s in ("full", "tied", "diag", "spherical")])
@pytest.mark.parametrize("steps", [1, 2, 5, 20])
def test_steps_equal_those_of_scikit_learn(structure, sklearn_type, steps):
    x = read_columns("faithful")
    start = em.kmeans_plus_plus(x, 2, structure=structure, rng=np.random.default_rng(4))
    precisions = 1.0 / start.covariances if structure in ("diag", "spherical") else np.linalg.inv(start.covariances)
    model = SklearnMixture(
        2,
        covariance_type=sklearn_type,
        reg_covar=0.0,
        tol=0.0,
        max_iter=steps,
        weights_init=start.weights,
        means_init=start.means,
        precisions_init=precisions,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn says that it did not converge, as asked
        model.fit(x)
    ours = em.fit(x, start, tolerance=0.0, max_iterations=steps)
    assert ours.n_iterations == steps
    np.testing.assert_allclose(ours.mixture.weights, model.weights_, rtol=1e-8)
    np.testing.assert_allclose(ours.mixture.means, model.means_, rtol=1e-8)
    np.testing.assert_allclose(ours.mixture.covariances, model.covariances_, rtol=1e-8)


@given(st.integers(0, 10_000), st.sampled_from(STRUCTURE_NAMES), st.integers(1, 4), st.integers(1, 3))
@settings(max_examples=40, deadline=None)
def test_the_log_likelihood_never_falls(seed, structure, k, d):
    rng = np.random.default_rng(seed)
    x = random_mixture(structure, k, d, rng).draw(40, rng)[0]
    fit = em.fit(x, random_mixture(structure, k, d, rng), max_iterations=60)
    assert np.diff(fit.log_likelihoods).min(initial=0.0) > -1e-8
    assert np.isfinite(fit.log_likelihoods).all()


@EACH
def test_entry_t_belongs_to_the_mixture_after_t_steps(structure):
    rng = np.random.default_rng(2)
    x = random_mixture(structure, 2, 2, rng).draw(80, rng)[0]
    start = em.random_partition(x, 2, structure=structure, rng=rng)
    whole = em.fit(x, start, tolerance=0.0, max_iterations=6)
    assert whole.log_likelihoods.shape == (7,)
    for t in range(7):
        part = em.fit(x, start, tolerance=0.0, max_iterations=t)
        assert part.mixture.log_likelihood(x) == pytest.approx(whole.log_likelihoods[t], rel=1e-13)
        assert part.status is em.Status.ITERATION_LIMIT


def test_weights_count_points():
    rng = np.random.default_rng(3)
    x = random_mixture("full", 2, 2, rng).draw(60, rng)[0]
    copies = rng.integers(0, 4, len(x))
    start = em.kmeans_plus_plus(x, 2, rng=rng)
    weighted = em.fit(x, start, weights=copies, tolerance=0.0, max_iterations=15)
    repeated = em.fit(np.repeat(x, copies, axis=0), start, tolerance=0.0, max_iterations=15)
    np.testing.assert_allclose(weighted.log_likelihoods, repeated.log_likelihoods, rtol=1e-12)
    np.testing.assert_allclose(weighted.mixture.covariances, repeated.mixture.covariances, rtol=1e-9)


@EACH
def test_units_and_origin_do_not_matter(structure):
    """A shift by 1e9 at unit noise, and a change of units; spherical structures admit one unit for all features."""
    rng = np.random.default_rng(5)
    x = np.round(random_mixture(structure, 2, 2, rng, separation=4.0).draw(300, rng)[0], 6)
    start = em.kmeans_plus_plus(x, 2, structure=structure, rng=np.random.default_rng(7))
    here = em.fit(x, start)
    shifted = (x + 1e9) - 1e9  # what 1e9 leaves of the digits
    there = em.fit(x + 1e9, GaussianMixture(start.weights, start.means + 1e9, start.covariances, structure))
    again = em.fit(shifted, start)
    assert there.status is em.Status.CONVERGED
    assert there.log_likelihood == pytest.approx(again.log_likelihood, abs=1e-4)
    np.testing.assert_allclose(there.mixture.means - 1e9, again.mixture.means, atol=1e-5)
    np.testing.assert_allclose(there.mixture.covariances, here.mixture.covariances, rtol=1e-3, atol=1e-4)
    scaled = em.fit(1e6 * x, GaussianMixture(start.weights, 1e6 * start.means, 1e12 * start.covariances, structure))
    np.testing.assert_allclose(scaled.mixture.covariances, 1e12 * here.mixture.covariances, rtol=1e-6)


def test_a_component_on_one_point_is_named_and_not_returned():
    x = np.append(np.random.default_rng(0).standard_normal(50), 8.0)
    start = GaussianMixture([0.5, 0.5], [[0.0], [8.0]], [[[1.0]], [[0.01]]])
    fit = em.fit(x, start)
    assert fit.status is em.Status.SINGULAR
    assert not fit.status.usable
    assert "component 1" in fit.message
    assert "effective points" in fit.message
    assert "floor" in fit.message
    assert np.isfinite(fit.log_likelihoods).all()
    floored = em.fit(x, start, floor=1e-3)
    assert floored.status is em.Status.CONVERGED
    assert floored.mixture.covariances[1, 0, 0] == pytest.approx(1e-3 * x.var())
    assert np.diff(floored.log_likelihoods).min() > -1e-9


def test_collinear_points_end_in_a_singular_component():
    rng = np.random.default_rng(0)
    line = np.outer(np.linspace(0, 1, 30), [1.0, 2.0])
    cloud = rng.standard_normal((60, 2)) + [8.0, 0.0]
    fit = em.fit(
        np.vstack([line, cloud]), GaussianMixture([0.5, 0.5], [[0.5, 1.0], [8.0, 0.0]], [0.1 * np.eye(2), np.eye(2)])
    )
    assert fit.status is em.Status.SINGULAR
    assert "component 0" in fit.message
    assert "line or plane" in fit.message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tolerance": -1.0}, "tolerance"),
        ({"tolerance": np.nan}, "tolerance"),
        ({"max_iterations": -1}, "max_iterations"),
        ({"floor": 0.0}, "floor"),
        ({"weights": [1.0]}, "shape"),
        ({"weights": [-1.0, 1.0, 1.0]}, "row 0"),
        ({"weights": [0.0, 0.0, 0.0]}, "all point weights are zero"),
        ({"weights": [1.0, np.nan, 1.0]}, "row 1"),
    ],
)
def test_bad_settings_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        em.fit([0.0, 1.0, 2.0], GaussianMixture([1.0], [[0.0]], [1.0], "spherical"), **change)


def test_a_fit_reads_back_equal(tmp_path):
    x = read_columns("faithful")
    fit = em.fit(x, em.kmeans_plus_plus(x, 2, rng=np.random.default_rng(0)))
    fit.save(tmp_path / "fit.json")
    assert em.EMFit.load(tmp_path / "fit.json") == fit
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(ValueError, match="not a stored EM fit"):
        em.EMFit.load(tmp_path / "other.json")


def test_spikes_do_not_depend_on_the_unit_of_the_weights_or_on_copies():
    x = read_columns("galaxies") / 1000.0
    spike = max(em.fit_best(x, 5, n_starts=12, starts=["k-means++"], rng=0).fits, key=lambda fit: fit.value)
    assert spike.status is em.Status.SPIKE
    copies = np.repeat(x, 10, axis=0)
    for data, weights in ((x, np.full(82, 10.0)), (x, np.full(82, 1 / 820)), (copies, None)):
        again = em.fit(data, spike.mixture, weights=weights)
        assert again.status is em.Status.SPIKE
        assert "2 effective points" in again.message
    rng = np.random.default_rng(0)
    tight = np.concatenate([rng.standard_normal(200), 5.0 + 0.05 * rng.standard_normal(100)])[:, None]
    start = em.from_allocations(tight, (tight[:, 0] > 4.0).astype(int))
    assert em.fit(tight, start, weights=np.full(300, 1 / 300)).status is em.Status.CONVERGED


def test_what_a_floor_or_a_prior_holds_up_is_said():
    x = read_columns("galaxies") / 1000.0
    spike = max(em.fit_best(x, 5, n_starts=12, starts=["k-means++"], rng=0).fits, key=lambda fit: fit.value)
    low = em.fit(x, spike.mixture, floor=1e-9)
    assert low.status is em.Status.CONVERGED
    assert "stands on 2 points only" in low.message
    held = em.fit(x, spike.mixture, floor=1e-3)
    assert "the floor holds up component" in held.message
    weak = ConjugatePrior([20.0], 1e-6, 1.0, [[1e-6]])
    assert "points only" in em.fit(x, spike.mixture, prior=weak).message


def test_a_column_that_does_not_vary_has_no_floor():
    rng = np.random.default_rng(0)
    x = np.column_stack([np.zeros(50), rng.standard_normal(50)])
    start = GaussianMixture([1.0], [[0.0, 0.0]], [np.eye(2)])
    for move in em.moves.MOVES:
        with pytest.raises(ValueError, match="column 0 does not vary"):
            em.fit(x, start, floor=1e-3, move=move)
        assert em.fit(x, start, move=move).status is em.Status.SINGULAR
    x[3, 1] = np.nan
    with pytest.raises(ValueError, match="column 0 does not vary"):
        em.fit(x, start, floor=1e-3, missing=True)


@pytest.mark.parametrize("share", [1.0, 1e-3, 1e-12])
def test_weights_that_are_shares_stop_where_counts_do(share):
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.standard_normal(300), 1.7 + rng.standard_normal(300)])[:, None]
    start = em.kmeans_plus_plus(x, 2, rng=rng)
    plain, scaled = em.fit(x, start), em.fit(x, start, weights=np.full(600, share))
    assert scaled.n_iterations == pytest.approx(plain.n_iterations, rel=0.05)
    np.testing.assert_allclose(scaled.mixture.means, plain.mixture.means, atol=1e-4)


def test_a_saddle_is_called_one():
    x = read_columns("faithful")
    one = em.fit_best(x, 1).best.mixture
    twice = GaussianMixture([0.5, 0.5], np.repeat(one.means, 2, axis=0), np.repeat(one.covariances, 2, axis=0))
    assert "saddle point" in em.fit(x, twice, exact_rate=True).message


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tolerance": "a"}, "tolerance"),
        ({"tolerance": None}, "tolerance"),
        ({"floor": "a"}, "floor"),
        ({"floor": 2.0}, "floor"),
        ({"prior": 3}, "prior must be a ConjugatePrior"),
        ({"move": "EM"}, "move must be one of em.moves"),
        ({"move": em.moves.EM}, "move must be one of em.moves"),
        ({"threads": 0}, "threads"),
    ],
)
def test_settings_of_a_wrong_kind_are_named(settings, message):
    x = read_columns("faithful")
    with pytest.raises(ValueError, match=message):
        em.fit(x, em.kmeans_plus_plus(x, 2, rng=np.random.default_rng(0)), **settings)


def test_a_start_that_is_no_mixture_is_refused():
    with pytest.raises(ValueError, match="GaussianMixture, not str"):
        em.fit(read_columns("faithful"), "k-means++")
