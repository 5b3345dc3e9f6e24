"""Data in an array."""

from typing import final

import numpy as np
from numpy.typing import ArrayLike

from em.sources.drawn_rows import DrawnRows
from em.sources.rows import draw_weighted_rows
from em.sources.source import Source
from mixture import ExpectedStatistics, GaussianMixture, expected_statistics
from mixture.arrays import FloatArray, as_point_weights, as_points


@final
class InMemory(Source):
    """(N, D) numbers in memory, with point weights (N,) or None for ones.

    Raises ValueError for data or weights that are not finite numbers of these shapes; see `as_points`.
    """

    def __init__(self, x: ArrayLike, weights: ArrayLike | None = None, *, n_features: int | None = None) -> None:
        self.points = as_points(x, n_features=n_features)
        self.weights = as_point_weights(weights, len(self.points))
        self.n_samples, self.n_features = self.points.shape
        self.total_weight = float(self.weights.sum()) if self.weights.size else float(self.n_samples)
        given = np.asarray(x).dtype
        if given != np.float64:
            self.notes = (f"the data were {given} and have been converted to float64",)

    @property
    def given_weights(self) -> FloatArray | None:
        """The point weights (N,), None for ones."""
        return self.weights if self.weights.size else None

    def statistics(self, mixture: GaussianMixture, threads: int | None = None) -> ExpectedStatistics:
        return expected_statistics(self.points, mixture, self.weights, threads=threads)

    def sample(self, n: int, rng: np.random.Generator) -> DrawnRows:
        rows = draw_weighted_rows(self.n_samples, self.weights, n, rng)
        if rows.size == self.n_samples:
            return DrawnRows(rows, self.points, self.weights)
        return DrawnRows(rows, self.points[rows], self.weights[rows] if self.weights.size else self.weights)
