"""The compiled pass over the data that everything rests on: log-likelihood and expected statistics.

    log p(x_n) = log sum_k pi_k N(x_n | mu_k, Sigma_k)          r_nk = P(z_n = k | x_n)
    value      = sum_n w_n log p(x_n)                           N_k  = sum_n w_n r_nk
    S1_k       = sum_n w_n r_nk (x_n - mu_k)                    S2_k = sum_n w_n r_nk (x_n - mu_k)(x_n - mu_k)^T

Arguments shared by the four public functions (all float64):

    x            (N, D), C-contiguous, finite
    weights      (N,) point weights w_n of any sign, or shape (0,): all ones
    constants    (K,) log pi_k - D/2 log 2 pi + sum_d log U_k[d, d]; -inf for an empty component, whose r_nk is exactly 0
    means        (K, D) mu_k
    factors      dense: (K, D, D) lower triangular U_k with Sigma_k^-1 = U_k^T U_k; diagonal: (K, D), 1 / sd
    log_density  (N,), filled with log p(x_n); in the statistics shape (0,) says it is not wanted

Points are taken a block at a time and stored feature by feature, so that every inner loop runs over points and is
vectorised. Nothing of size N x K exists. The sums over one block are added to the totals with a running compensation
(Neumaier 1974), so rounding does not grow with N. Arguments are not checked here: `GaussianMixture` does that.
"""

import hashlib
from pathlib import Path

import numpy as np
from numba import njit

SOURCE_DIGEST: str = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()

WIDE = 12  # up to this many features 256 points are worked on together, beyond 128: they stay in the first-level cache
LANES = 16  # a block is filled up to a multiple of this with copies of its last point, of weight zero

LOWEST = -np.finfo(np.float64).max
EXP_LOWEST = -708.0  # below, exp is taken as exactly 0
LOG2_E = 1.4426950408889634
LN2_HIGH = 0.6931471803691238  # the leading 32 bits of ln 2: its product with an exponent is exact
LN2_LOW = 1.9082149292705877e-10
ROUNDING = 6755399441055744.0  # 1.5 * 2^52: adding it rounds to an integer, which the low bits then hold
ONE_BITS = 0x3FF0000000000000
MANTISSA_BITS = 0x000FFFFFFFFFFFFF
HALF_ROOT_BITS = 0x3FE6A09E667F3BCD  # sqrt(1/2)
EXPONENT_BITS = 0x4330000000000000  # 2^52

# Sums may be reordered; nothing may assume away infinities or NaN. `EXACT` keeps the order the rounding tricks rely on.
SUMS = {"contract", "reassoc", "nsz"}
EXACT = {"contract"}


@njit(nogil=True, cache=True, error_model="numpy", fastmath=EXACT)
def exponential(x):
    """exp(x) for x <= 709, within 1 ulp; exactly 0 for x < -708. Branch-free, so a loop over it is vectorised.

    x = n ln 2 + r with |r| <= ln(2)/2; exp(r) is a polynomial of degree 11, 2^n is added to its exponent bits.
    """
    bounded = x if x > EXP_LOWEST else EXP_LOWEST
    shifted = bounded * LOG2_E + ROUNDING
    n = shifted - ROUNDING
    r = (bounded - n * LN2_HIGH) - n * LN2_LOW
    q = 2.510038549551032e-08
    q = q * r + 2.7620088445409746e-07
    q = q * r + 2.7557268459997064e-06
    q = q * r + 2.4801521295954376e-05
    q = q * r + 1.9841269863053618e-04
    q = q * r + 1.3888888917213717e-03
    q = q * r + 8.333333333330062e-03
    q = q * r + 4.166666666662413e-02
    q = q * r + 0.16666666666666669
    q = q * r + 0.5000000000000001
    p = 1.0 + (r + r * r * q)
    bits = np.float64(p).view(np.int64) + (np.float64(shifted).view(np.int64) << 52)
    return np.int64(bits).view(np.float64) if x >= EXP_LOWEST else 0.0


@njit(nogil=True, cache=True, error_model="numpy", fastmath=EXACT)
def logarithm(x):
    """log(x) for finite normal x > 0, within 1 ulp; -inf at 0. Branch-free.

    x = 2^n m with sqrt(1/2) <= m < sqrt(2); log m = 2 artanh(s) with s = (m - 1) / (m + 1), odd in s.
    """
    above = np.float64(x).view(np.int64) - HALF_ROOT_BITS  # exponent counted from sqrt(1/2) instead of 1
    mantissa = (above & MANTISSA_BITS) + HALF_ROOT_BITS
    shifted = ((above + (1024 << 52)) >> 52) | EXPONENT_BITS
    n = np.int64(shifted).view(np.float64) - (4503599627370496.0 + 1024.0)
    f = np.int64(mantissa).view(np.float64) - 1.0
    s = f / (2.0 + f)
    z = s * s
    q = 0.14616585424888623
    q = q * z + 0.15331710618210773
    q = q * z + 0.18182889455674947
    q = q * z + 0.22222211130259878
    q = q * z + 0.2857142862600327
    q = q * z + 0.39999999999899444
    q = q * z + 0.666666666666667
    half = 0.5 * f * f
    value = n * LN2_HIGH + (f - (half - (s * (half + z * q) + n * LN2_LOW)))
    return value if x > 0.0 else -np.inf


