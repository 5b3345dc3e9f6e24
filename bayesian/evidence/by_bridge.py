"""Log evidence of a mixture by bridge sampling from draws of NUTS, labels accounted for in one of two ways.

An exchangeable posterior has K! copies of each mode; no proposal of moderate size covers them, and none need be.

    ordered       the density of one order of the means, whose integral is p(X) / K!: draws are sorted, the proposal is
                  fitted to sorted draws in the coordinates of the ordered model, and log K! is added
    symmetrised   the exchangeable density, and (1/K!) sum_s q(s y) over all permutations s of the labels as the
                  proposal, q fitted to relabelled draws: both are the same for all labels, so draws may stay in
                  whatever labels the sampler left them, and nothing is added. K! evaluations of q: K <= 6

Under a prior that differs by component there are no copies, and the density is bridged as it is.
Source: Fruehwirth-Schnatter 2004, Econometrics J. 7:143.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import arviz as az
import numpy as np
from scipy.special import logsumexp

from bayesian.evidence.bridge import LogDensity, bridge
from bayesian.posterior import Posterior
from bayesian.relabelling.methods import relabel
from bayesian.sampling.nuts import compiled_for
from bayesian.sampling.problem import Problem
from bayesian.target import Target, permuted
from mixture.arrays import FloatArray, as_whole_number

LARGEST_SYMMETRISED = 6
"""Components up to which the proposal is summed over all permutations."""

DISAGREEING = 1.05
"""R-hat of the log likelihood from which chains are said to disagree."""

type Route = Literal["ordered", "symmetrised"]


@dataclass(frozen=True)
class BridgeSettings:
    """draws, tune, chains  of NUTS in each run        components  of the proposal at most
    proposals           draws of the proposal per draw of the posterior
    route               "ordered" or "symmetrised"

    Raises ValueError, naming the setting, for values out of range.
    """

    draws: int = 3000
    tune: int = 1000
    chains: int = 4
    components: int = 15
    proposals: int = 5
    route: Route = "ordered"

    def __post_init__(self) -> None:
        for name, least in (("draws", 4), ("tune", 1), ("chains", 1), ("components", 1), ("proposals", 1)):
            object.__setattr__(self, name, as_whole_number(getattr(self, name), name, least=least))
        if self.route not in ("ordered", "symmetrised"):
            raise ValueError(f"unknown route {self.route!r}; known are ordered and symmetrised")


def bridge_runs(problem: Problem, settings: BridgeSettings, seeds: Sequence[int]) -> tuple[FloatArray, tuple[str, ...]]:
    """log p(X) of one run per seed, (R,) in nats, and what was seen that speaks against it."""
    compiled = compiled_for(problem)
    by_run, r_hats = [], []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        posterior = compiled.sample(
            settings.draws, settings.tune, settings.chains, random_seed=rng.spawn(1)[0], progressbar=False
        )
        by_run.append(bridge_posterior(posterior, problem, settings, rng))
        r_hats.append(float(az.rhat(posterior.log_likelihood)) if settings.chains > 1 else 1.0)
    notes = []
    if max(r_hats) > DISAGREEING:
        notes.append(
            f"chains disagree on the log likelihood (R-hat {max(r_hats):.2f}): the draws do not cover the posterior;"
            " believe method='smc', or sample longer"
        )
    if not Target.of(problem).exchangeable and problem.n_components > 1:
        notes.append(
            "the prior differs by component, so modes differ in weight and chains that stay put misjudge them; compare"
            " with method='smc'"
        )
    return np.array(by_run), tuple(notes)


def bridge_posterior(
    posterior: Posterior, problem: Problem, settings: BridgeSettings, rng: np.random.Generator
) -> float:
    """log p(X) in nats from draws of the exchangeable posterior of the problem, whoever drew them."""
    target = Target.of(problem)
    k = problem.n_components
    symmetrised = None
    if k > 1 and target.exchangeable:
        if settings.route == "ordered":
            target = target.in_order()
        else:
            if k > LARGEST_SYMMETRISED:
                raise ValueError(f"the symmetrised route sums over K! labels: K <= {LARGEST_SYMMETRISED}, not {k}")
            posterior = relabel(posterior, "ecr").apply(posterior)

            def symmetrised(log_proposal: LogDensity) -> LogDensity:
                return over_labels(log_proposal, target)

    draws = target.points_of(posterior)
    effective = min(float(az.ess(posterior.log_likelihood)), float(draws.shape[0] * draws.shape[1]))

    def log_density(points: FloatArray) -> FloatArray:
        return target.density.evaluate(points).log_posterior

    estimate = bridge(
        log_density,
        draws,
        effective,
        rng,
        n_components=settings.components,
        n_proposals=settings.proposals * draws.shape[0] * draws.shape[1] // 2,
        symmetrised=symmetrised,
    )
    return estimate + target.log_copies


def over_labels(log_proposal: LogDensity, target: Target) -> LogDensity:
    """log (1/K!) sum_s q(s y). Permuting labels keeps the volume of the exchangeable model's coordinates."""
    k = target.problem.n_components

    def symmetrised(points: FloatArray) -> FloatArray:
        draws = target.density.expand(points)
        by_component = {name: draws[name] for name in ("weights", "means", "covariances")}
        terms = []
        for order in itertools.permutations(range(k)):
            orders = np.broadcast_to(np.array(order, dtype=np.int64), (len(points), k))
            moved = {name: permuted(values, orders) for name, values in by_component.items()}
            terms.append(log_proposal(target.points({**draws, **moved})))
        return np.asarray(logsumexp(terms, axis=0) - math.log(math.factorial(k)))

    return symmetrised
