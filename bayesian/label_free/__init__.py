"""What needs no labels: predictive densities, who is together with whom, and the partition that says it best."""

from bayesian.label_free.bands import Bands, joint_bands, predictive_bands
from bayesian.label_free.coclustering import coclustering_matrix, coclustering_of_allocations
from bayesian.label_free.estimate import PartitionEstimate, expected_loss, partition_estimate
from bayesian.label_free.proportions import proportion_bands

__all__ = [
    "Bands",
    "PartitionEstimate",
    "coclustering_matrix",
    "coclustering_of_allocations",
    "expected_loss",
    "joint_bands",
    "partition_estimate",
    "predictive_bands",
    "proportion_bands",
]
