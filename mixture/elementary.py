"""What the compiled pass is made of: exp, log and 1/x without branches, compensated sums, scratch, compiler options."""

from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import intrinsic

from mixture.arrays import FloatArray

OPTIONS: dict[str, Any] = {"nogil": True, "cache": True, "error_model": "numpy"}
BARE: dict[str, Any] = {**OPTIONS, "_nrt": False, "forceinline": True}
"""For what allocates nothing: arrays are not reference-counted, whose atomic counters cost more than a short loop.

Every call is inlined. What is left as a call, the process that compiles binds to the callee as it was compiled by
itself, and a process that loads from the cache to the copy beside the caller: optimised apart, the two round
differently.
"""

# Sums may be reordered, rounding tricks may not; no flag assumes that infinities are absent.
SUMS, EXACT = {"contract", "reassoc", "nsz"}, {"contract"}

BLOCK = 256
"""Points in a block at most."""
STRIDE = BLOCK + 8
"""Numbers from one row of a block to the next: constant, so that the compiler knows rows apart; no power of two."""
LOWEST: float = -np.finfo(np.float64).max
EXP_LOWEST, LOG2_E = -708.0, 1.4426950408889634  # below the first, exp is taken as exactly 0
LN2_HIGH, LN2_LOW = 0.6931471803691238, 1.9082149292705877e-10  # 32 bits, whose product with an exponent is exact
ROUNDING = 1.5 * 2.0**52  # adding it rounds to an integer, which the low bits then hold
MANTISSA_BITS, HALF_ROOT_BITS, TWO_52_BITS = (
    0x000FFFFFFFFFFFFF,
    0x3FE6A09E667F3BCD,
    0x4330000000000000,
)  # sqrt(1/2), 2^52


@intrinsic
def use_wide_vectors(_: Any) -> Any:
    """Nothing; the calling function is compiled for the widest vectors of the machine, not for half of them."""

    def generate(context: Any, builder: Any, _: Any, __: Any) -> Any:
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')  # llvmlite itself knows no such attribute
        return context.get_dummy_value()

    return types.none(), generate


@njit(**BARE, fastmath=EXACT)
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


@njit(**BARE, fastmath=EXACT)
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


@njit(**BARE, fastmath=EXACT)
def reciprocal(x: float) -> float:
    """1 / x for 1e-38 < x < 1e38 within 1 ulp: single precision, then two steps of Newton; division is slower."""
    guess = np.float64(np.float32(1.0) / np.float32(x))
    guess += guess * (1.0 - x * guess)
    return guess + guess * (1.0 - x * guess)


@njit(**BARE, fastmath=EXACT)
def add(total: FloatArray, lost: FloatArray, part: FloatArray) -> None:
    """total += part, elementwise, and `lost` collects what rounding drops (the two-sum of Knuth, free of branches)."""
    for i in range(total.size):
        old = total[i]
        new = old + part[i]
        seen = new - old
        lost[i] += (old - (new - seen)) + (part[i] - seen)
        total[i] = new


@njit(**OPTIONS)
def scratch_rows(n: int) -> FloatArray:
    """n rows of scratch, zero, STRIDE apart, the first at the start of a cache line."""
    buffer = np.zeros(n * STRIDE + 8)
    offset = (-(buffer.ctypes.data // 8)) % 8
    return buffer[offset : offset + n * STRIDE]
