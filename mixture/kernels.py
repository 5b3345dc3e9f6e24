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
Features go in pairs; an odd number is filled up with one that is always zero. Nothing of size N x K exists. The sums of
a block go to the totals by compensated summation: rounding errors do not grow with N. The arguments are not checked.
"""

import hashlib
from pathlib import Path

import numpy as np
from numba import njit

from mixture.arrays import FloatArray

SOURCE_DIGEST: str = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()  # for caches that cannot see this source

BLOCK, WIDE_BLOCK, WIDE = 256, 128, 13  # points in a block; fewer from WIDE features on, to stay in the first cache
LANES = 16  # a block is filled up to a multiple of this with copies of its last point, of weight zero
LOWEST: float = -np.finfo(np.float64).max
EXP_LOWEST, LOG2_E = -708.0, 1.4426950408889634  # below the first, exp is taken as exactly 0
LN2_HIGH, LN2_LOW = 0.6931471803691238, 1.9082149292705877e-10  # 32 bits, whose product with an exponent is exact
ROUNDING = 1.5 * 2.0**52  # adding it rounds to an integer, which the low bits then hold
MANTISSA_BITS, HALF_ROOT_BITS, TWO_52_BITS = (
    0x000FFFFFFFFFFFFF,
    0x3FE6A09E667F3BCD,
    0x4330000000000000,
)  # sqrt(1/2), 2^52

# Sums may be reordered, rounding tricks may not; no flag assumes that infinities are absent.
SUMS, EXACT = {"contract", "reassoc", "nsz"}, {"contract"}


@njit(nogil=True, cache=True, error_model="numpy", fastmath=EXACT)
def exponential(x: float) -> float:
    """exp(x) for x <= 709 within 1.1 ulp, exactly 0 for x < -708; free of branches, so that loops over it vectorise.

    x = n ln 2 + r with |r| <= ln(2)/2. A polynomial of degree 11 gives exp(r); n is added to its exponent bits.
    """
    bounded = x if x > EXP_LOWEST else EXP_LOWEST
    shifted = bounded * LOG2_E + ROUNDING
    n = shifted - ROUNDING
    r = (bounded - n * LN2_HIGH) - n * LN2_LOW
    q = ((2.510038549551032e-08 * r + 2.7620088445409746e-07) * r + 2.7557268459997064e-06) * r
    q = ((q + 2.4801521295954376e-05) * r + 1.9841269863053618e-04) * r + 1.3888888917213717e-03
    q = ((q * r + 8.333333333330062e-03) * r + 4.166666666662413e-02) * r + 0.16666666666666669
    p = 1.0 + (r + r * r * (q * r + 0.5000000000000001))
    bits = np.float64(p).view(np.int64) + (np.float64(shifted).view(np.int64) << 52)
    return np.int64(bits).view(np.float64) if x >= EXP_LOWEST else 0.0


@njit(nogil=True, cache=True, error_model="numpy", fastmath=EXACT)
def logarithm(x: float) -> float:
    """log(x) for finite normal x > 0 within 1 ulp, -inf for 0; free of branches.

    x = 2^n m with sqrt(1/2) <= m < sqrt(2), and log m = 2 artanh(s) with s = (m - 1) / (m + 1).
    """
    above = np.float64(x).view(np.int64) - HALF_ROOT_BITS  # the exponent, counted from sqrt(1/2), and the mantissa
    n = np.int64(((above + (1024 << 52)) >> 52) | TWO_52_BITS).view(np.float64) - (2.0**52 + 1024.0)
    f = np.int64((above & MANTISSA_BITS) + HALF_ROOT_BITS).view(np.float64) - 1.0
    s = f / (2.0 + f)
    z = s * s
    q = ((0.14616585424888623 * z + 0.15331710618210773) * z + 0.18182889455674947) * z + 0.22222211130259878
    q = ((q * z + 0.2857142862600327) * z + 0.39999999999899444) * z + 0.666666666666667
    half = 0.5 * f * f
    value = n * LN2_HIGH + (f - (half - (s * (half + z * q) + n * LN2_LOW)))
    return value if x > 0.0 else -np.inf


@njit(nogil=True, cache=True, error_model="numpy", fastmath=EXACT)
def add(total: FloatArray, lost: FloatArray, part: FloatArray) -> None:
    """total += part, elementwise, and `lost` collects what rounding drops (the two-sum of Knuth, free of branches)."""
    for i in range(total.size):
        old = total[i]
        new = old + part[i]
        seen = new - old
        lost[i] += (old - (new - seen)) + (part[i] - seen)
        total[i] = new


@njit(nogil=True, cache=True, error_model="numpy", fastmath=SUMS)
def dense_component(
    points: FloatArray, constant: float, mean: FloatArray, factor: FloatArray, work: FloatArray, out: FloatArray, n: int
) -> None:
    """out = constant - |U (x - mu)|^2 / 2 for the first n points, two rows of U by four columns at a time.

    `work` is scratch, two rows more than `points` and finite at first: deviations x - mu, then two rows of U (x - mu).
    """
    y0, y1 = work[mean.size], work[mean.size + 1]
    out[:n] = constant
    for d in range(0, mean.size, 2):
        y0[:n], y1[:n] = 0.0, 0.0
        f, g = factor[d], factor[d + 1]
        for e in range(0, d, 4):  # the last tile may reach two columns too far: there it holds zeros
            inside = 1.0 if e + 2 < d else 0.0
            x0, x1, x2, x3 = work[e], work[e + 1], work[e + 2], work[e + 3]
            a0, a1, a2, a3 = f[e], f[e + 1], inside * f[e + 2], inside * f[e + 3]
            b0, b1, b2, b3 = g[e], g[e + 1], inside * g[e + 2], inside * g[e + 3]
            for i in range(n):
                e0, e1, e2, e3, z0, z1 = x0[i], x1[i], x2[i], x3[i], y0[i], y1[i]
                y0[i] = z0 + a0 * e0 + a1 * e1 + a2 * e2 + a3 * e3
                y1[i] = z1 + b0 * e0 + b1 * e1 + b2 * e2 + b3 * e3
        p0, p1, x0, x1, m0, m1 = points[d], points[d + 1], work[d], work[d + 1], mean[d], mean[d + 1]
        a0, b0, b1 = f[d], g[d], g[d + 1]
        for i in range(n):
            e0, e1 = p0[i] - m0, p1[i] - m1
            z0, z1 = y0[i] + a0 * e0, y1[i] + b0 * e0 + b1 * e1
            x0[i], x1[i] = e0, e1
            out[i] -= 0.5 * (z0 * z0 + z1 * z1)


@njit(nogil=True, cache=True, error_model="numpy", fastmath=SUMS)
def diagonal_component(
    points: FloatArray, constant: float, mean: FloatArray, factor: FloatArray, out: FloatArray, n: int
) -> None:
    """out = constant - sum_d ((x_d - mu_d) / sd_d)^2 / 2 for the first n points."""
    out[:n] = constant
    for d in range(0, mean.size, 2):
        p0, p1, m0, m1, f0, f1 = points[d], points[d + 1], mean[d], mean[d + 1], factor[d], factor[d + 1]
        for i in range(n):
            z0, z1 = f0 * (p0[i] - m0), f1 * (p1[i] - m1)
            out[i] -= 0.5 * (z0 * z0 + z1 * z1)


@njit(nogil=True, cache=True, error_model="numpy", fastmath=SUMS)
def dense_sums(
    points: FloatArray, mean: FloatArray, r: FloatArray, work: FloatArray, first: FloatArray, second: FloatArray, n: int
) -> None:
    """first = sum r (x - mu), second = lower triangle of sum r (x - mu)(x - mu)^T; work as above."""
    w0, w1 = work[mean.size], work[mean.size + 1]
    for d in range(0, mean.size, 2):
        p0, p1, x0, x1, m0, m1 = points[d], points[d + 1], work[d], work[d + 1], mean[d], mean[d + 1]
        a0 = a1 = b0 = b1 = c1 = 0.0
        for i in range(n):
            e0, e1 = p0[i] - m0, p1[i] - m1
            v0, v1 = r[i] * e0, r[i] * e1
            x0[i], x1[i], w0[i], w1[i] = e0, e1, v0, v1
            a0 += v0
            a1 += v1
            b0 += v0 * e0
            b1 += v1 * e0
            c1 += v1 * e1
        first[d], first[d + 1], second[d, d], second[d + 1, d], second[d + 1, d + 1] = a0, a1, b0, b1, c1
        for e in range(0, d, 4):
            x0, x1, x2, x3 = work[e], work[e + 1], work[e + 2], work[e + 3]
            a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = 0.0
            for i in range(n):
                a0 += w0[i] * x0[i]
                a1 += w0[i] * x1[i]
                a2 += w0[i] * x2[i]
                a3 += w0[i] * x3[i]
                b0 += w1[i] * x0[i]
                b1 += w1[i] * x1[i]
                b2 += w1[i] * x2[i]
                b3 += w1[i] * x3[i]
            s0, s1 = second[d], second[d + 1]
            s0[e], s0[e + 1], s0[e + 2], s0[e + 3] = a0, a1, a2, a3
            s1[e], s1[e + 1], s1[e + 2], s1[e + 3] = b0, b1, b2, b3


@njit(nogil=True, cache=True, error_model="numpy", fastmath=SUMS)
def diagonal_sums(
    points: FloatArray, mean: FloatArray, r: FloatArray, first: FloatArray, second: FloatArray, n: int
) -> None:
    """first = sum r (x - mu), second = sum r (x - mu)^2, feature by feature."""
    for d in range(0, mean.size, 2):
        p0, p1, m0, m1 = points[d], points[d + 1], mean[d], mean[d + 1]
        a0 = a1 = b0 = b1 = 0.0
        for i in range(n):
            e0, e1 = p0[i] - m0, p1[i] - m1
            v0, v1 = r[i] * e0, r[i] * e1
            a0 += v0
            a1 += v1
            b0 += v0 * e0
            b1 += v1 * e1
        first[d], first[d + 1], second[d], second[d + 1] = a0, a1, b0, b1


@njit(nogil=True, cache=True, error_model="numpy", fastmath=SUMS)
def normalise(log_joint: FloatArray, scale: FloatArray, log_density: FloatArray, n: int) -> None:
    """log_density = log sum_k exp(log_joint); scale * log_joint is then r. Where all is empty: density -inf, r = 0."""
    scale[:n] = LOWEST
    log_density[:n] = 0.0
    for k in range(log_joint.shape[0]):
        for i in range(n):
            scale[i] = log_joint[k, i] if log_joint[k, i] > scale[i] else scale[i]
    for k in range(log_joint.shape[0]):
        for i in range(n):
            log_joint[k, i] = exponential(log_joint[k, i] - scale[i])
            log_density[i] += log_joint[k, i]
    for i in range(n):
        total, largest = log_density[i], scale[i]
        log_density[i], scale[i] = largest + logarithm(total), 1.0 / total if total > 0.0 else 0.0


@njit(nogil=True, cache=True, error_model="numpy", fastmath=SUMS)
def walk(
    x: FloatArray,
    weights: FloatArray | None,
    constants: FloatArray,
    means: FloatArray,
    factors: FloatArray,
    log_density: FloatArray,
) -> tuple[float, FloatArray, FloatArray, FloatArray]:
    """(value, N_k, S1, S2) in one pass. Without weights only log_density is filled, and the sums stay zero."""
    n_samples, n_features, n_components = x.shape[0], x.shape[1], constants.size
    width = (n_features + 1) // 2 * 2
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
    points, work, joint = np.zeros((width, block)), np.zeros((width + 2, block)), np.empty((n_components, block))
    scale, density = np.empty(block), np.empty(block)
    # What one component gains from one block: N_k, S1, S2 in a row. The last row of the totals holds the value.
    part = np.zeros(1 + width + factor[:1].size)
    first, second = part[1 : 1 + width], part[1 + width :].reshape(factor.shape[1:])
    totals, lost = np.zeros((n_components + 1, part.size)), np.zeros((n_components + 1, part.size))

    for start in range(0, n_samples, block):
        size = min(block, n_samples - start)
        n = (size + LANES - 1) // LANES * LANES
        for i in range(n):
            row = start + (i if i < size else size - 1)
            for d in range(n_features):
                points[d, i] = x[row, d]
        for k in range(n_components):
            if factors.ndim == 3:
                dense_component(points, constants[k], mean[k], factor[k], work, joint[k], n)
            else:
                diagonal_component(points, constants[k], mean[k], factor[k], joint[k], n)
        normalise(joint, scale, density, n)
        for i in range(min(size, log_density.size)):
            log_density[start + i] = density[i]
        if weights is not None:
            value = 0.0
            for i in range(size):
                weight = weights[start + i] if weights.size > 0 else 1.0
                scale[i] *= weight
                value += weight * density[i] if weight != 0.0 else 0.0  # zero times -inf is zero here
            part[0], scale[size:n] = value, 0.0
            add(totals[n_components, :1], lost[n_components, :1], part)
            for k in range(n_components):
                r, count = joint[k], 0.0
                for i in range(n):
                    r[i] *= scale[i]
                    count += r[i]
                part[0] = count
                if factors.ndim == 3:
                    dense_sums(points, mean[k], r, work, first, second, n)
                else:
                    diagonal_sums(points, mean[k], r, first, second, n)
                add(totals[k], lost[k], part)

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


@njit(nogil=True, cache=True, error_model="numpy")
def log_density_walk(
    x: FloatArray, constants: FloatArray, means: FloatArray, factors: FloatArray, log_density: FloatArray
) -> None:
    """The same pass with the density alone."""
    walk(x, None, constants, means, factors, log_density)


# One routine serves both structures; the two names say at the call which factors are handed in.
dense_statistics = diagonal_statistics = walk
dense_log_density = diagonal_log_density = log_density_walk
