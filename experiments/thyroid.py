"""The thyroid data, published on both sides: EM with diagonal covariances, a sparse posterior with full ones."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

import bayesian
import em
from experiments.answers.thyroid import REFERENCES, sections
from experiments.answers.thyroid_found import CONCENTRATION, GROUPS, OVERFITTED, Found, found_of
from experiments.comparing import known_groups
from experiments.comparing.known_groups import KnownGroups
from experiments.data.datasets import load
from experiments.engine.experiment import Budget, Case, Experiment, Published, Results, Task
from experiments.reporting.report import Answer, Formula
from experiments.reporting.sentences import listed
from mixture import STRUCTURES, GaussianMixture
from mixture.arrays import FloatArray, IntArray

CHOICE = "em"
MOST_COMPONENTS = 5
"""EM tries one to so many components, in each of the six covariance structures that have a posterior here."""

THIN = 10
"""Sweeps of the Gibbs sampler per draw kept."""

PARTITION_DRAWS = 100
"""Allocations of each chain, evenly spaced, that partitions are estimated from."""

MCLUST = "R package mclust 6.0.0, run to a tight tolerance"
TELESCOPE = "R package telescope, its vignette on this data set"
CLAIMS = {
    "bic": Published("EM, diag, K = 3: BIC in mclust's sign (larger is better)", MCLUST, -4777.91, 0.01, unit="nats"),
    "em rand": Published("EM, diag, K = 3: adjusted Rand index with the diagnoses", MCLUST, 0.877, 0.02),
    "filled": Published("posterior: most probable number of filled components", TELESCOPE, 3.0, 0.0),
    "smallest": Published("posterior: smallest weight of three filled components", TELESCOPE, 0.131, 0.01),
    "middle": Published("posterior: middle weight of three filled components", TELESCOPE, 0.170, 0.01),
    "largest": Published("posterior: largest weight of three filled components", TELESCOPE, 0.699, 0.01),
    "rand": Published("posterior: adjusted Rand index with the diagnoses", TELESCOPE, 0.878, 0.02),
}


@dataclass(frozen=True, eq=False)
class Fits:
    """EM in every structure and number of components: one row a model.

    three: the best with three components, by structure       preferred: the one of least BIC
    """

    models: pd.DataFrame
    three: dict[str, GaussianMixture]
    preferred: GaussianMixture


@dataclass(frozen=True, eq=False)
class Chain:
    """One chain of the sparse mixture.

    filled     (S,) filled components of each draw
    weights    (T, 3) the weights of those draws that fill three components, ascending
    drawn      (A, N) allocations of some draws       partition   (N,) the one of least expected Binder loss
    """

    filled: IntArray
    weights: FloatArray
    drawn: IntArray
    partition: IntArray


type Outcome = Fits | Chain


def cases(budget: Budget) -> Sequence[Case]:
    """EM, then each chain on its own: chains know nothing of each other."""
    chains = (Case(f"chain-{c + 1}", cost=6.0) for c in range(budget.chains))
    return (Case(CHOICE, cost=8.0), *chains)


def run(task: Task) -> Outcome:
    """EM in six structures, or one chain of the Gibbs sampler."""
    points = load("thyroid").points()
    return _fits(points, task) if task.case.name == CHOICE else _chain(points, task)


def _fits(points: FloatArray, task: Task) -> Fits:
    names = [structure.name for structure in STRUCTURES]
    counts = range(1, MOST_COMPONENTS + 1)
    with task.progress.stage("EM in six structures", len(names) * len(counts)) as advance:
        choice = em.choose(
            points,
            counts,
            names,
            n_starts=task.budget.n_starts,
            rng=task.rng(),
            n_jobs=task.n_jobs,
            progress=lambda _: advance(1),
        )
    three = {cell.structure: cell.mixture for cell in choice.fitted if cell.n_components == GROUPS}
    return Fits(choice.summary().drop(columns=["reason", "status"]), three, choice.fitted[0].mixture)


def _chain(points: FloatArray, task: Task) -> Chain:
    """Ties make the posterior under the hierarchical prior improper on paper; that is allowed here, and reported."""
    task.progress.say(f"Gibbs sampling, {task.case.name}")
    posterior = bayesian.gibbs(
        points,
        OVERFITTED,
        prior=bayesian.Prior.sparse(points, OVERFITTED, concentration=CONCENTRATION),
        draws=task.budget.draws,
        thin=THIN,
        tune=task.budget.tune,
        chains=1,
        random_seed=task.seed,
        keep_allocations=True,
        allow_improper=True,
    )
    filled = bayesian.filled_components(posterior).n_components[0]
    weights = np.sort(posterior.weights[0], axis=1)[filled == GROUPS, -GROUPS:]
    allocated = np.asarray(posterior.tree["posterior"]["z"])[0].astype(np.int64)
    places = np.linspace(0, len(allocated) - 1, min(len(allocated), PARTITION_DRAWS)).round().astype(np.int64)
    drawn = allocated[places]
    estimate = bayesian.partition_estimate(drawn, "binder", rng=task.rng())
    return Chain(filled, weights, drawn, estimate.partition)


def answer(results: Results[Outcome]) -> Answer:
    """Both sides against what is published, and against the diagnoses."""
    fits = results[CHOICE]
    assert isinstance(fits, Fits)
    chains = [outcome for outcome in results.outcomes.values() if isinstance(outcome, Chain)]
    data = load("thyroid")
    points, diagnoses = data.points(), KnownGroups.of(data.groups())
    found = found_of(
        diagnoses,
        points,
        fits.three,
        fits.preferred,
        filled=np.stack([chain.filled for chain in chains]),
        weights=[chain.weights for chain in chains],
        drawn=np.concatenate([chain.drawn for chain in chains]),
        partitions=[chain.partition for chain in chains],
    )
    diag = fits.models[(fits.models["structure"] == "diag") & (fits.models["n_components"] == GROUPS)].iloc[0]
    known = [error if np.isfinite(error) else None for error in (*found.errors["weights"], found.errors["rand"])]
    claims = (
        CLAIMS["bic"].against(-float(diag["bic"])),
        CLAIMS["em rand"].against(found.em_rand["diag"]),
        CLAIMS["filled"].against(found.mode),
        *(
            CLAIMS[name].against(found.weights[place], error=known[place])
            for place, name in enumerate(("smallest", "middle", "largest"))
        ),
        CLAIMS["rand"].against(found.posterior_rand, error=known[-1]),
    )
    return Answer(
        words=_words(found, fits.models, len(points)),
        sections=sections(data, diagnoses, points, fits.models, found, met=claims[0].passed),
        claims=claims,
        references=known_groups.REFERENCES,
        provenance={"data sha256": data.sha256},
        result={
            "models": json.loads(fits.models.to_json(orient="records")),
            "filled": found.probabilities.tolist(),
            "weights": found.weights.tolist(),
            "adjusted_rand": {
                **{f"EM, {name}": rand for name, rand in found.em_rand.items()},
                "posterior": found.posterior_rand,
            },
        },
    )


def _words(found: Found, models: pd.DataFrame, n_samples: int) -> str:
    best = models.sort_values("bic").iloc[0]
    scores = f"{found.em_rand['diag']:.3f} by EM, {found.posterior_rand:.3f} by the posterior"
    told = found.chains_told
    by_chain = listed(list(told.values()))
    if found.mode == GROUPS:
        lead = f"{GROUPS} groups as published (adjusted Rand index {scores})"
        but = [f"EM's BIC prefers {best['n_components']}"] if best["n_components"] != GROUPS else []
        but += [words for k, words in told.items() if k != GROUPS]
        lead += f", but {listed(but)}." if but else ", and EM's BIC and every chain take just them."
    else:
        lead = (
            f"The posterior does not find, with this budget, the {GROUPS} groups that are published: {by_chain}"
            f" (adjusted Rand index {scores})."
        )
    own = ", ".join(f"{weight:.3f}" for weight in found.weights)
    weights = f" Where {GROUPS} are filled the weights are {own}." if found.chains_with_groups else ""
    return (
        f"{lead} EM with {GROUPS} components and diagonal covariances, not told the diagnoses, leaves"
        f" {found.em_astray['diag']} of {n_samples} patients outside the cluster of their diagnosis, the posterior with"
        f" {OVERFITTED} components and a sparse prior {found.posterior_astray}: {by_chain},"
        f" {'each in every draw' if found.whole else 'most often'}.{weights}"
    )


EXPERIMENT = Experiment(
    name="thyroid",
    title="Thyroid: both published sides",
    question="Do EM and the posterior find the three diagnoses in five laboratory tests, as published for each?",
    summary="Laboratory tests of patients: EM by BIC, a sparse mixture by Gibbs sampling, both against the literature",
    tags=("real data", "em", "posterior", "how many"),
    quick=Budget(draws=100, tune=10_000, chains=4, n_starts=3),
    full=Budget(draws=1000, tune=12_000, chains=8, n_starts=12),
    expect="Patients with a normal thyroid form the bulk; those with an overactive or an underactive one spread far"
    " from it, in different directions. Both sides are in the literature. EM, asked by BIC, takes components with"
    " diagonal covariances, which are cheap in parameters, three of them as published; a posterior with full"
    " covariances empties those of its components that are too many. The two are different models, so weights and"
    " partitions should be close, not equal. What is sampled has a Monte Carlo error, told by chains that know nothing"
    " of each other.",
    mathematics=(
        r"EM is fitted for each number of components $K$ and covariance structure, and the smallest"
        r" $\mathrm{BIC} = -2 \log p(X \mid \hat\theta) + p \log N$ is preferred, $p$ the number of free parameters"
        rf" (mclust prints $-\mathrm{{BIC}}$). The posterior is asked otherwise: the mixture has {OVERFITTED}"
        r" components, more than needed, and the prior of its weights is sparse,",
        Formula(
            rf"\pi \sim \mathrm{{Dirichlet}}(e_0, \ldots, e_0), \qquad e_0 = {CONCENTRATION:g},",
            f"the weights are Dirichlet with all parameters e zero equal to {CONCENTRATION:g}",
        ),
        r"so that superfluous components are left without points. The number of components that hold at least one,"
        r" $K_+$, is a function of the allocations $z$, and its posterior",
        Formula(
            r"p(K_{+} = k \mid X) = \sum_{z:\, K_{+}(z) = k} p(z \mid X)",
            "the posterior probability of k filled components is the sum of the posterior probabilities of the"
            " allocations z that fill k",
        ),
        r"is the answer to how many. The components have means around the median with the range as standard deviation,"
        r" and covariances with a hierarchical prior, a random scale shared by all: $\Sigma_k^{-1} \mid b \sim"
        r" \mathcal{W}(2 c_0, (2 b)^{-1})$ with $b \sim \mathcal{W}(2 g_0, (2 h)^{-1})$. Draws come from Gibbs"
        r" sampling: allocations given parameters, parameters given allocations.",
    ),
    limits="Under this prior the posterior is improper on paper: laboratory values are rounded and tie, so one"
    " component could settle on tied patients and shrink without end while the random scale follows it. The published"
    " analysis has the same prior of the components. No chain came near such a place, and what is reported is the part"
    " of the posterior they explored; a prior with a fixed scale, as in the reports before, has no such gap. The"
    " telescoping sampler behind the published numbers has a prior on the number of components, where here there is a"
    " sparse prior on the weights of a fixed number: close, not the same. The diagnoses rest on more than these tests.",
    references=REFERENCES,
    claims=CLAIMS,
    stored=(Fits, Chain),
    data=("thyroid",),
    cases=cases,
    run=run,
    answer=answer,
    side_by_side=True,
)

if __name__ == "__main__":
    from experiments.engine.running import run_as_script

    run_as_script(EXPERIMENT)
