"""The fourteen covariance families on Old Faithful: likelihood, criteria, nesting, and what units change."""

from dataclasses import dataclass

import numpy as np

import em
from experiments.answers.covariances import build_answer
from experiments.data.datasets import load
from experiments.engine.experiment import Budget, Case, Experiment, Published, Results, Task
from experiments.reporting.report import Answer, Formula
from mixture import FAMILIES, GaussianMixture, structure_named
from mixture.arrays import FloatArray

MINUTES, SECONDS, SDS = "both in minutes", "eruptions in seconds", "both in their sd"
UNITS = (MINUTES, SECONDS, SDS)

PUBLISHED = {
    "VVV": -1130.263960,
    "EEE": -1140.186759,
    "VVI": -1147.806353,
    "EEI": -1157.680012,
    "VII": -1709.529282,
    "EII": -1709.681373,
}
"""log L of Old Faithful, K = 2."""
EEE_THREE = -1126.315928
"""log L of EEE, K = 3."""
MCLUST = "mclust 6.0.0, converged to 1e-14, cross-checked in scipy"
THEORY = "theory"


@dataclass(frozen=True, eq=False)
class Fitted:
    """One family on Old Faithful.

    name, mclust     our name and mclust's
    log_likelihoods  by units, K = 2, as densities of the data in minutes
    three            the same in minutes, K = 3
    n_parameters     free parameters for K = 2 and K = 3
    bic, icl         for K = 2; smaller is better
    bic_three        for K = 3
    share            share of the starts that came to the best, K = 2, in minutes
    mixture          the best for K = 2, in minutes
    standardised     the best for K = 2 with each feature divided by its sd, back in minutes: covariances (K, D, D)
    standard_means   its means (K, D)
    """

    name: str
    mclust: str
    log_likelihoods: dict[str, float]
    three: float
    n_parameters: tuple[int, int]
    bic: float
    icl: float
    bic_three: float
    share: float
    mixture: GaussianMixture
    standardised: FloatArray
    standard_means: FloatArray


def scales(points: FloatArray) -> dict[str, FloatArray]:
    """What each feature is multiplied by, (D,), by units."""
    return {MINUTES: np.ones(2), SECONDS: np.array([60.0, 1.0]), SDS: 1.0 / points.std(axis=0)}


def run(task: Task) -> Fitted:
    """One family: two components in three units, and three components."""
    family = structure_named(task.settings["family"])
    points = load("faithful").points()
    streams = task.rng().spawn(len(UNITS) + 1)
    found, fits = {}, {}
    for (unit, scale), rng in zip(scales(points).items(), streams, strict=False):
        restarts = best_of(points * scale, 2, family.name, task, rng)
        fits[unit] = restarts
        found[unit] = restarts.best.log_likelihood + len(points) * float(np.log(scale).sum())
    three = best_of(points, 3, family.name, task, streams[-1]).best.mixture
    two = fits[MINUTES].best.mixture
    of_two, of_three = em.criteria(points, two), em.criteria(points, three)
    sds, standard = points.std(axis=0), fits[SDS].best.mixture
    return Fitted(
        name=family.name,
        mclust=family.mclust,
        log_likelihoods=found,
        three=of_three.log_likelihood,
        n_parameters=(of_two.n_parameters, of_three.n_parameters),
        bic=of_two.bic,
        icl=of_two.icl,
        bic_three=of_three.bic,
        share=fits[MINUTES].share_at_best,
        mixture=two,
        standardised=standard.dense_covariances * np.outer(sds, sds),
        standard_means=standard.means * sds,
    )


def best_of(points: FloatArray, k: int, structure: str, task: Task, rng: np.random.Generator) -> em.Restarts:
    """EM from the budget's starts."""
    return em.fit_best(points, k, structure=structure, n_starts=task.budget.n_starts, rng=rng, n_jobs=task.n_jobs)


def answer(results: Results[Fitted]) -> Answer:
    """Ellipses, the table of fourteen, units, claims."""
    return build_answer(list(results.outcomes.values()), results.budget.n_starts, load("faithful"), CLAIMS)


