"""The mixture as a value: validation, drawing, permuting, storing."""

import dataclasses

import numpy as np
import pytest
from support import STRUCTURE_NAMES, random_mixture

from mixture import GaussianMixture

GOOD = {"weights": [0.5, 0.5], "means": [[0.0, 0.0], [1.0, 1.0]], "covariances": [np.eye(2), np.eye(2)]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights": [0.5, 0.6]}, "sum to 1.1"),
        ({"weights": [1.5, -0.5]}, "weight of component 1"),
        ({"weights": [0.5, np.nan]}, "weight of component 1"),
        ({"weights": [[0.5, 0.5]]}, "shape"),
        ({"weights": []}, "shape"),
        ({"means": [[0.0, 0.0]]}, "n_components = 2"),
        ({"means": [[0.0, 0.0], [np.inf, 0.0]]}, "mean of component 1"),
        ({"covariances": np.eye(2)}, "shape"),
        ({"covariances": [np.eye(2), -np.eye(2)]}, "component 1 is not positive definite"),
        ({"covariances": [np.ones((2, 2)), np.eye(2)]}, "component 0 is not positive definite"),
        ({"covariances": [np.eye(2), [[1.0, 0.5], [0.0, 1.0]]]}, "component 1 is not symmetric"),
        ({"covariances": [np.eye(2), [[1.0, np.nan], [np.nan, 1.0]]]}, "component 1 is not finite"),
        ({"structure": "tied"}, "tied"),
        ({"structure": "round"}, "known are: full, tied"),
        ({"covariances": -1.0, "structure": "tied_spherical"}, "shared covariance is not positive definite"),
        ({"covariances": [1.0, 0.0], "structure": "diag"}, "shape"),
        ({"covariances": [[1.0, 1.0], [1.0, 0.0]], "structure": "diag"}, "component 1 is not positive"),
    ],
)
def test_wrong_parameters_are_refused_by_name(change, message):
    with pytest.raises(ValueError, match=message):
        GaussianMixture(**(GOOD | change))


def test_it_is_frozen_and_keeps_its_own_numbers():
    weights = np.array([0.5, 0.5])
    mixture = GaussianMixture(**(GOOD | {"weights": weights}))
    weights[0] = 9.0
    assert mixture.weights[0] == 0.5
    with pytest.raises(dataclasses.FrozenInstanceError):
        mixture.weights = weights
    with pytest.raises(ValueError, match="read-only"):
        mixture.means[0, 0] = 3.0


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
def test_draws_have_the_moments_of_the_mixture(structure):
    rng = np.random.default_rng(8)
    mixture = random_mixture(structure, 3, 2, rng)
    x, z = mixture.draw(200_000, rng)
    assert x.shape == (200_000, 2)
    np.testing.assert_allclose(np.bincount(z) / len(z), mixture.weights, atol=0.006)
    for k in range(3):
        of_k = x[z == k]
        sd = np.sqrt(mixture.dense_covariances[k].diagonal())
        np.testing.assert_allclose(of_k.mean(axis=0), mixture.means[k], atol=5 * sd.max() / np.sqrt(len(of_k)))
        scale = np.outer(sd, sd)
        np.testing.assert_allclose(
            np.cov(of_k.T) / scale, mixture.dense_covariances[k] / scale, atol=8 / np.sqrt(len(of_k))
        )


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
def test_permuting_changes_labels_and_not_the_density(structure):
    rng = np.random.default_rng(9)
    mixture = random_mixture(structure, 3, 2, rng)
    x = mixture.draw(50, rng)[0]
    permuted = mixture.permute([2, 0, 1])
    np.testing.assert_array_equal(permuted.means[0], mixture.means[2])
    np.testing.assert_allclose(permuted.log_density(x), mixture.log_density(x), rtol=1e-13)
    np.testing.assert_allclose(permuted.responsibilities(x), mixture.responsibilities(x)[:, [2, 0, 1]], rtol=1e-10)
    with pytest.raises(ValueError, match="not a permutation"):
        mixture.permute([0, 0, 1])


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
def test_a_mixture_reads_back_equal(structure, tmp_path):
    mixture = random_mixture(structure, 3, 2, np.random.default_rng(10))
    mixture.save(tmp_path / "mixture.json")
    again = GaussianMixture.load(tmp_path / "mixture.json")
    assert again == mixture
    assert hash(again) == hash(mixture)
    assert again != mixture.permute([1, 0, 2])


@pytest.mark.parametrize(
    ("content", "message"),
    [("", "not a JSON file"), ("[1]", "not an object"), ("{}", "missing"), ('{"weights": [NaN]}', "missing")],
)
def test_a_wrong_file_is_refused(content, message, tmp_path):
    (tmp_path / "mixture.json").write_text(content)
    with pytest.raises(ValueError, match=message):
        GaussianMixture.load(tmp_path / "mixture.json")


def test_the_number_of_parameters_is_that_of_mclust():
    rng = np.random.default_rng(11)
    counts = {name: random_mixture(name, 2, 2, rng).n_parameters for name in STRUCTURE_NAMES}
    assert counts == {"full": 11, "tied": 8, "diag": 9, "tied_diag": 7, "spherical": 7, "tied_spherical": 6}


def test_bad_data_are_named():
    mixture = GaussianMixture(**GOOD)
    for x, message in [
        ([[1.0, np.nan]], "row 0, column 1"),
        ([[1.0, 2.0], [np.inf, 0.0]], "row 1, column 0"),
        ([["a", "b"]], "must be numbers"),
        (np.empty((0, 2)), "empty"),
        (np.empty((2, 0)), "empty"),
        (np.ones((2, 3)), "3 columns"),
        (np.ones((2, 2, 2)), "shape"),
        (np.array([[1j, 0.0]]), "numbers"),
        (np.ma.masked_greater([[1.0, 2.0], [3.0, 900.0]], 100.0), "masked"),
        (np.array([["2026-01-01", "2026-01-02"]], dtype="datetime64[D]"), "dates"),
    ]:
        with pytest.raises(ValueError, match=message):
            mixture.log_density(x)
