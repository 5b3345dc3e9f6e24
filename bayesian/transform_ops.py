"""Maps between parameters and unconstrained coordinates: PyTensor nodes around numba kernels, each with its pull-back.

    weights (K,)            w = softmax(V y), V the orthonormal Helmert contrasts: y (K - 1,)
    means (K, D)            mu = m + s z, with prior location m and sd s as units; `ordered`: sorted by the first feature
    scales                  s = exp(y), elementwise
    covariances (.., D, D)  Sigma = (A T)(A T)^T, A A^T = Psi, T lower triangular with positive diagonal:
                            y holds T row by row, the diagonal as logarithms
    correlations (.., D, D) R from partial correlations tanh(y), row by row below the diagonal

A map f has `f_backward(y)`, its `f_pull(y, cotangent)`, `f_forward(parameter)` and `f_jacobian(y)`: (log |det|, gradient).
"""

from typing import Any

import numpy as np

from bayesian import linear_algebra
from bayesian.compiled_op import Field, Map, compiled, source_digest
from bayesian.linear_algebra import cholesky, invert

DIGEST = source_digest(__file__, linear_algebra.__file__)


@compiled(DIGEST)
def contrast(y):
    """V y (K,), summing to zero; column j of V is (1, .., 1, -j, 0, .., 0) / sqrt(j (j + 1)) with j ones."""
    z = np.zeros(y.size + 1)
    later = 0.0
    for j in range(y.size, 0, -1):
        step = y[j - 1] / np.sqrt(j * (j + 1.0))
        z[j] = later - j * step
        later += step
    z[0] = later
    return z


@compiled(DIGEST)
def contract(z):
    """V^T z (K - 1,)."""
    y = np.empty(z.size - 1)
    total = 0.0
    for j in range(1, z.size):
        total += z[j - 1]
        y[j - 1] = (total - j * z[j]) / np.sqrt(j * (j + 1.0))
    return y


@compiled(DIGEST)
def simplex_backward(y):
    w = contrast(y)
    top = w[0]
    for k in range(w.size):
        top = max(top, w[k])
    total = 0.0
    for k in range(w.size):
        w[k] = np.exp(w[k] - top)
        total += w[k]
    for k in range(w.size):
        w[k] /= total
    return w


@compiled(DIGEST)
def simplex_pull(y, cotangent):
    w = simplex_backward(y)
    mean = 0.0
    for k in range(w.size):
        mean += w[k] * cotangent[k]
    for k in range(w.size):
        w[k] *= cotangent[k] - mean
    return contract(w)


@compiled(DIGEST)
def simplex_forward(w):
    z = np.empty(w.size)
    for k in range(w.size):
        z[k] = np.log(w[k])
    return contract(z)


@compiled(DIGEST)
def simplex_jacobian(y):
    """log |d(w_1..w_{K-1}) / dy| = 1/2 log K + sum_k log w_k = 1/2 log K - K log sum_k exp(z_k), z = V y."""
    z = contrast(y)
    n = z.size
    w = simplex_backward(y)
    value = 0.5 * np.log(n) + n * (np.log(w[0]) - z[0])
    for k in range(n):
        w[k] = 1.0 - n * w[k]
    return np.asarray(value), contract(w)


@compiled(DIGEST)
def standard_backward(y, location, sd):
    means = np.empty(y.shape)
    for k in range(y.shape[0]):
        for d in range(y.shape[1]):
            means[k, d] = location[k, d] + sd[k, d] * y[k, d]
    return means


@compiled(DIGEST)
def standard_pull(y, location, sd, cotangent):
    result = np.empty(y.shape)
    for k in range(y.shape[0]):
        for d in range(y.shape[1]):
            result[k, d] = sd[k, d] * cotangent[k, d]
    return result


@compiled(DIGEST)
def standard_forward(means, location, sd):
    y = np.empty(means.shape)
    for k in range(y.shape[0]):
        for d in range(y.shape[1]):
            y[k, d] = (means[k, d] - location[k, d]) / sd[k, d]
    return y


@compiled(DIGEST)
def standard_jacobian(y, location, sd):
    value = 0.0
    for k in range(y.shape[0]):
        for d in range(y.shape[1]):
            value += np.log(sd[k, d])
    return np.asarray(value), np.zeros(y.shape)


@compiled(DIGEST)
def ordered_backward(y, location, sd):
    """Like `standard`, but mu_k1 = m_11 + s_11 (y_11 + exp(y_21) + .. + exp(y_k1)): increasing in k."""
    means = standard_backward(y, location, sd)
    total = y[0, 0]
    for k in range(1, y.shape[0]):
        total += np.exp(y[k, 0])
        means[k, 0] = location[0, 0] + sd[0, 0] * total
    return means


@compiled(DIGEST)
def ordered_pull(y, location, sd, cotangent):
    result = standard_pull(y, location, sd, cotangent)
    total = 0.0
    for k in range(y.shape[0] - 1, 0, -1):
        total += sd[0, 0] * cotangent[k, 0]
        result[k, 0] = total * np.exp(y[k, 0])
    result[0, 0] += total
    return result


@compiled(DIGEST)
def ordered_forward(means, location, sd):
    y = standard_forward(means, location, sd)
    for k in range(1, y.shape[0]):
        y[k, 0] = np.log((means[k, 0] - means[k - 1, 0]) / sd[0, 0])
    return y


