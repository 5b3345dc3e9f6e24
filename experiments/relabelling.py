"""Relabelling methods against each other: permutations planted in draws whose labels are known, at rising overlap."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

import bayesian
import em
from bayesian.posterior import Posterior
from bayesian.relabelling.methods import Relabelling
from bayesian.relabelling.task import Climb
from experiments.answers.relabelling import build_answer
from experiments.answers.relabelling_sections import SetUp
from experiments.answers.relabelling_words import (
    CLAIMS,
    EXPECT,
    LIMITS,
    MATHEMATICS,
    PLANTED,
    REFERENCES,
)
from experiments.engine.experiment import Budget, Case, Experiment, Results, Task
from experiments.reporting.report import Answer
from mixture import GaussianMixture
from mixture.arrays import FloatArray, IntArray

SEPARATIONS = (6.0, 4.0, 3.0, 2.5, 2.0, 1.5)
"""Standard deviations between neighbouring components."""
N_COMPONENTS = 3
COMPONENTS = (2, 3, 4, 5, 6)
SEPARATION_OF_COMPONENTS = 4.0
"""Where the number of components varies."""
TURN = 0.4
"""Radians by which the polygon of means is turned, so that no two have one first coordinate."""
POINTS_EACH = 50
HOLD = 0.3
"""Standard deviation of the prior of a component's means, in separations: its label is whose prior it has."""
CLIMB_TOLERANCE = 1e-3
"""Nats still to be gained at which a climb ends: modes are further apart."""
SHOWN = 400
"""Draws kept of each case for the figure of what overlap looks like."""


@dataclass(frozen=True, eq=False)
class Recovery:
    """What every method made of one set-up, over several data sets.

    scores    a row for each data set and method: data_set, method, recovered (share of draws), error (root mean square
              distance of the relabelled draws' averages from the true means, in sds), seconds; PLANTED stands among the
              methods for the labels that the draws were made with
    alike     share of draws that two methods label alike, averaged over data sets; methods by METHODS' order
    means     (SHOWN, K, 2) some draws of the means of the first data set, with their own labels
    truth     (K, 2) the true means
    """

    scores: pd.DataFrame
    alike: pd.DataFrame
    means: FloatArray
    truth: FloatArray


def polygon(n_components: int, separation: float) -> GaussianMixture:
    """Equal unit Gaussians at the corners of a regular polygon with sides of that length, in two features."""
    angles = TURN + 2.0 * np.pi * np.arange(n_components) / n_components
    radius = 0.5 * separation / np.sin(np.pi / n_components)
    means = radius * np.column_stack([np.cos(angles), np.sin(angles)])
    return GaussianMixture(
        np.full(n_components, 1.0 / n_components), means, np.broadcast_to(np.eye(2), (n_components, 2, 2))
    )


def labelled_draws(truth: GaussianMixture, separation: float, budget: Budget, rng: np.random.Generator) -> Posterior:
    """Gibbs draws under a prior that names the components: normal about each true mean, its sd HOLD separations.

    The label of a component is the prior it has; no draw needs a referee to know it.
    """
    k = truth.n_components
    x, _ = truth.draw(POINTS_EACH * k, rng)
    prior = bayesian.Prior(
        bayesian.Normal(truth.means, HOLD * separation), 4.0, covariances=bayesian.InverseWishart(6.0, 3.0 * np.eye(2))
    )
    return bayesian.gibbs(
        x,
        k,
        prior=prior,
        draws=budget.draws,
        tune=budget.tune,
        chains=budget.chains,
        starts=[truth],
        random_seed=rng,
    )


def cases(budget: Budget) -> tuple[Case, ...]:
    """One for each separation at three components, one for each other number of components at one separation."""
    by_overlap = [
        Case(f"apart-{10 * s:.0f}", {"components": N_COMPONENTS, "separation": s}, 0.5 * budget.n_simulations)
        for s in SEPARATIONS
    ]
    by_number = [
        Case(
            f"components-{k}",
            {"components": k, "separation": SEPARATION_OF_COMPONENTS},
            0.12 * k * k * budget.n_simulations,
        )
        for k in COMPONENTS
        if k != N_COMPONENTS
    ]
    return (*by_overlap, *by_number)