@njit(nogil=True, cache=True, error_model="numpy", fastmath=EXACT)
def add(total, lost, part):
    """total += part elementwise, keeping in `lost` what rounding drops (Knuth's branch-free two-sum)."""
    for i in range(total.size):
        old = total[i]
        new = old + part[i]
        seen = new - old
        lost[i] += (old - (new - seen)) + (part[i] - seen)
        total[i] = new


@njit(nogil=True, cache=True, error_model="numpy", fastmath=SUMS)
def dense_component(points, constant, mean, factor, deviations, rows, log_joint, n):
    """log_joint = constant - |U (x - mu)|^2 / 2 for n points, two rows of U at a time.

    `deviations` (as points) and `rows` (2, n) are scratch; the number of features is even.
    """
    y0, y1 = rows[0], rows[1]
    for i in range(n):
        log_joint[i] = constant
    for d in range(0, mean.size, 2):
        for i in range(n):
            y0[i] = 0.0
            y1[i] = 0.0
        for e in range(0, d - 2, 4):
            x0, x1, x2, x3 = deviations[e], deviations[e + 1], deviations[e + 2], deviations[e + 3]
            a0, a1, a2, a3 = factor[d, e], factor[d, e + 1], factor[d, e + 2], factor[d, e + 3]
            b0, b1, b2, b3 = factor[d + 1, e], factor[d + 1, e + 1], factor[d + 1, e + 2], factor[d + 1, e + 3]
            for i in range(n):
                y0[i] = y0[i] + a0 * x0[i] + a1 * x1[i] + a2 * x2[i] + a3 * x3[i]
                y1[i] = y1[i] + b0 * x0[i] + b1 * x1[i] + b2 * x2[i] + b3 * x3[i]
        if d % 4 == 2:
            x0, x1 = deviations[d - 2], deviations[d - 1]
            a0, a1, b0, b1 = factor[d, d - 2], factor[d, d - 1], factor[d + 1, d - 2], factor[d + 1, d - 1]
            for i in range(n):
                y0[i] = y0[i] + a0 * x0[i] + a1 * x1[i]
                y1[i] = y1[i] + b0 * x0[i] + b1 * x1[i]
        p0, p1, x0, x1 = points[d], points[d + 1], deviations[d], deviations[d + 1]
        m0, m1, a0, b0, b1 = mean[d], mean[d + 1], factor[d, d], factor[d + 1, d], factor[d + 1, d + 1]
        for i in range(n):
            e0 = p0[i] - m0
            e1 = p1[i] - m1
            x0[i] = e0
            x1[i] = e1
            z0 = y0[i] + a0 * e0
            z1 = y1[i] + b0 * e0 + b1 * e1
            log_joint[i] -= 0.5 * (z0 * z0 + z1 * z1)


@njit(nogil=True, cache=True, error_model="numpy", fastmath=SUMS)
def diagonal_component(points, constant, mean, factor, log_joint, n):
    """log_joint = constant - sum_d ((x_d - mu_d) / sd_d)^2 / 2 for n points; the number of features is even."""
    for i in range(n):
        log_joint[i] = constant
    for d in range(0, mean.size, 2):
        p0, p1, m0, m1, u0, u1 = points[d], points[d + 1], mean[d], mean[d + 1], factor[d], factor[d + 1]
        for i in range(n):
            z0 = u0 * (p0[i] - m0)
            z1 = u1 * (p1[i] - m1)
            log_joint[i] -= 0.5 * (z0 * z0 + z1 * z1)


