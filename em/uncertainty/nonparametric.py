"""Rows drawn from the data with replacement."""

from typing import final

import numpy as np

from em.uncertainty.resampling import Resampling, drawn_count, mass_of
from mixture import GaussianMixture
from mixture.arrays import FloatArray


@final
class Nonparametric(Resampling):
    """(w*_1, ..., w*_N) ~ Multinomial(n, w / n), n = sum_n w_n: how often each row is drawn is its weight.

    Weights given count their points: a resample draws round(n) points with probabilities w / n, and its weights are
    scaled to sum to n. So a row of weight 2 is resampled as two equal rows would be, in distribution.
    """

    name = "nonparametric"
    source = "Efron 1979, Annals of Statistics 7:1"

    def draw(
        self, points: FloatArray, weights: FloatArray, mixture: GaussianMixture, rng: np.random.Generator
    ) -> tuple[FloatArray, FloatArray]:
        """The same points, weighted by how often each was drawn."""
        mass = mass_of(points, weights)
        total, count = mass.sum(), drawn_count(mass)
        return points, rng.multinomial(count, mass / total) * (total / count)
