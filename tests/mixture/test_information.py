"""Scores and the observed information against numerical derivatives of the scipy likelihood."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from support import STRUCTURE_NAMES, random_mixture

from mixture import GaussianMixture
from mixture.information import information


def pack(mixture: GaussianMixture) -> np.ndarray:
    covariances = mixture.covariance_structure.stack(mixture.covariances)
    if mixture.structure in ("full", "tied"):
        rows, columns = np.tril_indices(mixture.n_features)
        covariances = covariances[:, rows, columns]
    return np.concatenate([mixture.weights[:-1], mixture.means.ravel(), covariances.ravel()])


def scipy_log_likelihood(theta: np.ndarray, like: GaussianMixture, x: np.ndarray, w: np.ndarray) -> float:
    k, d = like.means.shape
    weights = np.append(theta[: k - 1], 1.0 - theta[: k - 1].sum())
    means = theta[k - 1 : k - 1 + k * d].reshape(k, d)
    structure = like.covariance_structure
    dense = structure.dense(structure.unpack(theta[k - 1 + k * d :], k, d), k, d)
    density = sum(
        weight * multivariate_normal(mean, covariance).pdf(x)
        for weight, mean, covariance in zip(weights, means, dense, strict=True)
    )
    return float(w @ np.log(density))


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
@pytest.mark.parametrize(("k", "d"), [(1, 2), (2, 1), (3, 2)])
def test_derivatives_equal_finite_differences(structure, k, d):
    rng = np.random.default_rng(k + 10 * d)
    mixture = random_mixture(structure, k, d, rng, condition=2.0)
    x = mixture.draw(60, rng)[0]
    w = rng.uniform(0.5, 2.0, len(x))
    theta = pack(mixture)
    found = information(x, mixture, weights=w)
    assert len(theta) == mixture.n_parameters == len(found.score)

    def value(*moves):
        return scipy_log_likelihood(theta + sum(moves, np.zeros(len(theta))), mixture, x, w)

    step = 1e-4
    unit = step * np.eye(len(theta))
    gradient = np.array([(value(e) - value(-e)) / (2 * step) for e in unit])
    np.testing.assert_allclose(found.score, gradient, rtol=1e-5, atol=1e-5)
    hessian = np.array(
        [[(value(a, b) - value(a, -b) - value(-a, b) + value(-a, -b)) / (4 * step**2) for b in unit] for a in unit]
    )
    scale = np.abs(hessian).max()
    np.testing.assert_allclose(found.observed, -hessian, atol=2e-5 * scale)


def test_the_outer_product_is_that_of_the_scores_of_single_points():
    rng = np.random.default_rng(2)
    mixture = random_mixture("full", 2, 2, rng)
    x = mixture.draw(30, rng)[0]
    scores = np.stack([information(point[None], mixture).score for point in x])
    np.testing.assert_allclose(information(x, mixture).score_outer, scores.T @ scores, rtol=1e-9)


def test_an_empty_component_has_no_information():
    mixture = GaussianMixture([1.0, 0.0], [[0.0], [1.0]], [1.0, 1.0], "spherical")
    with pytest.raises(ValueError, match="component 1 is empty"):
        information([[0.0], [1.0]], mixture)
