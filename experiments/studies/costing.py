"""What each method costs on one set of data: seconds of the processor by unit of its work, compilation apart."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import arviz as az
import numpy as np
import pandas as pd

import bayesian
import em
from bayesian import BridgeSettings, Posterior, Prior, SMCSettings
from bayesian.evidence import BridgeFailure
from bayesian.evidence.by_bridge import bridge_posterior
from bayesian.sampling.nuts import compiled_for
from bayesian.sampling.problem import Problem
from benchmarks.timing import fastest
from experiments.engine.experiment import Budget
from mixture import GaussianMixture
from mixture.arrays import FloatArray

APART = 4.0
"""Standard deviations between neighbouring means."""
REPLICATES = 10
"""Of a bootstrap: enough to average over, since a replicate costs the same however many follow."""
FEW_POINTS = 100
"""To a component, where nothing is measured."""
LEAST_EFFECTIVE = 50.0
"""Effective draws from which the price of one is told: fewer are no measure of how a chain mixes."""
RESTRAINED = SMCSettings(chains=50, states=5, leapfrogs=4, most_moves=1)
"""Sequential Monte Carlo with fewer particles and moves than it is to be used with: its price is a lower bound."""

UNITS = {
    "EM iteration": "iteration",
    "EM fit": "fit from all starts",
    "standard errors": "set",
    "bootstrap": "replicate",
    "NUTS draw": "draw",
    "NUTS effective draw": "effective draw",
    "Gibbs sweep": "sweep",
    "Gibbs effective draw": "effective draw",
    "relabelling": "draw",
    "bridge": "estimate, given draws",
    "SMC": f"run of {RESTRAINED.particles} particles",
}
"""The methods, in the order in which they are shown, and what their seconds are of."""
OF_EM = ("EM iteration", "EM fit", "standard errors", "bootstrap")


@dataclass(frozen=True)
class Cost:
    """passes: over the data that a unit takes, each worth an E step; None where it is made of something else."""

    seconds: float
    passes: float | None = None


@dataclass(frozen=True)
class Size:
    """Points, components, features."""

    n_samples: int
    n_components: int
    n_features: int

    @property
    def truth(self) -> GaussianMixture:
        """Unit components of equal weight in a row along the first axis."""
        k, d = self.n_components, self.n_features
        means = np.zeros((k, d))
        means[:, 0] = APART * np.arange(k)
        return GaussianMixture(np.full(k, 1.0 / k), means, np.tile(np.eye(d), (k, 1, 1)), "full")

    def points(self, rng: np.random.Generator) -> FloatArray:
        """Drawn from the truth, (N, D)."""
        return self.truth.draw(self.n_samples, rng)[0]


def once(call: Callable[[], object]) -> float:
    """Seconds of the processor of one call."""
    began = time.process_time()
    call()
    return time.process_time() - began


def costs(size: Size, budget: Budget, rng: np.random.Generator, *, smc: bool) -> pd.DataFrame:
    """method, seconds, passes (nan where none are counted): of one unit of its work (`UNITS`), on one core, on one set
    of data; an iteration, which is short, counts by its fastest.

    smc: whether sequential Monte Carlo is run, the dearest of all.
    """
    x = size.points(rng)
    found = {**of_em(x, size, budget, rng), **of_posterior(x, size, budget, rng)}
    if smc:
        found["SMC"] = Cost(once(lambda: sequential_monte_carlo(x, size.n_components)))
    return pd.DataFrame(
        {
            "method": list(found),
            "seconds": [cost.seconds for cost in found.values()],
            "passes": [np.nan if cost.passes is None else cost.passes for cost in found.values()],
        }
    )


def sequential_monte_carlo(x: FloatArray, n_components: int) -> object:
    """One run with few particles."""
    prior = Prior.weakly_informative(x, n_components)
    return bayesian.smc(x, n_components, prior=prior, runs=1, draws=50, settings=RESTRAINED, random_seed=1, threads=1)


def of_em(x: FloatArray, size: Size, budget: Budget, rng: np.random.Generator) -> dict[str, Cost]:
    """An iteration, a fit from many starts, standard errors, a bootstrap replicate."""
    found: list[em.Restarts] = []
    seconds = once(
        lambda: found.append(
            em.fit_best(x, size.n_components, n_starts=budget.n_starts, rng=rng.spawn(1)[0], n_jobs=1, threads=1)
        )
    )
    best = found[0].best.mixture

    def bootstrap() -> object:
        return em.bootstrap(x, best, n_replicates=REPLICATES, rng=rng, n_jobs=1)

    return {
        "EM iteration": Cost(fastest(lambda: iteration(x, best), seconds=0.1, clock=time.process_time), 1.0),
        "EM fit": Cost(seconds, float(sum(fit.n_passes for fit in found[0].climbs))),
        "standard errors": Cost(fastest(lambda: em.standard_errors(x, best), seconds=0.1, clock=time.process_time)),
        "bootstrap": Cost(once(bootstrap) / REPLICATES),
    }


def iteration(x: FloatArray, mixture: GaussianMixture) -> GaussianMixture:
    """One E step and one M step on one thread."""
    return em.m_step(em.e_step(x, mixture, threads=1), structure=mixture.structure)


def of_posterior(x: FloatArray, size: Size, budget: Budget, rng: np.random.Generator) -> dict[str, Cost]:
    """Draws and effective draws of two samplers, relabelling a draw, a bridge.

    An effective draw is one of the log likelihood, by its bulk effective sample size; tuning counts, at as many passes
    a draw as after it. Left out: the effective draw of a chain worth fewer than LEAST_EFFECTIVE, and a bridge that does
    not converge.
    """
    k = size.n_components
    problem = Problem.of(x, k, "full", Prior.weakly_informative(x, k))
    compiled = compiled_for(problem)
    starts = [size.truth] * budget.chains
    sampled: list[Posterior] = []

    def nuts() -> None:
        sampled.append(
            compiled.sample(
                budget.draws,
                budget.tune,
                budget.chains,
                starts=starts,
                random_seed=rng.spawn(1)[0],
                cores=1,
                progressbar=False,
            )
        )

    def gibbs() -> None:
        sampled.append(
            bayesian.gibbs(
                x,
                k,
                prior=problem.prior,
                draws=budget.draws,
                tune=budget.tune,
                chains=budget.chains,
                starts=starts,
                random_seed=rng.spawn(1)[0],
            )
        )

    seconds = {"NUTS": once(nuts), "Gibbs": once(gibbs)}
    drawn = budget.draws * budget.chains
    steps = (budget.draws + budget.tune) * budget.chains
    first = sampled[0]
    passes = {"NUTS": float(first.tree["sample_stats"]["n_steps"].mean()), "Gibbs": 1.0}
    found = {}
    for (sampler, unit), posterior in zip({"NUTS": "draw", "Gibbs": "sweep"}.items(), sampled, strict=True):
        found[f"{sampler} {unit}"] = Cost(seconds[sampler] / steps, passes[sampler])
        effective = float(az.ess(posterior.log_likelihood))
        if effective >= LEAST_EFFECTIVE:
            priced = Cost(seconds[sampler] / effective, passes[sampler] * steps / effective)
            found[f"{sampler} effective draw"] = priced
    found["relabelling"] = Cost(once(lambda: bayesian.relabel(first, "ecr")) / drawn)
    settings = BridgeSettings(budget.draws, budget.tune, budget.chains)

    def bridge() -> None:
        bridge_posterior(first, problem, settings, np.random.default_rng(1))

    with suppress(BridgeFailure):  # these few draws do not overlap with any proposal: nothing to measure
        found["bridge"] = Cost(once(bridge))
    return found


def warm(size: Size, budget: Budget, *, smc: bool) -> None:
    """Compile all that a size needs on a few points, before the clock starts."""
    few = Size(FEW_POINTS * size.n_components, size.n_components, size.n_features)
    rng = np.random.default_rng(1)
    x = few.points(rng)
    em.standard_errors(x, em.fit(x, few.truth).mixture)
    of_posterior(x, few, budget, rng)
    if smc:
        sequential_monte_carlo(x, few.n_components)
