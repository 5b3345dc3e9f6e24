"""The start from a random partition."""

import numpy as np
from numpy.typing import ArrayLike

from em.starts.groups import group_statistics, maximum_of
from em.starts.sample import sample_of
from mixture import GaussianMixture
from mixture.seeding import as_generator


def random_partition(
    x: ArrayLike,
    n_components: int,
    *,
    structure: str = "full",
    rng: np.random.Generator | int | None = None,
    weights: ArrayLike | None = None,
    floor: float | None = None,
) -> GaussianMixture:
    """z_n uniform on 0..K-1, then the complete-data maximum: components start nearly equal, in the middle of the data.

    The allocations are balanced (numbers of rows differ by one at most); rows of weight zero take no part. A row is
    allocated whole, where two copies of it may part: the one start for which a weight of 2 is another draw.
    Raises ValueError if the data have fewer than K distinct points, and SingularComponent (one too) if the groups are
    too small for the structure.
    """
    sample, k = sample_of(x, n_components, weights, merge=False)
    labels = as_generator(rng).permutation(np.arange(len(sample.points)) % k)
    return maximum_of(group_statistics(sample.points, sample.mass, labels, k, structure), structure, floor)
