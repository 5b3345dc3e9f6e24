"""Curves of Gaussians: ellipses in a plane of two features, and densities along one."""

import numpy as np

from mixture import GaussianMixture
from mixture.arrays import FloatArray

VERTICES = 73
"""Corners of an ellipse, the first met again last."""


def ellipses(means: FloatArray, covariances: FloatArray, probability: float) -> FloatArray:
    """Contours (x - mu)^T Sigma^-1 (x - mu) = -2 log(1 - p), which hold the probability p of each Gaussian.

    means (..., 2), covariances (..., 2, 2); returns (..., 73, 2).
    """
    radius = np.sqrt(-2.0 * np.log1p(-probability))
    angle = np.linspace(0.0, 2.0 * np.pi, VERTICES)
    circle = radius * np.stack([np.cos(angle), np.sin(angle)])  # (2, V)
    return np.asarray(means[..., None, :] + np.swapaxes(np.linalg.cholesky(covariances) @ circle, -1, -2))


def in_plane(means: FloatArray, covariances: FloatArray, first: int, second: int) -> tuple[FloatArray, FloatArray]:
    """Means (..., 2) and covariances (..., 2, 2) of the marginal of two features."""
    kept = [first, second]
    return means[..., kept], covariances[..., kept, :][..., kept]


def component_densities(mixture: GaussianMixture, grid: FloatArray, feature: int) -> FloatArray:
    """pi_k N(x_d | mu_kd, Sigma_kdd) along one feature's grid (G,): (K, G)."""
    sds = np.sqrt(mixture.dense_covariances[:, feature, feature])
    z = (grid - mixture.means[:, feature, None]) / sds[:, None]
    return np.asarray(mixture.weights[:, None] * np.exp(-0.5 * z * z) / (np.sqrt(2.0 * np.pi) * sds[:, None]))


def padded_grid(values: FloatArray, n_points: int, margin: float = 0.06) -> FloatArray:
    """Equally spaced from a little below the smallest value to a little above the largest."""
    low, high = float(values.min()), float(values.max())
    pad = margin * (high - low) if high > low else max(abs(low), 1.0) * margin
    return np.linspace(low - pad, high + pad, n_points)


def histogram_edges(values: FloatArray, fewest: int = 10, most: int = 40) -> FloatArray:
    """Equal bins over the values, as many as Freedman & Diaconis' width asks for within bounds."""
    low, high = float(values.min()), float(values.max())
    if not high > low:
        return padded_grid(values, fewest + 1)
    quarter, three_quarters = np.quantile(values, [0.25, 0.75])
    width = 2.0 * (three_quarters - quarter) / len(values) ** (1.0 / 3.0)
    wanted = (high - low) / width if width > 0.0 else most
    return np.linspace(low, high, int(np.clip(np.ceil(wanted), fewest, most)) + 1)
