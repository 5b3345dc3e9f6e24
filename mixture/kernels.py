"""The compiled pass over the data that everything rests on: log-likelihood and expected statistics.

    log p(x_n) = log sum_k pi_k N(x_n | mu_k, Sigma_k)          r_nk = P(z_n = k | x_n)
    value      = sum_n w_n log p(x_n)                           N_k  = sum_n w_n r_nk
    S1_k       = sum_n w_n r_nk (x_n - mu_k)                    S2_k = sum_n w_n r_nk (x_n - mu_k)(x_n - mu_k)^T

`dense_statistics` and `diagonal_statistics` return (value, N_k, S1, S2); `*_log_density` only fill log_density.

    x            (N, D), finite; like all arrays here float64 and C-contiguous (another layout compiles everything anew)
    weights      (N,) point weights w_n of any sign, or shape (0,): all ones
    constants    (K,) log pi_k - D/2 log 2 pi + sum_d log U_k[d, d]; -inf for an empty component: its r_nk is exactly 0
    means        (K, D) mu_k
    factors      dense: (K, D, D) lower triangular U_k with Sigma_k^-1 = U_k^T U_k; diagonal: (K, D), 1 / sd
    log_density  (N,), filled with log p(x_n); for the statistics shape (0,) says that it is not wanted

A block of points is taken at a time and stored feature by feature: every inner loop runs over points and is vectorised.
Features go in pairs; an odd number above one is filled up with one that is always zero. Nothing of size N x K exists.
The sums of a block go to the totals by compensated summation: rounding errors do not grow with N. The arguments are not
checked.
"""

import hashlib
from pathlib import Path

import numpy as np
from numba import njit

from mixture.arrays import FloatArray
from mixture.elementary import (
    BARE,
    BLOCK,
    LOWEST,
    OPTIONS,
    STRIDE,
    SUMS,
    add,
    exponential,
    logarithm,
    reciprocal,
    scratch_rows,
    use_wide_vectors,
)
from mixture.tiles import dense_component, dense_sums, diagonal_component, diagonal_sums

MADE_OF: dict[str, str] = {
    "elementary.py": "6c626bbe1c9eba64f17215d35bf7eca97761524c1ab2a909a2b86077f3bf93e1",
    "tiles.py": "9b8d074aaea0c7e7a12f32c0aa72dbefbfaab297012b2b5cdecfdb5684f58da3",
}
"""The sha256 of the sources compiled into the kernels. Caches know this file alone: if they change, it must change."""
SOURCE_DIGEST: str = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
"""For caches that cannot see this source."""

WIDE_BLOCK, WIDE = 128, 13  # points in a block from WIDE features on, to stay in the first cache
LANES = 16  # a block is filled up to a multiple of this with copies of its last point, of weight zero


@njit(**BARE)
def transpose(x: FloatArray, points: FloatArray, size: int, n: int) -> None:
    """The first `size` rows of x (size, D) feature by feature, filled up to n with copies of the last one."""
    use_wide_vectors()
    n_features = x.shape[1]
    if n_features == 1:
        for i in range(size):
            points[i] = x[i, 0]
    elif n_features == 2:
        flat = x.reshape(2 * size)
        for i in range(size):
            points[i], points[STRIDE + i] = flat[2 * i], flat[2 * i + 1]
    else:  # eight rows at a time are read as they lie in memory, and written as one vector
        whole = size // 8 * 8
        for start in range(0, whole, 8):
            for d in range(n_features):
                row = points[d * STRIDE + start :]
                for i in range(8):
                    row[i] = x[start + i, d]
        for i in range(whole, size):
            for d in range(n_features):
                points[d * STRIDE + i] = x[i, d]
    if size < n:
        for d in range(n_features):
            points[d * STRIDE + size : d * STRIDE + n] = x[size - 1, d]


