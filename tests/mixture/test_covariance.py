"""The contract every covariance structure keeps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import eigh
from scipy.optimize import minimize
from support import random_covariances

from mixture import STRUCTURES, structure_named

EACH = pytest.mark.parametrize("structure", STRUCTURES, ids=lambda structure: structure.name)


@EACH
@pytest.mark.parametrize(("k", "d"), [(1, 1), (3, 1), (2, 4)])
def test_shapes_factors_and_free_parameters(structure, k, d):
    rng = np.random.default_rng(k * d)
    covariances = random_covariances(structure.name, k, d, rng)
    assert covariances.shape == structure.shape(k, d)
    dense = structure.dense(covariances, k, d)
    factors = structure.precision_factors(covariances, k, d)
    whole = np.stack([np.diag(f) for f in factors]) if structure.diagonal else factors
    assert np.array_equal(whole, np.tril(whole))
    identity = np.broadcast_to(np.eye(d), (k, d, d))
    np.testing.assert_allclose(whole @ dense @ np.swapaxes(whole, 1, 2), identity, atol=1e-12)
    values = rng.standard_normal(structure.n_parameters(k, d))
    assert structure.unpack(values, k, d).shape == structure.shape(k, d)
    moves = [structure.dense(structure.unpack(e, k, d), k, d).ravel() for e in np.eye(len(values))]
    assert np.linalg.matrix_rank(np.array(moves)) == len(values)  # the free parameters are free


@EACH
def test_the_estimate_is_the_maximum_of_the_expected_log_likelihood(structure):
    """Against a numerical optimiser over the structure's free parameters."""
    rng = np.random.default_rng(5)
    k, d = 2, 2
    counts = np.array([12.0, 30.0])
    roots = rng.standard_normal((k, d, d)) + 2 * np.eye(d)
    scatter = counts[:, None, None] * roots @ np.swapaxes(roots, 1, 2)

    def loss(values):
        dense = structure.dense(structure.unpack(values, k, d), k, d)
        if (np.linalg.eigvalsh(dense) <= 1e-9).any():
            return 1e12
        traces = np.trace(np.linalg.solve(dense, scatter), axis1=1, axis2=2)
        return 0.5 * (counts @ np.linalg.slogdet(dense)[1] + traces.sum())

    estimate = structure.estimate(counts, np.diagonal(scatter, axis1=1, axis2=2) if structure.diagonal else scatter)
    start = (
        np.array(
            [
                1.0
                if np.trace(structure.dense(structure.unpack(e, k, d), k, d)[0])
                or np.trace(structure.dense(structure.unpack(e, k, d), k, d)[1])
                else 0.0
                for e in np.eye(structure.n_parameters(k, d))
            ]
        )
        * 5.0
    )
    best = minimize(loss, start, method="Nelder-Mead", options={"maxiter": 20_000, "xatol": 1e-9, "fatol": 1e-12})
    np.testing.assert_allclose(structure.unpack(best.x, k, d), estimate, rtol=1e-4, atol=1e-4)


@EACH
def test_the_floor_clips_eigenvalues_in_its_metric_and_leaves_the_rest(structure):
    rng = np.random.default_rng(6)
    counts = np.array([10.0, 10.0])
    roots = rng.standard_normal((2, 3, 3))
    scatter = 10.0 * roots @ np.swapaxes(roots, 1, 2)
    given_scatter = np.diagonal(scatter, axis1=1, axis2=2) if structure.diagonal else scatter
    free = structure.dense(structure.estimate(counts, given_scatter), 2, 3)
    root = rng.standard_normal((3, 3))
    metric = root @ root.T
    if structure.diagonal:
        metric = np.diag(np.diagonal(metric))
    if structure.element_shape(3) == ():
        metric = np.eye(3) * np.diagonal(metric).mean()
    ratios = [eigh(matrix, metric, eigvals_only=True) for matrix in free]
    share = float(np.sort(np.ravel(ratios))[2])
    clipped = structure.dense(structure.estimate(counts, given_scatter, share * metric), 2, 3)
    raised = [eigh(matrix, metric, eigvals_only=True) for matrix in clipped]
    np.testing.assert_allclose(raised, np.maximum(ratios, share), rtol=1e-9)
    untouched = structure.estimate(counts, given_scatter, 1e-12 * metric)
    np.testing.assert_array_equal(untouched, structure.estimate(counts, given_scatter))


@given(st.integers(1, 5), st.floats(-0.999, 0.999))
@settings(max_examples=30, deadline=None)
def test_pivots_are_one_minus_r_squared_and_unit_free(exponent, correlation):
    scale = np.diag([1.0, 10.0**exponent])
    matrix = scale @ np.array([[1.0, correlation], [correlation, 1.0]]) @ scale
    pivots = structure_named("full").pivots(np.stack([matrix, np.ones((2, 2))]))
    np.testing.assert_allclose(pivots, [1 - correlation**2, 0.0], rtol=1e-9, atol=1e-15)
