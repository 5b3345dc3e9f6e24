"""Which two features part groups of points best: those a plane of many features is drawn in."""

import numpy as np

from mixture.arrays import FloatArray, IntArray


def parting_features(data: FloatArray, labels: IntArray) -> list[int]:
    """The two features, in their order, of the largest sum of squares between groups over that within them.

    data (N, D) with D > 1, labels (N,); the first two where all points are in one group.
    """
    grand, within, between = data.mean(axis=0), np.zeros(data.shape[1]), np.zeros(data.shape[1])
    for label in np.unique(labels):
        group = data[labels == label]
        within += np.square(group - group.mean(axis=0)).sum(axis=0)
        between += len(group) * np.square(group.mean(axis=0) - grand)
    ratio = between / np.where(within > 0.0, within, 1e-300)
    return sorted(int(feature) for feature in np.argsort(-ratio, kind="stable")[:2])
