"""Points without the chance of sampling: the quantiles of a univariate mixture."""

import numpy as np
from scipy.stats import norm

from mixture import GaussianMixture
from mixture.arrays import FloatArray


def at_quantiles(mixture: GaussianMixture, n: int) -> FloatArray:
    """n points at the quantiles (i + 1/2) / n of a univariate mixture, (n, 1): no chance of sampling enters."""
    sds = np.sqrt(mixture.dense_covariances[:, 0, 0])
    low, high = (mixture.means[:, 0] - 6.0 * sds).min(), (mixture.means[:, 0] + 6.0 * sds).max()
    grid = np.linspace(low, high, 20_001)
    below = norm.cdf(grid[:, None], mixture.means[:, 0], sds) @ mixture.weights
    return np.interp((np.arange(n) + 0.5) / n, below, grid)[:, None]
