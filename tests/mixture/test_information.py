"""Scores and the observed information against numerical derivatives of the scipy likelihood."""

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.stats import multivariate_normal
from support import FAMILY_NAMES, STRUCTURE_NAMES, random_mixture

from mixture import GaussianMixture
from mixture.covariance import Freedom, linear_structure_named
from mixture.information import information


def pack(mixture: GaussianMixture) -> np.ndarray:
    """theta: natural parameters of covariances that share nothing or everything, zeros in local coordinates."""
    k, d = mixture.means.shape
    family = mixture.covariance_structure
    if mixture.structure not in STRUCTURE_NAMES:
        covariances = np.zeros(family.n_parameters(k, d))
    else:
        covariances = family.stack(mixture.covariances)
        if not family.diagonal:
            rows, columns = np.tril_indices(d)
            covariances = covariances[:, rows, columns]
    return np.concatenate([mixture.weights[:-1], mixture.means.ravel(), covariances.ravel()])


def curve(theta: np.ndarray, mixture: GaussianMixture) -> np.ndarray:
    """Sigma_k (K, D, D) at local coordinates theta around the mixture, one number after the other as documented."""
    family, (k, d) = mixture.covariance_structure, mixture.means.shape
    groups = {Freedom.IDENTITY: [], Freedom.EQUAL: [range(k)], Freedom.VARIABLE: [[j] for j in range(k)]}
    numbers = iter(theta)
    stretch, turn = np.zeros((k, d, d)), np.zeros((k, d, d))
    for group in groups[family.freedoms.volume]:
        volume = next(numbers)
        for j in group:
            stretch[j] += volume * np.eye(d)
    for group in groups[family.freedoms.shape]:
        shape = [next(numbers) for _ in range(d - 1)]
        for j in group:
            stretch[j] += np.diag([*shape, -sum(shape)])
    for group in groups[family.freedoms.orientation]:
        for i in range(d):
            for j in range(i):
                angle = next(numbers)
                for component in group:
                    turn[component, i, j] = angle
    assert next(numbers, None) is None
    dense = mixture.dense_covariances
    if family.mclust in ("VEI", "EVI", "VEE", "EVV"):
        roots = np.linalg.cholesky(dense)
        logs = stretch + turn + np.swapaxes(turn, 1, 2)
        return np.stack([root @ expm(log) @ root.T for root, log in zip(roots, logs, strict=True)])
    axes = family.axes(mixture.covariances)
    variances = np.diagonal(np.swapaxes(axes, 1, 2) @ dense @ axes, axis1=1, axis2=2)
    frames = [a @ expm(x - x.T) for a, x in zip(axes, turn, strict=True)]
    logs = np.log(variances) + np.diagonal(stretch, axis1=1, axis2=2)
    return np.stack([frame @ np.diag(np.exp(log)) @ frame.T for frame, log in zip(frames, logs, strict=True)])


def scipy_log_likelihood(theta: np.ndarray, like: GaussianMixture, x: np.ndarray, w: np.ndarray) -> float:
    k, d = like.means.shape
    weights = np.append(theta[: k - 1], 1.0 - theta[: k - 1].sum())
    means = theta[k - 1 : k - 1 + k * d].reshape(k, d)
    structure, of_covariances = like.covariance_structure, theta[k - 1 + k * d :]
    if like.structure in STRUCTURE_NAMES:
        dense = structure.dense(linear_structure_named(like.structure).unpack(of_covariances, k, d), k, d)
    else:
        dense = curve(of_covariances, like)
    density = sum(
        weight * multivariate_normal(mean, covariance).pdf(x)
        for weight, mean, covariance in zip(weights, means, dense, strict=True)
    )
    return float(w @ np.log(density))


@pytest.mark.parametrize("structure", FAMILY_NAMES)
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


@pytest.mark.parametrize("structure", FAMILY_NAMES)
@pytest.mark.parametrize(("k", "d"), [(1, 3), (2, 3), (3, 4)])
def test_tangents_and_bends_are_the_derivatives_of_the_covariances(structure, k, d):
    rng = np.random.default_rng(10 * k + d)
    mixture = random_mixture(structure, k, d, rng)
    family = mixture.covariance_structure
    slopes = rng.standard_normal((k, d, d))
    slopes += np.swapaxes(slopes, 1, 2)
    tangent = family.tangent(mixture.covariances, k, d)
    bend = family.bend(mixture.covariances, slopes, k, d)
    assert tangent.shape == (family.n_parameters(k, d), k, d, d)
    assert np.linalg.matrix_rank(tangent.reshape(len(tangent), -1)) == len(tangent)  # the free parameters are free
    if structure in STRUCTURE_NAMES:
        assert not bend.any()
        return
    step = 1e-4
    unit = step * np.eye(len(tangent))
    np.testing.assert_allclose(curve(0.0 * unit[0], mixture), mixture.dense_covariances, rtol=1e-10, atol=1e-12)
    moved = np.stack([(curve(e, mixture) - curve(-e, mixture)) / (2 * step) for e in unit])
    np.testing.assert_allclose(tangent, moved, atol=1e-6 * np.abs(tangent).max())
    for p, q in rng.integers(len(unit), size=(20, 2)):
        a, b = unit[p], unit[q]
        signs = ((1, 1), (1, -1), (-1, 1), (-1, -1))
        second = sum(s * t * curve(s * a + t * b, mixture) for s, t in signs) / (4 * step**2)
        np.testing.assert_allclose(bend[p, q], (slopes * second).sum(), atol=1e-5 * np.abs(bend).max())


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
