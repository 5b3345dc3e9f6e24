"""Groups of draws that lie close together once roughly relabelled, and the draw in the middle of each."""

import numpy as np
from scipy.cluster.vq import vq

from bayesian.relabelling.pra import nearest
from mixture.arrays import FloatArray, IntArray

LARGEST_SAMPLE = 2000
"""How many draws, evenly spaced, groups are found from; the others join the nearest."""

ITERATIONS = 10
"""Iterations of k-means: groups need not be the best, only small."""


def group_draws(draws: FloatArray, n_groups: int) -> tuple[IntArray, IntArray]:
    """The group of each draw, (T,), and the position of the draw in the middle of each group, (G,), G <= n_groups.

    draws (T, K, J) in units in which distances mean something; they are relabelled by assignment to the middle draw.
    With n_groups at least T each draw is a group.
    """
    if n_groups < 1:
        raise ValueError(f"n_groups must be at least 1, not {n_groups}")
    n_draws = len(draws)
    if n_groups >= n_draws:
        return np.arange(n_draws), np.arange(n_draws)
    points = nearest(draws, draws[n_draws // 2]).relabelled(draws).reshape(n_draws, -1)
    positions = _evenly(n_draws, LARGEST_SAMPLE)
    sample = points[positions]
    centres = sample[_evenly(len(sample), n_groups)]
    for _ in range(ITERATIONS):
        code, _ = vq(sample, centres)
        held = np.unique(code)
        centres = np.stack([sample[code == label].mean(axis=0) for label in held])
    members = np.unique(positions[vq(centres, sample)[0]])
    group, _ = vq(points, points[members])
    return group.astype(np.int64), members.astype(np.int64)


def _evenly(n: int, most: int) -> IntArray:
    return np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(np.int64))
