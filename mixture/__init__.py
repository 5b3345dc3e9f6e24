"""The model: Gaussian mixtures, their covariance structures and the one log-sum likelihood of the project."""

from mixture.covariance import STRUCTURES, Covariance, structure_named
from mixture.gaussian_mixture import GaussianMixture
from mixture.matching import match
from mixture.statistics import ExpectedStatistics, expected_statistics

__all__ = [
    "STRUCTURES",
    "Covariance",
    "ExpectedStatistics",
    "GaussianMixture",
    "expected_statistics",
    "match",
    "structure_named",
]
