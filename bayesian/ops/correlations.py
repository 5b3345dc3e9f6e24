"""Correlation matrices for the graph of a model: their unconstrained coordinates, and covariances assembled from them.

    R = L L^T,  L_ij = p_ij prod_{m < j} sqrt(1 - p_im^2),  p_ij = tanh(y_ij) for j < i, row by row below the diagonal
    Sigma = diag(s) R diag(s)

|R| = prod (1 - p_ij^2), and log |dR / dy| = sum_ij (1 + (D - j - 1) / 2) log(1 - p_ij^2), columns j = 1..D-1.
Source: partial correlations along a vine, Lewandowski, Kurowicka & Joe 2009, J. Multivariate Analysis 100:1989.
"""

from typing import Any

import numpy as np

from bayesian.ops import linear_algebra
from bayesian.ops.compiled_op import Field, Map, compiled, source_digest
from bayesian.ops.linear_algebra import cholesky
from mixture.arrays import FloatArray, IntArray

DIGEST = source_digest(__file__, linear_algebra.__file__)
LOG_2 = float(np.log(2.0))


@compiled(DIGEST)
def log_complement(y: float) -> float:
    """log(1 - tanh(y)^2), without cancellation."""
    a = abs(y)
    return 2.0 * (LOG_2 - a - np.log1p(np.exp(-2.0 * a)))


@compiled(DIGEST)
def correlation_root(row: FloatArray, root: FloatArray) -> None:
    """L from one row of coordinates."""
    n = root.shape[0]
    m = 0
    for i in range(n):
        log_rest = 0.0
        for j in range(i):
            root[i, j] = np.tanh(row[m]) * np.exp(0.5 * log_rest)
            log_rest += log_complement(row[m])
            m += 1
        root[i, i] = np.exp(0.5 * log_rest)
        for j in range(i + 1, n):
            root[i, j] = 0.0


@compiled(DIGEST)
def correlation_backward(y: FloatArray, _eta: FloatArray, identity: FloatArray) -> FloatArray:
    n = identity.shape[-1]
    rows = y.reshape((-1, y.shape[-1]))
    matrices = np.empty((rows.shape[0], n, n))
    root = np.empty((n, n))
    for k in range(rows.shape[0]):
        correlation_root(rows[k], root)
        for i in range(n):
            matrices[k, i, i] = 1.0
            for j in range(i):
                total = 0.0
                for m in range(j + 1):
                    total += root[i, m] * root[j, m]
                matrices[k, i, j] = matrices[k, j, i] = total
    return matrices.reshape(identity.shape)


@compiled(DIGEST)
def correlation_pull(y: FloatArray, _eta: FloatArray, identity: FloatArray, cotangent: FloatArray) -> FloatArray:
    n = identity.shape[-1]
    result = np.empty(y.shape)
    rows, out = y.reshape((-1, y.shape[-1])), result.reshape((-1, y.shape[-1]))
    above = cotangent.reshape((-1, n, n))
    root = np.empty((n, n))
    by_root = np.empty((n, n))
    for k in range(rows.shape[0]):
        correlation_root(rows[k], root)
        for i in range(n):  # (G + G^T) L, the diagonal of G left out: R has ones there
            for j in range(i + 1):
                by_root[i, j] = 0.0
                for m in range(j, n):
                    if m != i:
                        by_root[i, j] += (above[k, i, m] + above[k, m, i]) * root[m, j]
        for i in range(n):
            m = i * (i - 1) // 2
            later = by_root[i, i] * root[i, i]  # sum over columns after j of by_root * L
            for j in range(i - 1, -1, -1):
                p = np.tanh(rows[k, m + j])
                along = np.exp(log_complement(rows[k, m + j]))
                rest = 1.0
                if j > 0:
                    log_rest = 0.0
                    for a in range(j):
                        log_rest += log_complement(rows[k, m + a])
                    rest = np.exp(0.5 * log_rest)
                out[k, m + j] = by_root[i, j] * rest * along - p * later
                later += by_root[i, j] * root[i, j]
    return result


