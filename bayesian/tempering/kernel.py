"""Hamiltonian moves of many particles at one temperature, compiled around the address of a density.

    log p_beta(y) = log p(y) + beta log L(y)
    u <- u + e/2 R^T grad log p_beta(y);   y <- y + e R u;   u <- u + e/2 R^T grad log p_beta(y)       L times

with R R^T the covariance of the particles, u ~ N(0, I), accepted with probability min(1, exp(H_old - H_new)).
Source: Neal 2011, Handbook of MCMC, chapter 5, section 4.1 for R.
"""

import numpy as np

from bayesian.ops import flat_function
from bayesian.ops.compiled_op import compiled, source_digest
from bayesian.ops.flat_function import call_flat
from mixture.arrays import FloatArray, IntArray

DIGEST = source_digest(__file__, salt=flat_function.DIGEST)

HOPELESS = 1000.0
"""A trajectory that has lost so many nats is given up."""


@compiled(DIGEST)
def pull(root: FloatArray, found: FloatArray, beta: float, slope: FloatArray) -> None:
    """slope = R^T (grad log p + beta grad log L), from a row of values; R is lower triangular."""
    n = slope.size
    for j in range(n):
        slope[j] = 0.0
    for i in range(n):
        gradient = found[2 + i] + beta * found[2 + n + i]
        for j in range(i + 1):
            slope[j] += root[i, j] * gradient


@compiled(DIGEST)
def trajectories(
    address: int,
    words: int,
    points: FloatArray,
    values: FloatArray,
    beta: float,
    root: FloatArray,
    steps: FloatArray,
    lengths: IntArray,
    momenta: FloatArray,
    uniforms: FloatArray,
    first: int,
    last: int,
) -> float:
    """One trajectory of each particle first <= t < last, in place; the sum of their probabilities of acceptance.

    points (T, n), values (T, 2 + 2 n) as `CompiledDensity.table` gives them, root R (n, n), steps e and lengths
    L (T,), momenta (T, n) standard normal, uniforms (T,).
    """
    n = points.shape[1]
    y, u, slope = np.empty(n), np.empty(n), np.empty(n)
    found = np.empty(2 + 2 * n)
    accepted = 0.0
    for t in range(first, last):
        kinetic = 0.0
        for i in range(n):
            y[i], u[i] = points[t, i], momenta[t, i]
            kinetic += 0.5 * u[i] * u[i]
        pull(root, values[t], beta, slope)
        start = values[t, 0] + beta * values[t, 1] - kinetic
        end = -np.inf
        for _ in range(lengths[t]):
            for i in range(n):
                u[i] += 0.5 * steps[t] * slope[i]
                for j in range(i + 1):
                    y[i] += steps[t] * root[i, j] * u[j]
            status = call_flat((address, n, found.size, y.ctypes.data, found.ctypes.data, words))
            level = found[0] + beta * found[1]
            if status != 0 or not level > start - HOPELESS:
                end = -np.inf
                break
            kinetic = 0.0
            pull(root, found, beta, slope)
            for i in range(n):
                u[i] += 0.5 * steps[t] * slope[i]
                kinetic += 0.5 * u[i] * u[i]
            end = level - kinetic
        gain = end - start
        if not np.isfinite(gain):
            continue
        probability = np.exp(min(0.0, gain))
        accepted += probability
        if uniforms[t] < probability:
            for i in range(n):
                points[t, i] = y[i]
            for i in range(found.size):
                values[t, i] = found[i]
    return accepted


@compiled(DIGEST)
def jumps(
    address: int,
    words: int,
    points: FloatArray,
    values: FloatArray,
    beta: float,
    blocks: IntArray,
    components: IntArray,
    deltas: FloatArray,
    uniforms: FloatArray,
    first: int,
    last: int,
) -> float:
    """One Metropolis jump of one component of each particle first <= t < last, in place; how many were accepted.

    blocks (K, m): the coordinates of each component; y[blocks[components[t]]] += deltas[t], whose density is symmetric.
    """
    n = points.shape[1]
    y, found = np.empty(n), np.empty(2 + 2 * n)
    accepted = 0.0
    for t in range(first, last):
        for i in range(n):
            y[i] = points[t, i]
        for i in range(blocks.shape[1]):
            y[blocks[components[t], i]] += deltas[t, i]
        status = call_flat((address, n, found.size, y.ctypes.data, found.ctypes.data, words))
        gain = found[0] + beta * found[1] - values[t, 0] - beta * values[t, 1]
        if status == 0 and np.isfinite(gain) and uniforms[t] < np.exp(min(0.0, gain)):
            accepted += 1.0
            for i in range(n):
                points[t, i] = y[i]
            for i in range(found.size):
                values[t, i] = found[i]
    return accepted