@njit(**BARE, fastmath=SUMS)
def log_joint(
    points: FloatArray,
    constants: FloatArray,
    means: FloatArray,
    factors: FloatArray,
    work: FloatArray,
    joint: FloatArray,
    n: int,
) -> None:
    """joint = log pi_k + log N(x | mu_k, Sigma_k), a row for each component."""
    for k in range(constants.size):
        if factors.ndim == 3:
            dense_component(points, constants[k], means[k], factors[k], work, joint[k * STRIDE :], n)
        else:
            diagonal_component(points, constants[k], means[k], factors[k], joint[k * STRIDE :], n)


@njit(**BARE, fastmath=SUMS)
def normalise(joint: FloatArray, n_components: int, largest: FloatArray, total: FloatArray, n: int) -> None:
    """largest = max_k joint, joint = exp(joint - largest), total = sum_k joint; all zero where all is empty."""
    use_wide_vectors()
    if n_components == 2:
        for i in range(n):  # the larger of two has exp(0)
            a, b = joint[i], joint[STRIDE + i]
            high, low = (a, b) if a > b else (b, a)
            bound = high if high > LOWEST else LOWEST
            one, other = 1.0 if high > LOWEST else 0.0, exponential(low - bound)
            joint[i], joint[STRIDE + i] = one if a > b else other, other if a > b else one
            largest[i], total[i] = bound, one + other
        return
    largest[:n] = LOWEST
    total[:n] = 0.0
    for k in range(0, n_components - 1, 2):
        row = joint[k * STRIDE :]
        for i in range(n):
            high = row[i] if row[i] > row[STRIDE + i] else row[STRIDE + i]
            largest[i] = high if high > largest[i] else largest[i]
    if n_components % 2:
        row = joint[(n_components - 1) * STRIDE :]
        for i in range(n):
            largest[i] = row[i] if row[i] > largest[i] else largest[i]
            row[i] = exponential(row[i] - largest[i])
            total[i] = row[i]
    for k in range(0, n_components - 1, 2):
        row = joint[k * STRIDE :]
        for i in range(n):
            one, other = exponential(row[i] - largest[i]), exponential(row[STRIDE + i] - largest[i])
            row[i], row[STRIDE + i] = one, other
            total[i] += one + other


@njit(**BARE, fastmath=SUMS)
def log_density_of(largest: FloatArray, total: FloatArray, density: FloatArray, n: int) -> None:
    """density = largest + log total."""
    use_wide_vectors()
    for i in range(n):
        density[i] = largest[i] + logarithm(total[i])


@njit(**BARE, fastmath=SUMS)
def value_of(largest: FloatArray, total: FloatArray, size: int, n: int) -> float:
    """sum (largest + log total) over the first `size` of n points: one logarithm for the product of four totals."""
    use_wide_vectors()
    for i in range(size, n):
        largest[i], total[i] = 0.0, 1.0
    value, quarter = 0.0, n // 4
    for i in range(quarter):
        value += (largest[i] + largest[quarter + i]) + (largest[2 * quarter + i] + largest[3 * quarter + i])
        value += logarithm((total[i] * total[quarter + i]) * (total[2 * quarter + i] * total[3 * quarter + i]))
    return value


@njit(**BARE, fastmath=SUMS)
def add_block(
    points: FloatArray,
    means: FloatArray,
    factors: FloatArray,
    joint: FloatArray,
    scale: FloatArray,
    work: FloatArray,
    part: FloatArray,
    totals: FloatArray,
    lost: FloatArray,
    n: int,
) -> None:
    """Add N_k, S1_k, S2_k of a block with responsibilities scale * joint to row k of the totals."""
    use_wide_vectors()
    width = means.shape[1]
    first, second = part[1 : 1 + width], part[1 + width :].reshape(factors.shape[1:])
    for k in range(means.shape[0]):
        r, count = joint[k * STRIDE :], 0.0
        for i in range(n):
            r[i] *= scale[i]
            count += r[i]
        part[0] = count
        if factors.ndim == 3:
            dense_sums(points, means[k], r, work, first, second, n)
        else:
            diagonal_sums(points, means[k], r, first, second, n)
        add(totals[k], lost[k], part)


