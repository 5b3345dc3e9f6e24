"""The start from Ward's hierarchical clustering."""

import numpy as np
from numpy.typing import ArrayLike

from em.starts.agglomeration import LARGEST_SAMPLE, SumOfSquares, agglomerate
from em.starts.groups import mixture_of_groups
from em.starts.sample import sample_of
from mixture import GaussianMixture


def ward(
    x: ArrayLike,
    n_components: int,
    *,
    structure: str = "full",
    rng: np.random.Generator | int | None = None,
    weights: ArrayLike | None = None,
    floor: float | None = None,
) -> GaussianMixture:
    """Groups merged pair by pair, always the pair that raises sum_k tr W_k least, until K are left.

    Distances are taken on features scaled to unit variance. Weights and means are those of the groups; see
    `em.starts.groups.mixture_of_groups` for the covariances. Of more than 1000 points, 1000 are drawn from `rng` and
    the mixture is that of theirs (the first E step allocates the others); up to there nothing is random.
    Raises ValueError if the data have fewer than K distinct points.
    Source: Ward 1963, JASA 58:236.
    """
    sample, k = sample_of(x, n_components, weights, at_most=LARGEST_SAMPLE, rng=rng)
    labels = agglomerate(sample.scaled, sample.mass, k, SumOfSquares())
    return mixture_of_groups(sample, labels, k, structure, floor)
