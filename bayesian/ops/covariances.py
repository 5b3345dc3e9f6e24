"""Covariance matrices for the graph of a model: their unconstrained coordinates.

    Sigma = (A T)(A T)^T, A A^T = Psi, T lower triangular: y holds T row by row, its diagonal as logarithms

so that coordinates are in units of Psi, one for all matrices or one each, and log |dSigma / dy| is a linear function
of them.
"""

from typing import Any

import numpy as np

from bayesian.ops import linear_algebra
from bayesian.ops.compiled_op import Field, Map, compiled, source_digest
from bayesian.ops.linear_algebra import cholesky, invert
from mixture.arrays import FloatArray

DIGEST = source_digest(__file__, linear_algebra.__file__)


@compiled(DIGEST)
def triangle(row: FloatArray) -> FloatArray:
    """T from one row of coordinates, its diagonal exp of them."""
    n = int(np.sqrt(2.0 * row.size))
    root = np.zeros((n, n))
    m = 0
    for i in range(n):
        for j in range(i + 1):
            root[i, j] = row[m]
            m += 1
        root[i, i] = np.exp(root[i, i])
    return root


@compiled(DIGEST)
def covariance_backward(y: FloatArray, scale: FloatArray) -> FloatArray:
    n = scale.shape[-1]
    result = np.empty(y.shape[:-1] + (n, n))
    matrices, psi, rows = result.reshape((-1, n, n)), scale.reshape((-1, n, n)), y.reshape((-1, y.shape[-1]))
    unit = np.empty((n, n))
    root = np.empty((n, n))
    for k in range(rows.shape[0]):
        cholesky(psi[k % psi.shape[0]], unit)
        inner = triangle(rows[k])
        for i in range(n):
            for j in range(n):
                total = 0.0
                for m in range(j, i + 1):
                    total += unit[i, m] * inner[m, j]
                root[i, j] = total
        for i in range(n):
            for j in range(i + 1):
                total = 0.0
                for m in range(j + 1):
                    total += root[i, m] * root[j, m]
                matrices[k, i, j] = matrices[k, j, i] = total
    return result


@compiled(DIGEST)
def covariance_pull(y: FloatArray, scale: FloatArray, cotangent: FloatArray) -> FloatArray:
    n = scale.shape[-1]
    result = np.empty(y.shape)
    psi, rows, out = scale.reshape((-1, n, n)), y.reshape((-1, y.shape[-1])), result.reshape((-1, y.shape[-1]))
    above = cotangent.reshape((-1, n, n))
    unit = np.empty((n, n))
    half = np.empty((n, n))
    for k in range(rows.shape[0]):
        cholesky(psi[k % psi.shape[0]], unit)
        inner = triangle(rows[k])
        for i in range(n):  # half = A^T (G + G^T) A
            for j in range(n):
                total = 0.0
                for a in range(i, n):
                    for b in range(j, n):
                        total += unit[a, i] * (above[k, a, b] + above[k, b, a]) * unit[b, j]
                half[i, j] = total
        m = 0
        for i in range(n):  # half T, on and below the diagonal
            for j in range(i + 1):
                total = 0.0
                for a in range(j, n):
                    total += half[i, a] * inner[a, j]
                out[k, m] = total * inner[i, i] if i == j else total
                m += 1
    return result


@compiled(DIGEST)
def covariance_forward(covariances: FloatArray, scale: FloatArray) -> FloatArray:
    n = scale.shape[-1]
    matrices, psi = covariances.reshape((-1, n, n)), scale.reshape((-1, n, n))
    rows = np.empty((matrices.shape[0], n * (n + 1) // 2))
    unit = np.empty((n, n))
    inverse = np.empty((n, n))
    root = np.empty((n, n))
    for k in range(rows.shape[0]):
        cholesky(psi[k % psi.shape[0]], unit)
        invert(unit, inverse)
        if not cholesky(matrices[k], root):
            rows[k, 0] = np.nan
            continue
        m = 0
        for i in range(n):
            for j in range(i + 1):
                total = 0.0
                for a in range(j, i + 1):
                    total += inverse[i, a] * root[a, j]
                rows[k, m] = np.log(total) if i == j else total
                m += 1
    return rows.reshape(covariances.shape[:-2] + (rows.shape[1],))


@compiled(DIGEST)
def covariance_jacobian(y: FloatArray, scale: FloatArray) -> tuple[FloatArray, FloatArray]:
    """log |dSigma / dy| = D log 2 + sum_i (D - i + 2) y_ii + (D + 1) log |A|, i = 1..D."""
    n = scale.shape[-1]
    gradient = np.zeros(y.shape)
    psi, rows, out = scale.reshape((-1, n, n)), y.reshape((-1, y.shape[-1])), gradient.reshape((-1, y.shape[-1]))
    unit = np.empty((n, n))
    value = rows.shape[0] * n * np.log(2.0)
    for k in range(rows.shape[0]):
        cholesky(psi[k % psi.shape[0]], unit)
        m = -1
        for i in range(n):
            m += i + 1
            out[k, m] = n - i + 1.0
            value += out[k, m] * rows[k, m] + (n + 1.0) * np.log(unit[i, i])
    return np.asarray(value), gradient


def _triangle(matrices: tuple[Any, ...], *_: Any) -> tuple[Any, ...]:
    return (*matrices[:-2], matrices[-1] * (matrices[-1] + 1) // 2)


def _square(rows: tuple[Any, ...], scale: tuple[Any, ...], *_: Any) -> tuple[Any, ...]:
    return (*rows[:-1], *scale[-2:])


covariances_from = Map("covariances_from", DIGEST, covariance_backward, shape=_square, fewer=-1, pull=covariance_pull)
covariances_to = Map("covariances_to", DIGEST, covariance_forward, shape=_triangle, fewer=1)
covariances_jacobian = Field("covariances_jacobian", DIGEST, covariance_jacobian)
