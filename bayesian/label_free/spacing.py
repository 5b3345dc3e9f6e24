"""Draws evenly spaced over a posterior: enough for a band or a curve, and no more memory than that."""

import numpy as np

from bayesian.posterior import Posterior
from mixture.arrays import FloatArray


def spaced_draws(posterior: Posterior, at_most: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Weights (T, K), means (T, K, D) and covariances (T, K, D, D) of at most so many draws, evenly spaced over chains.

    Raises ValueError if `at_most` is below 1.
    """
    if at_most < 1:
        raise ValueError(f"at least one draw must be kept, not {at_most}")
    n_draws = posterior.n_chains * posterior.n_draws
    kept = np.unique(np.linspace(0, n_draws - 1, min(n_draws, at_most)).round().astype(np.int64))
    weights, means, covariances = (
        draws.reshape(n_draws, *draws.shape[2:])[kept]
        for draws in (posterior.weights, posterior.means, posterior.covariances)
    )
    return weights, means, covariances
