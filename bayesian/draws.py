"""Densities of many draws at once: the log-sum likelihood of `mixture`, walked over the draws of a posterior.

    log p(X | theta_t) = sum_n log sum_k pi_tk N(x_n | mu_tk, Sigma_tk)

Draws go through in chunks: what is held at a time is a few megabytes, however many draws there are.
"""

from collections.abc import Iterator

import numpy as np

from mixture.arrays import FloatArray, IntArray
from mixture.likelihood import log_joint, log_sum_exp

CHUNK_VALUES = 2**16
"""How many doubles of log joint densities are held at a time: half a megabyte, which stays in the cache."""


def log_joints(
    x: FloatArray, weights: FloatArray, means: FloatArray, covariances: FloatArray
) -> Iterator[tuple[slice, FloatArray]]:
    """log pi_tk + log N(x_n | mu_tk, Sigma_tk), chunk by chunk: pairs (slice of draws, (t, K, N)).

    x (N, D), weights (T, K), means (T, K, D), dense covariances (T, K, D, D). Raises ValueError if a covariance is not
    positive definite.
    """
    per_chunk = max(1, CHUNK_VALUES // (len(x) * weights.shape[1]))
    for start in range(0, len(weights), per_chunk):
        chunk = slice(start, min(start + per_chunk, len(weights)))
        yield chunk, np.swapaxes(log_joint(x, weights[chunk], means[chunk], covariances[chunk]), 1, 2)


def log_likelihoods(x: FloatArray, weights: FloatArray, means: FloatArray, covariances: FloatArray) -> FloatArray:
    """log p(X | theta_t), a sum over the points, for each draw: (T,) in nats. Shapes as in `log_joints`."""
    totals = np.empty(len(weights))
    for chunk, joint in log_joints(x, weights, means, covariances):
        totals[chunk] = log_sum_exp(np.swapaxes(joint, 1, 2)).sum(axis=1)
    return totals


def log_densities(x: FloatArray, weights: FloatArray, means: FloatArray, covariances: FloatArray) -> FloatArray:
    """log p(x_n | theta_t) at the points x (N, D), for each draw: (T, N) in nats. Shapes as in `log_joints`."""
    values = np.empty((len(weights), len(x)))
    for chunk, joint in log_joints(x, weights, means, covariances):
        values[chunk] = log_sum_exp(np.swapaxes(joint, 1, 2))
    return values


def probabilities_of(x: FloatArray, weights: FloatArray, means: FloatArray, covariances: FloatArray) -> FloatArray:
    """P(z_n = k | x_n, theta_t), (T, K, N): all at once, so hand in a few draws. Shapes as in `log_joints`."""
    p = np.empty((*weights.shape, len(x)))
    for chunk, joint in log_joints(x, weights, means, covariances):
        p[chunk] = normalised(joint)
    return p


def allocation_blocks(
    x: FloatArray, weights: FloatArray, means: FloatArray, covariances: FloatArray
) -> Iterator[tuple[slice, IntArray]]:
    """The most probable component of each point, chunk by chunk: pairs (slice of draws, labels (t, N))."""
    for chunk, joint in log_joints(x, weights, means, covariances):
        yield chunk, joint.argmax(axis=1)


def normalised(joint: FloatArray) -> FloatArray:
    """Log joint densities (t, K, N) as probabilities over K."""
    terms = np.exp(joint - joint.max(axis=1, keepdims=True))
    return np.asarray(terms / terms.sum(axis=1, keepdims=True))
