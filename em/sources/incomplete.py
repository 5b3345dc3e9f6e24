"""Data with missing cells: EM over the observed block of each row."""

import math
from collections.abc import Iterator
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from em.sources.completion import Marginals
from em.sources.drawn_rows import DrawnRows
from em.sources.patterns import Pattern, as_cells, batches, patterns_of
from em.sources.rows import check_width, draw_weighted_rows
from em.sources.source import Source
from mixture import ExpectedStatistics, GaussianMixture, compiled
from mixture.arrays import FloatArray, as_point_weights
from mixture.compiled import KernelArguments, pairwise_sum
from mixture.likelihood import log_sum_exp

NUMBERS_AT_A_TIME = 1 << 20
"""Numbers that the completed sums of the patterns in one batch may take."""


@final
class Incomplete(Source):
    """(N, D) numbers of which some cells are missing: NaN, None or masked; with point weights (N,) or None for ones.

        log p(X_observed | theta) = sum_n w_n log sum_k pi_k N(x_n,o | mu_k,o, Sigma_k,oo),    o observed in row n

    Responsibilities come from the observed cells of a row, and the expected sums over the missing ones are added to
    N_k, S1_k and S2_k: the M step stays as it is, for every covariance structure. Values are taken to be missing at
    random: whether a cell is missing may depend on what is observed in its row, but not on the cell itself.

    cells      (N, D), NaN where missing
    n_missing  missing cells             n_patterns  different sets of observed features

    Raises ValueError for infinite cells, and for rows or columns without any observed cell; see `as_cells`.
    Source: Ghahramani & Jordan 1994, Advances in NIPS 6:120; Little & Rubin 2002, chapter 11; Lin, Lee & Ho 2006,
    Computational Statistics & Data Analysis 50:2563.
    """

    def __init__(self, x: ArrayLike, weights: ArrayLike | None = None, *, n_features: int | None = None) -> None:
        self.cells = as_cells(x)
        self.n_samples, self.n_features = self.cells.shape
        check_width(self.n_features, n_features)
        self.weights = as_point_weights(weights, self.n_samples)
        self.total_weight = float(self.weights.sum()) if self.weights.size else float(self.n_samples)
        self._patterns = patterns_of(self.cells, self.weights)
        self.n_patterns = len(self._patterns)
        self.n_missing = int(np.isnan(self.cells).sum())
        given = np.asarray(x).dtype
        converted = f"the data were {given} and have been converted to float64"
        lacking = (
            f"{self.n_missing} of {self.cells.size} cells are missing, in {self.n_patterns} patterns: each row counts"
            " by its observed cells"
        )
        self.notes = (*([converted] if given != np.float64 else []), *([lacking] if self.n_missing else []))

    def statistics(self, mixture: GaussianMixture, threads: int | None = None) -> ExpectedStatistics:
        values: list[float] = []
        completed: list[tuple[FloatArray, FloatArray, FloatArray]] = []
        for batch, marginals in self._marginals(mixture):
            sums = [
                compiled.statistics(pattern.points, pattern.weights, marginals.arguments(i), threads)
                for i, pattern in enumerate(batch)
            ]
            values.extend(part[0] for part in sums)
            counts, first, second = (np.stack([part[j] for part in sums]) for j in (1, 2, 3))
            completed.append(marginals.complete(counts, first, second))
        counts, first, second = (pairwise_sum([part[j] for part in completed]) for j in (0, 1, 2))
        return ExpectedStatistics(math.fsum(values), counts, first, second, mixture.means)

    def log_joint(self, mixture: GaussianMixture) -> FloatArray:
        """log pi_k + log N(x_n,o | mu_k,o, Sigma_k,oo) over the observed cells of each row, (N, K), in nats."""
        joint = np.empty((self.n_samples, mixture.n_components))
        for batch, marginals in self._marginals(mixture):
            for i, pattern in enumerate(batch):
                given = marginals.arguments(i)
                for k in range(mixture.n_components):
                    alone = KernelArguments(given.constants[[k]], given.means[[k]], given.factors[[k]])
                    joint[pattern.rows, k] = compiled.log_density(pattern.points, alone)
        return joint

    def log_density(self, mixture: GaussianMixture) -> FloatArray:
        """log p(x_n,o | theta) of the observed cells of each row, (N,), in nats."""
        return log_sum_exp(self.log_joint(mixture))

    def responsibilities(self, mixture: GaussianMixture) -> FloatArray:
        """P(z_n = k | x_n,o, theta), from the observed cells of each row: (N, K), rows sum to 1."""
        joint = self.log_joint(mixture)
        probabilities: FloatArray = np.exp(joint - log_sum_exp(joint)[:, None])
        return probabilities / probabilities.sum(axis=1, keepdims=True)

    def sample(self, n: int, rng: np.random.Generator) -> DrawnRows:
        """As in `Source`, with each missing cell filled by an observed one of its column, drawn by point weights.

        Columns keep their means and variances, but correlations shrink: this serves to make starts, and nothing else.
        A column that is observed in rows of weight 0 alone is filled from these.
        """
        rows = draw_weighted_rows(self.n_samples, self.weights, n, rng)
        points = self.cells[rows]
        for j in range(self.n_features):
            missing = np.isnan(points[:, j])
            if missing.any():
                points[missing, j] = self._draw_cells(j, int(missing.sum()), rng)
        return DrawnRows(rows, points, self.weights[rows] if self.weights.size else self.weights)

    def _draw_cells(self, column: int, size: int, rng: np.random.Generator) -> FloatArray:
        """Observed cells of a column, each drawn with a probability proportional to the weight of its row."""
        seen = np.flatnonzero(~np.isnan(self.cells[:, column]))
        mass = self.weights[seen] if self.weights.size else self.weights
        shares = mass / mass.max() if mass.any() else None
        chosen = rng.choice(seen, size=size, p=None if shares is None else shares / shares.sum())
        cells: FloatArray = self.cells[chosen, column]
        return cells

    def _marginals(self, mixture: GaussianMixture) -> Iterator[tuple[list[Pattern], Marginals]]:
        numbers = mixture.n_components * (1 + self.n_features) ** 2
        for batch in batches(self._patterns, max(1, NUMBERS_AT_A_TIME // numbers)):
            yield batch, Marginals.of(mixture, np.stack([pattern.observed for pattern in batch]))
