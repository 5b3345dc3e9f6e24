"""Label switching: the K! copies of a posterior, what they do to summaries, and how seldom chains visit them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

import bayesian
import em
from bayesian.diagnosis.convergence import convergence_table
from bayesian.diagnosis.switching import count_switches
from bayesian.posterior import Posterior
from experiments.answers.label_switching import build_answer
from experiments.answers.label_switching_words import CLAIMS, EXPECT, LIMITS, MATHEMATICS, REFERENCES
from experiments.data.datasets import load
from experiments.data.posteriordb import Posteriordb
from experiments.engine.experiment import Budget, Case, Experiment, Results, Task
from experiments.referee.parameters import align, ascending
from experiments.reporting.report import Answer
from experiments.studies.quantile_points import at_quantiles
from mixture import GaussianMixture
from mixture.arrays import FloatArray, IntArray

UNIT = [[1.0]]
BETANCOURT = GaussianMixture([0.6, 0.4], [[-2.75], [2.75]], [UNIT, UNIT])
"""What the points of Betancourt's case study were drawn from."""
DATASET = "low_dim_gauss_mix"
"""What posteriordb calls those points."""
SCALES = bayesian.HalfNormal(2.0, on="sd")
PATTERNS = {
    "exchangeable": bayesian.Prior(bayesian.Normal(0.0, 2.0), 5.0, SCALES),
    "asymmetric": bayesian.Prior(bayesian.Normal([[4.0], [-4.0]], 0.5), 5.0, SCALES),
}
"""His two priors. The second expects component 1 on the right and component 2 on the left."""
LEFT_FIRST, RIGHT_FIRST = BETANCOURT, BETANCOURT.permute([1, 0])
STARTS = {
    "exchangeable": (LEFT_FIRST, LEFT_FIRST, LEFT_FIRST, RIGHT_FIRST),
    "asymmetric": (RIGHT_FIRST, RIGHT_FIRST, RIGHT_FIRST, LEFT_FIRST),
}
"""One chain of four alone in its labelling, as his published values tell: with two and two, R-hat of both means would
be equal. Under the second prior the three sit where it expects them."""

CLOSE = GaussianMixture([0.5, 0.5], [[0.0], [0.15]], [[[0.25]], [[4.0]]])
"""Means close, weights equal, standard deviations 0.5 and 2."""
N_CLOSE = 200
CLOSE_PRIOR = bayesian.Prior(bayesian.Normal(0.0, 3.0), 2.0, bayesian.InverseGamma(2.0, 1.0, on="variance"))
"""Weak: means over more than the range of the data, a mean variance of 1, between the two true ones, and a Dirichlet
that keeps both components filled."""
ORDERINGS = ("close-means", "galaxies")
LABELLINGS = {
    "by mean": ("order", "means"),
    "by weight": ("order", "weights"),
    "by sd": ("order", "scales"),
    "ECR": ("ecr", "means"),
    "Stephens": ("stephens", "means"),
}
"""Ways to undo labels, as `bayesian.relabel` names them: by the order of one parameter, and by what points do."""

SEPARATIONS = (1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0)
"""Standard deviations between two equal normals."""
N_SEPARATED = 60
SEPARATED_PRIOR = bayesian.Prior(bayesian.Normal(0.0, 3.0), 2.0, bayesian.InverseGamma(3.0, 2.0, on="variance"))
"""The same at every distance: means over more than the range of the data, variances about the true one, both
components filled."""
SAMPLERS = ("gibbs", "nuts", "permuted")
SWEEPS = 2
"""Gibbs sweeps in the place of one draw by NUTS."""


