"""Log densities of the priors of correlations and covariances: Fields around numba kernels, as in `densities`."""

import math

import numpy as np

from bayesian.ops import linear_algebra
from bayesian.ops.compiled_op import Field, compiled, source_digest
from bayesian.ops.linear_algebra import cholesky, invert, sandwich
from mixture.arrays import FloatArray

DIGEST = source_digest(__file__, linear_algebra.__file__)
LOG_2 = math.log(2.0)


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


@compiled(DIGEST)
def precision_of(matrix: FloatArray, root: FloatArray, inverse: FloatArray, precision: FloatArray) -> bool:
    """precision = matrix^-1, root its Cholesky factor and inverse that of root. False if not positive definite."""
    n = matrix.shape[0]
    if not cholesky(matrix, root):
        return False
    invert(root, inverse)
    for i in range(n):
        for j in range(n):
            total = 0.0
            for m in range(max(i, j), n):
                total += inverse[m, i] * inverse[m, j]
            precision[i, j] = total
    return True


@compiled(DIGEST)
def inverse_wishart_hierarchy_density(
    covariances: FloatArray, dof: FloatArray, psi: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """As `inverse_wishart_density` with one Psi (D, D) for all components, with gradients by covariances and by Psi."""
    n = psi.shape[-1]
    gradient, psi_gradient = np.empty(covariances.shape), np.zeros(psi.shape)
    matrices, by_matrix = covariances.reshape((-1, n, n)), gradient.reshape((-1, n, n))
    root, inverse, outer = np.empty((n, n)), np.empty((n, n)), np.empty((n, n))
    precision, psi_inverse = np.empty((n, n)), np.empty((n, n))
    if not precision_of(psi, root, inverse, psi_inverse):
        return np.asarray(-np.inf), np.zeros(covariances.shape), psi_gradient
    log_root = 0.0
    for i in range(n):
        log_root += np.log(root[i, i])
    value = 0.0
    for k in range(matrices.shape[0]):
        nu = dof[k]
        if not precision_of(matrices[k], root, inverse, precision):
            return np.asarray(-np.inf), np.zeros(covariances.shape), np.zeros(psi.shape)
        value += nu * log_root - 0.5 * nu * n * LOG_2 - 0.25 * n * (n - 1) * np.log(math.pi)
        for i in range(n):
            value -= math.lgamma(0.5 * (nu - i)) + (nu + n + 1.0) * np.log(root[i, i])
        sandwich(precision, psi, outer)
        for i in range(n):
            for j in range(n):
                value -= 0.5 * psi[i, j] * precision[i, j]
                by_matrix[k, i, j] = 0.5 * (outer[i, j] - (nu + n + 1.0) * precision[i, j])
                psi_gradient[i, j] += 0.5 * (nu * psi_inverse[i, j] - precision[i, j])
    return np.asarray(value), gradient, psi_gradient


@compiled(DIGEST)
def wishart_density(matrix: FloatArray, dof: FloatArray, scale: FloatArray) -> tuple[FloatArray, FloatArray]:
    """log W(Psi | n, S), over the elements on and below the diagonal, n = dof[0]:

    (n - D - 1)/2 log |Psi| - tr(S^-1 Psi)/2 - n D/2 log 2 - n/2 log |S| - log Gamma_D(n/2)
    Source: Gelman et al. 2013, Bayesian Data Analysis, appendix A.
    """
    n = scale.shape[-1]
    nu = dof[0]
    gradient = np.zeros(matrix.shape)
    root, inverse = np.empty((n, n)), np.empty((n, n))
    precision, scale_inverse = np.empty((n, n)), np.empty((n, n))
    if not precision_of(scale, root, inverse, scale_inverse):
        return np.asarray(-np.inf), gradient
    value = -0.5 * nu * n * LOG_2 - 0.25 * n * (n - 1) * np.log(math.pi)
    for i in range(n):
        value -= nu * np.log(root[i, i]) + math.lgamma(0.5 * (nu - i))
    if not precision_of(matrix, root, inverse, precision):
        return np.asarray(-np.inf), gradient
    for i in range(n):
        value += (nu - n - 1.0) * np.log(root[i, i])
        for j in range(n):
            value -= 0.5 * scale_inverse[i, j] * matrix[i, j]
            gradient[i, j] = 0.5 * ((nu - n - 1.0) * precision[i, j] - scale_inverse[i, j])
    return np.asarray(value), gradient


lkj = Field("lkj", DIGEST, lkj_density)
inverse_wishart = Field("inverse_wishart", DIGEST, inverse_wishart_density)
inverse_wishart_hierarchy = Field("inverse_wishart_hierarchy", DIGEST, inverse_wishart_hierarchy_density, wrt=(0, 2))
wishart = Field("wishart", DIGEST, wishart_density)
