"""What is climbed: the log-sum likelihood of some data, perhaps with a prior on top, and its M step."""

from dataclasses import dataclass

import numpy as np

from em.sources import Source
from em.steps import covariance_floor, m_step
from mixture import ConjugatePrior, ExpectedStatistics, GaussianMixture
from mixture.arrays import FloatArray
from mixture.covariance import InnerStep

ON_FLOOR = 1e-6
"""Covariances less than this share above the floor stand on it."""


@dataclass(frozen=True, eq=False)
class Position:
    """A mixture, and what one pass over the data says of it.

    statistics  its expected statistics; their log-likelihood is log p(X | theta)
    value       the objective: log p(X | theta), plus log p(theta) if there is a prior; in nats
    """

    mixture: GaussianMixture
    statistics: ExpectedStatistics
    value: float

    @property
    def log_likelihood(self) -> float:
        """log p(X | theta), in nats."""
        return self.statistics.log_likelihood


class Objective:
    """log p(X | theta) [+ log p(theta)] over the mixtures of one covariance structure.

    source     the data
    structure  name of the covariance structure
    prior      conjugate prior of the means and covariances, or None for maximum likelihood
    floor      covariances are kept above `floor` times the covariance of all the data, or None
    threads    threads of a pass, or None for as many as pay
    passes     passes over the data so far
    """

    def __init__(
        self,
        source: Source,
        structure: str,
        *,
        prior: ConjugatePrior | None = None,
        floor: float | None = None,
        threads: int | None = None,
    ) -> None:
        self.source = source
        self.structure = structure
        self.prior = prior
        self.floor = floor
        self.threads = threads
        self.passes = 0
        self._floor: FloatArray | None = None

    def evaluate(self, mixture: GaussianMixture) -> Position:
        """E step: one pass over the data."""
        self.passes += 1
        statistics = self.source.statistics(mixture, self.threads)
        if self.floor is not None and self._floor is None:
            self._floor = covariance_floor(statistics, self.floor)
        value = statistics.log_likelihood
        if self.prior is not None:
            value += self.prior.log_density(mixture)
        return Position(mixture, statistics, value)

    def on_floor(self, mixture: GaussianMixture) -> tuple[int, ...]:
        """Components whose covariance the floor holds up; all of them, if it is shared."""
        if self._floor is None:
            return ()
        structure = mixture.covariance_structure
        held = structure.margins(structure.stack(mixture.covariances), self._floor) < 1.0 + ON_FLOOR
        return tuple(np.flatnonzero(np.broadcast_to(held, mixture.n_components)).tolist())

    def maximise(self, position: Position, inner: InnerStep = InnerStep.MAXIMISE) -> GaussianMixture:
        """M step: the maximum of the expected complete-data objective, or for `inner` SINGLE a step towards it.

        Raises SingularComponent if it lies on the boundary.
        """
        return m_step(
            position.statistics,
            structure=self.structure,
            floor=self._floor,
            prior=self.prior,
            current=position.mixture,
            inner=inner,
        )
