"""Evidence of two components on observations that are equal, under priors that are safe and priors that are not."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

import bayesian
from experiments.studies.runaway import evidence_above
from experiments.studies.runaway_outcomes import Cut

CUTOFFS = np.geomspace(1e-1, 1e-8, 15)
"""Of sigma: well below the distances between the different observations, down to where a double still squares it."""
MEANS_SD = 2.0
"""Of the normal prior of the means about zero: wide enough for the observations, so that they are not in its tail."""
TWO_TIED, THREE_TIED = "two tied", "three tied"
TIED = {TWO_TIED: (0.0, 0.0, 1.0, 2.5), THREE_TIED: (0.0, 0.0, 0.0, 1.0, 2.5)}
"""Tiny data sets in which observations are equal."""
PRIORS: Mapping[str, bayesian.LogNormal | bayesian.HalfNormal | bayesian.InverseGamma] = MappingProxyType(
    {
        "half-normal sd": bayesian.HalfNormal(1.0),
        "half-normal variance": bayesian.HalfNormal(1.0, on="variance"),
        "log-normal sd": bayesian.LogNormal(0.0, 1.0),
        "inverse-gamma variance": bayesian.InverseGamma(2.0, 1.0),
    }
)
DENSITIES: Mapping[str, Callable[[float], float]] = MappingProxyType(
    {
        "half-normal sd": lambda s: float(np.sqrt(2.0 / np.pi) * np.exp(-0.5 * s * s)),
        "half-normal variance": lambda s: float(2.0 * s * np.sqrt(2.0 / np.pi) * np.exp(-0.5 * s**4)),
        "log-normal sd": lambda s: float(np.exp(-0.5 * np.log(s) ** 2) / (s * np.sqrt(2.0 * np.pi))),
        "inverse-gamma variance": lambda s: float(2.0 * s**-5.0 * np.exp(-(s**-2.0))),
    }
)
"""The same four as densities of the standard deviation, written out for the quadrature."""


def cut(name: str) -> Cut:
    """Evidence with sigma kept above a cut-off, under each prior; and whether the library refuses it."""
    x = np.array(TIED[name])
    refusals = {}
    for prior, scales in PRIORS.items():
        try:
            bayesian.Prior(means=bayesian.Normal(0.0, MEANS_SD), scales=scales).check(x[:, None], 2, "diag")
            refusals[prior] = ""
        except bayesian.ImproperPosterior as refused:
            refusals[prior] = str(refused)
    return Cut(
        data=name,
        cutoffs=CUTOFFS,
        evidence={
            prior: np.array([evidence_above(x, density, float(c), MEANS_SD) for c in CUTOFFS])
            for prior, density in DENSITIES.items()
        },
        refusals=refusals,
    )
