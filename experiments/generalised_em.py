"""The five families whose M step has no closed form, climbed with M steps that go all the way or one step of it."""

from collections.abc import Mapping
from types import MappingProxyType

from em.moves import EM, GeneralisedEM, Move
from experiments.answers.generalised_em import FULL, GRADIENT, MOST, NEWTON, ONE, build_answer
from experiments.data.datasets import load
from experiments.engine.experiment import Budget, Case, Experiment, Published, Results, Task
from experiments.reporting.report import Answer, Formula
from experiments.studies.climbs import Climbs, Ended, alternating_starts, climb_all
from experiments.studies.q_steps import QStep
from mixture.covariance import FAMILIES, structure_named

WAYS: Mapping[str, Move] = MappingProxyType(
    {
        FULL: EM(),
        ONE: GeneralisedEM(),
        NEWTON: QStep("newton"),
        GRADIENT: QStep("gradient"),
    }
)
"""The M steps that are compared, by what the report calls them."""
DATA = {"faithful": 2, "iris": 3}


def run(task: Task) -> Climbs:
    """Every kind of M step from the same starts, one family on one data set."""
    points, family = load(task.settings["data"]).points(), structure_named(task.settings["family"])
    k = DATA[task.settings["data"]]
    starts = alternating_starts(points, k, family.name, task.budget.n_starts, task.rng())
    with task.progress.stage("climbs", len(WAYS) * len(starts)) as advance:
        return climb_all(points, starts, WAYS, max_iterations=MOST, exact_rate=True, climbed=advance)


def cases(_budget: Budget) -> list[Case]:
    """A case for each data set and family."""
    return [
        Case(f"{data}-{family.mclust.lower()}", {"data": data, "family": family.name}, 2.0 if data == "iris" else 1.0)
        for data in DATA
        for family in FAMILIES
        if family.iterative
    ]


def answer(results: Results[Climbs]) -> Answer:
    """Passes, ends, rates and claims."""
    return build_answer(results.outcomes, CLAIMS)


CLAIMS = {
    "falls": Published(
        "largest fall of log L in a step, all climbs",
        "theory: an M step that does not lower Q does not lower log L (Dempster, Laird & Rubin 1977)",
        0.0,
        1e-9,
        "at most",
        "nats",
    ),
    "optimum": Published(
        "largest amount by which the best end of one inner step lies below EM's, over all families and data",
        "this project's own bar",
        0.0,
        1e-6,
        "at most",
        "nats",
    ),
    "rate": Published(
        "largest difference between the rate of one Newton step on Q and EM's exact rate, irises",
        "Lange 1995: locally the same rate of convergence",
        0.0,
        0.01,
        "at most",
    ),
}

EXPERIMENT = Experiment(
    name="generalised_em",
    title="M steps without a closed form",
    question="What if the M step has no closed form?",
    summary="VEI, VEE, VEV, EVE, VVE: all the way up Q, one inner step, one Newton step, one step of the gradient",
    tags=("em", "speed", "real data"),
    quick=Budget(n_starts=2),
    full=Budget(n_starts=6),
    expect=(
        "EM's ascent does not need the maximum of Q, only a value of Q no lower than before: one step that rises is"
        " enough, and since the target moves with the next E step anyway, exactness is likely to be wasted. A good"
        " step, such as Newton's, should need as many passes over the data as the full maximum, because near the"
        " optimum it reaches that maximum to first order. A poor step, such as one along the gradient, should need"
        " more."
    ),
    mathematics=(
        "Let $Q(\\theta \\mid \\theta_t)$ be the expected complete-data log-likelihood. By Jensen's inequality",
        Formula(
            r"\log L(\theta) - \log L(\theta_t) \;\ge\; Q(\theta \mid \theta_t) - Q(\theta_t \mid \theta_t),",
            "the gain of log L is at least the gain of Q",
        ),
        "so that any $\\theta_{t+1}$ with $Q(\\theta_{t+1} \\mid \\theta_t) \\ge Q(\\theta_t \\mid \\theta_t)$ does not"
        " lower the likelihood: generalised EM. Weights and means always have their closed form; for the covariances"
        " the part of $Q$ that matters is",
        Formula(
            r"q(\Sigma) = -\frac{1}{2} \sum_k \left[ N_k \log|\Sigma_k| + \operatorname{tr}(\Sigma_k^{-1} W_k) \right],"
            r"\qquad d q = \sum_k \operatorname{tr}(G_k\, d\Sigma_k),"
            r"\quad G_k = -\frac{1}{2} (N_k \Sigma_k^{-1} - \Sigma_k^{-1} W_k \Sigma_k^{-1}).",
            "q of Sigma, and its differential, the sum of traces of G k times d Sigma k",
        ),
        "In coordinates $\\vartheta$ of the family, $\\Sigma = \\Sigma(\\vartheta)$, a gradient step goes along"
        " $\\nabla"
        " q$, a Newton step along $-(\\nabla^2 q)^{-1} \\nabla q$, both halved until $q$ rises. EM converges at a rate"
        " $\\rho$, the largest fraction of missing information; with one Newton step on $Q$ the rate is the same"
        " (Lange 1995).",
    ),
    limits=(
        "Two small data sets of two and four features. With many features or components the inner problem grows, with"
        " many points the E step does, and the balance of cost shifts. The gradient is taken in one choice of"
        " coordinates without scaling; better scaled ones would need fewer steps. Milliseconds are those of this"
        " machine and of code in which the E step is compiled and these inner steps are not."
    ),
    references=(
        "Celeux, G. & Govaert, G. (1995). Gaussian parsimonious clustering models. Pattern Recognition 28, 781-793."
        " doi:10.1016/0031-3203(94)00125-6",
        "Browne, R. P. & McNicholas, P. D. (2014). Estimating common principal components in high dimensions. Advances"
        " in Data Analysis and Classification 8, 217-226. doi:10.1007/s11634-013-0139-1",
        "Dempster, A. P., Laird, N. M. & Rubin, D. B. (1977). Maximum likelihood from incomplete data via the EM"
        " algorithm. Journal of the Royal Statistical Society B 39, 1-38. doi:10.1111/j.2517-6161.1977.tb01600.x",
        "Lange, K. (1995). A gradient algorithm locally equivalent to the EM algorithm. Journal of the Royal"
        " Statistical Society B 57, 425-437. doi:10.1111/j.2517-6161.1995.tb02037.x",
    ),
    claims=CLAIMS,
    stored=(Climbs, Ended),
    data=tuple(DATA),
    cases=cases,
    run=run,
    answer=answer,
    side_by_side=True,
    repeats=True,
)

if __name__ == "__main__":
    from experiments.engine.running import run_as_script

    run_as_script(EXPERIMENT)
