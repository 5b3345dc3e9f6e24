"""How much the prior decides: three components of the galaxies under five priors, and under four concentrations."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import arviz as az
import numpy as np

import bayesian
import em
from bayesian.label_free import predictive_bands
from experiments.answers.priors import QUANTITIES, build_answer
from experiments.answers.priors_declared import (
    CLAIMS,
    EXPECT,
    LEVEL,
    LIMITS,
    MATHEMATICS,
    N_SPARE,
    REFERENCES,
    TAILS,
)
from experiments.data.datasets import load
from experiments.engine.experiment import Budget, Case, Experiment, Results, Task
from experiments.referee.parameters import ascending
from experiments.reporting.report import Answer, Json
from mixture import GaussianMixture
from mixture.arrays import FloatArray

DATA = "galaxies_rg1997"
"""The version whose 78th value is 26.960, as Chib and Richardson & Green have it."""
K, STRUCTURE = 3, "diag"
MEANS_BETWEEN, SDS_BETWEEN = (5.0, 40.0), (0.1, 10.0)
"""Bounds of the uniform prior, in 1000 km/s: the data lie well inside those of the means."""
CONCENTRATIONS = (0.1, 1.0, 4.0, 10.0)
BASE = "weakly informative"
"""The prior whose concentration is varied."""
NAMES = ("uniform", "Chib", "Richardson & Green", BASE, "conjugate")
BY_NUTS = "uniform"
"""The prior without a conjugate update; all others are sampled by Gibbs."""
SWEEPS, LONGER = 8, 20
"""Sweeps of Gibbs, and draws of NUTS, to a draw of the budget: a sweep is cheap, and the uniform prior mixes badly."""
KEPT, PRIOR_DRAWS = 3000, 20_000
GRID = np.linspace(5.0, 38.0, 331)
THIN = 4
"""Sweeps of Gibbs between two that are kept."""


@dataclass(frozen=True, eq=False)
class Found:
    """The posterior under one prior, labels as EM's, components in ascending order of EM's means.

    draws      (T, 3, 3): draw, component, and weight, mean, sd
    prior      (3, 3) quantiles TAILS (rows) of weight, mean and sd of any component under the prior
    r_hats, ess  (3, 3), component and quantity
    lower, middle, upper  the predictive density and its pointwise band of LEVEL over GRID
    filled     (C, N_SPARE) by chain: share of draws in which 1, 2, .. of N_SPARE components hold a point; (0, N_SPARE)
               where not asked
    ordered    (T, 3) weights in ascending order in each draw; ordered_ess (3,)
    lines      the prior in words
    """

    draws: FloatArray
    prior: FloatArray
    r_hats: FloatArray
    ess: FloatArray
    lower: FloatArray
    middle: FloatArray
    upper: FloatArray
    filled: FloatArray
    ordered: FloatArray
    ordered_ess: FloatArray
    lines: tuple[str, ...]


def slug(text: str) -> str:
    """A name of a case: "Richardson & Green" is richardson-green."""
    return "-".join("".join(c if c.isalnum() else " " for c in text.lower()).split())


def cases(_: Budget) -> Sequence[Case]:
    """A case for each prior, and for each concentration."""
    named: list[tuple[str, dict[str, Json], float]] = [
        (slug(name), {"prior": name, "concentration": 1.0, "spare": False}, 15.0 if name == BY_NUTS else 3.0)
        for name in NAMES
    ]
    named += [
        (slug(f"concentration {value:g}"), {"prior": BASE, "concentration": value, "spare": True}, 6.0)
        for value in CONCENTRATIONS
    ]
    return [Case(name, settings, cost) for name, settings, cost in named]


def prior_named(name: str, x: FloatArray) -> bayesian.Prior:
    """One of NAMES, for the data x (N, 1)."""
    match name:
        case "uniform":
            return bayesian.Prior.uniform(MEANS_BETWEEN, SDS_BETWEEN)
        case "Chib":
            return bayesian.Prior.chib()
        case "Richardson & Green":
            return bayesian.Prior.richardson_green(x, K, STRUCTURE)
        case "conjugate":
            return bayesian.Prior.conjugate(x, K, STRUCTURE)
        case _:
            return bayesian.Prior.weakly_informative(x, K, STRUCTURE)


def highest(x: FloatArray) -> GaussianMixture:
    """EM's best optimum, components in ascending order of their means: the labels of every posterior."""
    best = em.fit_best(x, K, structure=STRUCTURE, n_starts=12, rng=0, n_jobs=1).best.mixture
    return best.permute(ascending(best))


