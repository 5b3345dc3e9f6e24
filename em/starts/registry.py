"""The starts by name."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from em.starts.agglomeration import LARGEST_SAMPLE
from em.starts.hierarchical import hierarchical
from em.starts.kmeans import kmeans
from em.starts.kmeans_plus_plus import kmeans_plus_plus
from em.starts.random_partition import random_partition
from em.starts.random_points import random_points
from em.starts.short_runs import short_runs
from em.starts.ward import ward
from mixture import GaussianMixture


class MakeStart(Protocol):
    """A function from data to a mixture of K components.

    rng             generator or seed; None for a fresh one, so that what is drawn differs from call to call
    weights, floor  as in `em.fit`; a floor outside (0, 1) raises ValueError
    """

    def __call__(
        self,
        x: ArrayLike,
        n_components: int,
        *,
        structure: str = "full",
        rng: np.random.Generator | int | None = None,
        weights: ArrayLike | None = None,
        floor: float | None = None,
    ) -> GaussianMixture: ...


@dataclass(frozen=True)
class Start:
    """A kind of start.

    name          how users name it
    make          the function that makes it
    source        where it comes from
    fixed_up_to   with at most this many rows nothing is drawn: the same data give the same mixture; 0 for random ones
    """

    name: str
    make: MakeStart
    source: str
    fixed_up_to: int = 0

    def is_deterministic(self, n_samples: int) -> bool:
        """Whether `n_samples` rows of data always give one mixture, so that trying again is of no use."""
        return n_samples <= self.fixed_up_to


STARTS: tuple[Start, ...] = (
    Start("k-means++", kmeans_plus_plus, "Arthur & Vassilvitskii 2007"),
    Start("random partition", random_partition, "McLachlan & Peel 2000, section 2.12.2"),
    Start("k-means", kmeans, "Lloyd 1982"),
    Start("random points", random_points, "McLachlan & Peel 2000, section 2.12.2"),
    Start("ward", ward, "Ward 1963", LARGEST_SAMPLE),
    Start("hierarchical", hierarchical, "Banfield & Raftery 1993; Fraley 1998", LARGEST_SAMPLE),
    Start("short runs", short_runs, "Biernacki, Celeux & Govaert 2003"),
)
"""Every kind of start."""


def start_named(name: str) -> Start:
    """The start called `name`; raises ValueError listing the known ones."""
    for start in STARTS:
        if start.name == name:
            return start
    known = ", ".join(start.name for start in STARTS)
    raise ValueError(f"unknown start {name!r}; known are: {known}")
