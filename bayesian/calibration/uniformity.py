"""Are values uniform? Simultaneous bands for an empirical distribution function, and the p-value that belongs to them.

At z_i = i/M the number of n uniform values below z_i is Binomial(n, z_i). With c_i that number,

    gamma = 2 min_i min{ P(Bin(n, z_i) <= c_i), P(Bin(n, z_i) >= c_i) }

says how far out the furthest place is. Its distribution under uniformity is simulated, so that the band holds at all
places together with the stated probability. Source: Saeilynoja, Buerkner & Vehtari 2022, Statistics and Computing
32:32.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import binom

from mixture.arrays import FloatArray, IntArray

MOST_PLACES = 100
"""M is the number of values, but not above this."""

REPLICATIONS = 50_000
"""Simulated samples behind each distribution of gamma: the smallest p-value is one in so many."""

SEED = 20_220
"""Of those samples: the same values have the same p-value."""


@dataclass(frozen=True, eq=False)
class SimultaneousBand:
    """Where the empirical distribution function of n uniform values stays, at all places together.

    places   z (M - 1,), strictly between 0 and 1
    lower, upper   of the distribution function at each place; level is the probability between them everywhere
    """

    places: FloatArray
    lower: FloatArray
    upper: FloatArray
    level: float


def uniformity_p_value(values: ArrayLike) -> float:
    """Probability that n uniform values stray as far as these (n,), at the place where they stray furthest.

    Exact up to 50 000 simulations; below 1 - level just where the empirical distribution function leaves the band of
    that level. Raises ValueError for values outside [0, 1], or fewer than two.
    """
    pits = np.asarray(values, dtype=np.float64)
    if pits.ndim != 1 or len(pits) < 2 or not ((pits >= 0.0) & (pits <= 1.0)).all():
        raise ValueError(
            "values between 0 and 1 are needed, at least two along one axis: ranks as (rank + u) / (L + 1)"
        )
    counts = (pits[:, None] <= _places(len(pits))).sum(axis=0)
    gamma = float(_gammas(len(pits), counts[None])[0])
    smaller = int(np.searchsorted(_reference(len(pits)), gamma * (1.0 + 1e-12), side="right"))
    return (1 + smaller) / (1 + REPLICATIONS)


def simultaneous_band(n: int, level: float) -> SimultaneousBand:
    """The band that the empirical distribution function of n uniform values stays in with probability `level`.

    Raises ValueError for n below 2 or a level outside (0, 1).
    """
    if n < 2 or not 0.0 < level < 1.0:
        raise ValueError(f"a band needs at least two values and a level between 0 and 1, not {n} and {level}")
    gamma = float(np.quantile(_reference(n), 1.0 - level, method="higher"))
    places = _places(n)
    inside = _tails(n) >= gamma * (1.0 - 1e-12)  # counts that are not further out, (n + 1, M - 1)
    lower, upper = inside.argmax(axis=0) / n, (n - inside[::-1].argmax(axis=0)) / n
    return SimultaneousBand(places, lower, upper, level)


def _places(n: int) -> FloatArray:
    m = min(n, MOST_PLACES)
    return np.arange(1, m) / m


def _gammas(n: int, counts: IntArray) -> FloatArray:
    """gamma of each row of counts (R, M - 1)."""
    tails = _tails(n)
    return np.asarray(tails[counts, np.arange(counts.shape[1])].min(axis=1))


@lru_cache(maxsize=16)
def _tails(n: int) -> FloatArray:
    """2 min{P(Bin(n, z_i) <= c), P(Bin(n, z_i) >= c)}, (n + 1, M - 1)."""
    count, place = np.arange(n + 1)[:, None], _places(n)[None]
    return np.asarray(2.0 * np.minimum(binom.cdf(count, n, place), binom.sf(count - 1, n, place)))


@lru_cache(maxsize=16)
def _reference(n: int) -> FloatArray:
    """gamma of simulated uniform samples, ascending."""
    rng = np.random.default_rng([SEED, n])
    m = min(n, MOST_PLACES)
    cells = np.full(m, 1.0 / m)
    parts = [
        _gammas(n, rng.multinomial(n, cells, 10_000).cumsum(axis=1)[:, :-1]) for _ in range(REPLICATIONS // 10_000)
    ]
    return np.sort(np.concatenate(parts))
