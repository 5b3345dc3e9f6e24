"""One replicate: EM on resampled data, from the optimum of the observed ones."""

from dataclasses import dataclass

import numpy as np

from em.fit import MAX_ITERATIONS, EMFit, fit
from em.moves import Move
from em.starts import kmeans_plus_plus
from em.status import Status
from em.steps import SingularComponent
from em.uncertainty.alignment import align
from mixture import ConjugatePrior, GaussianMixture
from mixture.arrays import FloatArray, TooFewPoints

REPLICATE_TOLERANCE = 1e-6
"""Nats a replicate may fall short of its maximum. A quadratic log-likelihood is that near within sqrt(2e-6) = 0.0014
standard errors, which leaves the errors found from many replicates right to three digits."""


@dataclass(frozen=True)
class Replicate:
    """A refitted mixture, or none.

    mixture         aligned with the original; None if EM ran into a singular component or a spike, or could not start
    log_likelihood  of the mixture on the resampled data, in nats
    ambiguous       whether another labelling was nearly as good (see `em.uncertainty.alignment`)
    converged       whether EM converged within its iterations
    detail          why there is no mixture
    """

    mixture: GaussianMixture | None
    log_likelihood: float
    ambiguous: bool
    converged: bool
    detail: str = ""


@dataclass(frozen=True)
class Refit:
    """How replicates are refitted: from the optimum `mixture`, and from `further_starts` by k-means++ as well."""

    mixture: GaussianMixture
    tolerance: float = REPLICATE_TOLERANCE
    max_iterations: int = MAX_ITERATIONS
    floor: float | None = None
    prior: ConjugatePrior | None = None
    move: Move | None = None
    missing: bool = False
    further_starts: int = 0

    def __call__(self, points: FloatArray, weights: FloatArray, rng: np.random.Generator | None) -> Replicate:
        """The highest usable climb, aligned. `rng` is asked only for further starts."""
        points = np.asarray(points)  # what processes share is mapped, but in memory all the same
        constant = np.flatnonzero(~(_spreads(points, weights) > 0.0))
        if self.floor is not None and constant.size:
            detail = f"column {constant[0]} does not vary in the replicate, so that a floor relative to it is zero"
            return Replicate(None, -np.inf, False, False, detail)
        climbs = [self._climb(points, weights, self.mixture)]
        for generator in rng.spawn(self.further_starts) if rng is not None else ():
            start = self._start(points, weights, generator)
            climbs += [] if start is None else [self._climb(points, weights, start)]
        usable = [climb for climb in climbs if climb.status.usable]
        if not usable:
            return Replicate(None, -np.inf, False, False, climbs[0].detail)
        best = max(usable, key=lambda climb: climb.value)
        aligned = align(best.mixture, self.mixture)
        return Replicate(aligned.mixture, best.log_likelihood, aligned.ambiguous, best.status is Status.CONVERGED)

    def _climb(self, points: FloatArray, weights: FloatArray, start: GaussianMixture) -> EMFit:
        return fit(
            points,
            start,
            tolerance=self.tolerance,
            max_iterations=self.max_iterations,
            weights=weights,
            floor=self.floor,
            prior=self.prior,
            move=self.move,
            missing=self.missing,
            threads=1,
        )

    def _start(self, points: FloatArray, weights: FloatArray, rng: np.random.Generator) -> GaussianMixture | None:
        start = self.mixture
        try:
            return kmeans_plus_plus(
                points, start.n_components, structure=start.structure, rng=rng, weights=weights, floor=self.floor
            )
        except (SingularComponent, TooFewPoints):
            return None


def _spreads(points: FloatArray, weights: FloatArray) -> FloatArray:
    """Range of each column over the rows of positive weight, missing cells (NaN) left out; NaN if all are missing."""
    used = points[weights > 0.0] if weights.size else points
    spreads: FloatArray = np.fmax.reduce(used) - np.fmin.reduce(used)
    return spreads
