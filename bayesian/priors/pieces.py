"""The distributions a prior is made of: their hyperparameters, checked, and their lines in mathematics."""

from bayesian.priors.pieces_matrices import LKJ, InverseWishart, Wishart
from bayesian.priors.pieces_means import MEANS_PRIORS, ConjugateNormal, MeansPrior, Normal, Uniform
from bayesian.priors.pieces_scales import (
    SCALE_PRIORS,
    Gamma,
    HalfNormal,
    InverseGamma,
    LogNormal,
    ScalePrior,
    UniformScale,
)

__all__ = [
    "LKJ",
    "MEANS_PRIORS",
    "SCALE_PRIORS",
    "ConjugateNormal",
    "Gamma",
    "HalfNormal",
    "InverseGamma",
    "InverseWishart",
    "LogNormal",
    "MeansPrior",
    "Normal",
    "ScalePrior",
    "Uniform",
    "UniformScale",
    "Wishart",
]
