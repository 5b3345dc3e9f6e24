"""Gradient ascent in the natural parameters with one step length for all: what becomes of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

import em
from mixture import GaussianMixture
from mixture.arrays import FloatArray

LEFT_SIMPLEX = "a weight below zero"
NOT_DEFINITE = "a covariance not positive definite"
FELL = "likelihood fell"
SHORT = "still below the optimum"
ARRIVED = "arrived"
FATES = (LEFT_SIMPLEX, NOT_DEFINITE, FELL, SHORT, ARRIVED)
"""How a climb may end, the first that happens."""
MAX_STEPS = 1_000


@dataclass(frozen=True)
class Fates:
    """How many climbs came to each end, by step length and in the order of `FATES`; gaps: median nats left of those
    that ran to the end, nan if none did.
    """

    lengths: tuple[float, ...]
    counts: tuple[tuple[int, ...], ...]
    gaps: tuple[float, ...]


def natural_gradient_parts(points: FloatArray, mixture: GaussianMixture) -> tuple[FloatArray, FloatArray, FloatArray]:
    """d log L by pi (K,), within the plane in which weights sum to one; by mu (K, D); by Sigma (K, D, D).

    N_k / pi_k less its mean; Sigma_k^-1 S1_k; (1/2) Sigma_k^-1 (S2_k - N_k Sigma_k) Sigma_k^-1.
    """
    found = em.e_step(points, mixture, threads=1)
    precision = np.linalg.inv(mixture.dense_covariances)
    of_weights = found.counts / mixture.weights
    second = found.second - found.counts[:, None, None] * mixture.dense_covariances
    of_means = np.einsum("kij,kj->ki", precision, found.first)
    return of_weights - of_weights.mean(), of_means, 0.5 * precision @ second @ precision


def fate(points: FloatArray, start: GaussianMixture, length: float, optimum: float, close: float) -> tuple[str, float]:
    """theta <- theta + t d log L / d theta from a start with full covariances: how it ends, and nats left then."""
    mixture, value = start, start.log_likelihood(points)
    for _ in range(MAX_STEPS):
        of_weights, of_means, of_covariances = natural_gradient_parts(points, mixture)
        weights = mixture.weights + length * of_weights
        covariances = mixture.dense_covariances + length * of_covariances
        if weights.min() <= 0.0:
            return LEFT_SIMPLEX, float("nan")
        if np.linalg.eigvalsh(covariances).min() <= 0.0:
            return NOT_DEFINITE, float("nan")
        symmetric = 0.5 * (covariances + np.swapaxes(covariances, 1, 2))
        mixture = GaussianMixture(weights / weights.sum(), mixture.means + length * of_means, symmetric, "full")
        after = mixture.log_likelihood(points)
        if after < value - 1e-9:
            return FELL, float("nan")
        value = after
        if value >= optimum - close:
            return ARRIVED, optimum - value
    return SHORT, optimum - value


def fates(
    points: FloatArray, starts: Sequence[GaussianMixture], lengths: Sequence[float], optimum: float, close: float
) -> Fates:
    """The fates of all starts at each step length."""
    counts, gaps = [], []
    for length in lengths:
        ends = [fate(points, start, length, optimum, close) for start in starts]
        counts.append(tuple(sum(end == name for end, _ in ends) for name in FATES))
        left = [gap for _, gap in ends if np.isfinite(gap)]
        gaps.append(float(np.median(left)) if left else float("nan"))
    return Fates(tuple(lengths), tuple(counts), tuple(gaps))
