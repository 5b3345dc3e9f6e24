"""Data drawn from the fitted mixture."""

from typing import final

import numpy as np

from em.uncertainty.resampling import Resampling, drawn_count, mass_of
from mixture import GaussianMixture
from mixture.arrays import FloatArray


@final
class Parametric(Resampling):
    """x*_1, ..., x*_n ~ sum_k pi_k N(mu_k, Sigma_k) at the fitted parameters, n the sum of the weights, rounded.

    Where cells are missing (NaN), every new point lacks those that a row lacks: row n for point n, or a row drawn with
    probabilities w / n if there are weights.
    """

    name = "parametric"
    source = "Efron & Tibshirani 1993, An Introduction to the Bootstrap, section 6.5"

    def draw(
        self, points: FloatArray, weights: FloatArray, mixture: GaussianMixture, rng: np.random.Generator
    ) -> tuple[FloatArray, FloatArray]:
        """New points, of equal weights that sum to those of the data."""
        mass = mass_of(points, weights)
        count = drawn_count(mass)
        drawn = mixture.draw(count, rng)[0]
        missing = np.isnan(points)
        if missing.any():
            rows = rng.choice(len(points), size=count, p=mass / mass.sum()) if weights.size else np.arange(count)
            drawn[missing[rows]] = np.nan
        return drawn, np.full(count, mass.sum() / count)
