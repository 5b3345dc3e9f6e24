"""The inner loops of the compiled pass: one component and one block of points, four features by four at a time.

    log_joint = constant - |U (x - mu)|^2 / 2      S1 = sum_n r_n (x_n - mu)      S2 = sum_n r_n (x_n - mu)(x_n - mu)^T

A block is stored feature by feature, its rows STRIDE apart, and every loop runs over points and is vectorised. A tile
of four rows and four columns keeps its coefficients in registers. The width is one or even: a last tile has two rows.
"""

from numba import njit

from mixture.arrays import FloatArray
from mixture.elementary import BARE, STRIDE, SUMS, use_wide_vectors


@njit(**BARE, fastmath=SUMS)
def dense_component(
    points: FloatArray, constant: float, mean: FloatArray, factor: FloatArray, work: FloatArray, out: FloatArray, n: int
) -> None:
    """out = constant - |U (x - mu)|^2 / 2 for the first n points, four rows of U by four columns at a time.

    Rows of `points` and `work` lie STRIDE apart. `work` is scratch, four rows more than `points`: deviations x - mu,
    then four rows of U (x - mu). The width is 1 or even, so that the last tile may have two rows.
    """
    use_wide_vectors()
    width = mean.size
    if width == 1:
        m0, a0 = mean[0], factor[0, 0]
        for i in range(n):
            z0 = a0 * (points[i] - m0)
            out[i] = constant - 0.5 * (z0 * z0)
        return
    if width == 2:
        m0, m1, a0, b0, b1 = mean[0], mean[1], factor[0, 0], factor[1, 0], factor[1, 1]
        for i in range(n):
            e0, e1 = points[i] - m0, points[STRIDE + i] - m1
            z0, z1 = a0 * e0, b0 * e0 + b1 * e1
            out[i] = constant - 0.5 * (z0 * z0 + z1 * z1)
        return
    out[:n] = constant
    y = work[width * STRIDE :]
    for d in range(0, width - 3, 4):
        f0, f1, f2, f3 = factor[d], factor[d + 1], factor[d + 2], factor[d + 3]
        for row in range(4):
            y[row * STRIDE : row * STRIDE + n] = 0.0
        for e in range(0, d, 4):
            x = work[e * STRIDE :]
            a0, a1, a2, a3, b0, b1, b2, b3 = (
                f0[e],
                f0[e + 1],
                f0[e + 2],
                f0[e + 3],
                f1[e],
                f1[e + 1],
                f1[e + 2],
                f1[e + 3],
            )
            c0, c1, c2, c3, d0, d1, d2, d3 = (
                f2[e],
                f2[e + 1],
                f2[e + 2],
                f2[e + 3],
                f3[e],
                f3[e + 1],
                f3[e + 2],
                f3[e + 3],
            )
            for i in range(n):
                e0, e1, e2, e3 = x[i], x[STRIDE + i], x[2 * STRIDE + i], x[3 * STRIDE + i]
                y[i] += a0 * e0 + a1 * e1 + a2 * e2 + a3 * e3
                y[STRIDE + i] += b0 * e0 + b1 * e1 + b2 * e2 + b3 * e3
                y[2 * STRIDE + i] += c0 * e0 + c1 * e1 + c2 * e2 + c3 * e3
                y[3 * STRIDE + i] += d0 * e0 + d1 * e1 + d2 * e2 + d3 * e3
        p, x, m0, m1, m2, m3 = points[d * STRIDE :], work[d * STRIDE :], mean[d], mean[d + 1], mean[d + 2], mean[d + 3]
        a0, b0, b1, c0, c1, c2 = f0[d], f1[d], f1[d + 1], f2[d], f2[d + 1], f2[d + 2]
        d0, d1, d2, d3 = f3[d], f3[d + 1], f3[d + 2], f3[d + 3]
        for i in range(n):
            e0, e1, e2, e3 = p[i] - m0, p[STRIDE + i] - m1, p[2 * STRIDE + i] - m2, p[3 * STRIDE + i] - m3
            x[i], x[STRIDE + i], x[2 * STRIDE + i], x[3 * STRIDE + i] = e0, e1, e2, e3
            z0, z1 = y[i] + a0 * e0, y[STRIDE + i] + b0 * e0 + b1 * e1
            z2 = y[2 * STRIDE + i] + c0 * e0 + c1 * e1 + c2 * e2
            z3 = y[3 * STRIDE + i] + d0 * e0 + d1 * e1 + d2 * e2 + d3 * e3
            out[i] -= 0.5 * (z0 * z0 + z1 * z1 + z2 * z2 + z3 * z3)
    if width % 4:
        d = width - 2
        f0, f1 = factor[d], factor[d + 1]
        for row in range(2):
            y[row * STRIDE : row * STRIDE + n] = 0.0
        for e in range(0, d, 4):
            x = work[e * STRIDE :]
            a0, a1, a2, a3, b0, b1, b2, b3 = (
                f0[e],
                f0[e + 1],
                f0[e + 2],
                f0[e + 3],
                f1[e],
                f1[e + 1],
                f1[e + 2],
                f1[e + 3],
            )
            for i in range(n):
                e0, e1, e2, e3 = x[i], x[STRIDE + i], x[2 * STRIDE + i], x[3 * STRIDE + i]
                y[i] += a0 * e0 + a1 * e1 + a2 * e2 + a3 * e3
                y[STRIDE + i] += b0 * e0 + b1 * e1 + b2 * e2 + b3 * e3
        p, m0, m1, a0, b0, b1 = points[d * STRIDE :], mean[d], mean[d + 1], f0[d], f1[d], f1[d + 1]
        for i in range(n):
            e0, e1 = p[i] - m0, p[STRIDE + i] - m1
            z0, z1 = y[i] + a0 * e0, y[STRIDE + i] + b0 * e0 + b1 * e1
            out[i] -= 0.5 * (z0 * z0 + z1 * z1)