@compiled(DIGEST)
def correlation_forward(correlations: FloatArray, _eta: FloatArray, _identity: FloatArray) -> FloatArray:
    n = correlations.shape[-1]
    matrices = correlations.reshape((-1, n, n))
    rows = np.empty((matrices.shape[0], n * (n - 1) // 2))
    root = np.empty((n, n))
    for k in range(matrices.shape[0]):
        if not cholesky(matrices[k], root):
            rows[k, 0] = np.nan
            continue
        m = 0
        for i in range(n):
            for j in range(i):
                rest = 0.0
                for a in range(j, i + 1):
                    rest += root[i, a] ** 2
                rows[k, m] = np.arctanh(root[i, j] / np.sqrt(rest))
                m += 1
    return rows.reshape(correlations.shape[:-2] + (rows.shape[1],))


@compiled(DIGEST)
def correlation_jacobian(y: FloatArray, _eta: FloatArray, identity: FloatArray) -> tuple[FloatArray, FloatArray]:
    n = identity.shape[-1]
    gradient = np.empty(y.shape)
    rows, out = y.reshape((-1, y.shape[-1])), gradient.reshape((-1, y.shape[-1]))
    value = 0.0
    for k in range(rows.shape[0]):
        m = 0
        for i in range(n):
            for j in range(i):
                power = 1.0 + 0.5 * (n - j - 2)
                value += power * log_complement(rows[k, m])
                out[k, m] = -2.0 * power * np.tanh(rows[k, m])
                m += 1
    return np.asarray(value), gradient


@compiled(DIGEST)
def assemble_kernel(scales: FloatArray, correlations: FloatArray) -> FloatArray:
    n = scales.shape[-1]
    result = np.empty(correlations.shape)
    matrices, out = correlations.reshape((-1, n, n)), result.reshape((-1, n, n))
    sds = scales.reshape((-1, n))
    for k in range(out.shape[0]):
        for i in range(n):
            for j in range(n):
                out[k, i, j] = sds[k, i] * matrices[k, i, j] * sds[k, j]
    return result


@compiled(DIGEST)
def assemble_pull(scales: FloatArray, correlations: FloatArray, cotangent: FloatArray) -> tuple[FloatArray, FloatArray]:
    n = scales.shape[-1]
    by_scale = np.zeros(scales.shape)
    by_matrix = np.empty(correlations.shape)
    above = cotangent.reshape((-1, n, n))
    matrices, out = correlations.reshape((-1, n, n)), by_matrix.reshape((-1, n, n))
    sds, by_sd = scales.reshape((-1, n)), by_scale.reshape((-1, n))
    for k in range(out.shape[0]):
        for i in range(n):
            for j in range(n):
                out[k, i, j] = sds[k, i] * above[k, i, j] * sds[k, j]
                by_sd[k, i] += (above[k, i, j] + above[k, j, i]) * matrices[k, i, j] * sds[k, j]
    return by_scale, by_matrix


@compiled(DIGEST)
def sds_kernel(covariances: FloatArray) -> FloatArray:
    n = covariances.shape[-1]
    matrices = covariances.reshape((-1, n, n))
    result = np.empty((matrices.shape[0], n))
    for k in range(matrices.shape[0]):
        for i in range(n):
            result[k, i] = np.sqrt(matrices[k, i, i])
    return result.reshape(covariances.shape[:-1])


@compiled(DIGEST)
def correlations_kernel(covariances: FloatArray) -> FloatArray:
    n = covariances.shape[-1]
    result = np.empty(covariances.shape)
    matrices, out = covariances.reshape((-1, n, n)), result.reshape((-1, n, n))
    for k in range(out.shape[0]):
        for i in range(n):
            for j in range(n):
                out[k, i, j] = matrices[k, i, j] / np.sqrt(matrices[k, i, i] * matrices[k, j, j])
            out[k, i, i] = 1.0
    return result


@compiled(DIGEST)
def repeat_kernel(covariance: FloatArray, means: FloatArray) -> FloatArray:
    n_components, n_features = means.shape
    result = np.empty((n_components, n_features, n_features))
    for k in range(n_components):
        for i in range(n_features):
            for j in range(n_features):
                result[k, i, j] = covariance[i, j]
    return result


@compiled(DIGEST)
def dense_kernel(scales: FloatArray, means: FloatArray, steps: IntArray) -> FloatArray:
    n_components, n_features = means.shape
    sds = scales.reshape(-1)
    by_component = steps[0] * (n_features if steps[1] else 1)
    result = np.zeros((n_components, n_features, n_features))
    for k in range(n_components):
        for d in range(n_features):
            result[k, d, d] = sds[k * by_component + d * steps[1]] ** 2
    return result


def _coordinates(matrices: tuple[Any, ...], *_: Any) -> tuple[Any, ...]:
    return (*matrices[:-2], matrices[-1] * (matrices[-1] - 1) // 2)


correlations_from = Map(
    "correlations_from", DIGEST, correlation_backward, shape=lambda *shapes: shapes[2], like=2, pull=correlation_pull
)
correlations_to = Map("correlations_to", DIGEST, correlation_forward, shape=_coordinates, fewer=1)
correlations_jacobian = Field("correlations_jacobian", DIGEST, correlation_jacobian)
assemble = Map(
    "assemble", DIGEST, assemble_kernel, shape=lambda *shapes: shapes[1], like=1, pull=assemble_pull, n_wrt=2
)
sds_of = Map("sds_of", DIGEST, sds_kernel, shape=lambda c: c[:-1], fewer=1)
correlations_of = Map("correlations_of", DIGEST, correlations_kernel, shape=lambda c: c)
repeat = Map("repeat", DIGEST, repeat_kernel, shape=lambda c, m: (m[0], *c), ndim=3)
dense_of = Map("dense_of", DIGEST, dense_kernel, shape=lambda *shapes: (*shapes[1], shapes[1][1]), ndim=3)