@njit(nogil=True, cache=True, error_model="numpy", fastmath=SUMS)
def dense_sums(points, mean, r, deviations, rows, first, second, n):
    """first = sum_n r_n (x_n - mu), second = lower triangle of sum_n r_n (x_n - mu)(x_n - mu)^T; scratch as above."""
    w0, w1 = rows[0], rows[1]
    for d in range(0, mean.size, 2):
        p0, p1, x0, x1, m0, m1 = points[d], points[d + 1], deviations[d], deviations[d + 1], mean[d], mean[d + 1]
        s0 = s1 = t00 = t10 = t11 = 0.0
        for i in range(n):
            e0 = p0[i] - m0
            e1 = p1[i] - m1
            v0 = r[i] * e0
            v1 = r[i] * e1
            x0[i] = e0
            x1[i] = e1
            w0[i] = v0
            w1[i] = v1
            s0 += v0
            s1 += v1
            t00 += v0 * e0
            t10 += v1 * e0
            t11 += v1 * e1
        first[d], first[d + 1] = s0, s1
        second[d, d], second[d + 1, d], second[d + 1, d + 1] = t00, t10, t11
        for e in range(0, d - 2, 4):
            x0, x1, x2, x3 = deviations[e], deviations[e + 1], deviations[e + 2], deviations[e + 3]
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
            second[d, e], second[d, e + 1], second[d, e + 2], second[d, e + 3] = a0, a1, a2, a3
            second[d + 1, e], second[d + 1, e + 1], second[d + 1, e + 2], second[d + 1, e + 3] = b0, b1, b2, b3
        if d % 4 == 2:
            x0, x1 = deviations[d - 2], deviations[d - 1]
            a0 = a1 = b0 = b1 = 0.0
            for i in range(n):
                a0 += w0[i] * x0[i]
                a1 += w0[i] * x1[i]
                b0 += w1[i] * x0[i]
                b1 += w1[i] * x1[i]
            second[d, d - 2], second[d, d - 1], second[d + 1, d - 2], second[d + 1, d - 1] = a0, a1, b0, b1


@njit(nogil=True, cache=True, error_model="numpy", fastmath=SUMS)
def diagonal_sums(points, mean, r, first, second, n):
    """first = sum_n r_n (x_n - mu), second = sum_n r_n (x_n - mu)^2."""
    for d in range(0, mean.size, 2):
        p0, p1, m0, m1 = points[d], points[d + 1], mean[d], mean[d + 1]
        s0 = s1 = t0 = t1 = 0.0
        for i in range(n):
            e0 = p0[i] - m0
            e1 = p1[i] - m1
            v0 = r[i] * e0
            v1 = r[i] * e1
            s0 += v0
            s1 += v1
            t0 += v0 * e0
            t1 += v1 * e1
        first[d], first[d + 1], second[d], second[d + 1] = s0, s1, t0, t1


@njit(nogil=True, cache=True, error_model="numpy", fastmath=SUMS)
def normalise(log_joint, scale, log_density, n):
    """log_density = log sum_k exp(log_joint); log_joint becomes r / scale, so that r = scale * log_joint.

    The largest term is subtracted first. Where all components are empty the density is -inf and r = 0.
    """
    for i in range(n):
        scale[i] = LOWEST
        log_density[i] = 0.0
    for k in range(log_joint.shape[0]):
        for i in range(n):
            scale[i] = log_joint[k, i] if log_joint[k, i] > scale[i] else scale[i]
    for k in range(log_joint.shape[0]):
        for i in range(n):
            term = exponential(log_joint[k, i] - scale[i])
            log_joint[k, i] = term
            log_density[i] += term
    for i in range(n):
        total = log_density[i]
        log_density[i] = scale[i] + logarithm(total)
        scale[i] = 1.0 / total if total > 0.0 else 0.0


@njit(nogil=True, cache=True, error_model="numpy", fastmath=SUMS)
def take_weights(weights, log_density, scale, size, n):
    """sum_n w_n log p(x_n) over the first `size` of n points; scale *= w. The points that fill up get weight zero."""
    value = 0.0
    if weights.size > 0:
        for i in range(size):
            scale[i] *= weights[i]
            value += weights[i] * log_density[i] if weights[i] != 0.0 else 0.0
    else:
        for i in range(size):
            value += log_density[i]
    for i in range(size, n):
        scale[i] = 0.0
    return value


@njit(nogil=True, cache=True, error_model="numpy", fastmath=SUMS)
def take_responsibilities(joint, scale, n):
    """joint *= scale, the responsibilities; returns their sum."""
    total = 0.0
    for i in range(n):
        r = joint[i] * scale[i]
        joint[i] = r
        total += r
    return total


@njit(nogil=True, cache=True, error_model="numpy")
def take_block(x, start, size, points):
    """points[d, i] = x[start + i, d], filled up with copies of the last point; returns the number with those."""
    n = (size + LANES - 1) // LANES * LANES
    for i in range(n):
        row = start + (i if i < size else size - 1)
        for d in range(x.shape[1]):
            points[d, i] = x[row, d]
    return n


