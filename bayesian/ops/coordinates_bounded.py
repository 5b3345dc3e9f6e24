"""Maps between bounded parameters and unconstrained coordinates: PyTensor nodes around numba kernels.

    t = low + (high - low) sigma(y), sigma(y) = 1 / (1 + e^-y);   parameter = t^(1/p), p = powers[0]

with t = low + e^y or high - e^-y where one bound is infinite, and t = y where both are. `ordered`: the first feature of
means increases with the component, by stick breaking between the bounds: with p_k = sigma(y_k - log(K - k + 1)) for
k = 1..K, mu_k = mu_(k-1) + (high - mu_(k-1)) p_k, mu_0 = low, so that y = 0 divides the interval evenly.

A map f has `f_backward(y)`, its `f_pull(y, cotangent)`, `f_forward(parameter)` and `f_jacobian(y)`: (log |det|,
gradient).
"""

from typing import Any

import numpy as np

from bayesian.ops.compiled_op import Field, Map, compiled, source_digest
from mixture.arrays import FloatArray, IntArray

DIGEST = source_digest(__file__)


@compiled(DIGEST)
def sigmoid(y: float) -> float:
    if y >= 0.0:
        return 1.0 / (1.0 + np.exp(-y))
    e = np.exp(y)
    return e / (1.0 + e)


@compiled(DIGEST)
def log_sigmoid(y: float) -> float:
    return min(y, 0.0) - np.log1p(np.exp(-abs(y)))


@compiled(DIGEST)
def between(y: float, low: float, high: float) -> float:
    """t(y)."""
    if high - low < np.inf:
        p = sigmoid(y)
        return low + (high - low) * p if p < 0.5 else high - (high - low) * sigmoid(-y)
    if low > -np.inf:
        return low + np.exp(y)
    return high - np.exp(-y) if high < np.inf else y


@compiled(DIGEST)
def log_slope(y: float, low: float, high: float) -> tuple[float, float]:
    """(log dt/dy, its derivative by y)."""
    if high - low < np.inf:
        return np.log(high - low) + log_sigmoid(y) + log_sigmoid(-y), 1.0 - 2.0 * sigmoid(y)
    if low > -np.inf:
        return y, 1.0
    return (-y, -1.0) if high < np.inf else (0.0, 0.0)


@compiled(DIGEST)
def place(t: float, low: float, high: float) -> float:
    """y(t)."""
    if high - low < np.inf:
        return np.log((t - low) / (high - t))
    if low > -np.inf:
        return np.log(t - low)
    return -np.log(high - t) if high < np.inf else t


@compiled(DIGEST)
def bounded_backward(y: FloatArray, low: FloatArray, high: FloatArray, powers: IntArray) -> FloatArray:
    result = np.empty(y.shape)
    flat, out, lower, upper = y.reshape(-1), result.reshape(-1), low.reshape(-1), high.reshape(-1)
    for i in range(flat.size):
        t = between(flat[i], lower[i], upper[i])
        out[i] = np.sqrt(t) if powers[0] == 2 else t
    return result


@compiled(DIGEST)
def bounded_pull(
    y: FloatArray, low: FloatArray, high: FloatArray, powers: IntArray, cotangent: FloatArray
) -> FloatArray:
    result = np.empty(y.shape)
    flat, out, lower, upper = y.reshape(-1), result.reshape(-1), low.reshape(-1), high.reshape(-1)
    above = cotangent.reshape(-1)
    for i in range(flat.size):
        out[i] = above[i] * np.exp(log_slope(flat[i], lower[i], upper[i])[0])
        if powers[0] == 2:
            out[i] *= 0.5 / np.sqrt(between(flat[i], lower[i], upper[i]))
    return result


@compiled(DIGEST)
def bounded_forward(values: FloatArray, low: FloatArray, high: FloatArray, powers: IntArray) -> FloatArray:
    result = np.empty(values.shape)
    flat, out, lower, upper = values.reshape(-1), result.reshape(-1), low.reshape(-1), high.reshape(-1)
    for i in range(flat.size):
        out[i] = place(flat[i] * flat[i] if powers[0] == 2 else flat[i], lower[i], upper[i])
    return result


