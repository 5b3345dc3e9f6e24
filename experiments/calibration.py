"""Calibration: is the posterior what it says, in every covariance structure, from prior draw to relabelled summary?"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

import bayesian
from bayesian.calibration import Calibration, NutsSampler, calibrate
from experiments.answers.calibration import build_answer
from experiments.engine.experiment import Budget, Case, Experiment, Results, Task
from experiments.reporting.report import Answer
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

QUICK_STRUCTURES = ("full", CONTROL)
WHOLE = 100
"""Data sets from which every structure takes part."""


@dataclass(frozen=True, eq=False)
class Result:
    """A calibration for each structure; for each deliberate mistake, in words, one that ought to fail."""

    calibrations: dict[str, Calibration]
    mistakes: dict[str, Calibration]


def run(task: Task) -> Result:
    """So many data sets for each structure, and for each mistake."""
    budget, seed = task.budget, task.seed
    structures = tuple(PRIORS) if budget.n_simulations >= WHOLE else QUICK_STRUCTURES
    rngs = iter(np.random.default_rng(seed).spawn(len(structures) + 2))

    def calibrated(
        structure: str, sampler: Callable[[FloatArray, np.random.Generator], bayesian.Posterior]
    ) -> Calibration:
        return calibrate(
            PRIORS[structure],
            N_COMPONENTS,
            N_FEATURES,
            structure,
            sampler,
            n_samples=budget.n_samples,
            n_simulations=budget.n_simulations,
            n_draws=N_DRAWS,
            rng=next(rngs),
            progress=advance,
        )

    found: dict[str, Calibration] = {}
    with task.progress.stage("simulated data sets", (len(structures) + 2) * budget.n_simulations) as advance:
        for structure in structures:
            sampler = NutsSampler.of(
                PRIORS[structure],
                N_COMPONENTS,
                N_FEATURES,
                structure,
                draws=budget.draws,
                tune=budget.tune,
                chains=budget.chains,
            )
            found[structure] = calibrated(structure, sampler)
            if structure == CONTROL:
                control = sampler
        wrong = replace(PRIORS[CONTROL], concentration=WRONG_CONCENTRATION)
        mistakes = {
            "half of the data": calibrated(CONTROL, lambda x, rng: control(x[: len(x) // 2], rng)),
            "wrong prior": calibrated(CONTROL, replace(control, prior=wrong)),
        }
    return Result(found, mistakes)


def answer(results: Results[Result]) -> Answer:
    """Distribution functions of ranks, p-values, coverage; and that mistakes are seen."""
    result = results["all"]
    return build_answer(
        result.calibrations,
        result.mistakes,
        priors={name: PRIORS[name] for name in result.calibrations},
        wrong=f"weights ~ Dirichlet({WRONG_CONCENTRATION:g}) where they are drawn from Dirichlet({CONCENTRATION:g})",
    )


EXPERIMENT = Experiment(
    name="calibration",
    title="Simulation-based calibration",
    question="Is the posterior what it says it is, in every covariance structure and after relabelling?",
    summary="simulation-based calibration of six structures, and of two mistakes it must see",
    tags=("posterior", "simulation"),
    quick=Budget(draws=200, tune=200, chains=2, n_samples=40, n_simulations=30),
    full=Budget(draws=300, tune=300, chains=2, n_samples=40, n_simulations=150),
    expect="",
    limits="",
    cases=lambda _: (Case("all"),),
    run=run,
    answer=answer,
)

if __name__ == "__main__":
    from experiments.engine.running import run_as_script

    run_as_script(EXPERIMENT)
