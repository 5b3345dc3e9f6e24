"""NUTS on the posterior of a mixture: compiled once for a class of shapes, chains side by side, kept as they end."""

from bayesian.sampling.compiled_posterior import CompiledPosterior
from bayesian.sampling.nuts import sample

__all__ = ["CompiledPosterior", "sample"]
