"""Log densities of the priors of standard deviations: PyTensor Fields around numba kernels, as in `densities`.

A family is one of t = s^p, p = 1 or 2, s the sd: the density of s includes |dt/ds| = p s^(p - 1).
"""

import math

import numpy as np

from bayesian.ops.compiled_op import Field, compiled, source_digest
from mixture.arrays import FloatArray, IntArray

DIGEST = source_digest(__file__)
LOG_2_PI = math.log(2.0 * math.pi)
LOG_2 = math.log(2.0)


@compiled(DIGEST)
def lognormal_density(
    scales: FloatArray, location: FloatArray, sd: FloatArray, powers: IntArray
) -> tuple[FloatArray, FloatArray]:
    """log LogNormal(t | m, b) + log |dt/ds| with t = s^p, p = powers[0]: log t ~ N(m, b), b a standard deviation."""
    gradient = np.empty(scales.shape)
    flat, by_scale = scales.reshape(-1), gradient.reshape(-1)
    m, b = location.reshape(-1), sd.reshape(-1)
    power = powers[0]
    value = 0.0
    for i in range(flat.size):
        log_s = np.log(flat[i])
        z = (power * log_s - m[i]) / b[i]
        value += np.log(power) - log_s - 0.5 * (z * z + LOG_2_PI) - np.log(b[i])
        by_scale[i] = -(1.0 + power * z / b[i]) / flat[i]
    return np.asarray(value), gradient


@compiled(DIGEST)
def halfnormal_density(
    scales: FloatArray, sd: FloatArray, _unused: FloatArray, powers: IntArray
) -> tuple[FloatArray, FloatArray]:
    """log HalfNormal(t | b) + log |dt/ds| with t = s^p, p = powers[0]: density 2 N(t | 0, b) on t > 0."""
    gradient = np.empty(scales.shape)
    flat, by_scale, b = scales.reshape(-1), gradient.reshape(-1), sd.reshape(-1)
    power = powers[0]
    value = 0.0
    for i in range(flat.size):
        log_s = np.log(flat[i])
        z = flat[i] ** np.float64(power) / b[i]
        value += LOG_2 - 0.5 * (z * z + LOG_2_PI) - np.log(b[i]) + np.log(power) + (power - 1) * log_s
        by_scale[i] = (power - 1 - power * z * z) / flat[i]
    return np.asarray(value), gradient


@compiled(DIGEST)
def inversegamma_density(
    scales: FloatArray, shape: FloatArray, scale: FloatArray, powers: IntArray
) -> tuple[FloatArray, FloatArray]:
    """log InvGamma(t | a, b) + log |dt/ds| with t = s^p, p = powers[0]: density b^a / Gamma(a) t^(-a-1) exp(-b / t)."""
    gradient = np.empty(scales.shape)
    flat, by_scale = scales.reshape(-1), gradient.reshape(-1)
    a, b = shape.reshape(-1), scale.reshape(-1)
    power = powers[0]
    value = 0.0
    for i in range(flat.size):
        log_s = np.log(flat[i])
        ratio = b[i] * flat[i] ** -np.float64(power)
        value += a[i] * np.log(b[i]) - math.lgamma(a[i]) - (power * a[i] + 1.0) * log_s - ratio + np.log(power)
        by_scale[i] = (power * (ratio - a[i]) - 1.0) / flat[i]
    return np.asarray(value), gradient


@compiled(DIGEST)
def inversegamma_hierarchy_density(
    scales: FloatArray, shape: FloatArray, rate: FloatArray, powers: IntArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """As `inversegamma_density`, with gradients by the scales and by b, one per feature (or one in all)."""
    gradient, rate_gradient = np.empty(scales.shape), np.zeros(rate.shape)
    flat, by_scale = scales.reshape(-1), gradient.reshape(-1)
    a, b, by_rate = shape.reshape(-1), rate.reshape(-1), rate_gradient.reshape(-1)
    power = powers[0]
    value = 0.0
    for i in range(flat.size):
        j = i % b.size
        log_s = np.log(flat[i])
        inverse = flat[i] ** -np.float64(power)
        value += a[i] * np.log(b[j]) - math.lgamma(a[i]) - (power * a[i] + 1.0) * log_s - b[j] * inverse + np.log(power)
        by_scale[i] = (power * (b[j] * inverse - a[i]) - 1.0) / flat[i]
        by_rate[j] += a[i] / b[j] - inverse
    return np.asarray(value), gradient, rate_gradient


@compiled(DIGEST)
def gamma_density(values: FloatArray, shape: FloatArray, rate: FloatArray) -> tuple[FloatArray, FloatArray]:
    """sum log Gamma(b | g, h) = sum g log h - log Gamma(g) + (g - 1) log b - h b."""
    gradient = np.empty(values.shape)
    flat, slope, g, h = values.reshape(-1), gradient.reshape(-1), shape.reshape(-1), rate.reshape(-1)
    value = 0.0
    for i in range(flat.size):
        value += g[i] * np.log(h[i]) - math.lgamma(g[i]) + (g[i] - 1.0) * np.log(flat[i]) - h[i] * flat[i]
        slope[i] = (g[i] - 1.0) / flat[i] - h[i]
    return np.asarray(value), gradient


@compiled(DIGEST)
def uniformscale_density(
    scales: FloatArray, low: FloatArray, high: FloatArray, powers: IntArray
) -> tuple[FloatArray, FloatArray]:
    """log U(t | low, high) + log |dt/ds| with t = s^p, p = powers[0]; where high is infinite, log |dt/ds| alone.

    The support is where the transform leads, whose rounding may end just outside the bounds: they are not looked at.
    """
    gradient = np.empty(scales.shape)
    flat, by_scale, lower, upper = scales.reshape(-1), gradient.reshape(-1), low.reshape(-1), high.reshape(-1)
    power = powers[0]
    value = 0.0
    for i in range(flat.size):
        value += np.log(power) + (power - 1) * np.log(flat[i])
        if upper[i] < np.inf:
            value -= np.log(upper[i] - lower[i])
        by_scale[i] = (power - 1) / flat[i]
    return np.asarray(value), gradient


lognormal = Field("lognormal", DIGEST, lognormal_density)
halfnormal = Field("halfnormal", DIGEST, halfnormal_density)
inversegamma = Field("inversegamma", DIGEST, inversegamma_density)
inversegamma_hierarchy = Field("inversegamma_hierarchy", DIGEST, inversegamma_hierarchy_density, wrt=(0, 2))
uniformscale = Field("uniformscale", DIGEST, uniformscale_density)
gamma = Field("gamma", DIGEST, gamma_density)