@njit(**BARE, fastmath=SUMS)
def diagonal_component(
    points: FloatArray, constant: float, mean: FloatArray, factor: FloatArray, out: FloatArray, n: int
) -> None:
    """out = constant - sum_d ((x_d - mu_d) / sd_d)^2 / 2 for the first n points."""
    use_wide_vectors()
    width = mean.size
    if width == 1:
        m0, f0 = mean[0], factor[0]
        for i in range(n):
            z0 = f0 * (points[i] - m0)
            out[i] = constant - 0.5 * (z0 * z0)
        return
    if width % 4:
        m0, m1, f0, f1 = mean[0], mean[1], factor[0], factor[1]
        for i in range(n):
            z0, z1 = f0 * (points[i] - m0), f1 * (points[STRIDE + i] - m1)
            out[i] = constant - 0.5 * (z0 * z0 + z1 * z1)
    else:
        out[:n] = constant
    for d in range(width % 4, width, 4):
        p, m0, m1, m2, m3 = points[d * STRIDE :], mean[d], mean[d + 1], mean[d + 2], mean[d + 3]
        f0, f1, f2, f3 = factor[d], factor[d + 1], factor[d + 2], factor[d + 3]
        for i in range(n):
            z0, z1 = f0 * (p[i] - m0), f1 * (p[STRIDE + i] - m1)
            z2, z3 = f2 * (p[2 * STRIDE + i] - m2), f3 * (p[3 * STRIDE + i] - m3)
            out[i] -= 0.5 * (z0 * z0 + z1 * z1 + z2 * z2 + z3 * z3)


