"""EM from many starts, the best kept and every outcome with it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from em.fit import MAX_ITERATIONS, TOLERANCE, EMFit, fit
from em.starts import kmeans_plus_plus, random_partition
from em.steps import SingularComponent
from mixture import GaussianMixture, structure_named
from mixture.arrays import FloatArray, as_component_count, as_points, as_whole_number, check_columns
from mixture.storage import Stored

SAME_OPTIMUM = 1e-4
"""Fits whose log-likelihoods differ by less than this many nats are taken to have reached the same optimum."""

STARTS: tuple[tuple[str, Callable[..., GaussianMixture]], ...] = (
    ("k-means++", kmeans_plus_plus),
    ("random partition", random_partition),
)
"""The kinds of start `fit_best` takes in turn."""


class NoUsableFit(ValueError):
    """Every start ended in a singular component or failed."""


@dataclass(frozen=True)
class FailedStart:
    """A start that gave no mixture: how it was to be made, and why it failed."""

    start_name: str
    reason: str


@dataclass(frozen=True)
class Restarts(Stored):
    """All climbs from several starts.

    fits      every fit in the order of its start, singular ones included
    failures  starts that gave no mixture
    """

    fits: tuple[EMFit, ...]
    failures: tuple[FailedStart, ...] = ()

    @property
    def best(self) -> EMFit:
        """The highest fit that is not singular; raises NoUsableFit, saying what to do, if there is none."""
        usable = [fit for fit in self.fits if fit.status.usable]
        if not usable:
            reasons = {fit.detail for fit in self.fits} | {failure.reason for failure in self.failures}
            raise NoUsableFit(
                f"none of the {self.n_starts} starts gave a usable fit. The first reason: {sorted(reasons)[0]}"
            )
        return max(usable, key=lambda fit: fit.log_likelihood)

    @property
    def singular(self) -> tuple[EMFit, ...]:
        """The run-aways: fits that ended in a singular component."""
        return tuple(fit for fit in self.fits if not fit.status.usable)

    @property
    def n_starts(self) -> int:
        """Starts tried, failed ones included."""
        return len(self.fits) + len(self.failures)

    @property
    def share_at_best(self) -> float:
        """Share of all starts whose fit came within 1e-4 nats of the best: how easily the optimum is found."""
        best = self.best.log_likelihood
        reached = sum(fit.status.usable and fit.log_likelihood >= best - SAME_OPTIMUM for fit in self.fits)
        return reached / self.n_starts

    @property
    def log_likelihoods(self) -> FloatArray:
        """Final totals of the usable fits, in nats, highest first."""
        return np.sort([fit.log_likelihood for fit in self.fits if fit.status.usable])[::-1]

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings, exact in JSON."""
        return {
            "fits": [fit.to_dict() for fit in self.fits],
            "failures": [{"start_name": f.start_name, "reason": f.reason} for f in self.failures],
        }

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Self:
        """The restarts that `to_dict` wrote; raises ValueError if fields are missing."""
        try:
            return cls(
                tuple(EMFit.from_dict(fit) for fit in content["fits"]),
                tuple(FailedStart(**failure) for failure in content["failures"]),
            )
        except KeyError as error:
            raise ValueError(f"these are not stored restarts: {error} missing") from error


def fit_best(
    x: ArrayLike,
    n_components: int,
    *,
    structure: str = "full",
    n_starts: int = 20,
    rng: np.random.Generator | int | None = None,
    tolerance: float = TOLERANCE,
    max_iterations: int = MAX_ITERATIONS,
    weights: ArrayLike | None = None,
    floor: float | None = None,
    threads: int | None = None,
    progress: Callable[[EMFit | FailedStart], None] | None = None,
) -> Restarts:
    """The highest of `n_starts` climbs of log p(X | theta): EM finds a local optimum only, so it is started often.

    Starts alternate between k-means++ and random partition, each from a generator of its own spawned from `rng`, so
    that start i is the same however many follow. One component needs one start. `progress` is called after each.

    Raises ValueError for bad data (constant or copied columns, fewer points than components) and bad settings.
    A start that fails or runs into a singularity is kept and listed; see `Restarts`.
    """
    points = as_points(x)
    k = as_component_count(n_components, len(points))
    check_columns(points, correlated=not structure_named(structure).diagonal)
    n_starts = as_whole_number(n_starts, "n_starts", least=1)
    fits: list[EMFit] = []
    failures: list[FailedStart] = []
    generators = np.random.default_rng(rng).spawn(1 if k == 1 else n_starts)
    for i, generator in enumerate(generators):
        start_name, make_start = STARTS[i % len(STARTS)]
        outcome: EMFit | FailedStart
        try:
            start = make_start(points, k, structure=structure, rng=generator, weights=weights, floor=floor)
        except SingularComponent as singular:
            outcome = FailedStart(start_name, str(singular))
            failures.append(outcome)
        else:
            outcome = fit(
                points,
                start,
                tolerance=tolerance,
                max_iterations=max_iterations,
                weights=weights,
                floor=floor,
                start_name=start_name,
                threads=threads,
            )
            fits.append(outcome)
        if progress is not None:
            progress(outcome)
    return Restarts(tuple(fits), tuple(failures))