@dataclass(frozen=True, eq=False)
class Pattern:
    """A posterior whose chains began in both labellings, and what the diagnosis says of it.

    published    whether the points are the case study's own; if not, they are at quantiles of what his came from
    estimate     EM's highest optimum for the same data
    orders       (C, S, K) of ECR
    raw, relabelled, label_free   convergence tables
    verdict, explanation, advice  of `bayesian.diagnose`, in words
    mixed        the same draws, each in a random order; None where the prior tells the components apart
    mixed_raw    the convergence table of those
    """

    published: bool
    posterior: Posterior
    estimate: GaussianMixture
    orders: IntArray
    raw: pd.DataFrame
    relabelled: pd.DataFrame
    label_free: pd.DataFrame
    verdict: str
    explanation: str
    advice: str
    mixed: Posterior | None
    mixed_raw: pd.DataFrame | None


@dataclass(frozen=True, eq=False)
class Ordering:
    """One posterior under several labellings, each in the order of the target's components.

    n_samples  points
    target     the truth of a simulation, else EM's estimate; components in ascending order of their means
    mixed      means and weights (T, K) in random orders, as sampled
    means, weights   (T, K) by labelling
    alike      share of draws labelled as when each is matched with the target, by labelling
    """

    n_samples: int
    target: GaussianMixture
    mixed: tuple[FloatArray, FloatArray]
    means: dict[str, FloatArray]
    weights: dict[str, FloatArray]
    alike: dict[str, float]


@dataclass(frozen=True, eq=False)
class Switching:
    """How often the two means change their order from one draw to the next.

    rates     (separations, chains) switches per 1000 draws
    n_draws   of each chain
    """

    rates: FloatArray
    n_draws: int


type Outcome = Pattern | Ordering | Switching


def separated(distance: float) -> GaussianMixture:
    """Two equal unit normals so far apart, about zero."""
    return GaussianMixture([0.5, 0.5], [[-0.5 * distance], [0.5 * distance]], [UNIT, UNIT])


def cases(_: Budget) -> tuple[Case, ...]:
    """Two priors, two sets of data whose components are named in several ways, three samplers."""
    return (
        *(Case(name, {"kind": "pattern", "prior": name}, 6.0) for name in PATTERNS),
        *(Case(name, {"kind": "ordering", "data": name}, 3.0) for name in ORDERINGS),
        *(Case(f"switches-{name}", {"kind": "switching", "sampler": name}, 5.0) for name in SAMPLERS),
    )


def run(task: Task) -> Outcome:
    """One posterior diagnosed, one labelled in several ways, or switches counted as components move apart."""
    kinds: dict[str, Callable[[Task], Outcome]] = {
        "pattern": run_pattern,
        "ordering": run_ordering,
        "switching": run_switching,
    }
    return kinds[task.settings["kind"]](task)


def run_pattern(task: Task) -> Pattern:
    """NUTS from both labellings; ECR; the diagnosis; random permutations where they are exact."""
    name, budget = task.settings["prior"], task.budget
    database = Posteriordb.of(task.options)
    if database is None:
        x = at_quantiles(BETANCOURT, budget.n_samples)
    else:
        x = np.array(database.data(DATASET)["y"])[:, None]
    rng = task.rng()
    posterior = bayesian.sample(
        x,
        2,
        prior=PATTERNS[name],
        starts=STARTS[name],
        draws=budget.draws,
        tune=budget.tune,
        chains=budget.chains,
        random_seed=rng,
        cores=task.n_jobs,
        progressbar=False,
    )
    relabelling = bayesian.relabel(posterior, "ecr")
    found = bayesian.diagnose(posterior, relabelling)
    mixed = bayesian.permute_at_random(posterior, rng) if name == "exchangeable" else None
    return Pattern(
        published=database is not None,
        posterior=posterior,
        estimate=em.fit_best(x, 2, n_starts=5, rng=rng, n_jobs=1).best.mixture,
        orders=relabelling.permutations,
        raw=found.raw,
        relabelled=found.relabelled,
        label_free=found.invariants,
        verdict=found.words,
        explanation=found.explanation,
        advice=found.advice,
        mixed=mixed,
        mixed_raw=None if mixed is None else convergence_table(mixed.tree["posterior"].to_dataset()[["means"]]),
    )


