"""Anderson's irises: three species, and two clusters if BIC is asked."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

import bayesian
import em
from experiments.answers.iris import (
    EMPTYING,
    EVEN,
    FILLING,
    OVERFITTED,
    SPECIES,
    emptying_section,
    how_many_section,
    lead,
    referee_section,
)
from experiments.answers.iris_setosa import setosa_section
from experiments.comparing import background, known_groups
from experiments.comparing.assembly import build_answer
from experiments.comparing.comparison import Comparison, Subject, compare_subject
from experiments.comparing.known_groups import KnownGroups
from experiments.comparing.partitions import BINDER, EM, VI, partitions_of
from experiments.data.datasets import load
from experiments.engine.experiment import Budget, Case, Experiment, Published, Results, Task
from experiments.reporting.report import Answer, Formula
from mixture import GaussianMixture
from mixture.arrays import FloatArray, IntArray

COMPARISON, CHOICE, SPARSE, UNIFORM = "comparison", "choice", "sparse", "uniform-weights"
MOST_COMPONENTS = 4
"""EM tries one to so many components, in each of the fourteen covariance families."""

FEATURES = 4
PARAMETERS = FEATURES + FEATURES * (FEATURES + 1) // 2
"""Of one component: a mean and a covariance matrix."""

THIN = 5
"""Sweeps of the Gibbs sampler per draw kept."""

MCLUST = "R package mclust, printed summary of Mclust(iris[, 1:4])"
CLAIMS = {
    f"{k}": Published(
        f"BIC of VEV, K = {k}, in mclust's sign (larger is better)", MCLUST, value, 1e-3, kind="at least", unit="nats"
    )
    for k, value in ((2, -561.7285), (3, -562.5522))
}


@dataclass(frozen=True, eq=False)
class Chosen:
    """EM in every family and number of components: one row a model (`em.Choice.summary`), and the best for each K."""

    models: pd.DataFrame
    best: dict[str, GaussianMixture]


@dataclass(frozen=True, eq=False)
class Filled:
    """Filled components K+ of each draw, (C, S), and the partition of least expected VI, (N,)."""

    n_components: IntArray
    partition: IntArray


type Outcome = Comparison | Chosen | Filled


def cases(_budget: Budget) -> Sequence[Case]:
    """The comparison with as many components as species; EM's choice; what two other priors leave filled."""
    return (
        Case(COMPARISON, cost=25.0),
        Case(CHOICE, cost=12.0),
        Case(SPARSE, {"n_components": OVERFITTED, "concentration": EMPTYING}, cost=5.0),
        Case(UNIFORM, {"n_components": SPECIES, "concentration": EVEN}, cost=4.0),
    )


def run(task: Task) -> Outcome:
    """EM beside the posterior, three components; EM in fourteen families; or the sparse mixture by Gibbs sampling."""
    data, budget = load("iris"), task.budget
    points = data.points()
    if task.case.name == COMPARISON:
        labels = tuple(column.label for column in data.measurements)
        subject = Subject(data.title, points, labels, f"Source: {data.source}. {data.note}", data.sha256)
        return compare_subject(
            subject, SPECIES, prior=_prior(points, FILLING), budget=budget, seed=task.seed, progress=task.progress
        )
    if task.case.name == CHOICE:
        return _chosen(points, task)
    return _filled(points, task)


