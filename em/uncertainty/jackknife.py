"""The jackknife: EM without one point, or one group of points, at a time."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from em.arguments import as_mixture
from em.fit import MAX_ITERATIONS, fit
from em.moves import Move
from em.parallel import over_cores
from em.progress import telling
from em.uncertainty.elements import as_vector, free_moves, split
from em.uncertainty.errors import StandardErrors
from em.uncertainty.refit import Refit, Replicate
from em.uncertainty.replicates import draws
from em.uncertainty.resampling import conversion_of, points_of
from mixture import ConjugatePrior, GaussianMixture
from mixture.arrays import FloatArray, IntArray, as_point_weights, as_whole_number
from mixture.seeding import as_generator

JACKKNIFE_TOLERANCE = 1e-10
"""Nats a refit may fall short of its maximum, which is sqrt(2e-10) = 1.4e-5 standard errors. Leaving out one of n
points moves the estimate by about 1 / sqrt(n) of one, and must be seen."""

SOURCE = "Efron & Tibshirani 1993, An Introduction to the Bootstrap, chapter 11"


@dataclass(frozen=True, eq=False)
class Jackknife:
    """What leaving points out does to the estimate.

    errors       standard errors by the jackknife, shaped like the mixture
    mixture      the optimum of all the data, climbed to the jackknife's own tolerance
    bias         (n - 1) (mean of the replicates - estimate), for the parameters of `dataset`
    dataset      the replicates laid out as `Replicates.dataset`; they lie far closer together than draws do: one chain,
                 coordinates `left_out` (the row, or the number of the group) and `multiplicity` along `draw`
    """

    errors: StandardErrors
    mixture: GaussianMixture
    bias: xr.Dataset
    dataset: xr.Dataset

    @property
    def n_failed(self) -> int:
        """Replicates left out because EM ran into a singular component or a spike."""
        return int(self.dataset.attrs["n_failed"])

    @property
    def ambiguous_share(self) -> float:
        """Share of replicates whose labels were a close call."""
        return float(self.dataset.attrs["ambiguous_share"])

    def summary(self) -> xr.Dataset:
        """Estimates and standard errors side by side (`StandardErrors.to_dataset`), attributes as in `dataset`."""
        return self.errors.to_dataset(self.mixture).assign_attrs(self.dataset.attrs)


def jackknife(
    x: ArrayLike,
    mixture: GaussianMixture,
    *,
    weights: ArrayLike | None = None,
    n_groups: int | None = None,
    rng: np.random.Generator | int | None = None,
    tolerance: float = JACKKNIFE_TOLERANCE,
    max_iterations: int = MAX_ITERATIONS,
    floor: float | None = None,
    prior: ConjugatePrior | None = None,
    move: Move | None = None,
    missing: bool = False,
    n_jobs: int | None = None,
    progress: bool | Callable[[Replicate], None] = False,
) -> Jackknife:
    """C = (n - 1) / n sum_i (theta_(i) - mean)(theta_(i) - mean)^T, theta_(i) the estimate without point i.

    x          (N, D) data, to which `mixture` is the maximum likelihood fit
    weights    (N,) whole numbers, counts of equal points, or None: a row of weight w stands for w points, each of which
               is left out once (one refit serves all)
    n_groups   None: one point at a time, n refits. G: the rows are dealt at random, by `rng`, into G groups of equal
               size (within one), and one group is left out at a time; n is then G in the formula
    others     as for `bootstrap`

    Every refit is exact, by EM from the optimum. One that becomes singular is counted and left out, the sum scaled up.
    Raises ValueError for bad data or settings, for weights that are no counts, and if fewer than two refits are usable.
    Source: Efron & Tibshirani 1993, An Introduction to the Bootstrap, chapter 11; Shao & Tu 1995, The Jackknife and
    Bootstrap, section 2.3, for groups.
    """
    mixture = as_mixture(mixture)
    points = points_of(x, mixture, missing=missing)
    mass = as_point_weights(weights, len(points))
    mass = mass if mass.size else np.ones(len(points))
    climbed = fit(
        points,
        mixture,
        tolerance=tolerance,
        max_iterations=max_iterations,
        weights=mass,
        floor=floor,
        prior=prior,
        move=move,
        missing=missing,
    )
    if not climbed.status.usable:
        raise ValueError(f"the mixture is no optimum of these data: {climbed.detail}")
    groups, multiplicities = _whole_points(mass) if n_groups is None else _dealt(mass, n_groups, rng)
    refit = Refit(climbed.mixture, tolerance, max_iterations, floor, prior, move, missing)
    task = _Task(points, mass, groups, n_groups is None, refit)
    with telling(progress, "jackknife", len(multiplicities)) as done:
        replicates = over_cores(task, range(len(multiplicities)), n_jobs=n_jobs, done=done)
    usable = [i for i, replicate in enumerate(replicates) if replicate.mixture is not None]
    if len(usable) < 2:
        reason = next(replicate.detail for replicate in replicates if replicate.mixture is None)
        raise ValueError(f"{len(usable)} of {len(replicates)} refits gave a usable mixture. The first reason: {reason}")
    mixtures = tuple(found for replicate in replicates if (found := replicate.mixture) is not None)
    counts = multiplicities[usable]
    flags = np.array([replicates[i].ambiguous for i in usable])
    left_out = np.flatnonzero(mass)[usable] if n_groups is None else np.array(usable)
    dataset = draws(mixtures).assign_coords(left_out=("draw", left_out), multiplicity=("draw", counts))
    what = "one point" if n_groups is None else f"one of {n_groups} groups"
    dataset = dataset.assign_attrs(
        method=f"jackknife, {what} left out",
        structure=mixture.structure,
        n_replicates=len(replicates),
        n_failed=len(replicates) - len(usable),
        n_unconverged=sum(not replicates[i].converged for i in usable),
        ambiguous_share=float(flags @ counts / counts.sum()),
        tolerance=tolerance,
        source=SOURCE,
        **conversion_of(x),
    )
    n = multiplicities.sum()
    errors = _errors(mixtures, counts, n, climbed.mixture, dataset)
    averages = xr.DataArray(counts / counts.sum(), dims="draw")
    centre = (dataset.drop_vars(("left_out", "multiplicity")) * averages).sum("draw").squeeze("chain", drop=True)
    estimate = draws((climbed.mixture,)).squeeze(("chain", "draw"), drop=True)
    return Jackknife(errors, climbed.mixture, (centre - estimate) * (n - 1.0), dataset)


def _errors(
    mixtures: tuple[GaussianMixture, ...], counts: FloatArray, n: float, optimum: GaussianMixture, dataset: xr.Dataset
) -> StandardErrors:
    """Sums of squares about the mean, each replicate as often as it counts."""
    shares = (n - 1.0) * counts / counts.sum()
    average = counts / counts.sum()

    def deviations(values: FloatArray) -> FloatArray:
        return values - np.tensordot(average, values, axes=1)

    def errors_of(values: FloatArray) -> FloatArray:
        return np.sqrt(np.tensordot(shares, deviations(values) ** 2, axes=1))

    stored = np.stack([as_vector(mixture) for mixture in mixtures])
    weights, means, covariances = split(errors_of(stored), optimum)
    free = deviations(stored) @ np.linalg.pinv(free_moves(optimum)).T
    scales = errors_of(dataset["scales"].values[0])
    covariance = (shares * free.T) @ free
    return StandardErrors(weights, means, covariances, scales, covariance, dataset.attrs["method"], SOURCE)


@dataclass(frozen=True, eq=False)
class _Task:
    """From the number of a group to the fit without it. groups (N,) says which rows belong to which."""

    points: FloatArray
    weights: FloatArray
    groups: IntArray
    one_at_a_time: bool
    refit: Refit

    def __call__(self, group: int) -> Replicate:
        inside = self.groups == group
        left = np.where(inside, self.weights - 1.0 if self.one_at_a_time else 0.0, self.weights)
        return self.refit(self.points, left, None)


def _whole_points(mass: FloatArray) -> tuple[IntArray, FloatArray]:
    """One group for each row that counts, and how many equal points it stands for."""
    wrong = np.flatnonzero(mass != np.rint(mass))
    if wrong.size:
        raise ValueError(
            f"the jackknife leaves out whole points, so weights must be whole numbers; row {wrong[0]} has"
            f" {mass[wrong[0]]:.6g}. Take the weighted bootstrap or the sandwich, or leave out groups (n_groups)."
        )
    present = mass > 0.0
    return np.where(present, np.cumsum(present) - 1, -1).astype(np.int64), mass[present]


def _dealt(mass: FloatArray, n_groups: int, rng: np.random.Generator | int | None) -> tuple[IntArray, FloatArray]:
    """The rows that count, dealt at random into groups of equal size, each of which counts once."""
    present = np.flatnonzero(mass > 0.0)
    count = as_whole_number(n_groups, "n_groups", least=2)
    if count > len(present):
        raise ValueError(f"{len(present)} points cannot be dealt into {count} groups")
    groups = np.full(len(mass), -1, dtype=np.int64)
    groups[as_generator(rng).permutation(present)] = np.arange(len(present)) % count
    return groups, np.ones(count)
