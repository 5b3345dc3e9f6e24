"""Calibration: is the posterior what it says, in every covariance structure, from prior draw to relabelled summary?"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

import bayesian
from bayesian.calibration import Calibration, NutsSampler, calibrate
from experiments.answers.calibration import (
    COVERED,
    FARTHEST,
    LEVEL,
    REFERENCES,
    THEOREM,
    build_answer,
    coverage_claim,
)
from experiments.engine.experiment import Budget, Case, Experiment, Published, Results, Task
from experiments.reporting.report import Answer, Formula
from mixture.arrays import FloatArray

N_COMPONENTS, N_FEATURES = 2, 2
N_DRAWS = 63
"""Draws the truth is ranked among."""

MEANS = bayesian.Normal(0.0, 3.0)
CONCENTRATION, WRONG_CONCENTRATION = 3.0, 20.0
VARIANCES = bayesian.InverseGamma(5.0, 4.0, on="variance")
SDS = bayesian.LogNormal(0.0, 0.4)
PRIORS = {
    "full": bayesian.Prior(MEANS, CONCENTRATION, covariances=bayesian.InverseWishart(8.0, 5.0 * np.eye(N_FEATURES))),
    "tied": bayesian.Prior(MEANS, CONCENTRATION, scales=SDS, correlations=bayesian.LKJ(2.0)),
    "diag": bayesian.Prior(MEANS, CONCENTRATION, scales=VARIANCES),
    "tied_diag": bayesian.Prior(MEANS, CONCENTRATION, scales=SDS),
    "spherical": bayesian.Prior(MEANS, CONCENTRATION, scales=VARIANCES),
    "tied_spherical": bayesian.Prior(MEANS, CONCENTRATION, scales=bayesian.HalfNormal(1.5)),
}
"""A fixed prior for each structure, of different families so that each is met: none is made from data."""

CONTROL = "spherical"
"""The structure in which something is done wrong on purpose."""

HALF, WRONG = "half-of-the-data", "wrong-prior"
MISTAKES = {HALF: "half of the data", WRONG: "wrong prior"}
"""Cases that must be seen to fail, and what they are called."""

QUICK_STRUCTURES = ("full", CONTROL)
WHOLE = 100
"""Data sets from which every structure takes part."""


def cases(budget: Budget) -> tuple[Case, ...]:
    """One for each structure, and one for each mistake."""
    structures = tuple(PRIORS) if budget.n_simulations >= WHOLE else QUICK_STRUCTURES
    right = [Case(name, {"structure": name, "mistake": None}, 0.06 * budget.n_simulations) for name in structures]
    wrong = [Case(name, {"structure": CONTROL, "mistake": name}, 0.06 * budget.n_simulations) for name in MISTAKES]
    return (*right, *wrong)


def run(task: Task) -> Calibration:
    """So many data sets of one structure, sampled rightly or with one mistake."""
    budget, structure = task.budget, str(task.settings["structure"])
    prior = PRIORS[structure]
    nuts = NutsSampler.of(
        prior, N_COMPONENTS, N_FEATURES, structure, draws=budget.draws, tune=budget.tune, chains=budget.chains
    )
    samplers: dict[str | None, Callable[[FloatArray, np.random.Generator], bayesian.Posterior]] = {
        None: nuts,
        HALF: lambda x, rng: nuts(x[: len(x) // 2], rng),
        WRONG: replace(nuts, prior=replace(prior, concentration=WRONG_CONCENTRATION)),
    }
    with task.progress.stage(f"simulated data sets, {task.case.name}", budget.n_simulations) as advance:
        return calibrate(
            prior,
            N_COMPONENTS,
            N_FEATURES,
            structure,
            samplers[task.settings["mistake"]],
            n_samples=budget.n_samples,
            n_simulations=budget.n_simulations,
            n_draws=N_DRAWS,
            rng=task.rng(),
            progress=advance,
        )


def answer(results: Results[Calibration]) -> Answer:
    """Distribution functions of ranks, p-values, coverage; and that mistakes are seen."""
    found = results.outcomes
    right = {name: calibration for name, calibration in found.items() if name not in MISTAKES}
    return build_answer(
        right,
        {words: found[name] for name, words in MISTAKES.items()},
        priors={name: PRIORS[name] for name in right},
        wrong=f"weights ~ Dirichlet({WRONG_CONCENTRATION:g}) where they are drawn from Dirichlet({CONCENTRATION:g})",
        claims=CLAIMS,
    )


BAR = "this project's own bar"
CLAIMS = {
    "right": Published(
        "smallest p-value over all structures and quantities, times their number", BAR, LEVEL, 0.0, "at least"
    ),
    **{
        words: Published(f"smallest p-value, times their number: {words}", BAR, LEVEL, 0.0, "at most")
        for words in MISTAKES.values()
    },
    **{
        coverage_claim(level): Published(
            f"share of truths in central {100 * level:g}% intervals of ordered and relabelled parameters, less"
            f" {100 * level:g}%, in its standard errors",
            THEOREM,
            0.0,
            FARTHEST,
        )
        for level in COVERED
    },
}

EXPERIMENT = Experiment(
    name="calibration",
    title="Simulation-based calibration",
    question="Is the posterior what it says it is, in every covariance structure and after relabelling?",
    summary=(f"simulation-based calibration of {len(PRIORS)} structures, and of {len(MISTAKES)} mistakes it must see"),
    tags=("posterior", "simulation", "labels"),
    quick=Budget(draws=200, tune=200, chains=2, n_samples=40, n_simulations=30),
    full=Budget(draws=300, tune=300, chains=2, n_samples=40, n_simulations=300),
    expect=(
        "A program that samples a posterior can be wrong in its likelihood, its prior, its sampler or in what it does"
        " to the labels, and one data set shows none of it. Over many data sets, each from a truth of its own, it"
        " shows: if all is right, the truth is one more draw from the posterior, and its rank among the draws is"
        " uniform. Lines should therefore wander inside the grey band, and those of deliberate mistakes should leave"
        " it. Among so many quantities a few lines touch the edge of the band by chance; the claim counts all of them"
        " together."
    ),
    mathematics=(
        "Draw a truth from the prior, data from the truth, and draws from the posterior of these data:",
        Formula(
            r"\theta^* \sim p(\theta), \qquad X \sim p(X \mid \theta^*), \qquad"
            r" \theta_1, \ldots, \theta_L \sim p(\theta \mid X).",
            "theta star is drawn from the prior, X from the density of the data given theta star, and theta one to"
            " theta L from the posterior given X",
        ),
        "Given $X$, the truth and the draws have one distribution. So for each function $f$ that treats them alike, the"
        " rank of $f(\\theta^*, X)$ among $f(\\theta_1, X), \\ldots, f(\\theta_L, X)$ is uniform:",
        Formula(
            r"P\left( \operatorname{rank} = r \right) = \frac{1}{L + 1}, \qquad r = 0, \ldots, L.",
            "the probability of each rank from zero to L is one over L plus one",
        ),
        "A function of component $k$ alone is such an $f$ only if labels are undone in a way that does not know which"
        " of the $L + 1$ mixtures is the truth.",
    ),
    limits=(
        "Uniform ranks are necessary, not sufficient: a sampler that ignored the data and drew from the prior would"
        " pass for every function of the parameters alone, which is why the log-likelihood is ranked too. Mistakes"
        " that are small against the posterior's width need more data sets than were simulated here. All data sets are"
        " small, with two components in two features, under priors that were fixed beforehand; posteriors of more"
        " components, or under priors made from the data, are not tested by it."
    ),
    references=REFERENCES,
    cases=cases,
    run=run,
    answer=answer,
    claims=CLAIMS,
    stored=(Calibration,),
    side_by_side=True,
)

if __name__ == "__main__":
    from experiments.engine.running import run_as_script

    run_as_script(EXPERIMENT)
