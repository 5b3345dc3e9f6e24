"""The data as they are, with random weights."""

from typing import final

import numpy as np

from em.uncertainty.resampling import Resampling, mass_of
from mixture import GaussianMixture
from mixture.arrays import FloatArray


@final
class WeightedLikelihood(Resampling):
    """w* ~ n Dirichlet(w_1, ..., w_N), n = sum_n w_n: every point stays in, no replicate loses one altogether.

    With weights of one: independent exponentials, scaled to sum to N. Its replicates approximate draws from a posterior
    under a vague prior.
    """

    name = "weighted"
    source = "Newton & Raftery 1994, JRSS B 56:3; Rubin 1981, Annals of Statistics 9:130"

    def draw(
        self, points: FloatArray, weights: FloatArray, mixture: GaussianMixture, rng: np.random.Generator
    ) -> tuple[FloatArray, FloatArray]:
        """The same points, each weighted by a gamma variate of shape w_n and scaled."""
        mass = mass_of(points, weights)
        drawn = rng.standard_gamma(mass)
        return points, drawn * (mass.sum() / drawn.sum())
