"""Where EM starts: functions that give a mixture."""

from em.starts.allocations import from_allocations
from em.starts.hierarchical import hierarchical
from em.starts.kmeans import kmeans
from em.starts.kmeans_plus_plus import kmeans_plus_plus
from em.starts.random_partition import random_partition
from em.starts.random_points import random_points
from em.starts.registry import STARTS, MakeStart, Start, start_named
from em.starts.sample import TooFewDistinctPoints
from em.starts.short_runs import short_runs
from em.starts.ward import ward

__all__ = [
    "STARTS",
    "MakeStart",
    "Start",
    "TooFewDistinctPoints",
    "from_allocations",
    "hierarchical",
    "kmeans",
    "kmeans_plus_plus",
    "random_partition",
    "random_points",
    "short_runs",
    "start_named",
    "ward",
]