@compiled(DIGEST)
def bounded_log_jacobian(
    y: FloatArray, low: FloatArray, high: FloatArray, powers: IntArray
) -> tuple[FloatArray, FloatArray]:
    """log |d t^(1/p) / dy| = log dt/dy - [p = 2] log(2 sqrt t)."""
    gradient = np.empty(y.shape)
    flat, out, lower, upper = y.reshape(-1), gradient.reshape(-1), low.reshape(-1), high.reshape(-1)
    value = 0.0
    for i in range(flat.size):
        log_step, out[i] = log_slope(flat[i], lower[i], upper[i])
        value += log_step
        if powers[0] == 2:
            t = between(flat[i], lower[i], upper[i])
            value -= np.log(2.0) + 0.5 * np.log(t)
            out[i] -= 0.5 * np.exp(log_step) / t
    return np.asarray(value), gradient


@compiled(DIGEST)
def ordered_backward(y: FloatArray, low: FloatArray, high: FloatArray, powers: IntArray) -> FloatArray:
    means = bounded_backward(y, low, high, powers)
    n = y.shape[0]
    rest = high[0, 0] - low[0, 0]
    for k in range(n):
        rest *= sigmoid(np.log(n - k) - y[k, 0])
        means[k, 0] = high[0, 0] - rest
    return means


@compiled(DIGEST)
def ordered_pull(
    y: FloatArray, low: FloatArray, high: FloatArray, powers: IntArray, cotangent: FloatArray
) -> FloatArray:
    """d mu_k / d y_j = p_j (high - mu_k) for k >= j."""
    result = bounded_pull(y, low, high, powers, cotangent)
    n = y.shape[0]
    means = ordered_backward(y, low, high, powers)
    total = 0.0
    for k in range(n - 1, -1, -1):
        total += cotangent[k, 0] * (high[0, 0] - means[k, 0])
        result[k, 0] = sigmoid(y[k, 0] - np.log(n - k)) * total
    return result


@compiled(DIGEST)
def ordered_forward(means: FloatArray, low: FloatArray, high: FloatArray, powers: IntArray) -> FloatArray:
    y = bounded_forward(means, low, high, powers)
    n = y.shape[0]
    before = low[0, 0]
    for k in range(n):
        y[k, 0] = np.log((means[k, 0] - before) / (high[0, 0] - means[k, 0])) + np.log(n - k)
        before = means[k, 0]
    return y


@compiled(DIGEST)
def ordered_log_jacobian(
    y: FloatArray, low: FloatArray, high: FloatArray, _powers: IntArray
) -> tuple[FloatArray, FloatArray]:
    """First feature: sum_k log(high - mu_(k-1)) + log p_k + log(1 - p_k); the others as `bounded_log_jacobian`."""
    n, gradient = y.shape[0], np.empty(y.shape)
    value = n * np.log(high[0, 0] - low[0, 0])
    for k in range(n):
        offset = y[k, 0] - np.log(n - k)
        p = sigmoid(offset)
        value += log_sigmoid(offset) + (n - k) * log_sigmoid(-offset)
        gradient[k, 0] = 1.0 - (n - k + 1) * p
        for d in range(1, y.shape[1]):
            log_step, gradient[k, d] = log_slope(y[k, d], low[k, d], high[k, d])
            value += log_step
    return np.asarray(value), gradient


def _same(first: tuple[Any, ...], *_: Any) -> tuple[Any, ...]:
    return first


bounded_from = Map("bounded_from", DIGEST, bounded_backward, shape=_same, pull=bounded_pull)
bounded_to = Map("bounded_to", DIGEST, bounded_forward, shape=_same)
bounded_jacobian = Field("bounded_jacobian", DIGEST, bounded_log_jacobian)
ordered_from = Map("ordered_bounded_from", DIGEST, ordered_backward, shape=_same, pull=ordered_pull)
ordered_to = Map("ordered_bounded_to", DIGEST, ordered_forward, shape=_same)
ordered_jacobian = Field("ordered_bounded_jacobian", DIGEST, ordered_log_jacobian)
