"""EM beside the posterior of the same mixture, on one data set: what is run, and what comes of it."""

import hashlib
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

import bayesian
import em
from bayesian.diagnosis.superchains import with_superchains
from em.restarts import DEFAULT_STARTS
from em.sources.patterns import as_cells
from experiments.comparing.optima import chain_optima, optima_visited
from experiments.engine.experiment import Budget
from experiments.engine.progress import Progress, Silent
from experiments.referee.parameters import align, ascending
from mixture import GaussianMixture
from mixture.arrays import FloatArray, as_component_count, as_points, check_columns

INTERVAL = 0.95
"""Level of the posterior's intervals; they have equal tails."""


@dataclass(frozen=True, eq=False)
class Subject:
    """The data of a comparison.

    points    (N, D) in the units of `labels`        labels   names of the features with their units, for axes
    title     plain text                              origin   where the data come from, one sentence
    sha256    of what the data were read from, or of the array itself
    cells     every row, NaN where a cell is missing, where `points` are the complete rows of them; else None
    """

    title: str
    points: FloatArray
    labels: tuple[str, ...]
    origin: str
    sha256: str
    cells: FloatArray | None = None

    @property
    def incomplete(self) -> str:
        """What is done about missing cells, in a sentence; empty where there are none."""
        if self.cells is None:
            return ""
        n, missing = len(self.cells), int(np.isnan(self.cells).sum())
        return (
            f"{missing} of {self.cells.size} cells are missing: EM used all {n} rows, each by its observed cells (taken"
            f" to be missing at random), and the posterior the {len(self.points)} complete rows, among which rows are"
            " counted here"
        )

    @classmethod
    def of_array(
        cls,
        x: ArrayLike,
        labels: Sequence[str] | None = None,
        *,
        title: str = "Your data",
        missing: bool = False,
        left_out: Sequence[str] = (),
    ) -> "Subject":
        """A subject from numbers alone; features without names are x1, x2, ...; raises ValueError for bad data.

        missing: whether NaN stands for a missing cell. left_out: columns that are no numbers, by name.
        """
        cells = as_cells(x) if missing else as_points(x)
        complete = ~np.isnan(cells).any(axis=1)
        if not complete.any():
            raise ValueError("no row is complete, and the posterior needs complete rows: leave out columns")
        points = np.ascontiguousarray(cells[complete])
        check_columns(points)
        names = tuple(labels) if labels is not None else tuple(f"x{i + 1}" for i in range(points.shape[1]))
        if len(names) != points.shape[1]:
            raise ValueError(f"{len(names)} feature names were given for {points.shape[1]} columns")
        if len(set(names)) < len(names):
            raise ValueError(
                f"the features need names of their own, and two are called {max(names, key=names.count)!r}"
            )
        digest = hashlib.sha256(cells.tobytes()).hexdigest()
        without = f" Without the columns {', '.join(map(repr, left_out))}, which are no numbers." if left_out else ""
        origin = f"An array handed in from Python.{without}"
        return cls(title, points, names, origin, digest, None if complete.all() else cells)


@dataclass(frozen=True, eq=False)
class Comparison:
    """Both answers to one question: which mixture made these data?

    restarts     every climb of EM; `best` is its highest usable fit, components in ascending order of the first mean
    errors       standard errors at `best`, or None with the reason in `errors_missing`
    criteria     AIC, BIC, ICL of `best`
    posterior    draws as sampled
    relabelling  the permutations, found by ECR with EM's most probable allocation as the pivot
    visited      EM's optima, and in which of them the draws lie
    seconds      wall time by stage

    `relabelled` and `diagnosis` are read from these.
    """

    subject: Subject
    prior: bayesian.Prior
    restarts: em.Restarts
    best: GaussianMixture
    errors: em.StandardErrors | None
    errors_missing: str
    criteria: em.Criteria
    posterior: bayesian.Posterior
    relabelling: bayesian.Relabelling
    visited: bayesian.VisitedModes
    seconds: dict[str, float]

    @cached_property
    def relabelled(self) -> bayesian.Posterior:
        """The draws with labels undone, components in the order of `best`."""
        return align(self.relabelling.apply(self.posterior), self.best)

    @cached_property
    def diagnosis(self) -> bayesian.Diagnosis:
        """Convergence raw, relabelled and invariant, EM's optima that chains visited, with one verdict."""
        return bayesian.diagnose(self.posterior, self.relabelling, visited=self.visited)


