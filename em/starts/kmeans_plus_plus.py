"""The k-means++ start."""

import numpy as np
from numpy.typing import ArrayLike

from em.starts.groups import mixture_of_pooled_groups, nearest
from em.starts.sample import sample_of
from mixture import GaussianMixture
from mixture.seeding import as_generator, spread_centres


def kmeans_plus_plus(
    x: ArrayLike,
    n_components: int,
    *,
    structure: str = "full",
    rng: np.random.Generator | int | None = None,
    weights: ArrayLike | None = None,
    floor: float | None = None,
) -> GaussianMixture:
    """Centres drawn by k-means++, each next one with probability proportional to D(x)^2, its squared distance so far.

    Distances are taken on features scaled to unit variance, so that units do not matter. Points go to the nearest
    centre; weights and means are those of the groups, and every component starts with the pooled within-group
    covariance, so that a group of a few points cannot start singular.
    Raises ValueError if the data have fewer than K distinct points.
    Source: Arthur & Vassilvitskii 2007, Proc. SODA, 1027.
    """
    sample, k = sample_of(x, n_components, weights)
    seeds = spread_centres(sample.scaled, sample.mass / sample.mass.max(), k, as_generator(rng))
    labels, _ = nearest(sample.scaled, sample.scaled[seeds])
    return mixture_of_pooled_groups(sample, labels, k, structure, floor)
