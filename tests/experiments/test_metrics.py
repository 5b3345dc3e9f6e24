"""The referee against sums done by hand."""

import numpy as np
import pytest
from scipy import stats
from support import STRUCTURE_NAMES, random_mixture

from bayesian.posterior import Posterior
from em import StandardErrors
from experiments.referee import metrics
from experiments.referee.parameters import align, natural_parameters
from mixture import GaussianMixture, structure_named


def posterior_about(mixture, data, *, chains=2, draws=20, spread=0.02, seed=0):
    """Draws scattered a little about a mixture, all with its labels."""
    rng = np.random.default_rng(seed)
    shape, (k, d) = (chains, draws), mixture.means.shape
    weights = mixture.weights * np.exp(spread * rng.standard_normal((*shape, k)))
    sds = np.sqrt(np.diagonal(mixture.dense_covariances, axis1=1, axis2=2))
    means = mixture.means + spread * sds * rng.standard_normal((*shape, k, d))
    scale = np.exp(spread * rng.standard_normal((*shape, 1, 1, 1)))
    weights /= weights.sum(axis=-1, keepdims=True)
    return Posterior.from_arrays(weights, means, scale * mixture.dense_covariances, data, structure=mixture.structure)


@pytest.fixture
def small():
    """K = 2, D = 1, four draws in one chain: small enough for paper. EM's labels are the other way round."""
    em = GaussianMixture([0.7, 0.3], [[10.0], [0.0]], [[[4.0]], [[1.0]]])
    errors = StandardErrors(
        weights=np.array([0.1, 0.1]),
        means=np.array([[0.5], [0.25]]),
        covariances=np.array([[[0.8]], [[0.4]]]),
        scales=np.array([[0.2], [0.2]]),
        covariance=np.eye(5),
    )
    first = np.array([0.2, 0.3, 0.3, 0.4])
    weights = np.stack([first, 1.0 - first], axis=-1)[None]
    means = np.array([[-1.0, 10.0], [0.0, 11.0], [1.0, 12.0], [2.0, 11.0]])[None, :, :, None]
    covariances = np.array([[1.0, 4.0], [1.0, 4.0], [4.0, 9.0], [4.0, 9.0]])[None, :, :, None, None]
    return em, errors, Posterior.from_arrays(weights, means, covariances, [[0.0], [10.0]])


def test_table_by_hand(small):
    em, errors, posterior = small
    table = metrics.comparison_table(em, errors, posterior, ["x"], interval=0.5)
    assert list(table.columns) == [
        *("parameter", "component", "feature", "EM", "SE", "posterior mean", "posterior sd"),
        *("50% ETI lower", "50% ETI upper", "MCSE", "ESS bulk", "R-hat", "(mean - EM)/sd", "sd/SE"),
    ]
    assert table.attrs == {"interval": 0.5, "kind": "eti", "n_chains": 1, "n_draws": 4}
    assert table[["parameter", "component", "feature"]].to_numpy().tolist() == [
        *(["weight", "1", ""], ["weight", "2", ""], ["mean", "1", "x"], ["mean", "2", "x"]),
        *(["sd", "1", "x"], ["sd", "2", "x"]),
    ]
    np.testing.assert_allclose(table["EM"], [0.3, 0.7, 0.0, 10.0, 1.0, 2.0])
    np.testing.assert_allclose(table["SE"].astype(float), [0.1, 0.1, 0.25, 0.5, 0.2, 0.2])
    np.testing.assert_allclose(table["posterior mean"], [0.3, 0.7, 0.5, 11.0, 1.5, 2.5])
    row = table.iloc[2]  # draws -1, 0, 1, 2: squared deviations 2.25 + 0.25 + 0.25 + 2.25 = 5, over 3
    sd = np.sqrt(5.0 / 3.0)
    assert row["posterior sd"] == pytest.approx(sd)
    assert (row["50% ETI lower"], row["50% ETI upper"]) == (pytest.approx(-0.25), pytest.approx(1.25))
    assert row["(mean - EM)/sd"] == pytest.approx(0.5 / sd)
    assert row["sd/SE"] == pytest.approx(sd / 0.25)


