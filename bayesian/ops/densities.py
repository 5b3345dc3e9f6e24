"""Log densities of the priors, each one node with its gradient: PyTensor Fields around numba kernels.

Every kernel takes the value first, then hyperparameters, and returns (log density, its gradient by the value).
Outside the support the log density is -inf and the gradient zero. Hyperparameters are constants of the model.
"""

import math

import numpy as np

from bayesian.ops import linear_algebra
from bayesian.ops.compiled_op import Field, compiled, source_digest
from bayesian.ops.linear_algebra import cholesky, invert, sandwich
from mixture.arrays import FloatArray, IntArray

DIGEST = source_digest(__file__, linear_algebra.__file__)
LOG_2_PI = math.log(2.0 * math.pi)
LOG_2 = math.log(2.0)


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
    """sum_kd log N(mu_kd | m_kd, s_kd), s a standard deviation."""
    gradient = np.empty(means.shape)
    value = 0.0
    for k in range(means.shape[0]):
        for d in range(means.shape[1]):
            z = (means[k, d] - location[k, d]) / sd[k, d]
            value -= 0.5 * (z * z + LOG_2_PI) + np.log(sd[k, d])
            gradient[k, d] = -z / sd[k, d]
    return np.asarray(value), gradient


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
def lkj_density(correlations: FloatArray, eta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """sum_k log LKJ(R_k | eta_k) = sum_k (eta_k - 1) log |R_k| - log c(eta_k), over the elements below the diagonal.

    Source: Lewandowski, Kurowicka & Joe 2009, J. Multivariate Analysis 100:1989, equations 14 and 16.
    """
    n = correlations.shape[-1]
    gradient = np.zeros(correlations.shape)
    matrices, by_matrix = correlations.reshape((-1, n, n)), gradient.reshape((-1, n, n))
    root = np.empty((n, n))
    inverse = np.empty((n, n))
    value = 0.0
    for k in range(matrices.shape[0]):
        if not cholesky(matrices[k], root):
            return np.asarray(-np.inf), np.zeros(correlations.shape)
        invert(root, inverse)
        for j in range(1, n):
            b = eta[k] + 0.5 * (n - j - 1)
            log_beta = 2.0 * math.lgamma(b) - math.lgamma(2.0 * b)
            value += 2.0 * (eta[k] - 1.0) * np.log(root[j, j]) - (n - j) * ((2.0 * b - 1.0) * LOG_2 + log_beta)
        for i in range(n):
            for j in range(n):
                for m in range(max(i, j), n):
                    by_matrix[k, i, j] += (eta[k] - 1.0) * inverse[m, i] * inverse[m, j]
    return np.asarray(value), gradient


@compiled(DIGEST)
def inverse_wishart_density(
    covariances: FloatArray, dof: FloatArray, scale: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """sum_k log IW(Sigma_k | nu_k, Psi_k), over the elements on and below the diagonal:

    nu/2 log |Psi| - nu D/2 log 2 - log Gamma_D(nu/2) - (nu + D + 1)/2 log |Sigma| - 1/2 tr(Psi Sigma^-1)
    Source: Gelman et al. 2013, Bayesian Data Analysis, appendix A.
    """
    n = covariances.shape[-1]
    gradient = np.empty(covariances.shape)
    matrices, by_matrix = covariances.reshape((-1, n, n)), gradient.reshape((-1, n, n))
    psi = scale.reshape((-1, n, n))
    root = np.empty((n, n))
    inverse = np.empty((n, n))
    precision = np.empty((n, n))
    outer = np.empty((n, n))
    value = 0.0
    for k in range(matrices.shape[0]):
        nu = dof[k]
        if not cholesky(psi[k], root):
            return np.asarray(-np.inf), np.zeros(covariances.shape)
        value -= 0.5 * nu * n * LOG_2 + 0.25 * n * (n - 1) * np.log(math.pi)
        for i in range(n):
            value += nu * np.log(root[i, i]) - math.lgamma(0.5 * (nu - i))
        if not cholesky(matrices[k], root):
            return np.asarray(-np.inf), np.zeros(covariances.shape)
        invert(root, inverse)
        for i in range(n):
            value -= (nu + n + 1.0) * np.log(root[i, i])
            for j in range(n):
                total = 0.0
                for m in range(max(i, j), n):
                    total += inverse[m, i] * inverse[m, j]
                precision[i, j] = total
        for i in range(n):
            for j in range(n):
                value -= 0.5 * psi[k, i, j] * precision[i, j]
        sandwich(precision, psi[k], outer)
        for i in range(n):
            for j in range(n):
                by_matrix[k, i, j] = 0.5 * (outer[i, j] - (nu + n + 1.0) * precision[i, j])
    return np.asarray(value), gradient


dirichlet = Field("dirichlet", DIGEST, dirichlet_density)
normal = Field("normal", DIGEST, normal_density)
lognormal = Field("lognormal", DIGEST, lognormal_density)
halfnormal = Field("halfnormal", DIGEST, halfnormal_density)
inversegamma = Field("inversegamma", DIGEST, inversegamma_density)
lkj = Field("lkj", DIGEST, lkj_density)
inverse_wishart = Field("inverse_wishart", DIGEST, inverse_wishart_density)
