"""What a bootstrap draws: abstract, one final class a file."""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from em.sources.patterns import as_cells
from em.sources.rows import check_width
from mixture import GaussianMixture
from mixture.arrays import FloatArray, as_points


class Resampling(ABC):
    """Abstract and stateless: a data set like the observed one, as points and their weights.

    name    how users name it           source  where it is from
    """

    name: ClassVar[str]
    source: ClassVar[str]

    @abstractmethod
    def draw(
        self, points: FloatArray, weights: FloatArray, mixture: GaussianMixture, rng: np.random.Generator
    ) -> tuple[FloatArray, FloatArray]:
        """Points (N', D) and weights (N',) that sum to those given.

        points (N, D), NaN where a cell is missing, weights (N,) or empty for ones, and the fitted mixture. The points
        may be those given: weights say which were drawn, so that no data are copied.
        """


def points_of(x: ArrayLike, mixture: GaussianMixture, *, missing: bool) -> FloatArray:
    """The data (N, D), checked; NaN where a cell is missing, which is refused unless `missing`."""
    if not missing:
        return as_points(x, n_features=mixture.n_features)
    cells = as_cells(x)
    check_width(cells.shape[1], mixture.n_features)
    return cells


def conversion_of(x: ArrayLike) -> dict[str, str]:
    """What was done to the data on their way in, as an attribute `notes` of the replicates; empty if nothing was."""
    given = np.asarray(x).dtype
    return {} if given == np.float64 else {"notes": f"the data were {given} and have been converted to float64"}


def mass_of(points: FloatArray, weights: FloatArray) -> FloatArray:
    """Weights (N,), ones written out."""
    return weights if weights.size else np.ones(len(points))


def drawn_count(weights: FloatArray) -> int:
    """How many points a data set of weights w_n stands for: sum_n w_n, rounded.

    Raises ValueError if that is less than two: weights count points here.
    """
    count = round(float(weights.sum()))
    if count < 2:
        raise ValueError(
            f"the point weights sum to {weights.sum():.3g}, but a bootstrap reads them as counts of points: scale them"
            " so that they sum to the number of observations"
        )
    return count