def test_labels_do_not_matter(rng_mixture):
    em, data = rng_mixture
    posterior = posterior_about(em, data)
    names = ["a", "b"]
    table = metrics.comparison_table(em, None, posterior, names)
    turned = posterior.permute(np.broadcast_to([2, 0, 1], (2, 20, 3)))
    assert metrics.comparison_table(em.permute([1, 2, 0]), None, turned, names).equals(table)
    assert table[table["parameter"] == "mean"]["EM"].to_numpy()[::2].tolist() == sorted(em.means[:, 0])


@pytest.fixture
def rng_mixture():
    rng = np.random.default_rng(4)
    em = random_mixture("full", 3, 2, rng, separation=8.0, condition=10.0)
    return em, em.draw(60, rng)[0]


@pytest.mark.parametrize(
    ("structure", "n_rows"),
    [("full", 20), ("tied", 14), ("diag", 14), ("tied_diag", 11), ("spherical", 10), ("tied_spherical", 9)],
)
def test_each_parameter_comes_once(structure, n_rows):
    """K = 2, D = 3: 2 weights, 6 means; 6, 3, 2 or 1 standard deviations; 6, 3 or no correlations."""
    rng = np.random.default_rng(1)
    em = random_mixture(structure, 2, 3, rng, separation=6.0, condition=10.0)
    table = metrics.comparison_table(em, None, posterior_about(em, em.draw(30, rng)[0]), ["a", "b", "c"])
    assert len(table) == n_rows
    assert not table.duplicated(["parameter", "component", "feature"]).any()
    expected = np.sort(np.sqrt(np.unique(np.diagonal(em.dense_covariances, axis1=1, axis2=2))))
    np.testing.assert_allclose(np.sort(table[table["parameter"] == "sd"]["EM"]), expected)


@pytest.mark.parametrize("structure", ["full", "tied"])
def test_correlation_errors_are_the_delta_method(structure):
    """Against the gradient by central differences through the structure's own parameters."""
    rng = np.random.default_rng(2)
    k, d = 2, 3
    em = random_mixture(structure, k, d, rng, separation=6.0, condition=10.0)
    root = rng.standard_normal((em.n_parameters, em.n_parameters))
    kind, first = structure_named(structure), k - 1 + k * d
    lower = np.tril_indices(d)
    theta = kind.stack(em.covariances)[:, lower[0], lower[1]].ravel()

    def correlations(values):
        dense = kind.dense(kind.unpack(values, k, d), k, d)[: 1 if kind.shared else k]
        sds = np.sqrt(np.diagonal(dense, axis1=1, axis2=2))
        scaled = dense / (sds[:, :, None] * sds[:, None, :])
        return scaled[:, [0, 0, 1], [1, 2, 2]].ravel()

    steps = 1e-6 * np.eye(len(theta))
    gradient = np.stack([(correlations(theta + h) - correlations(theta - h)) / 2e-6 for h in steps], axis=1)
    covariance = root @ root.T
    expected = np.sqrt(np.diagonal(gradient @ covariance[first:, first:] @ gradient.T))
    errors = StandardErrors(np.ones(k), np.ones((k, d)), em.covariances, np.ones((k, d)), covariance)
    parameters = natural_parameters(em, errors, posterior_about(em, em.draw(30, rng)[0]), ["a", "b", "c"])
    found = [p.standard_error for p in parameters if p.kind == "correlation"]
    order = np.argsort(em.means[:, 0]) if structure == "full" else [0]
    np.testing.assert_allclose(found, expected.reshape(-1, 3)[order].ravel(), rtol=1e-7)


