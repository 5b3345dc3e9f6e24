"""Gibbs sampling over allocations: EM's stochastic sibling, for priors with conjugate updates."""

from bayesian.gibbs.model import GibbsModel
from bayesian.gibbs.parameters import Parameters
from bayesian.gibbs.sampler import gibbs
from bayesian.gibbs.sequential import SequentialRun, SequentialSettings, sequential_gibbs

__all__ = ["GibbsModel", "Parameters", "SequentialRun", "SequentialSettings", "gibbs", "sequential_gibbs"]