def run(task: Task) -> Found:
    """The posterior under one prior."""
    x = load(DATA).points()
    prior = replace(prior_named(task.settings["prior"], x), concentration=task.settings["concentration"])
    best = highest(x)
    rng, prior_rng, spare_rng = task.rng().spawn(3)
    by_nuts = task.settings["prior"] == BY_NUTS
    posterior = (
        by_hamilton(x, prior, best, task.budget, rng) if by_nuts else by_gibbs(x, prior, [best], task.budget, rng)
    )
    pivot = best.responsibilities(x).argmax(axis=1)
    relabelled = bayesian.relabel(posterior, "ecr", pivot=pivot).apply(posterior)
    numbers = quantities(relabelled.weights, relabelled.means, relabelled.covariances)  # (C, S, K, 3)
    drawn = prior.draw(K, 1, STRUCTURE, PRIOR_DRAWS, prior_rng)
    before = quantities(drawn["weights"], drawn["means"], drawn["covariances"]).reshape(-1, len(QUANTITIES))
    filled = np.empty((0, N_SPARE))
    if task.settings["spare"]:
        spare = by_gibbs(x, prior, "dispersed", task.budget, spare_rng, n_components=N_SPARE)
        held = bayesian.filled_components(spare).n_components
        filled = np.stack([(held == k + 1).mean(axis=1) for k in range(N_SPARE)], axis=1)
    ordered = np.sort(posterior.weights, axis=2)
    bands = predictive_bands(posterior, GRID, LEVEL, at_most=1000)
    flat = numbers.reshape(-1, K, len(QUANTITIES))
    step = -(-len(flat) // KEPT)
    places = [(k, q) for k in range(K) for q in range(len(QUANTITIES))]
    return Found(
        draws=flat[::step],
        prior=np.quantile(before, TAILS, axis=0),
        r_hats=np.array([float(az.rhat(numbers[:, :, k, q])) for k, q in places]).reshape(K, -1),
        ess=np.array([float(az.ess(numbers[:, :, k, q])) for k, q in places]).reshape(K, -1),
        lower=bands.lower[0],
        middle=bands.middle[0],
        upper=bands.upper[0],
        filled=filled,
        ordered=ordered.reshape(-1, K)[::step],
        ordered_ess=np.array([float(az.ess(ordered[:, :, k])) for k in range(K)]),
        lines=tuple(prior.describe()[1:]),
    )


def by_hamilton(
    x: FloatArray, prior: bayesian.Prior, best: GaussianMixture, budget: Budget, rng: np.random.Generator
) -> bayesian.Posterior:
    """Draws by NUTS from EM's optimum."""
    return bayesian.sample(
        x,
        K,
        structure=STRUCTURE,
        prior=prior,
        draws=LONGER * budget.draws,
        tune=budget.tune,
        chains=budget.chains,
        starts=[best],
        random_seed=int(rng.integers(2**31)),
        cores=1,
        progressbar=False,
    )


def by_gibbs(
    x: FloatArray,
    prior: bayesian.Prior,
    starts: Sequence[GaussianMixture] | Literal["dispersed"],
    budget: Budget,
    rng: np.random.Generator,
    n_components: int = K,
) -> bayesian.Posterior:
    """Draws by Gibbs, allocations kept."""
    return bayesian.gibbs(
        x,
        n_components,
        structure=STRUCTURE,
        prior=prior,
        draws=SWEEPS * budget.draws // THIN,
        tune=budget.tune,
        chains=budget.chains,
        thin=THIN,
        starts=starts,
        random_seed=int(rng.integers(2**31)),
        keep_allocations=True,
    )


def quantities(weights: FloatArray, means: FloatArray, covariances: FloatArray) -> FloatArray:
    """Weight, mean and sd along the last axis: (..., K, 3)."""
    return np.stack([weights, means[..., 0], np.sqrt(covariances[..., 0, 0])], axis=-1)


def answer(results: Results[Found]) -> Answer:
    """Five priors side by side, then four concentrations."""
    return build_answer(
        {name: results[slug(name)] for name in NAMES},
        {value: results[slug(f"concentration {value:g}")] for value in CONCENTRATIONS},
        velocities=load(DATA).points()[:, 0],
        grid=GRID,
        base=BASE,
    )


EXPERIMENT = Experiment(
    name="priors",
    title="What the prior decides",
    question="How much does the prior decide, of three components and of their density?",
    summary=(f"galaxies, K = {K}, under {len(NAMES)} priors and {len(CONCENTRATIONS)} Dirichlet concentrations"),
    tags=("posterior", "prior", "real data"),
    quick=Budget(draws=300, tune=300, chains=4),
    full=Budget(draws=2000, tune=1000, chains=4),
    expect=EXPECT,
    mathematics=MATHEMATICS,
    limits=LIMITS,
    references=REFERENCES,
    claims=CLAIMS,
    stored=(Found,),
    data=(DATA,),
    cases=cases,
    run=run,
    answer=answer,
    side_by_side=True,
)

if __name__ == "__main__":
    from experiments.engine.running import run_as_script

    run_as_script(EXPERIMENT)
