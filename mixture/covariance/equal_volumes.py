"""Components of one volume: covariances scaled to it."""

import numpy as np

from mixture.arrays import FloatArray

LARGEST_RATIO = 500.0
"""Components whose log volume lies further below the largest than this have none left."""


def equal_volumes(counts: FloatArray, scatter: FloatArray) -> FloatArray:
    """Sigma_k = lambda W_k / |W_k|^(1/D), lambda = sum_k |W_k|^(1/D) / N: the maximum over Sigma_k of equal volume.

    scatter (K, D, D), or the diagonals (K, D). Where |W_k| is zero the likelihood of that component has no maximum;
    W_k / N_k stands there, singular as it is.
    Source: Celeux & Govaert 1995, section 4.2, models [lambda B_k] and [lambda C_k].
    """
    n_features = scatter.shape[1]
    variances = scatter if scatter.ndim == 2 else np.diagonal(scatter, axis1=1, axis2=2)
    usable = (variances > 0.0).all(axis=1)
    scales = np.sqrt(np.where(usable[:, None], variances, 1.0))
    log_determinants = 2.0 * np.log(scales).sum(axis=1)
    if scatter.ndim == 3:  # whatever the units
        with np.errstate(divide="ignore"):  # the logarithm of zero
            signs, of_correlations = np.linalg.slogdet(scatter / scales[:, :, None] / scales[:, None, :])
        usable &= (signs > 0.0) & np.isfinite(of_correlations)
        log_determinants += np.where(usable, of_correlations, 0.0)
    factors = 1.0 / counts
    if usable.any():
        log_volumes = log_determinants / n_features
        largest = log_volumes[usable].max()
        usable &= log_volumes > largest - LARGEST_RATIO
        shared = largest + np.log(np.exp(log_volumes[usable] - largest).sum() / counts.sum())
        factors[usable] = np.exp(shared - log_volumes[usable])
    return scatter * factors.reshape(-1, *(1,) * (scatter.ndim - 1))