def test_what_does_not_exist_is_none():
    em = GaussianMixture([1.0], [[0.0]], [[[1.0]]])
    posterior = posterior_about(em, [[0.0], [1.0]])
    table = metrics.comparison_table(em, None, posterior, ["x"])
    weight = table.iloc[0]  # one component: its weight is 1 in every draw
    assert all(weight[name] is None for name in ("SE", "MCSE", "ESS bulk", "R-hat", "(mean - EM)/sd", "sd/SE"))
    assert table["SE"].tolist() == [None] * 3
    assert not any(isinstance(value, float) and np.isnan(value) for value in table.to_numpy().ravel())


def test_diagnostics_of_independent_draws():
    em = GaussianMixture([0.5, 0.5], [[0.0], [9.0]], [[[1.0]], [[1.0]]])
    posterior = posterior_about(em, [[0.0], [9.0]], chains=4, draws=500)
    row = metrics.comparison_table(em, None, posterior, ["x"]).iloc[2]
    assert 1500.0 < row["ESS bulk"] < 2700.0
    assert row["R-hat"] < 1.01
    assert row["MCSE"] == pytest.approx(row["posterior sd"] / np.sqrt(2000.0), rel=0.2)


def test_highest_density_interval_is_the_shortest():
    em = GaussianMixture([1.0], [[0.0]], [[[1.0]]])
    values = stats.expon.ppf((np.arange(1000) + 0.5) / 1000)  # density falls from 0: the interval starts there
    arrays = np.ones((1, 1000, 1)), values[None, :, None, None], np.ones((1, 1000, 1, 1, 1))
    table = metrics.comparison_table(em, None, Posterior.from_arrays(*arrays, [[0.0]]), ["x"], interval=0.8, kind="hdi")
    row = table.iloc[1]
    assert row["80% HDI lower"] == pytest.approx(0.0, abs=0.01)
    assert row["80% HDI upper"] == pytest.approx(stats.expon.ppf(0.8), abs=0.02)


def test_bad_intervals_are_refused(small):
    with pytest.raises(ValueError, match="strictly between 0 and 1"):
        metrics.comparison_table(*small, ["x"], interval=95)
    with pytest.raises(ValueError, match="one of eti, hdi"):
        metrics.comparison_table(*small, ["x"], kind="quantile")
    with pytest.raises(ValueError, match="2 feature names for 1 features"):
        metrics.comparison_table(*small, ["x", "y"])


def test_align_brings_the_posterior_into_the_order_of_the_target(rng_mixture):
    em, data = rng_mixture
    posterior = posterior_about(em, data)
    assert align(posterior, em) is posterior
    assert align(posterior.permute(np.broadcast_to([1, 2, 0], (2, 20, 3))), em).equals(posterior)


def test_disagreement_by_hand():
    em = np.array([[0.9, 0.1, 0.0], [1.0, 0.0, 0.0], [0.2, 0.3, 0.5]])
    posterior = np.array([[0.6, 0.3, 0.1], [0.0, 0.0, 1.0], [0.2, 0.3, 0.5]])
    np.testing.assert_allclose(metrics.disagreement(em, posterior), [0.3, 1.0, 0.0])
    with pytest.raises(ValueError, match="must both be"):
        metrics.disagreement(em, posterior[:, :2])


def test_posterior_allocations_are_the_mean_of_the_draws(rng_mixture):
    em, data = rng_mixture
    posterior = posterior_about(em, data, draws=5)
    expected = np.mean([posterior.mixture(c, s).responsibilities(data) for c in range(2) for s in range(5)], axis=0)
    np.testing.assert_allclose(metrics.posterior_allocation_probabilities(posterior), expected, atol=1e-12)


def test_every_structure_is_covered():
    marks = test_each_parameter_comes_once.pytestmark
    assert {case[0] for mark in marks for case in mark.args[1]} == set(STRUCTURE_NAMES)
