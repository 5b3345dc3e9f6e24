"""The posterior: what it reads, permutes, saves and refuses; densities and allocations of its draws."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from support import STRUCTURE_NAMES, random_mixture

from bayesian import allocations as allocating
from bayesian.allocations import allocation_probabilities, allocations
from bayesian.diagnosis.invariants import fixed_points, invariants
from bayesian.draws import log_densities
from bayesian.posterior import Posterior


def random_posterior(structure="full", k=3, d=2, n_chains=2, n_draws=5, n_samples=12, seed=0):
    """Unrelated random mixtures as draws, and those mixtures, [chain][draw]."""
    rng = np.random.default_rng(seed)
    mixtures = [[random_mixture(structure, k, d, rng) for _ in range(n_draws)] for _ in range(n_chains)]

    def stack(name):
        return np.array([[getattr(mixture, name) for mixture in chain] for chain in mixtures])

    posterior = Posterior.from_arrays(
        stack("weights"),
        stack("means"),
        stack("dense_covariances"),
        rng.normal(scale=3.0, size=(n_samples, d)),
        structure=structure,
    )
    return posterior, mixtures


def arrays():
    """Valid arguments of `from_arrays`, to be spoilt."""
    return {
        "weights": np.full((2, 3, 2), 0.5),
        "means": np.zeros((2, 3, 2, 1)),
        "covariances": np.ones((2, 3, 2, 1, 1)),
        "data": np.arange(4.0)[:, None],
    }


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
@pytest.mark.parametrize("d", [1, 3])
def test_draws_are_read_back_as_the_mixtures_they_were(structure, d):
    posterior, mixtures = random_posterior(structure, d=d)
    assert (posterior.n_chains, posterior.n_draws, posterior.n_components, posterior.n_features) == (2, 5, 3, d)
    for chain in range(2):
        for draw in range(5):
            read, drawn = posterior.mixture(chain, draw), mixtures[chain][draw]
            assert read.structure == structure
            np.testing.assert_allclose(read.covariances, drawn.covariances, rtol=1e-15)
            np.testing.assert_array_equal(read.means, drawn.means)
            assert posterior.log_likelihood[chain, draw] == pytest.approx(
                drawn.log_likelihood(posterior.data), rel=1e-12
            )


@given(st.integers(0, 10_000), st.integers(1, 4), st.integers(1, 4), st.sampled_from(STRUCTURE_NAMES))
@settings(max_examples=20, deadline=None)
def test_densities_and_allocations_are_those_of_the_mixture(seed, k, d, structure):
    posterior, mixtures = random_posterior(structure, k, d, seed=seed)
    flat = [mixture for chain in mixtures for mixture in chain]
    expected = np.array([mixture.responsibilities(posterior.data) for mixture in flat])
    np.testing.assert_allclose(allocation_probabilities(posterior), expected, rtol=1e-9, atol=1e-13)
    np.testing.assert_array_equal(allocations(posterior), expected.argmax(axis=2))
    draws = (values.reshape(-1, *values.shape[2:]) for values in (posterior.weights, posterior.means))
    dense = posterior.covariances.reshape(-1, k, d, d)
    densities = np.array([mixture.log_density(posterior.data) for mixture in flat])
    np.testing.assert_allclose(log_densities(posterior.data, *draws, dense), densities, rtol=1e-10)


def test_chunks_and_thinning_cut_nothing_off(monkeypatch):
    posterior, _ = random_posterior(n_draws=7)
    whole = allocation_probabilities(posterior)
    monkeypatch.setattr("bayesian.draws.CHUNK_VALUES", 100)  # two draws of 12 points and 3 components
    np.testing.assert_array_equal(allocation_probabilities(posterior), whole)
    kept = allocation_probabilities(posterior, thin=3)
    np.testing.assert_array_equal(kept, whole[[0, 3, 6, 7, 10, 13]])


def test_drawn_allocations_have_their_probabilities():
    posterior, _ = random_posterior(n_draws=2)
    rng = np.random.default_rng(4)
    repeats = 400
    counts = sum(np.eye(3)[allocations(posterior, rng=rng)] for _ in range(repeats))
    p = allocation_probabilities(posterior)
    assert (np.abs(counts - repeats * p) <= 5.0 * np.sqrt(repeats * p * (1.0 - p)) + 1.0).all()


def test_empty_components_and_far_points_have_probabilities():
    given_arrays = arrays()
    given_arrays["weights"] = np.tile([1.0, 0.0], (2, 3, 1))
    given_arrays["data"] = np.array([[0.0], [1e6]])
    p = allocation_probabilities(Posterior.from_arrays(**given_arrays))
    np.testing.assert_array_equal(p, np.tile([1.0, 0.0], (6, 2, 1)))


def test_allocations_too_large_for_memory_are_refused_with_a_thinning_that_fits(monkeypatch):
    posterior, _ = random_posterior(n_draws=8)
    monkeypatch.setattr(allocating, "LARGEST_RESULT", 8 * 4 * 12 * 3)  # four draws of 12 points, 3 components
    with pytest.raises(ValueError, match="every 4th draw"):
        allocation_probabilities(posterior)
    assert allocation_probabilities(posterior, thin=4).shape == (4, 12, 3)
    np.testing.assert_array_equal(
        allocation_probabilities(posterior.thin(4)), allocation_probabilities(posterior, thin=4)
    )
    for call in (lambda: allocations(posterior, thin=0), lambda: posterior.thin(0)):
        with pytest.raises(ValueError, match="at least 1"):
            call()


@given(st.integers(0, 10_000), st.integers(1, 4))
@settings(max_examples=15, deadline=None)
def test_permuting_leaves_invariants_and_its_inverse_undoes_it(seed, k):
    posterior, _ = random_posterior(k=k, seed=seed)
    rng = np.random.default_rng(seed)
    orders = rng.permuted(np.tile(np.arange(k), (2, 5, 1)), axis=2)
    permuted = posterior.permute(orders)
    assert permuted.mixture(1, 2) == posterior.mixture(1, 2).permute(orders[1, 2])
    assert permuted.permute(np.argsort(orders, axis=2)).equals(posterior)
    xr.testing.assert_allclose(invariants(permuted), invariants(posterior), rtol=1e-12, atol=1e-12)
    flat = (v.reshape(-1, *v.shape[2:]) for v in (permuted.weights, permuted.means, permuted.covariances))
    densities = log_densities(posterior.data, *flat).sum(axis=1).reshape(2, 5)
    np.testing.assert_allclose(densities, posterior.log_likelihood, rtol=1e-12)


def test_every_variable_with_the_component_dimension_is_permuted_and_no_other():
    posterior, _ = random_posterior(k=2)
    tree = posterior.tree.copy()
    extra = {
        "names_last": (("component", "chain", "draw"), np.random.default_rng(1).normal(size=(2, 2, 5))),
        "concentration": (("chain", "draw"), np.ones((2, 5))),
    }
    tree["posterior"] = xr.DataTree(tree["posterior"].to_dataset().assign(extra))
    tree["unconstrained_posterior"] = xr.DataTree(xr.Dataset({"w": (("chain", "draw"), np.ones((2, 5)))}))
    wide = Posterior(tree, "full")
    swapped = wide.permute(np.tile([1, 0], (2, 5, 1))).tree
    before, after = tree["posterior"].to_dataset(), swapped["posterior"].to_dataset()
    assert after["names_last"].dims == before["names_last"].dims
    for name in ("weights", "means", "covariances", "scales", "names_last"):
        xr.testing.assert_equal(
            after[name].drop_vars("component"), before[name].isel(component=[1, 0]).drop_vars("component")
        )
    xr.testing.assert_identical(after["concentration"], before["concentration"])
    assert "unconstrained_posterior" not in swapped.children
    assert "unconstrained_posterior" in wide.tree.children


@pytest.mark.parametrize("structure", ["full", "tied_diag"])
def test_saved_and_loaded_posteriors_are_equal(structure, tmp_path):
    posterior, _ = random_posterior(structure)
    tree = posterior.tree.copy()
    stats = {
        "diverging": (("chain", "draw"), np.eye(2, 5, dtype=bool)),
        "depth": (("chain", "draw"), np.arange(10).reshape(2, 5)),
    }
    messages = np.full((2, 5), None, dtype=object)
    tree["sample_stats"] = xr.DataTree(tree["sample_stats"].to_dataset().assign(stats))
    tree.attrs["sampler"] = "none"
    kept = Posterior(tree.copy(), structure)
    tree["sample_stats"] = xr.DataTree(
        tree["sample_stats"].to_dataset().assign(divergence_message=(("chain", "draw"), messages))
    )
    path = tmp_path / "posterior.nc"
    Posterior(tree, structure).save(path)
    loaded = Posterior.load(path)
    assert loaded.equals(kept)
    assert loaded.structure == structure
    assert loaded.tree.attrs == kept.tree.attrs
    assert loaded.tree["sample_stats"]["diverging"].dtype == bool
    assert [file.name for file in tmp_path.iterdir()] == ["posterior.nc"]
    loaded.save(path)  # nothing holds the file open
    assert not loaded.equals(posterior)


def test_a_file_that_is_no_posterior_is_refused(tmp_path):
    xr.DataTree(xr.Dataset({"a": ("b", np.ones(2))})).to_netcdf(tmp_path / "other.nc", engine="h5netcdf")
    with pytest.raises(ValueError, match="structure"):
        Posterior.load(tmp_path / "other.nc")
    with pytest.raises(FileNotFoundError):
        Posterior.load(tmp_path / "missing.nc")


def test_a_tree_is_completed_with_its_log_likelihood_and_left_as_it_was():
    posterior, _ = random_posterior()
    tree = posterior.tree.copy()
    stats = {"lp": np.ones((2, 5)), "message": np.full((2, 5), None, dtype=object)}
    tree["sample_stats"] = xr.DataTree(xr.Dataset({name: (("chain", "draw"), v) for name, v in stats.items()}))
    with pytest.raises(ValueError, match="from_tree"):
        Posterior(tree, "full")
    completed = Posterior.from_tree(tree, "full")
    np.testing.assert_array_equal(completed.log_likelihood, posterior.log_likelihood)
    assert set(completed.tree["sample_stats"].data_vars) == {"lp", "log_likelihood"}
    assert "log_likelihood" not in tree["sample_stats"]


def test_data_are_found_among_constant_data_and_by_being_the_only_observed():
    posterior, _ = random_posterior()
    observed = posterior.tree["observed_data"].to_dataset()
    tree = posterior.tree.copy()
    tree["observed_data"] = xr.DataTree(observed.rename(x="y"))
    np.testing.assert_array_equal(Posterior(tree, "full").data, posterior.data)
    tree["observed_data"] = xr.DataTree(observed.rename(x="y").assign(z=observed["x"]))
    with pytest.raises(ValueError, match="no data"):
        Posterior(tree, "full")
    tree["constant_data"] = xr.DataTree(observed)
    np.testing.assert_array_equal(Posterior(tree, "full").data, posterior.data)


def test_fixed_points_are_data_in_their_order_along_the_principal_axis():
    x = np.column_stack([np.arange(101.0), np.zeros(101)])
    points = fixed_points(np.random.default_rng(0).permutation(x))
    assert sorted(points[:, 0]) == [5.0, 25.0, 50.0, 75.0, 95.0]


def spoil(name, index, value):
    given_arrays = arrays()
    given_arrays[name][index] = value
    return given_arrays


@pytest.mark.parametrize(
    ("given_arrays", "message"),
    [
        (spoil("means", (1, 2, 0, 0), np.nan), "means: 1 draws .* chain 1, draw 2"),
        (spoil("weights", (0, 1, 0), 0.7), "simplex .* chain 0, draw 1"),
        (spoil("weights", (0, 1), [1.5, -0.5]), "simplex"),
        (spoil("covariances", (0, 1, 0, 0, 0), -1.0), "positive definite"),
        (spoil("data", (0, 0), np.nan), "row 0"),
        (arrays() | {"data": np.ones((4, 2))}, "data of 2 columns"),
        (arrays() | {"weights": np.full((2, 3, 4), 0.25)}, "weights have shape"),
        (arrays() | {"covariances": np.ones((2, 3, 2, 1))}, "covariances have shape"),
        (arrays() | {"means": np.zeros((2, 3, 2))}, "means must have shape"),
        (arrays() | {"log_likelihood": np.ones(3)}, "log_likelihood has shape"),
        (arrays() | {"log_likelihood": np.full((2, 3), np.nan)}, "log_likelihood: 6 draws"),
        (spoil("covariances", (0, 1, 0, 0, 0), 2.0) | {"structure": "tied"}, "structure 'tied', the first in chain 0"),
        (arrays() | {"structure": "oval"}, "oval"),
    ],
)
def test_bad_arrays_are_refused(given_arrays, message):
    with pytest.raises(ValueError, match=message):
        Posterior.from_arrays(**given_arrays)


@pytest.mark.parametrize(
    ("orders", "message"),
    [
        (np.zeros((2, 3, 2)), "no permutation"),
        (np.zeros((3, 2)), "shape"),
        (np.full((2, 3, 2), np.nan), "no permutation"),
    ],
)
def test_bad_permutations_are_refused(orders, message):
    with pytest.raises(ValueError, match=message):
        Posterior.from_arrays(**arrays()).permute(orders)


def test_a_tree_without_the_variables_is_refused():
    tree = Posterior.from_arrays(**arrays()).tree
    without = tree.copy()
    without["posterior"] = xr.DataTree(tree["posterior"].to_dataset().drop_vars("means"))
    with pytest.raises(ValueError, match="no variable 'means'"):
        Posterior(without, "full")
    renamed = tree.copy()
    renamed["posterior"] = xr.DataTree(tree["posterior"].to_dataset().rename(component="cluster"))
    with pytest.raises(ValueError, match="weights has dimensions"):
        Posterior(renamed, "full")
    with pytest.raises(ValueError, match="no group posterior"):
        Posterior(xr.DataTree(), "full")
