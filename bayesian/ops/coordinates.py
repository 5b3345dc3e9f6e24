"""Maps between parameters and unconstrained coordinates: PyTensor nodes around numba kernels, each with its pull-back.

    weights (K,)            w = softmax(V y), V the orthonormal Helmert contrasts: y (K - 1,)
    means (K, D)            mu = m + s z, in units of the prior N(m, s); `ordered`: sorted by the first feature
    scales                  s = exp(y), elementwise

A map f has `f_backward(y)`, its `f_pull(y, cotangent)`, `f_forward(parameter)` and `f_jacobian(y)`: (log |det|,
gradient).
"""

from typing import Any

import numpy as np

from bayesian.ops.compiled_op import Field, Map, compiled, source_digest
from mixture.arrays import FloatArray

DIGEST = source_digest(__file__)


@compiled(DIGEST)
def contrast(y: FloatArray) -> FloatArray:
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
def contract(z: FloatArray) -> FloatArray:
    """V^T z (K - 1,)."""
    y = np.empty(z.size - 1)
    total = 0.0
    for j in range(1, z.size):
        total += z[j - 1]
        y[j - 1] = (total - j * z[j]) / np.sqrt(j * (j + 1.0))
    return y


@compiled(DIGEST)
def simplex_backward(y: FloatArray) -> FloatArray:
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
def simplex_pull(y: FloatArray, cotangent: FloatArray) -> FloatArray:
    w = simplex_backward(y)
    mean = 0.0
    for k in range(w.size):
        mean += w[k] * cotangent[k]
    for k in range(w.size):
        w[k] *= cotangent[k] - mean
    return contract(w)


@compiled(DIGEST)
def simplex_forward(w: FloatArray) -> FloatArray:
    z = np.empty(w.size)
    for k in range(w.size):
        z[k] = np.log(w[k])
    return contract(z)


@compiled(DIGEST)
def simplex_jacobian(y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """log |d(w_1..w_{K-1}) / dy| = 1/2 log K + sum_k log w_k = 1/2 log K - K log sum_k exp(z_k), z = V y."""
    z = contrast(y)
    n = z.size
    w = simplex_backward(y)
    value = 0.5 * np.log(n) + n * (np.log(w[0]) - z[0])
    for k in range(n):
        w[k] = 1.0 - n * w[k]
    return np.asarray(value), contract(w)


@compiled(DIGEST)
def unit(sd: float) -> float:
    """The sd; 1 where it is infinite."""
    return sd if sd < np.inf else 1.0


@compiled(DIGEST)
def standard_backward(y: FloatArray, location: FloatArray, sd: FloatArray) -> FloatArray:
    means = np.empty(y.shape)
    for k in range(y.shape[0]):
        for d in range(y.shape[1]):
            means[k, d] = location[k, d] + unit(sd[k, d]) * y[k, d]
    return means


@compiled(DIGEST)
def standard_pull(y: FloatArray, _location: FloatArray, sd: FloatArray, cotangent: FloatArray) -> FloatArray:
    result = np.empty(y.shape)
    for k in range(y.shape[0]):
        for d in range(y.shape[1]):
            result[k, d] = unit(sd[k, d]) * cotangent[k, d]
    return result


@compiled(DIGEST)
def standard_forward(means: FloatArray, location: FloatArray, sd: FloatArray) -> FloatArray:
    y = np.empty(means.shape)
    for k in range(y.shape[0]):
        for d in range(y.shape[1]):
            y[k, d] = (means[k, d] - location[k, d]) / unit(sd[k, d])
    return y


@compiled(DIGEST)
def standard_jacobian(y: FloatArray, _location: FloatArray, sd: FloatArray) -> tuple[FloatArray, FloatArray]:
    value = 0.0
    for k in range(y.shape[0]):
        for d in range(y.shape[1]):
            value += np.log(unit(sd[k, d]))
    return np.asarray(value), np.zeros(y.shape)


@compiled(DIGEST)
def ordered_backward(y: FloatArray, location: FloatArray, sd: FloatArray) -> FloatArray:
    """Like `standard`, but mu_k1 = m_11 + s_11 (y_11 + exp(y_21) + .. + exp(y_k1)): increasing in k."""
    means = standard_backward(y, location, sd)
    total = y[0, 0]
    for k in range(1, y.shape[0]):
        total += np.exp(y[k, 0])
        means[k, 0] = location[0, 0] + unit(sd[0, 0]) * total
    return means


@compiled(DIGEST)
def ordered_pull(y: FloatArray, location: FloatArray, sd: FloatArray, cotangent: FloatArray) -> FloatArray:
    result = standard_pull(y, location, sd, cotangent)
    total = 0.0
    for k in range(y.shape[0] - 1, 0, -1):
        total += unit(sd[0, 0]) * cotangent[k, 0]
        result[k, 0] = total * np.exp(y[k, 0])
    result[0, 0] += total
    return result


@compiled(DIGEST)
def ordered_forward(means: FloatArray, location: FloatArray, sd: FloatArray) -> FloatArray:
    y = standard_forward(means, location, sd)
    for k in range(1, y.shape[0]):
        y[k, 0] = np.log((means[k, 0] - means[k - 1, 0]) / unit(sd[0, 0]))
    return y


@compiled(DIGEST)
def ordered_jacobian(y: FloatArray, _location: FloatArray, sd: FloatArray) -> tuple[FloatArray, FloatArray]:
    value, gradient = 0.0, np.zeros(y.shape)
    for k in range(y.shape[0]):
        for d in range(1, y.shape[1]):
            value += np.log(unit(sd[k, d]))
        value += np.log(unit(sd[0, 0]))
        if k > 0:
            value += y[k, 0]
            gradient[k, 0] = 1.0
    return np.asarray(value), gradient


@compiled(DIGEST)
def positive_backward(y: FloatArray) -> FloatArray:
    result = np.empty(y.shape)
    flat, out = y.reshape(-1), result.reshape(-1)
    for i in range(flat.size):
        out[i] = np.exp(flat[i])
    return result


@compiled(DIGEST)
def positive_pull(y: FloatArray, cotangent: FloatArray) -> FloatArray:
    result = np.empty(y.shape)
    flat, above, out = y.reshape(-1), cotangent.reshape(-1), result.reshape(-1)
    for i in range(flat.size):
        out[i] = np.exp(flat[i]) * above[i]
    return result


@compiled(DIGEST)
def positive_forward(scales: FloatArray) -> FloatArray:
    result = np.empty(scales.shape)
    flat, out = scales.reshape(-1), result.reshape(-1)
    for i in range(flat.size):
        out[i] = np.log(flat[i])
    return result


@compiled(DIGEST)
def positive_jacobian(y: FloatArray) -> tuple[FloatArray, FloatArray]:
    value, gradient = 0.0, np.empty(y.shape)
    flat, out = y.reshape(-1), gradient.reshape(-1)
    for i in range(flat.size):
        value += flat[i]
        out[i] = 1.0
    return np.asarray(value), gradient


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
