"""Means and covariances given the groups: two priors of the means, two ways of updating the pair."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import final

import numpy as np

from bayesian.gibbs.groups import Groups
from bayesian.gibbs.spread_priors import SpreadPrior
from bayesian.gibbs.spreads import Spread
from mixture.arrays import FloatArray


@dataclass(frozen=True, eq=False)
class MeanPrior(ABC):
    """Abstract: p(mu | Sigma), and the update of (mu, Sigma) that it allows."""

    @abstractmethod
    def draw_pair(
        self, groups: Groups, current: Spread, prior: SpreadPrior, scale: FloatArray, rng: np.random.Generator
    ) -> tuple[FloatArray, Spread]:
        """(mu, Sigma) given the groups; `scale` is that of Sigma's prior."""


@final
@dataclass(frozen=True, eq=False)
class IndependentMeans(MeanPrior):
    """mu_kd ~ N(m_kd, 1 / t_kd), whatever Sigma: mu given the current Sigma, then Sigma given that mu. m, t (K, D)."""

    location: FloatArray
    precision: FloatArray

    def draw_pair(
        self, groups: Groups, current: Spread, prior: SpreadPrior, scale: FloatArray, rng: np.random.Generator
    ) -> tuple[FloatArray, Spread]:
        means = current.draw_means(self.location, self.precision, groups.counts, groups.averages, rng)
        return means, prior.draw_spread(scale, groups.counts, groups.scatter_about(means, groups.counts), rng)


@final
@dataclass(frozen=True, eq=False)
class ConjugateMeans(MeanPrior):
    """mu_k | Sigma_k ~ N(m_k, Sigma_k / kappa_k): both at once, exactly; m (K, D), kappa (K,).

    Sigma_k given the groups with mu_k integrated out: the scatter gains kappa n / (kappa + n) (xbar - m)(xbar - m)^T;
    mu_k | Sigma_k ~ N((kappa m + n xbar) / (kappa + n), Sigma_k / (kappa + n)).
    """

    location: FloatArray
    strength: FloatArray

    def draw_pair(
        self, groups: Groups, current: Spread, prior: SpreadPrior, scale: FloatArray, rng: np.random.Generator
    ) -> tuple[FloatArray, Spread]:
        total = self.strength + groups.counts
        share = (groups.counts / total)[:, None]
        pulled = groups.scatter_about(self.location, self.strength * groups.counts / total)
        spread = prior.draw_spread(scale, groups.counts, pulled, rng)
        centres = self.location + share * (groups.averages - self.location)
        return spread.draw_about(centres, total, rng), spread