CLAIMS = {
    **{
        name: Published(f"log-likelihood, {name}, K = 2", MCLUST, value, 1e-6, unit="nats")
        for name, value in PUBLISHED.items()
    },
    "EEE three": Published("log-likelihood, EEE, K = 3", MCLUST, EEE_THREE, 1e-6, unit="nats"),
    "nesting": Published(
        "largest amount by which a family lies below one that it contains, K = 2",
        f"{THEORY}: the larger set has the larger maximum",
        0.0,
        1e-6,
        "at most",
        "nats",
    ),
    "units": Published(
        "largest change of log L between units, families that a change of units maps to themselves",
        f"{THEORY}: densities only gain the Jacobian",
        0.0,
        1e-5,
        "at most",
        "nats",
    ),
}

EXPERIMENT = Experiment(
    name="covariances",
    title="What the covariance assumptions change",
    question="What do the covariance assumptions change?",
    summary="Fourteen families on Old Faithful: ellipses, likelihood, BIC, nesting, units",
    tags=("em", "real data"),
    quick=Budget(n_starts=3),
    full=Budget(n_starts=6),
    expect=(
        "A covariance says how far a component reaches, in which shape and in which direction. Sharing volume, shape or"
        " orientation between components, or forbidding correlation, saves parameters and costs likelihood; a family"
        " that contains another can never do worse than it. The cost is small where the data obey the restriction and"
        " large where they do not. A restriction that is stated in the units of the data, such as a circle, means"
        " another thing in other units."
    ),
    mathematics=(
        "Each covariance is taken apart into volume, shape and orientation (Banfield & Raftery 1993; Celeux & Govaert"
        " 1995),",
        Formula(
            r"\Sigma_k = \lambda_k\, D_k A_k D_k^{\top}, \qquad |A_k| = 1,",
            "Sigma k equals lambda k times D k, A k, D k transposed, where the diagonal matrix A k has determinant one",
        ),
        "with $\\lambda_k$ the volume, $A_k$ diagonal the shape and $D_k$ orthogonal the orientation. Each of the"
        " three is equal for all components (E), free (V) or, for shape and orientation, the identity (I): three"
        " letters, fourteen families. The E step does not change. The M step maximises",
        Formula(
            r"-\frac{1}{2} \sum_k \left[ N_k \log |\Sigma_k| + \operatorname{tr}(\Sigma_k^{-1} W_k) \right]",
            "minus one half the sum over k of N k log determinant of Sigma k plus the trace of Sigma k inverse W k",
        ),
        "over the family, $W_k$ the scatter of component $k$. Criteria weigh $p$ parameters against likelihood:"
        " $\\mathrm{BIC} = -2 \\log L + p \\log n$, and $\\mathrm{ICL}$ (Biernacki, Celeux"
        " & Govaert 2000) adds $-2 \\sum_n \\log \\max_k r_{nk}$ for allocations in doubt. Here smaller is better;"
        " mclust (Scrucca et al. 2016) prints the negatives.",
    ),
    limits=(
        "One data set of two features: with more features the families differ by more parameters, and the choice"
        " matters more. Criteria compare models on the same data and do not say that any of them is true. BIC is an"
        " approximation for large n. Units were changed feature by feature only, not by rotation."
    ),
    references=(
        "Banfield, J. D. & Raftery, A. E. (1993). Model-based Gaussian and non-Gaussian clustering. Biometrics 49,"
        " 803-821. doi:10.2307/2532201",
        "Biernacki, C., Celeux, G. & Govaert, G. (2000). Assessing a mixture model for clustering with the integrated"
        " completed likelihood. IEEE Transactions on Pattern Analysis and Machine Intelligence 22, 719-725."
        " doi:10.1109/34.865189",
        "Celeux, G. & Govaert, G. (1995). Gaussian parsimonious clustering models. Pattern Recognition 28, 781-793."
        " doi:10.1016/0031-3203(94)00125-6",
        "Scrucca, L., Fop, M., Murphy, T. B. & Raftery, A. E. (2016). mclust 5: clustering, classification and density"
        " estimation using Gaussian finite mixture models. The R Journal 8, 289-317. doi:10.32614/RJ-2016-021",
    ),
    claims=CLAIMS,
    stored=(Fitted,),
    data=("faithful",),
    cases=lambda _: [
        Case(family.mclust.lower(), {"family": family.name}, 4.0 if family.iterative else 1.0) for family in FAMILIES
    ],
    run=run,
    answer=answer,
    side_by_side=True,
    repeats=True,
)

if __name__ == "__main__":
    from experiments.engine.running import run_as_script

    run_as_script(EXPERIMENT)
