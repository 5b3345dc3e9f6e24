"""Clusters numbered after those of another partition, so that the same number stands for the same points."""

import numpy as np
from scipy.optimize import linear_sum_assignment

from mixture.arrays import IntArray
from mixture.partitions import as_partition


def numbered_like(reference: IntArray, partition: IntArray) -> IntArray:
    """The partition (N,) with its clusters numbered as those of the reference (N,) that they share most points with.

    One to one, so that as many points as possible have the reference's number; clusters beyond its own are numbered on.
    """
    found = as_partition(partition)
    counts = np.zeros((int(found.max()) + 1, int(reference.max()) + 1), dtype=np.int64)
    np.add.at(counts, (found, reference), 1)
    own, theirs = linear_sum_assignment(-counts)
    numbers = np.full(len(counts), -1, dtype=np.int64)
    numbers[own] = theirs
    missing = np.flatnonzero(numbers < 0)
    numbers[missing] = int(reference.max()) + 1 + np.arange(len(missing))
    return numbers[found]