@compiled(DIGEST)
def ordered_jacobian(y, location, sd):
    value, gradient = 0.0, np.zeros(y.shape)
    for k in range(y.shape[0]):
        for d in range(1, y.shape[1]):
            value += np.log(sd[k, d])
        value += np.log(sd[0, 0])
        if k > 0:
            value += y[k, 0]
            gradient[k, 0] = 1.0
    return np.asarray(value), gradient


@compiled(DIGEST)
def positive_backward(y):
    result = np.empty(y.shape)
    flat, out = y.reshape(-1), result.reshape(-1)
    for i in range(flat.size):
        out[i] = np.exp(flat[i])
    return result


@compiled(DIGEST)
def positive_pull(y, cotangent):
    result = np.empty(y.shape)
    flat, above, out = y.reshape(-1), cotangent.reshape(-1), result.reshape(-1)
    for i in range(flat.size):
        out[i] = np.exp(flat[i]) * above[i]
    return result


@compiled(DIGEST)
def positive_forward(scales):
    result = np.empty(scales.shape)
    flat, out = scales.reshape(-1), result.reshape(-1)
    for i in range(flat.size):
        out[i] = np.log(flat[i])
    return result


@compiled(DIGEST)
def positive_jacobian(y):
    value, gradient = 0.0, np.empty(y.shape)
    flat, out = y.reshape(-1), gradient.reshape(-1)
    for i in range(flat.size):
        value += flat[i]
        out[i] = 1.0
    return np.asarray(value), gradient


@compiled(DIGEST)
def triangle(row):
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
def covariance_backward(y, scale):
    n = scale.shape[-1]
    result = np.empty(scale.shape)
    matrices, psi, rows = result.reshape((-1, n, n)), scale.reshape((-1, n, n)), y.reshape((-1, y.shape[-1]))
    unit = np.empty((n, n))
    root = np.empty((n, n))
    for k in range(psi.shape[0]):
        cholesky(psi[k], unit)
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
def covariance_pull(y, scale, cotangent):
    n = scale.shape[-1]
    result = np.empty(y.shape)
    psi, rows, out = scale.reshape((-1, n, n)), y.reshape((-1, y.shape[-1])), result.reshape((-1, y.shape[-1]))
    above = cotangent.reshape((-1, n, n))
    unit = np.empty((n, n))
    half = np.empty((n, n))
    for k in range(psi.shape[0]):
        cholesky(psi[k], unit)
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
def covariance_forward(covariances, scale):
    n = scale.shape[-1]
    matrices, psi = covariances.reshape((-1, n, n)), scale.reshape((-1, n, n))
    rows = np.empty((psi.shape[0], n * (n + 1) // 2))
    unit = np.empty((n, n))
    inverse = np.empty((n, n))
    root = np.empty((n, n))
    for k in range(psi.shape[0]):
        cholesky(psi[k], unit)
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
def covariance_jacobian(y, scale):
    """log |dSigma / dy| = D log 2 + sum_i (D - i + 2) y_ii + (D + 1) log |A|, i = 1..D."""
    n = scale.shape[-1]
    gradient = np.zeros(y.shape)
    psi, rows, out = scale.reshape((-1, n, n)), y.reshape((-1, y.shape[-1])), gradient.reshape((-1, y.shape[-1]))
    unit = np.empty((n, n))
    value = psi.shape[0] * n * np.log(2.0)
    for k in range(psi.shape[0]):
        cholesky(psi[k], unit)
        m = -1
        for i in range(n):
            m += i + 1
            out[k, m] = n - i + 1.0
            value += out[k, m] * rows[k, m] + (n + 1.0) * np.log(unit[i, i])
    return np.asarray(value), gradient


def _triangle(matrices: tuple[Any, ...], *_: Any) -> tuple[Any, ...]:
    return (*matrices[:-2], matrices[-1] * (matrices[-1] + 1) // 2)


def _same(first: tuple[Any, ...], *_: Any) -> tuple[Any, ...]:
    return first


weights_from = Map("weights_from", DIGEST, simplex_backward, shape=lambda y, *_: (y[0] + 1,), pull=simplex_pull)
weights_to = Map("weights_to", DIGEST, simplex_forward, shape=lambda w, *_: (w[0] - 1,))
weights_jacobian = Field("weights_jacobian", DIGEST, simplex_jacobian)
means_from = Map("means_from", DIGEST, standard_backward, shape=_same, pull=standard_pull)
means_to = Map("means_to", DIGEST, standard_forward, shape=_same)
means_jacobian = Field("means_jacobian", DIGEST, standard_jacobian)
ordered_from = Map("ordered_from", DIGEST, ordered_backward, shape=_same, pull=ordered_pull)
ordered_to = Map("ordered_to", DIGEST, ordered_forward, shape=_same)
ordered_means_jacobian = Field("ordered_jacobian", DIGEST, ordered_jacobian)
scales_from = Map("scales_from", DIGEST, positive_backward, shape=_same, pull=positive_pull)
scales_to = Map("scales_to", DIGEST, positive_forward, shape=_same)
scales_jacobian = Field("scales_jacobian", DIGEST, positive_jacobian)
covariances_from = Map(
    "covariances_from", DIGEST, covariance_backward, shape=lambda y, p: p, like=1, pull=covariance_pull
)
covariances_to = Map("covariances_to", DIGEST, covariance_forward, shape=_triangle, fewer=1)
covariances_jacobian = Field("covariances_jacobian", DIGEST, covariance_jacobian)
