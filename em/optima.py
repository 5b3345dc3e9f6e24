"""The distinct optima that several climbs found."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from em.fit import EMFit
from mixture import match

SAME_OPTIMUM = 1e-4
"""Fits whose log-likelihoods differ by less than this many nats may have reached the same optimum."""

SAME_PARAMETERS = 0.05
"""... and have, if matched means differ by less than this share of a standard deviation and weights by less than it."""


@dataclass(frozen=True)
class Optimum:
    """One local maximum of the likelihood, up to relabelling.

    best    the highest fit that ended there
    starts  how many fits ended there, by kind of start
    """

    best: EMFit
    starts: dict[str, int]

    @property
    def count(self) -> int:
        """Fits that ended there."""
        return sum(self.starts.values())

    @property
    def log_likelihood(self) -> float:
        """The highest total seen there, in nats."""
        return self.best.log_likelihood


def distinct_optima(fits: Sequence[EMFit]) -> tuple[Optimum, ...]:
    """Fits grouped by where they ended, highest first.

    Two fits are taken for one optimum if what they climbed agrees within 1e-4 nats (or within what either had still to
    gain, if that is more) and their parameters agree after matching labels.
    """
    groups: list[list[EMFit]] = []
    for fit in sorted(fits, key=lambda fit: -fit.value):
        home = next((group for group in groups if _same(group[0], fit)), None)
        if home is None:
            groups.append([fit])
        else:
            home.append(fit)
    return tuple(Optimum(group[0], dict(Counter(fit.start_name for fit in group))) for group in groups)


def _same(one: EMFit, other: EMFit) -> bool:
    unfinished = max((fit.remaining_gain for fit in (one, other) if np.isfinite(fit.remaining_gain)), default=0.0)
    if abs(one.value - other.value) > max(SAME_OPTIMUM, 2.0 * unfinished):
        return False
    theirs = other.mixture.permute(match(other.mixture, one.mixture))
    scales = np.sqrt(np.diagonal(one.mixture.dense_covariances, axis1=1, axis2=2))
    away = np.abs(theirs.means - one.mixture.means) / scales
    return bool(away.max() < SAME_PARAMETERS and np.abs(theirs.weights - one.mixture.weights).max() < SAME_PARAMETERS)
