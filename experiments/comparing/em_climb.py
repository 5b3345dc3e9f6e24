"""EM as the climb that relabelling by modes asks for: from a draw to the mode in whose basin it lies."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

import em
from mixture import GaussianMixture
from mixture.arrays import as_points

SMALLEST_WEIGHT = 1e-12
"""A draw's empty component is given this weight to climb from: EM keeps a weight of zero at zero."""


def em_climb(x: ArrayLike) -> Callable[[GaussianMixture], GaussianMixture | None]:
    """`bayesian.relabel(posterior, "em_modes", climb=em_climb(x))`: EM on the data x (N, D), components in their order.

    A climb that ends at no usable optimum (a component shrinks onto a few points) failed and gives None.
    """
    points = as_points(x)

    def climb(draw: GaussianMixture) -> GaussianMixture | None:
        weights = np.maximum(draw.weights, SMALLEST_WEIGHT)
        start = GaussianMixture(weights / weights.sum(), draw.means, draw.covariances, draw.structure)
        fit = em.fit(points, start, start_name="draw")
        return fit.mixture if fit.status.usable else None

    return climb