def run(task: Task) -> Recovery:
    """Draws with known labels, a random permutation planted in each, every method, and what each found."""
    k, separation = int(task.settings["components"]), float(task.settings["separation"])
    truth, scores, alike, shown = polygon(k, separation), [], [], None
    with task.progress.stage(f"data sets, {task.case.name}", task.budget.n_simulations) as advance:
        for number, rng in enumerate(task.rng().spawn(task.budget.n_simulations)):
            labelled = labelled_draws(truth, separation, task.budget, rng)
            shape = labelled.weights.shape
            orders = rng.permuted(np.broadcast_to(np.arange(k), shape), axis=2)
            mixed = labelled.permute(orders)
            compared = bayesian.compare_relabellings(mixed, climb=climber(mixed.data), truth=truth)
            alike.append(compared.draws)
            planted = Relabelling(PLANTED, np.argsort(orders, axis=2), 0.0)
            for name, found in {**compared.relabellings, PLANTED: planted}.items():
                relabelled = found.apply(mixed)
                scores.append(
                    {
                        "data_set": number,
                        "method": name,
                        "recovered": recovered(found.permutations, planted.permutations),
                        "error": error_of_means(relabelled, truth),
                        "seconds": found.seconds,
                    }
                )
            if shown is None:
                shown = labelled.means.reshape(-1, k, 2)[:: max(1, shape[0] * shape[1] // SHOWN)][:SHOWN]
            advance(1)
    assert shown is not None
    return Recovery(pd.DataFrame(scores), sum(alike[1:], alike[0]) / len(alike), shown, truth.means)


def climber(x: FloatArray) -> Climb:
    """From a draw's mixture to the optimum that EM climbs to, or None where it runs away."""

    def climb(start: GaussianMixture) -> GaussianMixture | None:
        fit = em.fit(x, start, tolerance=CLIMB_TOLERANCE)
        return fit.mixture if fit.status.usable else None

    return climb


def recovered(found: IntArray, planted: IntArray) -> float:
    """Share of draws (C, S) whose orders are the planted ones, up to one order common to all: the best one counts."""
    k = found.shape[-1]
    first, second = found.reshape(-1, k), planted.reshape(-1, k)
    each = np.take_along_axis(np.argsort(second, axis=1), first, axis=1)
    return float(np.unique(each, axis=0, return_counts=True)[1].max() / len(each))


def error_of_means(relabelled: Posterior, truth: GaussianMixture) -> float:
    """Root mean square distance of averages of relabelled means from the true ones, by the closest common order."""
    averages = relabelled.means.mean(axis=(0, 1))
    squares = np.square(averages[:, None] - truth.means).sum(axis=2)
    return float(np.sqrt(squares[linear_sum_assignment(squares)].mean()))


def answer(results: Results[Recovery]) -> Answer:
    """Recovery and errors by overlap, agreement, seconds by K, and which method to use when."""
    by_overlap = {s: results[f"apart-{10 * s:.0f}"] for s in SEPARATIONS}
    same = by_overlap[SEPARATION_OF_COMPONENTS]
    by_number = {k: same if k == N_COMPONENTS else results[f"components-{k}"] for k in COMPONENTS}
    budget = results.budget
    return build_answer(
        by_overlap,
        by_number,
        SetUp(
            N_COMPONENTS,
            POINTS_EACH,
            SEPARATION_OF_COMPONENTS,
            n_draws=budget.draws * budget.chains,
            n_data=int(same.scores["data_set"].nunique()),
        ),
    )


EXPERIMENT = Experiment(
    name="relabelling",
    title="Relabelling methods",
    question="Which relabelling method should one use?",
    summary="which methods find planted permutations, at rising overlap and with more components, and what they cost",
    tags=("posterior", "labels", "simulated data"),
    quick=Budget(draws=100, tune=100, chains=2, n_simulations=1),
    full=Budget(draws=250, tune=100, chains=2, n_simulations=16),
    expect=EXPECT,
    mathematics=MATHEMATICS,
    limits=LIMITS,
    references=REFERENCES,
    claims=CLAIMS,
    cases=cases,
    run=run,
    answer=answer,
    stored=(Recovery,),
    side_by_side=True,
)

if __name__ == "__main__":
    from experiments.engine.running import run_as_script

    run_as_script(EXPERIMENT)