def compare_subject(
    subject: Subject,
    n_components: int,
    *,
    structure: str = "full",
    prior: bayesian.Prior | None = None,
    budget: Budget,
    seed: int,
    progress: Progress | None = None,
    start: GaussianMixture | None = None,
) -> Comparison:
    """Fit by EM from many starts, sample the posterior from EM's optima, undo label switching, diagnose.

    EM's optima are handed to the chains as starts with their labels shuffled: under an exchangeable prior every
    labelling is as probable as any other, and chains that begin in different ones show whether labels switch.
    ECR takes EM's most probable allocation as its pivot. Where cells are missing, EM is fitted to all rows, and chains
    start at the optima of the complete rows, which the posterior is that of. start: a mixture that EM climbs from too.
    Raises ValueError for bad data or settings.
    """
    progress = progress or Silent()
    points, lacking = subject.points, subject.cells is not None
    data = points if subject.cells is None else subject.cells
    k = as_component_count(n_components, len(points))
    em_rng, start_rng, sampler_rng = np.random.default_rng(seed).spawn(3)
    seconds: dict[str, float] = {}

    with _Stage(seconds, "EM"), progress.stage("EM from many starts", budget.n_starts) as advance:
        restarts = em.fit_best(
            data,
            k,
            structure=structure,
            starts=DEFAULT_STARTS if start is None else (*DEFAULT_STARTS, start),
            n_starts=budget.n_starts,
            rng=em_rng,
            missing=lacking,
            progress=lambda _: advance(1),
        )
    best = restarts.best.mixture
    best = best.permute(ascending(best))
    with _Stage(seconds, "standard errors"):
        errors, errors_missing = _standard_errors(data, best, em_rng)

    of_points = (
        em.fit_best(points, k, structure=structure, n_starts=budget.n_starts, rng=em_rng) if lacking else restarts
    )
    optima = chain_optima(of_points, points)
    started = np.arange(budget.chains) % len(optima)
    prior = prior or bayesian.Prior.weakly_informative(points, k, structure)
    with _Stage(seconds, "posterior"):
        progress.say("compiling the model and sampling the posterior")
        posterior = bayesian.sample(
            points,
            k,
            structure=structure,
            prior=prior,
            draws=budget.draws,
            tune=budget.tune,
            chains=budget.chains,
            random_seed=int(sampler_rng.integers(2**31)),
            starts=chain_starts(optima, budget.chains, start_rng),
            progressbar=progress.visible,
        )
    with _Stage(seconds, "relabelling and EM from draws"):
        pivot = best.responsibilities(points).argmax(axis=1)
        relabelling = bayesian.relabel(posterior, "ecr", pivot=pivot)
        posterior = with_superchains(posterior, started)
        visited = optima_visited(posterior, optima, started, of_points)
    return Comparison(
        subject=subject,
        prior=prior,
        restarts=restarts,
        best=best,
        errors=errors,
        errors_missing=errors_missing,
        criteria=em.criteria(data, best, missing=lacking),
        posterior=posterior,
        relabelling=relabelling,
        visited=visited,
        seconds=seconds,
    )


def chain_starts(optima: Sequence[GaussianMixture], chains: int, rng: np.random.Generator) -> list[GaussianMixture]:
    """One mixture per chain: EM's optima in turn; labels differ."""
    orders = _distinct_orders(optima[0].n_components, chains, rng)
    return [optima[chain % len(optima)].permute(orders[chain]) for chain in range(chains)]


def _distinct_orders(n_components: int, count: int, rng: np.random.Generator) -> list[list[int]]:
    """Permutations, as different from chain to chain as K! allows: no two the same until all have been used."""
    if n_components > 6:  # 7! is more than chains anybody runs
        return [list(rng.permutation(n_components)) for _ in range(count)]
    every = [list(order) for order in itertools.permutations(range(n_components))]
    rng.shuffle(every)
    return [every[i % len(every)] for i in range(count)]


REPLICATES = 100
"""Of the bootstrap that standard errors come from where cells are missing."""


def _standard_errors(
    data: FloatArray, best: GaussianMixture, rng: np.random.Generator
) -> tuple[em.StandardErrors | None, str]:
    """From the exact observed information, or by bootstrap where cells are missing."""
    try:
        if np.isnan(data).any():
            return em.bootstrap(data, best, n_replicates=REPLICATES, rng=rng, missing=True).standard_errors(), ""
        return em.standard_errors(data, best), ""
    except ValueError as error:  # not a maximum, or too few usable replicates
        return None, str(error)


class _Stage:
    """Wall seconds of a block, kept under its name."""

    def __init__(self, seconds: dict[str, float], name: str) -> None:
        self.seconds, self.name = seconds, name

    def __enter__(self) -> None:
        self.began = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self.seconds[self.name] = time.perf_counter() - self.began
