"""The log-sum likelihood as one reads it: the formula in numpy, beside which the compiled routine is tested.

    log p(x_n | theta) = log sum_k pi_k N(x_n | mu_k, Sigma_k)

The logarithm does not reach the Gaussians: the sum marginalises the unseen allocation z_n, and the log of that
sum is taken last. Written naively, exp(log joint) underflows for points far from every component; log-sum-exp
takes the largest term out first.
"""

import numpy as np

from mixture.arrays import FloatArray


def log_joint(x: FloatArray, weights: FloatArray, means: FloatArray, covariances: FloatArray) -> FloatArray:
    """log pi_k + log N(x_n | mu_k, Sigma_k), the log joint density of point and allocation.

    x (N, D), weights (..., K), means (..., K, D), dense covariances (..., K, D, D); returns (..., N, K), in nats. Axes
    in front are several mixtures at once, such as draws. Raises ValueError if a covariance is not positive definite.
    Source: Bishop 2006, Pattern Recognition and Machine Learning, eqs. 2.43 and 9.10.
    """
    try:
        factors = np.linalg.inv(np.linalg.cholesky(covariances))  # Sigma = L L^T, U = L^-1
    except np.linalg.LinAlgError as error:
        raise ValueError("a covariance is not positive definite: the normal density does not exist") from error
    deviations = x - means[..., None, :]  # x_n - mu_k, (..., K, N, D)
    z = deviations @ np.swapaxes(factors, -1, -2)  # U (x_n - mu_k)
    mahalanobis = np.square(z).sum(axis=-1)
    log_determinant = -2.0 * np.log(np.diagonal(factors, axis1=-2, axis2=-1)).sum(axis=-1)
    with np.errstate(divide="ignore"):
        log_weights = np.log(weights)  # an empty component has log 0 = -inf, exactly
    constants = log_weights - 0.5 * (x.shape[-1] * np.log(2.0 * np.pi) + log_determinant)
    joint: FloatArray = constants[..., None] - 0.5 * mahalanobis  # (..., K, N)
    return np.swapaxes(joint, -1, -2)


def log_sum_exp(values: FloatArray) -> FloatArray:
    """log sum_k exp(v_k) over the last axis, with the maximum taken out first; (..., K) to (...)."""
    highest = values.max(axis=-1)
    shift = np.where(np.isfinite(highest), highest, 0.0)
    with np.errstate(divide="ignore"):
        return shift + np.log(np.exp(values - shift[..., None]).sum(axis=-1))


def log_density(x: FloatArray, weights: FloatArray, means: FloatArray, covariances: FloatArray) -> FloatArray:
    """log p(x_n | theta) = log sum_k exp(log joint); shapes as in `log_joint`, returns (N,) in nats."""
    return log_sum_exp(log_joint(x, weights, means, covariances))


def responsibilities(x: FloatArray, weights: FloatArray, means: FloatArray, covariances: FloatArray) -> FloatArray:
    """P(z_n = k | x_n, theta) = exp(log joint - log density); returns (N, K), rows on the simplex.

    Source: Bishop 2006, eq. 9.13; Dempster, Laird & Rubin 1977, JRSS B 39:1, section 4.3.
    """
    joint = log_joint(x, weights, means, covariances)
    probabilities: FloatArray = np.exp(joint - log_sum_exp(joint)[..., None])
    # Divided once more: for a point at 1e6 standard deviations the logs carry the rounding of numbers near 1e12.
    return probabilities / probabilities.sum(axis=-1, keepdims=True)
