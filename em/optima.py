"""The distinct optima that several climbs found."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from em.fit import EMFit
from em.status import Status
from mixture import match

SAME_OPTIMUM = 1e-4
"""Fits whose log-likelihoods differ by less than this many nats may have reached the same optimum."""

SAME_PARAMETERS = 0.05
"""... and have, if matched means differ by less than this share of a standard deviation and weights by less than it."""


@dataclass(frozen=True)
class Optimum:
    """One local maximum of the likelihood, up to relabelling.

    best          the highest fit that ended there
    starts        how many starts ended there, by kind
    n_refits      refits from a simpler model that ended there: no start did it for them
    n_unfinished  how many of all these fits stopped at the iteration limit: they may still have been on their way
    """

    best: EMFit
    starts: dict[str, int]
    n_refits: int = 0
    n_unfinished: int = 0

    @property
    def count(self) -> int:
        """Starts that ended there."""
        return sum(self.starts.values())

    @property
    def log_likelihood(self) -> float:
        """The highest total seen there, in nats."""
        return self.best.log_likelihood

    def __str__(self) -> str:
        led = [f"{name} {count}" for name, count in self.starts.items()]
        led += [f"refitted from a simpler model {self.n_refits}"] if self.n_refits else []
        unfinished = f", {self.n_unfinished} of them unfinished" if self.n_unfinished else ""
        return f"log-likelihood {self.log_likelihood:.6f}: {self.count} ({', '.join(led)}){unfinished}"


def distinct_optima(fits: Sequence[EMFit], refits: Sequence[EMFit] = ()) -> tuple[Optimum, ...]:
    """Fits, and refits from simpler models, grouped by where they ended, highest first.

    Two fits are taken for one optimum if what they climbed agrees within 1e-4 nats (or within what either had still to
    gain, if that is more) and their parameters agree after matching labels.
    """
    groups: list[list[EMFit]] = []
    for fit in sorted((*fits, *refits), key=lambda fit: -fit.value):
        home = next((group for group in groups if _same(group[0], fit)), None)
        if home is None:
            groups.append([fit])
        else:
            home.append(fit)
    refitted = {id(fit) for fit in refits}
    return tuple(_optimum_of(group, refitted) for group in groups)


def _optimum_of(group: list[EMFit], refitted: set[int]) -> Optimum:
    """One optimum from the fits that ended there, the highest first."""
    started = Counter(fit.start_name for fit in group if id(fit) not in refitted)
    unfinished = sum(fit.status is not Status.CONVERGED for fit in group)
    return Optimum(group[0], dict(started), len(group) - started.total(), unfinished)


def _same(one: EMFit, other: EMFit) -> bool:
    unfinished = max((fit.remaining_gain for fit in (one, other) if np.isfinite(fit.remaining_gain)), default=0.0)
    if abs(one.value - other.value) > max(SAME_OPTIMUM, 2.0 * unfinished):
        return False
    theirs = other.mixture.permute(match(other.mixture, one.mixture))
    scales = np.sqrt(np.diagonal(one.mixture.dense_covariances, axis1=1, axis2=2))
    away = np.abs(theirs.means - one.mixture.means) / scales
    return bool(away.max() < SAME_PARAMETERS and np.abs(theirs.weights - one.mixture.weights).max() < SAME_PARAMETERS)
