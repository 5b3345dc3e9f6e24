"""Sequential Monte Carlo from the prior to the posterior: a sampler that compares modes, and a log evidence."""

from bayesian.tempering.settings import SMCSettings
from bayesian.tempering.smc import Particles, smc

__all__ = ["Particles", "SMCSettings", "smc"]
