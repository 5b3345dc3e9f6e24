"""Allocations of the points under each draw: probabilities, and the integers themselves.

P(z_n = k | x_n, theta_t) = pi_tk N(x_n | mu_tk, Sigma_tk) / sum_j pi_tj N(x_n | mu_tj, Sigma_tj)
"""

from collections.abc import Iterator

import numpy as np

from bayesian.draws import log_joints, normalised
from bayesian.posterior import Posterior
from mixture.arrays import FloatArray, IntArray

LARGEST_RESULT = 2 * 1024**3
"""Bytes of the largest result that is computed: 2 GiB."""


def allocation_probabilities(posterior: Posterior, *, thin: int = 1) -> FloatArray:
    """P(z_n = k | x_n, theta_t), (T, N, K): every thin-th draw of each chain, chain after chain.

    Raises ValueError if the result would take more than 2 GiB, naming a thinning that fits. In memory the points of a
    component lie side by side, as `relabelling.stephens` works on them: it then makes no copy.
    """
    n_draws, n_samples = _shape(posterior, thin, n_numbers=posterior.n_components)
    probabilities = np.empty((n_draws, posterior.n_components, n_samples))
    for chunk, joint in _log_joints(posterior, thin):
        probabilities[chunk] = normalised(joint)
    return probabilities.transpose(0, 2, 1)


def allocations(posterior: Posterior, *, thin: int = 1, rng: np.random.Generator | None = None) -> IntArray:
    """Labels z_tn from 0 to K - 1, (T, N): the most probable ones, or drawn from their probabilities if `rng` is given.

    Draws and errors as in `allocation_probabilities`; of equally probable labels the first is taken.
    """
    labels = np.empty(_shape(posterior, thin, n_numbers=1), dtype=np.int64)
    for chunk, joint in _log_joints(posterior, thin):
        if rng is None:
            labels[chunk] = joint.argmax(axis=1)
        else:
            cumulative = normalised(joint).cumsum(axis=1)
            uniform = rng.random((len(joint), joint.shape[2])) * cumulative[:, -1]
            labels[chunk] = (uniform[:, None] >= cumulative[:, :-1]).sum(axis=1)
    return labels


def _log_joints(posterior: Posterior, thin: int) -> Iterator[tuple[slice, FloatArray]]:
    kept = (draws[:, ::thin] for draws in (posterior.weights, posterior.means, posterior.covariances))
    return log_joints(posterior.data, *(draws.reshape(-1, *draws.shape[2:]) for draws in kept))


def _shape(posterior: Posterior, thin: int, *, n_numbers: int) -> tuple[int, int]:
    """(T, N) after thinning; raises ValueError where T x N x n_numbers doubles are too many."""
    if thin < 1:
        raise ValueError(f"thin must be at least 1 (every draw), not {thin}")
    n_samples = len(posterior.data)
    n_draws = posterior.n_chains * -(-posterior.n_draws // thin)
    size = 8 * n_draws * n_samples * n_numbers
    if size > LARGEST_RESULT:
        raise ValueError(
            f"{n_draws} draws x {n_samples} points x {n_numbers} would take {size / 1024**3:.1f} GiB; every"
            f" {thin * -(-size // LARGEST_RESULT)}th draw (Posterior.thin) stays below"
            f" {LARGEST_RESULT / 1024**3:.0f} GiB"
        )
    return n_draws, n_samples
