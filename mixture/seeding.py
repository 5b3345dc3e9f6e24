"""Generators from seeds, and centres spread over the data: where EM's k-means++ starts and dispersed chains begin."""

import numpy as np

from mixture.arrays import FloatArray


def as_generator(rng: np.random.Generator | int | None) -> np.random.Generator:
    """`np.random.default_rng(rng)`: a generator as it is, one made from a seed, or for None a fresh one.

    Raises ValueError for what is neither.
    """
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"rng must be a generator (np.random.default_rng), a seed (a whole number, 0 or more) or None, not {rng!r}"
        ) from error


def standardised(points: FloatArray) -> FloatArray:
    """Features shifted to mean zero and scaled to unit variance, so that distances do not depend on units; (N, D)."""
    scale = points.std(axis=0)
    scaled: FloatArray = (points - points.mean(axis=0)) / np.where(scale > 0.0, scale, 1.0)
    return scaled


def spread_centres(scaled: FloatArray, mass: FloatArray, n_components: int, rng: np.random.Generator) -> list[int]:
    """Rows drawn one after the other with probability proportional to mass times D(x)^2, the k-means++ seeding.

    D(x) is the distance of a point to the nearest row drawn so far; the first row is drawn by mass alone.
    scaled (N, D), mass (N,) of the points. Returns K distinct rows. Raises ValueError if the data have fewer than K
    distinct points. Source: Arthur & Vassilvitskii 2007, Proc. SODA, 1027.
    """
    chosen = [int(rng.choice(len(scaled), p=mass / mass.sum()))]
    distances = np.square(scaled - scaled[chosen[0]]).sum(axis=1)
    for _ in range(1, n_components):
        weight = mass * distances
        if not weight.any():
            raise ValueError(
                f"the data have only {len(chosen)} distinct points: {n_components} components cannot be told apart"
            )
        chosen.append(int(rng.choice(len(scaled), p=weight / weight.sum())))
        distances = np.minimum(distances, np.square(scaled - scaled[chosen[-1]]).sum(axis=1))
    return chosen
