"""The climbs to take: what each starts from, in turn, and how it is taken."""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from em.fit import EMFit, fit
from em.outcomes import FailedStart
from em.sources import DrawnRows, Source
from em.starts import Start, from_allocations, start_named
from em.steps import SingularComponent
from mixture import GaussianMixture
from mixture.arrays import IntArray

DEFAULT_STARTS = ("k-means++", "short runs")
"""The kinds of start `fit_best` takes in turn."""

type AnyStart = str | GaussianMixture | ArrayLike
"""A name of `em.STARTS`, a mixture to start from, or (N,) allocations."""

type Made = Start | GaussianMixture | IntArray
"""What a start is made from: a kind, itself, or the allocations of the drawn rows."""


@dataclass(frozen=True)
class Task:
    """One start: its name, how it is made (given mixtures and allocations are themselves), its generator."""

    name: str
    start: Made
    rng: np.random.Generator


@dataclass(frozen=True)
class Climber:
    """What every climb has in common; called with a task, perhaps in another process.

    source  all the data                    rows  those that starts are made from
    settings  further arguments of `em.fit`
    """

    source: Source
    rows: DrawnRows
    n_components: int
    structure: str
    settings: dict[str, Any]

    def __call__(self, task: Task) -> EMFit | FailedStart:
        try:
            start = self._mixture(task)
        except SingularComponent as singular:
            return FailedStart(task.name, str(singular))
        return self.climb(start, task.name)

    def climb(self, start: GaussianMixture, name: str) -> EMFit:
        """EM from `start`."""
        return fit(self.source, start, start_name=name, **self.settings)

    def _mixture(self, task: Task) -> GaussianMixture:
        if isinstance(task.start, GaussianMixture):
            return task.start
        rows, k = self.rows, self.n_components
        weights = rows.weights if rows.weights.size else None
        settings: dict[str, Any] = {"structure": self.structure, "weights": weights, "floor": self.settings["floor"]}
        if isinstance(task.start, Start):
            return task.start.make(rows.points, k, rng=task.rng, **settings)
        return from_allocations(rows.points, task.start, n_components=k, **settings)


def schedule(starts: object, n_starts: int, rng: np.random.Generator, climber: Climber) -> list[Task]:
    """The starts in turn, `n_starts` in all; what does not depend on chance only in its first turn.

    starts  None for the default ones, a name, a mixture, (N,) allocations, or a sequence of these
    Raises ValueError for anything else.
    """
    kinds = [_kind_of(start, climber) for start in _listed(starts)]
    if not kinds:
        raise ValueError("starts is empty: name at least one kind of start, or leave it out")
    repeated = [
        kind for kind in kinds if isinstance(kind[1], Start) and not kind[1].is_deterministic(climber.rows.n_rows)
    ]
    order = kinds[:n_starts]
    while repeated and len(order) < n_starts:
        order += repeated[: n_starts - len(order)]
    return [Task(*kind, generator) for kind, generator in zip(order, rng.spawn(len(order)), strict=True)]


def _listed(starts: object) -> list[Any]:
    """One start, or several, as a list."""
    if starts is None:
        return list(DEFAULT_STARTS)
    if isinstance(starts, str | GaussianMixture):
        return [starts]
    if isinstance(starts, Sequence):
        numbers = bool(starts) and all(isinstance(one, Real) for one in starts)
        return [np.asarray(starts)] if numbers else list(starts)
    if hasattr(starts, "__array__"):
        array = np.asarray(starts)
        if array.ndim:
            return [array] if array.ndim == 1 and array.dtype.kind in "biuf" else list(array)
    raise ValueError(f"starts must be one start or a sequence of starts; {_WANTED}, not {type(starts).__name__}")


_WANTED = "a start is a name of em.STARTS, a GaussianMixture, or allocations (N,)"


def _kind_of(start: object, climber: Climber) -> tuple[str, Made]:
    if isinstance(start, str):
        return start, start_named(start)
    if not isinstance(start, GaussianMixture):
        return "given allocations", _allocations_of(start, climber)
    shape, wanted = start.means.shape, (climber.n_components, climber.source.n_features)
    if shape != wanted:
        raise ValueError(
            f"a given start has K = {shape[0]} components and D = {shape[1]} features; wanted are K = {wanted[0]},"
            f" D = {wanted[1]}"
        )
    if start.structure != climber.structure:
        raise ValueError(
            f"a given start has the covariance structure {start.structure!r}, but {climber.structure!r} is fitted"
        )
    return "given", start


def _allocations_of(start: Any, climber: Climber) -> IntArray:
    """Allocations of all the data, checked, as those of the drawn rows."""
    n_samples, k = climber.source.n_samples, climber.n_components
    if not isinstance(start, Sequence) and not hasattr(start, "__array__"):
        raise ValueError(f"{_WANTED}, not {start!r}")
    try:
        labels = np.asarray(start)
    except ValueError as error:
        raise ValueError(f"{_WANTED}; one is neither: {error}") from error
    if labels.shape != (n_samples,) or labels.dtype.kind not in "iu":
        raise ValueError(f"allocations must be {n_samples} integers, one per row of the data")
    if labels.min() < 0 or labels.max() >= k:
        raise ValueError(f"allocations must lie in 0..{k - 1}; they span {labels.min()}..{labels.max()}")
    chosen: IntArray = labels[climber.rows.numbers].astype(np.int64)
    return chosen