@njit(**BARE, fastmath=SUMS)
def dense_sums(
    points: FloatArray, mean: FloatArray, r: FloatArray, work: FloatArray, first: FloatArray, second: FloatArray, n: int
) -> None:
    """first = sum r (x - mu), second = lower triangle of sum r (x - mu)(x - mu)^T; work as above."""
    use_wide_vectors()
    width = mean.size
    if width == 1:
        m0 = mean[0]
        u0 = a0 = 0.0
        for i in range(n):
            e0 = points[i] - m0
            v0 = r[i] * e0
            u0 += v0
            a0 += v0 * e0
        first[0], second[0, 0] = u0, a0
        return
    w = work[width * STRIDE :]
    for d in range(0, width - 3, 4):
        p, x, m0, m1, m2, m3 = points[d * STRIDE :], work[d * STRIDE :], mean[d], mean[d + 1], mean[d + 2], mean[d + 3]
        u0 = u1 = u2 = u3 = a0 = b0 = b1 = c0 = c1 = c2 = d0 = d1 = d2 = d3 = 0.0
        for i in range(n):
            e0, e1, e2, e3 = p[i] - m0, p[STRIDE + i] - m1, p[2 * STRIDE + i] - m2, p[3 * STRIDE + i] - m3
            v0, v1, v2, v3 = r[i] * e0, r[i] * e1, r[i] * e2, r[i] * e3
            x[i], x[STRIDE + i], x[2 * STRIDE + i], x[3 * STRIDE + i] = e0, e1, e2, e3
            w[i], w[STRIDE + i], w[2 * STRIDE + i], w[3 * STRIDE + i] = v0, v1, v2, v3
            u0 += v0
            u1 += v1
            u2 += v2
            u3 += v3
            a0 += v0 * e0
            b0 += v1 * e0
            b1 += v1 * e1
            c0 += v2 * e0
            c1 += v2 * e1
            c2 += v2 * e2
            d0 += v3 * e0
            d1 += v3 * e1
            d2 += v3 * e2
            d3 += v3 * e3
        s0, s1, s2, s3 = second[d], second[d + 1], second[d + 2], second[d + 3]
        first[d], first[d + 1], first[d + 2], first[d + 3] = u0, u1, u2, u3
        s0[d], s1[d], s1[d + 1], s2[d], s2[d + 1], s2[d + 2] = a0, b0, b1, c0, c1, c2
        s3[d], s3[d + 1], s3[d + 2], s3[d + 3] = d0, d1, d2, d3
        for e in range(0, d, 4):
            x = work[e * STRIDE :]
            a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = c0 = c1 = c2 = c3 = d0 = d1 = d2 = d3 = 0.0
            for i in range(n):
                e0, e1, e2, e3 = x[i], x[STRIDE + i], x[2 * STRIDE + i], x[3 * STRIDE + i]
                v0, v1, v2, v3 = w[i], w[STRIDE + i], w[2 * STRIDE + i], w[3 * STRIDE + i]
                a0 += v0 * e0
                a1 += v0 * e1
                a2 += v0 * e2
                a3 += v0 * e3
                b0 += v1 * e0
                b1 += v1 * e1
                b2 += v1 * e2
                b3 += v1 * e3
                c0 += v2 * e0
                c1 += v2 * e1
                c2 += v2 * e2
                c3 += v2 * e3
                d0 += v3 * e0
                d1 += v3 * e1
                d2 += v3 * e2
                d3 += v3 * e3
            s0[e], s0[e + 1], s0[e + 2], s0[e + 3] = a0, a1, a2, a3
            s1[e], s1[e + 1], s1[e + 2], s1[e + 3] = b0, b1, b2, b3
            s2[e], s2[e + 1], s2[e + 2], s2[e + 3] = c0, c1, c2, c3
            s3[e], s3[e + 1], s3[e + 2], s3[e + 3] = d0, d1, d2, d3
    if width % 4:
        d = width - 2
        p, m0, m1, s0, s1 = points[d * STRIDE :], mean[d], mean[d + 1], second[d], second[d + 1]
        u0 = u1 = a0 = b0 = b1 = 0.0
        for i in range(n):
            e0, e1 = p[i] - m0, p[STRIDE + i] - m1
            v0, v1 = r[i] * e0, r[i] * e1
            w[i], w[STRIDE + i] = v0, v1
            u0 += v0
            u1 += v1
            a0 += v0 * e0
            b0 += v1 * e0
            b1 += v1 * e1
        first[d], first[d + 1], s0[d], s1[d], s1[d + 1] = u0, u1, a0, b0, b1
        for e in range(0, d, 4):
            x = work[e * STRIDE :]
            a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = 0.0
            for i in range(n):
                e0, e1, e2, e3 = x[i], x[STRIDE + i], x[2 * STRIDE + i], x[3 * STRIDE + i]
                v0, v1 = w[i], w[STRIDE + i]
                a0 += v0 * e0
                a1 += v0 * e1
                a2 += v0 * e2
                a3 += v0 * e3
                b0 += v1 * e0
                b1 += v1 * e1
                b2 += v1 * e2
                b3 += v1 * e3
            s0[e], s0[e + 1], s0[e + 2], s0[e + 3] = a0, a1, a2, a3
            s1[e], s1[e + 1], s1[e + 2], s1[e + 3] = b0, b1, b2, b3


@njit(**BARE, fastmath=SUMS)
def diagonal_sums(
    points: FloatArray, mean: FloatArray, r: FloatArray, first: FloatArray, second: FloatArray, n: int
) -> None:
    """first = sum r (x - mu), second = sum r (x - mu)^2, feature by feature."""
    use_wide_vectors()
    width = mean.size
    if width == 1:
        m0 = mean[0]
        u0 = a0 = 0.0
        for i in range(n):
            e0 = points[i] - m0
            v0 = r[i] * e0
            u0 += v0
            a0 += v0 * e0
        first[0], second[0] = u0, a0
        return
    if width % 4:
        m0, m1 = mean[0], mean[1]
        u0 = u1 = a0 = a1 = 0.0
        for i in range(n):
            e0, e1 = points[i] - m0, points[STRIDE + i] - m1
            v0, v1 = r[i] * e0, r[i] * e1
            u0 += v0
            u1 += v1
            a0 += v0 * e0
            a1 += v1 * e1
        first[0], first[1], second[0], second[1] = u0, u1, a0, a1
    for d in range(width % 4, width, 4):
        p, m0, m1, m2, m3 = points[d * STRIDE :], mean[d], mean[d + 1], mean[d + 2], mean[d + 3]
        u0 = u1 = u2 = u3 = a0 = a1 = a2 = a3 = 0.0
        for i in range(n):
            e0, e1, e2, e3 = p[i] - m0, p[STRIDE + i] - m1, p[2 * STRIDE + i] - m2, p[3 * STRIDE + i] - m3
            v0, v1, v2, v3 = r[i] * e0, r[i] * e1, r[i] * e2, r[i] * e3
            u0 += v0
            u1 += v1
            u2 += v2
            u3 += v3
            a0 += v0 * e0
            a1 += v1 * e1
            a2 += v2 * e2
            a3 += v3 * e3
        first[d], first[d + 1], first[d + 2], first[d + 3] = u0, u1, u2, u3
        second[d], second[d + 1], second[d + 2], second[d + 3] = a0, a1, a2, a3
