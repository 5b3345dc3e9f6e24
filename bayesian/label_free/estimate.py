"""One partition of the points for the whole posterior: the one that is expected to cost least.

    c* = argmin_c E[ L(c, z) | X ],        z the partition of a draw

A mean of labels means nothing, and the most probable allocation of one draw or of EM is one partition among many; this
is what the posterior says when asked for one. L is Binder's loss or the variation of information.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from bayesian.label_free.coclustering import as_draws_of_labels, coclustering_of_allocations
from bayesian.label_free.losses import LOSSES, Binder, Loss
from bayesian.label_free.search import allocated_in_turn, hierarchical_cuts, sweetened
from mixture.arrays import FloatArray, IntArray, as_whole_number
from mixture.partitions import as_partition
from mixture.seeding import as_generator

type LossName = Literal["vi", "binder"]

MOST_DRAWS_SCORED = 100
"""At most so many draws' own partitions, evenly spaced, are among the candidates."""

SYMMETRY_TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class PartitionEstimate:
    """The partition of least expected loss that was found.

    loss           "binder" or "vi"; unit: "pairs" or "nats"
    partition      (N,) labels 0, 1, 2, ... in the order in which the clusters appear
    expected_loss  E[L(partition, z) | X] over the draws, in that unit
    found_by       what led to it: "draw", "hierarchical cut", "candidate" (handed in), "allocation in turn"
    """

    loss: str
    unit: str
    partition: IntArray
    expected_loss: float
    found_by: str

    @property
    def n_clusters(self) -> int:
        """How many clusters the partition has."""
        return int(self.partition.max()) + 1

    def __str__(self) -> str:
        return f"{self.n_clusters} clusters, expected loss ({self.loss}) {self.expected_loss:.6g} {self.unit}"


def partition_estimate(
    allocations: ArrayLike,
    loss: LossName = "vi",
    *,
    rng: int | np.random.Generator,
    coclustering: ArrayLike | None = None,
    candidates: Iterable[ArrayLike] = (),
    n_runs: int = 8,
    most_clusters: int | None = None,
) -> PartitionEstimate:
    """The partition (N,) of least expected loss: "vi", the variation of information, or "binder".

    allocations   (T, N) labels drawn from the posterior (`allocations.allocations` with `rng`: most probable labels
                  would understate how unsure the posterior is). They need no common labelling.
    coclustering  P(z_n = z_m | X), (N, N): Binder's loss and the hierarchical cuts use it; by default the share of
                  draws. `coclustering_matrix` has less noise.
    candidates    partitions (N,) to begin from too, such as EM's
    n_runs        how often points are allocated in turn, in random orders
    most_clusters at most so many clusters; by default as many as help

    Starts are the best of the draws' partitions, the best cut of the hierarchical clustering, the candidates, and
    `n_runs` allocations in turn; from each, single points move while that lowers the loss. The result is never worse
    than any of these; that it is the minimiser over all partitions is checked by enumeration for few points only.
    Binder's loss likes small extra clusters; "vi" does not. A sweep's time is proportional to T N (1 + clusters)
    for "vi", to N^2 for "binder": hand in about a thousand draws. Raises ValueError for what is not allocations, or not
    of N points.
    Source: Wade & Ghahramani 2018, Bayesian Analysis 13:559; Dahl, Johnson & Mueller 2022 (SALSO).
    """
    labels = as_draws_of_labels(allocations)
    n_samples = labels.shape[1]
    matrix = _as_coclustering(coclustering, labels)
    judged = _loss_named(loss)(labels, matrix)
    most = n_samples if most_clusters is None else as_whole_number(most_clusters, "most_clusters", least=1)
    runs = as_whole_number(n_runs, "n_runs", least=0)
    generator = as_generator(rng)
    begun: list[tuple[str, IntArray]] = [("candidate", as_partition(c, n_samples=n_samples)) for c in candidates]
    if any(int(partition.max()) >= most for _, partition in begun):
        raise ValueError(f"a candidate has more than most_clusters = {most} clusters")
    cuts = min(most, 2 * int(labels.max()) + 4)
    for name, several in (
        ("draw", _spaced_partitions(labels, most)),
        ("hierarchical cut", hierarchical_cuts(matrix, cuts)),
    ):
        best = min(several, key=judged.expected, default=None)
        if best is not None:
            begun.append((name, best))
    found = [
        (name, sweetened(judged, partition, stream, most))
        for (name, partition), stream in zip(begun, generator.spawn(len(begun)), strict=True)
    ]
    found += [
        ("allocation in turn", allocated_in_turn(judged, stream, n_samples, most)) for stream in generator.spawn(runs)
    ]
    expected = [judged.expected(partition) for _, partition in found]
    name, partition = found[int(np.argmin(expected))]
    return PartitionEstimate(judged.name, judged.unit, partition, min(expected), name)


def expected_loss(
    partition: ArrayLike, allocations: ArrayLike, loss: LossName = "vi", *, coclustering: ArrayLike | None = None
) -> float:
    """E[L(partition, z) | X] of any partition (N,), in nats ("vi") or pairs ("binder"): EM's beside the estimate's.

    allocations, coclustering, errors: as in `partition_estimate`.
    """
    labels = as_draws_of_labels(allocations)
    chosen = _loss_named(loss)
    matrix = _as_coclustering(coclustering, labels) if chosen is Binder else np.empty((0, 0))
    judged = chosen(labels, matrix)
    return judged.expected(as_partition(partition, n_samples=labels.shape[1]))


def _loss_named(name: str) -> type[Loss]:
    chosen = [loss for loss in LOSSES if loss.name == name]
    if not chosen:
        raise ValueError(f"no loss {name!r}: it is one of {', '.join(loss.name for loss in LOSSES)}")
    return chosen[0]


def _spaced_partitions(labels: IntArray, most_clusters: int) -> Iterator[IntArray]:
    """Evenly spaced draws' partitions that have few enough clusters."""
    rows = np.unique(np.linspace(0, len(labels) - 1, min(len(labels), MOST_DRAWS_SCORED)).round().astype(np.int64))
    partitions = (as_partition(draw) for draw in labels[rows])
    return (partition for partition in partitions if int(partition.max()) < most_clusters)


def _as_coclustering(given: ArrayLike | None, labels: IntArray) -> FloatArray:
    if given is None:
        return coclustering_of_allocations(labels)
    matrix = np.asarray(given, dtype=np.float64)
    n_samples = labels.shape[1]
    if matrix.shape != (n_samples, n_samples):
        raise ValueError(f"coclustering must be ({n_samples}, {n_samples}), as the allocations, not {matrix.shape}")
    if not ((matrix >= 0.0) & (matrix <= 1.0)).all() or np.abs(matrix - matrix.T).max() > SYMMETRY_TOLERANCE:
        raise ValueError("coclustering must be symmetric probabilities, P(z_n = z_m | X)")
    return matrix