def run_ordering(task: Task) -> Ordering:
    """Gibbs sampling of one set of data, and every labelling of its draws."""
    rng, budget = task.rng(), task.budget
    if task.settings["data"] == "galaxies":
        x, prior, k = load("galaxies").points(), bayesian.Prior.chib(), 3
        estimate = em.fit_best(x, k, n_starts=10, rng=rng, n_jobs=1).best.mixture
        target = estimate.permute(ascending(estimate))
    else:
        x, prior, k, target = at_quantiles(CLOSE, N_CLOSE), CLOSE_PRIOR, 2, CLOSE
    draws = SWEEPS * budget.draws
    posterior = bayesian.gibbs(
        x, k, prior=prior, draws=draws, tune=budget.tune, chains=budget.chains, random_seed=rng, relabel_at_random=True
    )
    matched = bayesian.relabel(posterior, "to_truth", truth=target).apply(posterior).means
    means, weights, alike = {}, {}, {}
    for name, (method, by) in LABELLINGS.items():
        labelled = align(bayesian.relabel(posterior, method, by=by).apply(posterior), target)
        means[name] = labelled.means[..., 0].reshape(-1, k)
        weights[name] = labelled.weights.reshape(-1, k)
        alike[name] = float((labelled.means == matched).all(axis=(2, 3)).mean())
    mixed = posterior.means[..., 0].reshape(-1, k), posterior.weights.reshape(-1, k)
    return Ordering(len(x), target, mixed, means, weights, alike)


def run_switching(task: Task) -> Switching:
    """One sampler on two equal normals, further and further apart."""
    sampler, budget, rng = task.settings["sampler"], task.budget, task.rng()
    rates = []
    for distance in SEPARATIONS:
        x = at_quantiles(separated(distance), N_SEPARATED)
        if sampler == "nuts":
            posterior = bayesian.sample(
                x,
                2,
                prior=SEPARATED_PRIOR,
                draws=SWEEPS * budget.draws,
                tune=budget.tune,
                chains=budget.chains,
                random_seed=rng,
                cores=task.n_jobs,
                progressbar=False,
            )
        else:
            posterior = bayesian.gibbs(
                x,
                2,
                prior=SEPARATED_PRIOR,
                draws=SWEEPS * budget.draws,
                tune=budget.tune,
                chains=budget.chains,
                random_seed=rng,
                relabel_at_random=sampler == "permuted",
            )
        switches = count_switches(bayesian.relabel(posterior, "order")).within
        rates.append(1000.0 * switches / (posterior.n_draws - 1))
    return Switching(np.array(rates), SWEEPS * budget.draws)


def answer(results: Results[Outcome]) -> Answer:
    """Patterns, orderings and switches."""
    of = results.outcomes
    patterns = {name: found for name in PATTERNS if isinstance(found := of[name], Pattern)}
    orderings = {name: found for name in ORDERINGS if isinstance(found := of[name], Ordering)}
    switching = {name: found for name in SAMPLERS if isinstance(found := of[f"switches-{name}"], Switching)}
    return build_answer(
        patterns,
        orderings,
        switching,
        truth=BETANCOURT,
        priors={name: str(prior.means) for name, prior in PATTERNS.items()},
        distances=SEPARATIONS,
        n_separated=N_SEPARATED,
    )


EXPERIMENT = Experiment(
    name="label_switching",
    title="Label switching",
    question="What is label switching, and is it a problem here?",
    summary="copies of one posterior, R-hat three ways, ordering constraints, how seldom chains switch",
    tags=("posterior", "labels", "simulated data", "real data"),
    quick=Budget(draws=400, tune=400, chains=4, n_samples=1000),
    full=Budget(draws=1500, tune=1000, chains=4, n_samples=1000),
    expect=EXPECT,
    mathematics=MATHEMATICS,
    limits=LIMITS,
    references=REFERENCES,
    claims=CLAIMS,
    cases=cases,
    run=run,
    answer=answer,
    stored=(Pattern, Ordering, Switching),
    data=("galaxies",),
    side_by_side=True,
)

if __name__ == "__main__":
    from experiments.engine.running import run_as_script

    run_as_script(EXPERIMENT)
