"""Log densities of the priors of weights and means, each one node with its gradient: Fields around numba kernels.

Every kernel takes the value first, then hyperparameters, and returns (log density, its gradient by the value).
Outside the support the log density is -inf and the gradient zero. Hyperparameters are constants of the model, unless
said otherwise. Those of scales and matrices are in `densities_scales` and `densities_matrices`.
"""

import math

import numpy as np

from bayesian.ops import linear_algebra
from bayesian.ops.compiled_op import Field, compiled, source_digest
from bayesian.ops.linear_algebra import cholesky, invert
from mixture.arrays import FloatArray, IntArray

DIGEST = source_digest(__file__, linear_algebra.__file__)
LOG_2_PI = math.log(2.0 * math.pi)


@compiled(DIGEST)
def dirichlet_density(weights: FloatArray, concentration: FloatArray) -> tuple[FloatArray, FloatArray]:
    """log Dir(w | a) = log Gamma(sum a) - sum log Gamma(a_k) + sum (a_k - 1) log w_k."""
    gradient = np.zeros(weights.size)
    total = 0.0
    for k in range(weights.size):
        total += concentration[k]
    value = math.lgamma(total)
    for k in range(weights.size):
        if not weights[k] > 0.0:
            return np.asarray(-np.inf), np.zeros(weights.size)
        value += (concentration[k] - 1.0) * np.log(weights[k]) - math.lgamma(concentration[k])
        gradient[k] = (concentration[k] - 1.0) / weights[k]
    return np.asarray(value), gradient


@compiled(DIGEST)
def normal_density(means: FloatArray, location: FloatArray, sd: FloatArray) -> tuple[FloatArray, FloatArray]:
    """sum_kd log N(mu_kd | m_kd, s_kd), s a standard deviation; 0 where s is infinite."""
    gradient = np.empty(means.shape)
    value = 0.0
    for k in range(means.shape[0]):
        for d in range(means.shape[1]):
            if sd[k, d] == np.inf:
                gradient[k, d] = 0.0
                continue
            z = (means[k, d] - location[k, d]) / sd[k, d]
            value -= 0.5 * (z * z + LOG_2_PI) + np.log(sd[k, d])
            gradient[k, d] = -z / sd[k, d]
    return np.asarray(value), gradient


@compiled(DIGEST)
def uniform_density(values: FloatArray, low: FloatArray, high: FloatArray) -> tuple[FloatArray, FloatArray]:
    """sum_kd log U(mu_kd | low_kd, high_kd) = -sum_kd log(high_kd - low_kd); 0 where a bound is infinite."""
    gradient = np.zeros(values.shape)
    flat, lower, upper = values.reshape(-1), low.reshape(-1), high.reshape(-1)
    value = 0.0
    for i in range(flat.size):
        if not lower[i] <= flat[i] <= upper[i]:
            return np.asarray(-np.inf), gradient
        if upper[i] - lower[i] < np.inf:
            value -= np.log(upper[i] - lower[i])
    return np.asarray(value), gradient


@compiled(DIGEST)
def conjugate_dense_density(
    means: FloatArray, location: FloatArray, strength: FloatArray, covariances: FloatArray, _steps: IntArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """sum_k log N(mu_k | m_k, Sigma_k / kappa_k), with gradients by means and covariances, (K, D, D) or one (D, D)."""
    n_components, n = means.shape
    by_mean, by_covariance = np.zeros(means.shape), np.zeros(covariances.shape)
    matrices, by_matrix = covariances.reshape((-1, n, n)), by_covariance.reshape((-1, n, n))
    root, inverse, z, slope = np.empty((n, n)), np.empty((n, n)), np.empty(n), np.empty(n)
    value = 0.0
    for k in range(n_components):
        j = k if matrices.shape[0] > 1 else 0
        if not cholesky(matrices[j], root):
            return np.asarray(-np.inf), np.zeros(means.shape), np.zeros(covariances.shape)
        invert(root, inverse)
        value += 0.5 * n * (np.log(strength[k]) - LOG_2_PI)
        for d in range(n):
            z[d] = 0.0
            for e in range(d + 1):
                z[d] += inverse[d, e] * (means[k, e] - location[k, e])
            value -= np.log(root[d, d]) + 0.5 * strength[k] * z[d] * z[d]
        for d in range(n):
            slope[d] = 0.0
            for e in range(d, n):
                slope[d] += inverse[e, d] * z[e]
            by_mean[k, d] = -strength[k] * slope[d]
        for d in range(n):
            for e in range(n):
                total = strength[k] * slope[d] * slope[e]
                for m in range(max(d, e), n):
                    total -= inverse[m, d] * inverse[m, e]
                by_matrix[j, d, e] += 0.5 * total
    return np.asarray(value), by_mean, by_covariance


@compiled(DIGEST)
def conjugate_diagonal_density(
    means: FloatArray, location: FloatArray, strength: FloatArray, scales: FloatArray, steps: IntArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """As `conjugate_dense_density`, with sds (K, D), (D,), (K,) or (1,), read with the strides `steps`."""
    n_components, n = means.shape
    by_mean, by_scale = np.zeros(means.shape), np.zeros(scales.shape)
    sds, by_sd = scales.reshape(-1), by_scale.reshape(-1)
    by_component = steps[0] * (n if steps[1] else 1)
    value = 0.0
    for k in range(n_components):
        for d in range(n):
            i = k * by_component + d * steps[1]
            if not sds[i] > 0.0:
                return np.asarray(-np.inf), np.zeros(means.shape), np.zeros(scales.shape)
            z = (means[k, d] - location[k, d]) / sds[i]
            value += 0.5 * (np.log(strength[k]) - LOG_2_PI - strength[k] * z * z) - np.log(sds[i])
            by_mean[k, d] = -strength[k] * z / sds[i]
            by_sd[i] += (strength[k] * z * z - 1.0) / sds[i]
    return np.asarray(value), by_mean, by_scale


dirichlet = Field("dirichlet", DIGEST, dirichlet_density)
normal = Field("normal", DIGEST, normal_density)
uniform = Field("uniform", DIGEST, uniform_density)
conjugate_dense = Field("conjugate_dense", DIGEST, conjugate_dense_density, wrt=(0, 3))
conjugate_diagonal = Field("conjugate_diagonal", DIGEST, conjugate_diagonal_density, wrt=(0, 3))
