"""The model: Gaussian mixtures, their covariance structures and the one log-sum likelihood of the project."""

from mixture.conjugate_prior import ConjugatePrior
from mixture.covariance import FAMILIES, STRUCTURES, Covariance, structure_named
from mixture.gaussian_mixture import GaussianMixture
from mixture.matching import match
from mixture.statistics import ExpectedStatistics, Moments, expected_statistics

__all__ = [
    "FAMILIES",
    "STRUCTURES",
    "ConjugatePrior",
    "Covariance",
    "ExpectedStatistics",
    "GaussianMixture",
    "Moments",
    "expected_statistics",
    "match",
    "structure_named",
]