@njit(nogil=True, cache=True, error_model="numpy")
def padded(rows):
    """A copy of (K, D) with a last feature of zeros if D is odd."""
    copy = np.zeros((rows.shape[0], (rows.shape[1] + 1) // 2 * 2))
    for k in range(rows.shape[0]):
        for d in range(rows.shape[1]):
            copy[k, d] = rows[k, d]
    return copy


@njit(nogil=True, cache=True, error_model="numpy")
def padded_factors(factors):
    """A copy of (K, D, D) with a last row and column of zeros if D is odd."""
    width = (factors.shape[1] + 1) // 2 * 2
    copy = np.zeros((factors.shape[0], width, width))
    for k in range(factors.shape[0]):
        for d in range(factors.shape[1]):
            for e in range(d + 1):
                copy[k, d, e] = factors[k, d, e]
    return copy


@njit(nogil=True, cache=True, error_model="numpy", fastmath=EXACT)
def statistics(x, weights, constants, means, factors, log_density):
    """(value, N_k (K,), S1 (K, D), S2 of the shape of factors): see the head of the module."""
    n_samples, n_features = x.shape
    n_components = constants.size
    mean = padded(means)
    width = mean.shape[1]
    factor = padded_factors(factors) if factors.ndim == 3 else padded(factors)
    block = 256 if width <= WIDE else 128
    points = np.zeros((width, block))
    deviations = np.empty((width, block))
    rows = np.empty((2, block))
    joint = np.empty((n_components, block))
    scale = np.empty(block)
    density = np.empty(block)
    # for each component one row: N_k, S1, S2 flattened; a last row for the value
    n_second = factor[0].size
    part = np.zeros(1 + width + n_second)
    part_first = part[1 : 1 + width]
    part_second = part[1 + width :].reshape(factor.shape[1:])
    totals = np.zeros((n_components + 1, part.size))
    lost = np.zeros((n_components + 1, part.size))

    for start in range(0, n_samples, block):
        size = min(block, n_samples - start)
        n = take_block(x, start, size, points)
        for k in range(n_components):
            if factors.ndim == 3:
                dense_component(points, constants[k], mean[k], factor[k], deviations, rows, joint[k], n)
            else:
                diagonal_component(points, constants[k], mean[k], factor[k], joint[k], n)
        normalise(joint, scale, density, n)
        if log_density.size > 0:
            for i in range(size):
                log_density[start + i] = density[i]
        part[0] = take_weights(weights[start : start + size], density, scale, size, n)
        add(totals[n_components, :1], lost[n_components, :1], part)
        for k in range(n_components):
            part[0] = take_responsibilities(joint[k], scale, n)
            if factors.ndim == 3:
                dense_sums(points, mean[k], joint[k], deviations, rows, part_first, part_second, n)
            else:
                diagonal_sums(points, mean[k], joint[k], part_first, part_second, n)
            add(totals[k], lost[k], part)

    second = np.empty(factors.shape)
    for k in range(n_components):
        for i in range(part.size):
            totals[k, i] += lost[k, i]
        if factors.ndim == 3:
            for d in range(n_features):
                for e in range(d + 1):
                    second[k, d, e] = second[k, e, d] = totals[k, 1 + width + d * width + e]
        else:
            for d in range(n_features):
                second[k, d] = totals[k, 1 + width + d]
    value = totals[n_components, 0]
    value += lost[n_components, 0] if np.isfinite(value) else 0.0
    counts = totals[:n_components, 0].copy()
    return value, counts, totals[:n_components, 1 : 1 + n_features].copy(), second


@njit(nogil=True, cache=True, error_model="numpy", fastmath=EXACT)
def fill_log_density(x, constants, means, factors, log_density):
    """log_density[n] = log p(x_n): see the head of the module."""
    n_samples, _n_features = x.shape
    n_components = constants.size
    mean = padded(means)
    width = mean.shape[1]
    factor = padded_factors(factors) if factors.ndim == 3 else padded(factors)
    block = 256 if width <= WIDE else 128
    points = np.zeros((width, block))
    deviations = np.empty((width, block))
    rows = np.empty((2, block))
    joint = np.empty((n_components, block))
    scale = np.empty(block)
    density = np.empty(block)
    for start in range(0, n_samples, block):
        size = min(block, n_samples - start)
        n = take_block(x, start, size, points)
        for k in range(n_components):
            if factors.ndim == 3:
                dense_component(points, constants[k], mean[k], factor[k], deviations, rows, joint[k], n)
            else:
                diagonal_component(points, constants[k], mean[k], factor[k], joint[k], n)
        normalise(joint, scale, density, n)
        for i in range(size):
            log_density[start + i] = density[i]


# One routine for every structure: it reads from the number of axes of `factors` which formulas apply.
dense_statistics = diagonal_statistics = statistics
dense_log_density = diagonal_log_density = fill_log_density
