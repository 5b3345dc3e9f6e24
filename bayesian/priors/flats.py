"""Observations on common lines: what a component can flatten onto. Lines along an axis are ties, and not meant here."""

import numpy as np

from mixture.arrays import FloatArray, IntArray

ANCHORS = 3000
"""Up to so many distinct points every line through two is counted; beyond, those through evenly spaced anchors."""

CROWD = 1000
"""Up to so many distinct points every pair is looked at for parallel lines; beyond, evenly spaced ones."""

DIRECTIONS = 2000
"""So many directions, those with the most pairs of points, are looked at for parallel lines."""

SAME_DIRECTION = 1e-10
"""Radians, on standardised features: rounding of decimal data gives less, different lines of a table of data give
more.
"""


def collinear_points(pair: FloatArray) -> int:
    """The largest number of observations (N, 2), repeated ones counted, on one line parallel to no axis."""
    points, counts = _distinct(pair)
    n = len(points)
    best = 1
    for i in np.unique(np.linspace(0, n - 1, min(n, ANCHORS)).astype(np.int64)):
        steps = points - points[i]
        oblique = (steps != 0.0).all(axis=1)
        if not oblique.any():
            continue
        angles = np.arctan(steps[oblique, 1] / steps[oblique, 0])
        order = np.argsort(angles)
        groups = np.concatenate([[0], np.cumsum(np.diff(angles[order]) > SAME_DIRECTION)])
        best = max(best, int(counts[i] + np.bincount(groups, weights=counts[oblique][order]).max()))
    return best


def parallel_lines(pair: FloatArray, n_lines: int) -> int | None:
    """The least number v <= n_lines of parallel oblique lines that hold all observations (N, 2); None if there is none.

    Of n_lines + 1 distinct points two share a line, so only the directions between those have to be tried.
    """
    points, _ = _distinct(pair)
    first = points[: n_lines + 1]
    fewest: int | None = None
    for i in range(len(first)):
        for j in range(i):
            step = first[i] - first[j]
            if (step == 0.0).any():
                continue
            across = np.sort(points @ np.array([step[1], -step[0]]) / np.hypot(*step))
            lines = 1 + int((np.diff(across) > SAME_DIRECTION).sum())
            if lines <= n_lines and (fewest is None or lines < fewest):
                fewest = lines
    return fewest


def crowded_lines(pair: FloatArray, n_lines: int, wanted: float) -> int:
    """max over oblique directions of sum_j (m_j - 1), m_j the observations (N, 2) on the n_lines most populated
    parallel lines of that direction; 0 instead of a maximum below `wanted`.

    A line through p distinct points has p (p - 1) / 2 >= p - 1 pairs: a direction with few pairs, and few repeated
    points among them, is not looked at. Exact for up to `CROWD` distinct points and `DIRECTIONS` crowded directions.
    """
    points, counts = _distinct(pair)
    chosen = np.unique(np.linspace(0, len(points) - 1, min(len(points), CROWD)).astype(np.int64))
    first, second = (chosen[index] for index in np.triu_indices(len(chosen), 1))
    steps = points[second] - points[first]
    oblique = (steps != 0.0).all(axis=1)
    if n_lines < 1 or not oblique.any():
        return 0
    angles = np.arctan(steps[oblique, 1] / steps[oblique, 0])
    order = np.argsort(angles)
    starts = np.flatnonzero(np.concatenate([[True], np.diff(angles[order]) > SAME_DIRECTION]))
    worth = (counts[first] + counts[second] - 1)[oblique][order]
    bounds = np.add.reduceat(worth, starts) + np.sort(counts - 1)[::-1][:n_lines].sum()
    best = 0
    for direction in np.argsort(-bounds)[:DIRECTIONS]:
        if bounds[direction] < wanted:
            break
        angle = angles[order][starts[direction]]
        across = points @ np.array([np.sin(angle), -np.cos(angle)])
        along = np.argsort(across)
        lines = np.concatenate([[0], np.cumsum(np.diff(across[along]) > SAME_DIRECTION)])
        held = np.sort(np.bincount(lines, weights=counts[along]))[::-1][:n_lines]
        best = max(best, int((held - 1).sum()))
    return best if best >= wanted else 0


def _distinct(pair: FloatArray) -> tuple[FloatArray, IntArray]:
    """Distinct rows, standardised, and how often each occurs."""
    points, counts = np.unique(pair, axis=0, return_counts=True)
    spans = np.ptp(points, axis=0)
    return (points - points.mean(axis=0)) / np.where(spans > 0.0, spans, 1.0), counts
