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
from experiments.comparing.optima import chain_optima, optima_visited
from experiments.comparing.parameters import align, ascending
from experiments.engine.experiment import Budget
from experiments.engine.progress import Progress, Silent
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
    """

    title: str
    points: FloatArray
    labels: tuple[str, ...]
    origin: str
    sha256: str

    @classmethod
    def of_array(cls, x: ArrayLike, labels: Sequence[str] | None = None, *, title: str = "Your data") -> "Subject":
        """A subject from numbers alone; features without names are x1, x2, ...; raises ValueError for bad data."""
        points = as_points(x)
        check_columns(points)
        names = tuple(labels) if labels is not None else tuple(f"x{i + 1}" for i in range(points.shape[1]))
        if len(names) != points.shape[1]:
            raise ValueError(f"{len(names)} feature names were given for {points.shape[1]} columns")
        digest = hashlib.sha256(points.tobytes()).hexdigest()
        return cls(title, points, names, "An array handed in from Python.", digest)


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

    `relabelled` and `diagnosis` are read from these. It is stored as what `STORED` lists.
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


STORED: tuple[type, ...] = (
    *(Comparison, Subject, bayesian.Prior),
    *(bayesian.Normal, bayesian.ConjugateNormal, bayesian.Uniform),
    *(bayesian.LogNormal, bayesian.HalfNormal, bayesian.InverseGamma, bayesian.UniformScale, bayesian.Gamma),
    *(bayesian.LKJ, bayesian.InverseWishart, bayesian.Wishart),
    *(em.Restarts, em.EMFit, em.FailedStart, em.Status, em.StandardErrors, em.Criteria),
    *(bayesian.Relabelling, bayesian.VisitedModes),
)
"""What a comparison is made of, beyond numbers, words, arrays, mixtures and posteriors."""


def compare_subject(
    subject: Subject,
    n_components: int,
    *,
    structure: str = "full",
    prior: bayesian.Prior | None = None,
    budget: Budget,
    seed: int,
    progress: Progress | None = None,
) -> Comparison:
    """Fit by EM from many starts, sample the posterior from EM's optima, undo label switching, diagnose.

    EM's optima are handed to the chains as starts with their labels shuffled: under an exchangeable prior every
    labelling is as probable as any other, and chains that begin in different ones show whether labels switch.
    ECR takes EM's most probable allocation as its pivot. Raises ValueError for bad data or settings.
    """
    progress = progress or Silent()
    points = subject.points
    k = as_component_count(n_components, len(points))
    em_rng, start_rng, sampler_rng = np.random.default_rng(seed).spawn(3)
    seconds: dict[str, float] = {}

    with _Stage(seconds, "EM"), progress.stage("EM from many starts", budget.n_starts) as advance:
        restarts = em.fit_best(
            points, k, structure=structure, n_starts=budget.n_starts, rng=em_rng, progress=lambda _: advance(1)
        )
    best = restarts.best.mixture
    best = best.permute(ascending(best))
    with _Stage(seconds, "standard errors"):
        errors, errors_missing = _standard_errors(points, best)

    optima = chain_optima(restarts, points)
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
        visited = optima_visited(posterior, optima, started, restarts)
    return Comparison(
        subject=subject,
        prior=prior,
        restarts=restarts,
        best=best,
        errors=errors,
        errors_missing=errors_missing,
        criteria=em.criteria(points, best),
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


def _standard_errors(points: FloatArray, best: GaussianMixture) -> tuple[em.StandardErrors | None, str]:
    try:
        return em.standard_errors(points, best), ""
    except em.NotAMaximum as error:
        return None, str(error)


class _Stage:
    """Wall seconds of a block, kept under its name."""

    def __init__(self, seconds: dict[str, float], name: str) -> None:
        self.seconds, self.name = seconds, name

    def __enter__(self) -> None:
        self.began = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self.seconds[self.name] = time.perf_counter() - self.began