@njit(**OPTIONS, fastmath=SUMS)
def walk(
    x: FloatArray,
    weights: FloatArray | None,
    constants: FloatArray,
    means: FloatArray,
    factors: FloatArray,
    log_density: FloatArray,
) -> tuple[float, FloatArray, FloatArray, FloatArray]:
    """(value, N_k, S1, S2) in one pass. Without weights only log_density is filled, and the sums stay zero."""
    use_wide_vectors()
    n_samples, n_features, n_components = x.shape[0], x.shape[1], constants.size
    width = (n_features + 1) // 2 * 2 if n_features > 1 else 1
    mean = np.zeros((n_components, width))
    factor = np.zeros((n_components, width, width)) if factors.ndim == 3 else np.zeros((n_components, width))
    for k in range(n_components):
        for d in range(n_features):
            mean[k, d] = means[k, d]
            if factors.ndim == 3:
                for e in range(d + 1):
                    factor[k, d, e] = factors[k, d, e]
            else:
                factor[k, d] = factors[k, d]
    block = BLOCK if width < WIDE else WIDE_BLOCK
    points, work, joint, largest, total, scale = (
        scratch_rows(width),
        scratch_rows(width + 4),
        scratch_rows(n_components),
        scratch_rows(1),
        scratch_rows(1),
        scratch_rows(1),
    )
    # What one component gains from one block: N_k, S1, S2 in a row. The last row of the totals holds the value.
    part = np.zeros(1 + width + factor[:1].size)
    totals, lost = np.zeros((n_components + 1, part.size)), np.zeros((n_components + 1, part.size))

    for start in range(0, n_samples, block):
        size = min(block, n_samples - start)
        n = (size + LANES - 1) // LANES * LANES
        transpose(x[start : start + size], points, size, n)
        log_joint(points, constants, mean, factor, work, joint, n)
        normalise(joint, n_components, largest, total, n)
        if weights is not None:
            for i in range(n):
                scale[i] = reciprocal(total[i]) if total[i] > 0.0 else 0.0
        if log_density.size > 0 or (weights is not None and weights.size > 0):
            log_density_of(largest, total, largest, n)
            for i in range(min(size, log_density.size)):
                log_density[start + i] = largest[i]
            total[:n] = 1.0
        if weights is not None:
            if weights.size > 0:
                for i in range(size):
                    weight = weights[start + i]
                    scale[i] *= weight
                    largest[i] = weight * largest[i] if weight != 0.0 else 0.0  # zero times -inf is zero here
            scale[size:n] = 0.0
            part[0] = value_of(largest, total, size, n)
            add(totals[n_components, :1], lost[n_components, :1], part)
            add_block(points, mean, factor, joint, scale, work, part, totals, lost, n)

    if not np.isfinite(totals[n_components, 0]):
        lost[n_components, 0] = 0.0
    totals += lost
    s2 = np.empty(factors.shape)
    for k in range(n_components):
        for d in range(n_features):
            if factors.ndim == 3:
                for e in range(d + 1):
                    s2[k, d, e] = s2[k, e, d] = totals[k, 1 + width + d * width + e]
            else:
                s2[k, d] = totals[k, 1 + width + d]
    n_k, s1 = totals[:n_components, 0].copy(), totals[:n_components, 1 : 1 + n_features].copy()
    return totals[n_components, 0], n_k, s1, s2


@njit(**OPTIONS)
def log_density_walk(
    x: FloatArray, constants: FloatArray, means: FloatArray, factors: FloatArray, log_density: FloatArray
) -> None:
    """The same pass with the density alone."""
    walk(x, None, constants, means, factors, log_density)


# One routine serves both structures; the two names say at the call which factors are handed in.
dense_statistics = diagonal_statistics = walk
dense_log_density = diagonal_log_density = log_density_walk