def _chosen(points: FloatArray, task: Task) -> Chosen:
    counts = range(1, MOST_COMPONENTS + 1)
    with task.progress.stage("EM in fourteen families", 14 * len(counts)) as advance:
        choice = em.choose(
            points,
            counts,
            n_starts=max(2, task.budget.n_starts // 6),
            rng=task.rng(),
            n_jobs=task.n_jobs,
            progress=lambda _: advance(1),
        )
    best: dict[str, GaussianMixture] = {}
    for cell in choice.fitted:  # the preferred first
        best.setdefault(str(cell.n_components), cell.mixture)
    return Chosen(choice.summary().drop(columns=["reason", "status"]), best)


def _prior(points: FloatArray, concentration: float) -> bayesian.Prior:
    """The default for as many components as species, but for the weights; proper for any data.

    A random scale would not be, since values tie here. The scale stays that of the species where a mixture has more
    components: most of them are to be empty.
    """
    default = bayesian.Prior.weakly_informative(points, SPECIES)
    return bayesian.Prior(
        default.means,
        concentration,
        covariances=default.covariances,
        name=f"{default.name}, with Dirichlet({concentration:g}) weights",
        source=default.source,
    )


def _filled(points: FloatArray, task: Task) -> Filled:
    task.progress.say(f"Gibbs sampling, {task.case.name}")
    posterior = bayesian.gibbs(
        points,
        int(task.settings["n_components"]),
        prior=_prior(points, float(task.settings["concentration"])),
        draws=task.budget.draws,
        tune=THIN * task.budget.tune,
        chains=task.budget.chains,
        thin=THIN,
        random_seed=task.seed,
        keep_allocations=True,
    )
    filled = bayesian.filled_components(posterior)
    drawn = np.asarray(posterior.tree["posterior"]["z"]).reshape(-1, len(points))
    some = drawn[np.linspace(0, len(drawn) - 1, min(len(drawn), 500)).round().astype(np.int64)]
    estimate = bayesian.partition_estimate(some.astype(np.int64), "vi", rng=task.rng())
    return Filled(filled.n_components, estimate.partition)


def answer(results: Results[Outcome]) -> Answer:
    """The comparison's report after the referee's; then how many components each side would choose."""
    comparison, chosen, filled, uniform = (results[name] for name in (COMPARISON, CHOICE, SPARSE, UNIFORM))
    assert isinstance(comparison, Comparison)
    assert isinstance(chosen, Chosen)
    assert isinstance(filled, Filled)
    assert isinstance(uniform, Filled)
    data = load("iris")
    species = KnownGroups.of(data.groups())
    found = partitions_of(comparison)
    scores = {name: species.rand(partition) for name, partition in found.of.items()}
    draws = [species.rand(partition) for partition in found.drawn]
    best = chosen.models.sort_values("bic").iloc[0]
    counts, frequencies = np.unique(filled.n_components, return_counts=True)
    mode = int(counts[frequencies.argmax()])
    share = float((filled.n_components == mode).mean())
    more = (
        f"Against the three species, EM's clusters have an adjusted Rand index of {scores[EM]:.3f} and the posterior's"
        f" {scores[VI]:.3f} (VI) and {scores[BINDER]:.3f} (Binder); told nothing of the species, BIC prefers"
        f" {int(best['n_components'])} components ({best['mclust']}), and the sparse posterior fills {mode} with"
        f" probability {share:.2f}."
    )
    bic = {k: -_vev(chosen.models, k, "bic") for k in (2, 3)}
    return build_answer(
        comparison,
        claims=tuple(published.against(bic[int(k)]) for k, published in CLAIMS.items()),
        references=known_groups.REFERENCES,
        partitions=found,
        extra=(
            setosa_section(comparison, species),
            referee_section(species, found, draws, data.points()[:, 2:], comparison.subject.labels[2:]),
            how_many_section(species, chosen.models, chosen.best, filled.n_components, filled.partition, data.points()),
            emptying_section(uniform.n_components),
        ),
        first=lead(species, chosen.models, mode, found),
        more=more,
        result={
            "adjusted_rand": {**scores, "draws_mean": float(np.mean(draws)), "sparse": species.rand(filled.partition)},
            "models": json.loads(chosen.models.to_json(orient="records")),
            "filled": {str(k): float((filled.n_components == k).mean()) for k in counts},
        },
    )


def _vev(models: pd.DataFrame, k: int, column: str) -> float:
    of_family = models["mclust"] == "VEV"
    return float(models[of_family & (models["n_components"] == k)][column].iloc[0])


EXPERIMENT = Experiment(
    name="iris",
    title="Irises: three species, two clusters?",
    question="What do EM and the posterior say about Anderson's irises, and are there two clusters or three species?",
    summary="Flowers of known species, which are the referee; BIC and a sparse mixture on how many clusters they are",
    tags=("real data", "em", "posterior", "how many"),
    quick=Budget(draws=250, tune=400, chains=4, n_starts=6),
    full=Budget(draws=1000, tune=1000, chains=4, n_starts=36),
    expect="One species, setosa, stands apart; the other two, versicolor and virginica, touch. With a"
    f" component for each there are {SPECIES * PARAMETERS + SPECIES - 1} parameters for few flowers: standard errors"
    " and posterior standard deviations should agree for setosa, and less so for the two that overlap. The prior of the"
    " weights matters more than usual: it has to keep a third component from emptying, since with two the likelihood is"
    " nearly as high for its number of parameters. How many components there are is another question. BIC weighs the"
    " likelihood gained by parting the two against the parameters this costs, and the two nearly balance."
    f" {background.EXPECT}",
    mathematics=(
        *background.MATHEMATICS,
        rf"The weights have the prior $\mathrm{{Dirichlet}}({FILLING:g}, \ldots, {FILLING:g})$. Where there are more"
        r" components than the data show, the superfluous ones empty if the concentration is below half the number of"
        r" parameters of a component, and not if it is above (Rousseau and Mengersen); here a component has"
        rf" {PARAMETERS} parameters. Without the number of components given, EM is fitted for each $K$ and covariance"
        r" family, and the model with the smallest",
        Formula(
            r"\mathrm{BIC} = -2 \log p(X \mid \hat\theta) + p \log N",
            "BIC is minus two times the maximised log-likelihood plus the number of parameters p times the logarithm"
            " of N",
        ),
        r"is preferred ($p$ free parameters; mclust prints its negative). The posterior's own answer is the number of"
        r" filled components $K_+$ of a mixture with more components than needed and a sparse prior of the weights,"
        rf" $\pi \sim \mathrm{{Dirichlet}}({EMPTYING:g}, \ldots, {EMPTYING:g})$, which empties superfluous ones."
        r" Clusters are set against species by the adjusted Rand index: pairs of flowers that both put together, less"
        " what chance would give.",
    ),
    limits=f"{background.LIMITS} Species need not be Gaussian clusters: that a criterion prefers another number than"
    " three does not make it wrong, and that clusters match species does not make them right. The number of filled"
    " components depends on the prior of the covariances, which is fixed here: a hierarchical one is refused, since"
    " measurements are rounded to the millimetre and tie, which makes its posterior improper. Its scale is the one"
    " made for as many components as there are species, in the sparse mixture too; another scale may fill another"
    " number.",
    references=(
        "Anderson, E. (1935). The irises of the Gaspé Peninsula. Bulletin of the American Iris Society 59, 2-5.",
        "Scrucca, L., Fop, M., Murphy, T. B. & Raftery, A. E. (2016). mclust 5: clustering, classification and"
        " density estimation using Gaussian finite mixture models. The R Journal 8, 289-317."
        " doi:10.32614/RJ-2016-021",
        "Rousseau, J. & Mengersen, K. (2011). Asymptotic behaviour of the posterior distribution in overfitted mixture"
        " models. Journal of the Royal Statistical Society B 73, 689-710. doi:10.1111/j.1467-9868.2011.00781.x",
        "Malsiner-Walli, G., Frühwirth-Schnatter, S. & Grün, B. (2016). Model-based clustering based on sparse finite"
        " Gaussian mixtures. Statistics and Computing 26, 303-324. doi:10.1007/s11222-014-9500-2",
    ),
    claims=CLAIMS,
    stored=(Chosen, Filled),
    data=("iris",),
    cases=cases,
    run=run,
    answer=answer,
)

if __name__ == "__main__":
    from experiments.engine.running import run_as_script

    run_as_script(EXPERIMENT)
