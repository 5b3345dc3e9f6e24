"""Aligning the labels of two mixtures."""

import numpy as np
from scipy.optimize import linear_sum_assignment

from mixture.arrays import FloatArray, IntArray
from mixture.gaussian_mixture import GaussianMixture


def bhattacharyya_distances(source: GaussianMixture, target: GaussianMixture) -> FloatArray:
    """B_jk between component j of `source` and k of `target`, (K_source, K_target); see `normal_distances`."""
    return normal_distances(source.means, source.dense_covariances, target.means, target.dense_covariances)


def normal_distances(
    source_means: FloatArray, source_covariances: FloatArray, means: FloatArray, covariances: FloatArray
) -> FloatArray:
    """B_jk = 1/8 d^T M^-1 d + 1/2 log(|M| / sqrt(|Sigma_j| |Sigma_k|)), d = mu_j - mu_k, M = (Sigma_j + Sigma_k) / 2.

    Source means (..., J, D) and dense covariances (..., J, D, D) against (K, D) and (K, D, D): (..., J, K), without
    unit. Source: Bhattacharyya 1943, Bull. Calcutta Math. Soc. 35:99.
    """
    a, b = source_covariances[..., :, None, :, :], covariances
    difference = source_means[..., :, None, :] - means
    middle = 0.5 * (a + b)
    solved = np.linalg.solve(middle, difference[..., None])[..., 0]
    mahalanobis = (difference * solved).sum(axis=-1)
    log_determinants = [np.linalg.slogdet(matrices)[1] for matrices in (middle, a, b)]
    distances: FloatArray = 0.125 * mahalanobis + 0.5 * (
        log_determinants[0] - 0.5 * (log_determinants[1] + log_determinants[2])
    )
    return distances


def match(source: GaussianMixture, target: GaussianMixture) -> IntArray:
    """The order that minimises sum_k B(source[order[k]], target[k]): `source.permute(order)` lines up with `target`.

    B is the Bhattacharyya distance between Gaussians. It is symmetric, sees means and covariances at once, does not
    change under an affine map of the data (units do not matter), and, unlike the Hellinger distance, does not
    saturate: two far-off candidates are still told apart. Weights are left out, so that a component that gained
    points is still the same component. The assignment problem is solved exactly (scipy).

    Returns (K,) integers. Raises ValueError if the mixtures differ in K or D.
    """
    if source.means.shape != target.means.shape:
        raise ValueError(
            f"cannot match a mixture of K, D = {source.means.shape} with one of K, D = {target.means.shape}"
        )
    rows, columns = linear_sum_assignment(bhattacharyya_distances(source, target).T)
    order: IntArray = columns[np.argsort(rows)].astype(np.int64)
    return order
