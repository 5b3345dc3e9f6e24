"""When a climb may stop: the estimated gain still to come, not the size of the last step."""

import math
from dataclasses import dataclass, field

import numpy as np

from em.steps import EPSILON
from mixture import ExpectedStatistics, GaussianMixture

STEPS_HELD = 3
"""Consecutive steps on which the estimate must stay below the tolerance."""

TRUSTED_DIGITS = 100.0
"""How many times its own rounding a gain must be, for the ratio of two gains to be worth noting."""


def remaining_gain(previous_gain: float, gain: float) -> float:
    """Aitken's estimate g a / (1 - a), a = g / g_previous, of the log-likelihood still to be gained, in nats.

    EM converges linearly: errors of the parameters shrink by a factor that tends to the largest eigenvalue lambda of
    the fraction of missing information, and gains, quadratic in them, by a = lambda^2. A ratio of 1 or more says that
    the climb is not yet in its linear phase: infinity.
    Source: Boehning, Dietz, Schaub, Schlattmann & Lindsay 1994, Ann. Inst. Statist. Math. 46:373, section 2.
    """
    if previous_gain <= 0.0 or gain >= previous_gain:
        return float("inf")
    ratio = max(gain, 0.0) / previous_gain
    return max(gain, 0.0) * ratio / (1.0 - ratio)


def rounding_of(statistics: ExpectedStatistics, mixture: GaussianMixture) -> float:
    """How far rounding alone may move the total log-likelihood, in nats.

    Three sources: the sum itself, the quadratic form (whose error grows with 1 / pivot of the covariance), and means
    that cannot be stored finer than EPSILON times their distance from the origin.
    """
    total = statistics.counts.sum()
    pivot = mixture.pivots.min()
    in_sum = 64.0 * EPSILON * (abs(statistics.log_likelihood) + total * mixture.n_features / pivot)
    variances = np.diagonal(mixture.dense_covariances, axis1=1, axis2=2)
    in_means = (statistics.counts[:, None] * np.square(2.0 * EPSILON * mixture.means) / (variances * pivot)).sum()
    return float(in_sum + in_means)


@dataclass
class StoppingRule:
    """Converged once the estimated gain still to come has stayed below `tolerance` nats on three consecutive steps.

    estimate  the gain still to come, in nats: the move's own estimate, or Aitken's from the trace
    rate      lambda = sqrt(g / g_previous) of the last two gains well above rounding; None if there were none

    A gain lost in rounding counts as nothing left to gain. Tolerance 0 never stops.
    """

    tolerance: float
    estimate: float = field(default=float("inf"), init=False)
    rate: float | None = field(default=None, init=False)
    _held: int = field(default=0, init=False)
    _previous_gain: float = field(default=0.0, init=False)

    def converged(self, gain: float, rounding: float, of_move: float | None = None) -> bool:
        """Take note of the gain of one more step, of how much may be rounding, and of the move's own estimate."""
        if of_move is not None:
            self.estimate = max(of_move, 0.0)
        elif abs(gain) > rounding:
            self.estimate = remaining_gain(self._previous_gain, gain)
        else:
            self.estimate = abs(gain)
        if TRUSTED_DIGITS * rounding < gain < self._previous_gain:
            self.rate = math.sqrt(gain / self._previous_gain)
        self._previous_gain = gain
        self._held = self._held + 1 if self.estimate < max(self.tolerance, rounding) else 0
        return self.tolerance > 0.0 and self._held >= STEPS_HELD
