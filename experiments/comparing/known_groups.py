"""The referee on data whose groups are known, though no method saw them: clusters against groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from experiments.figures.comparison.known_groups import known_groups
from experiments.figures.style import Look
from experiments.referee.numbering import numbered_like
from experiments.reporting.report import Picture, Table
from mixture.arrays import FloatArray, IntArray
from mixture.partitions import adjusted_rand

REFERENCES = (
    "Hubert, L. & Arabie, P. (1985). Comparing partitions. Journal of Classification 2, 193-218."
    " doi:10.1007/BF01908075",
)


@dataclass(frozen=True, eq=False)
class KnownGroups:
    """The group of each point (N,), from 0, and the names of the groups."""

    labels: IntArray
    names: tuple[str, ...]

    @classmethod
    def of(cls, groups: "pd.Series[str]") -> "KnownGroups":
        """From words, the groups in the order in which they come."""
        codes, names = pd.factorize(groups)
        return cls(np.asarray(codes, dtype=np.int64), tuple(str(name) for name in names))

    def astray(self, partition: IntArray) -> int:
        """Points outside their group's cluster, clusters matched with groups one to one so that fewest are."""
        return int((numbered_like(self.labels, partition) != self.labels).sum())

    def rand(self, partition: IntArray) -> float:
        """Adjusted Rand index against the groups: 1 where the same, about 0 where unrelated."""
        return adjusted_rand(self.labels, partition)


def score_table(groups: KnownGroups, partitions: Mapping[str, IntArray], meanings: Mapping[str, str]) -> Table:
    """Clusters, adjusted Rand index and points astray of each partition."""
    frame = pd.DataFrame(
        [
            {
                "partition": name,
                "clusters": len(np.unique(partition)),
                "adjusted Rand": groups.rand(partition),
                "points astray": groups.astray(partition),
            }
            for name, partition in partitions.items()
        ]
    )
    return Table(
        "referee",
        "Partitions of the points against their known groups, which no method saw.",
        frame,
        columns={
            "partition": "; ".join(f"{name}: {meaning}" for name, meaning in meanings.items() if name in partitions),
            "adjusted Rand": "1 where clusters and groups are the same, about 0 where they are unrelated",
            "points astray": "outside their group's cluster, clusters and groups matched one to one",
        },
        decimals={"adjusted Rand": 3},
    )


def groups_picture(
    groups: KnownGroups,
    partitions: Mapping[str, IntArray],
    looks: Mapping[str, Look],
    data: FloatArray,
    feature_names: Sequence[str],
) -> Picture:
    """Counts of groups in clusters, and the points astray in the plane of two features."""
    drawn = known_groups(groups.labels, groups.names, partitions, looks, data, feature_names)
    panels = ", ".join(f"({'abcdefgh'[i]}) {name}" for i, name in enumerate(partitions))
    caption = (
        f"How many of n = {len(data)} points, by known group (rows), are in each cluster (columns): {panels}; shading"
        f" is the share of the group. ({'abcdefgh'[len(partitions)]}) The points in two of the features, marked by"
        " their known group; rings mark those that a partition puts into a cluster other than that of their group."
    )
    return Picture("groups", caption, caption, drawn.figure, drawn.data, "double")
