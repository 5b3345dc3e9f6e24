"""Allocations drawn from the responsibilities, and what they leave of the data: a compiled pass without N x K arrays.

    P(z_n = k) = (pi_k N(x_n | mu_k, Sigma_k))^beta / sum_j (pi_j N(x_n | mu_j, Sigma_j))^beta

The E step with its average replaced by a draw. A second pass takes the scatter about the averages of the groups, so
that nothing cancels.
"""

import math
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numba import njit

from mixture.arrays import FloatArray, IntArray
from mixture.elementary import OPTIONS


@dataclass(frozen=True, eq=False)
class Groups:
    """The statistics of complete data.

    log_density  sum_n log sum_k (pi_k N(x_n | mu_k, Sigma_k))^beta of the parameters that z was drawn from; beta = 1:
                 the log-likelihood
    allocations  z (N,), labels 0..K-1
    counts       n_k (K,)
    averages     xbar_k (K, D); of an empty group its old mean
    scatter      sum_{n in k} (x_n - xbar_k)(x_n - xbar_k)^T (K, D, D), or its diagonal (K, D)
    """

    log_density: float
    allocations: IntArray
    counts: FloatArray
    averages: FloatArray
    scatter: FloatArray

    @classmethod
    def draw(
        cls,
        points: FloatArray,
        weights: FloatArray,
        means: FloatArray,
        precision_factors: FloatArray,
        beta: float,
        rng: np.random.Generator,
    ) -> Self:
        """z given x (N, D), positive weights (K,), means (K, D) and factors, lower (K, D, D) or 1/sd (K, D)."""
        diagonal = precision_factors.ndim == 2
        roots = precision_factors if diagonal else np.diagonal(precision_factors, axis1=1, axis2=2)
        constants = np.log(weights) + np.log(roots).sum(axis=1) - 0.5 * means.shape[1] * math.log(2.0 * math.pi)
        run = _diagonal_pass if diagonal else _dense_pass
        return cls(*run(points, rng.random(len(points)), constants, means, precision_factors, beta))

    def tempered(self, beta: float) -> Self:
        """Each point counted beta times."""
        return self if beta == 1.0 else replace(self, counts=beta * self.counts, scatter=beta * self.scatter)

    def scatter_about(self, centres: FloatArray, strength: FloatArray) -> FloatArray:
        """scatter + s_k (xbar_k - c_k)(xbar_k - c_k)^T, or its diagonal; centres (K, D), strength s (K,)."""
        offset = self.averages - centres
        weighted = strength[:, None] * offset
        if self.scatter.ndim == 2:
            return self.scatter + weighted * offset
        return self.scatter + weighted[:, :, None] * offset[:, None, :]


@njit(**OPTIONS)
def _choose(logs: FloatArray, uniform: float) -> tuple[int, float]:
    """(k with probability proportional to exp(logs[k]), log sum exp); `logs` is used up."""
    largest = logs[0]
    for k in range(1, logs.size):
        largest = max(largest, logs[k])
    total = 0.0
    for k in range(logs.size):
        total += math.exp(logs[k] - largest)
        logs[k] = total
    threshold, chosen = uniform * total, 0
    while chosen < logs.size - 1 and logs[chosen] <= threshold:
        chosen += 1
    return chosen, largest + math.log(total)


@njit(**OPTIONS)
def _averages(sums: FloatArray, counts: FloatArray, means: FloatArray) -> FloatArray:
    """mu_k + sum of deviations from mu_k / n_k."""
    averages = means.copy()
    for k in range(counts.size):
        if counts[k] > 0.0:
            averages[k] += sums[k] / counts[k]
    return averages


@njit(**OPTIONS)
def _diagonal_pass(
    x: FloatArray, uniforms: FloatArray, constants: FloatArray, means: FloatArray, roots: FloatArray, beta: float
) -> tuple[float, IntArray, FloatArray, FloatArray, FloatArray]:
    n_samples, n_features = x.shape
    n_components = constants.size
    allocations = np.empty(n_samples, dtype=np.int64)
    counts, sums, scatter = np.zeros(n_components), np.zeros(means.shape), np.zeros(means.shape)
    logs = np.empty(n_components)
    log_density = 0.0
    for n in range(n_samples):
        for k in range(n_components):
            distance = 0.0
            for d in range(n_features):
                standardised = (x[n, d] - means[k, d]) * roots[k, d]
                distance += standardised * standardised
            logs[k] = beta * (constants[k] - 0.5 * distance)
        z, log_total = _choose(logs, uniforms[n])
        log_density += log_total
        allocations[n] = z
        counts[z] += 1.0
        for d in range(n_features):
            sums[z, d] += x[n, d] - means[z, d]
    averages = _averages(sums, counts, means)
    for n in range(n_samples):
        z = allocations[n]
        for d in range(n_features):
            deviation = x[n, d] - averages[z, d]
            scatter[z, d] += deviation * deviation
    return log_density, allocations, counts, averages, scatter


@njit(**OPTIONS)
def _dense_pass(
    x: FloatArray, uniforms: FloatArray, constants: FloatArray, means: FloatArray, factors: FloatArray, beta: float
) -> tuple[float, IntArray, FloatArray, FloatArray, FloatArray]:
    n_samples, n_features = x.shape
    n_components = constants.size
    allocations = np.empty(n_samples, dtype=np.int64)
    counts, sums, scatter = np.zeros(n_components), np.zeros(means.shape), np.zeros(factors.shape)
    logs, deviation = np.empty(n_components), np.empty(n_features)
    log_density = 0.0
    for n in range(n_samples):
        for k in range(n_components):
            distance = 0.0
            for d in range(n_features):
                deviation[d] = x[n, d] - means[k, d]
                standardised = 0.0
                for e in range(d + 1):
                    standardised += factors[k, d, e] * deviation[e]
                distance += standardised * standardised
            logs[k] = beta * (constants[k] - 0.5 * distance)
        z, log_total = _choose(logs, uniforms[n])
        log_density += log_total
        allocations[n] = z
        counts[z] += 1.0
        for d in range(n_features):
            sums[z, d] += x[n, d] - means[z, d]
    averages = _averages(sums, counts, means)
    for n in range(n_samples):
        z = allocations[n]
        for d in range(n_features):
            deviation[d] = x[n, d] - averages[z, d]
            for e in range(d + 1):
                scatter[z, d, e] += deviation[d] * deviation[e]
    for k in range(n_components):
        for d in range(n_features):
            for e in range(d):
                scatter[k, e, d] = scatter[k, d, e]
    return log_density, allocations, counts, averages, scatter
