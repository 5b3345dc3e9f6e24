"""Gibbs sampling over allocations: EM's stochastic sibling, for priors with conjugate updates."""

from bayesian.gibbs.model import GibbsModel
from bayesian.gibbs.parameters import Parameters
from bayesian.gibbs.sampler import gibbs
from bayesian.gibbs.sequential import SequentialRun, sequential_gibbs

__all__ = ["GibbsModel", "Parameters", "SequentialRun", "gibbs", "sequential_gibbs"]
