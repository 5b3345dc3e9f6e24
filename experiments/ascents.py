"""Ways to climb the log-sum likelihood from the same starts: passes over the data, seconds, and where they end."""

from collections.abc import Callable

import numpy as np

import em
from em.moves import EM, LBFGS, AcceleratedEM, GradientAscent, Move, Newton, Squarem
from experiments.answers.ascents import build_answer
from experiments.answers.ascents_words import (
    APART,
    COLLAPSE,
    EASY,
    FEW_PASSES,
    FINE,
    GALAXIES,
    GEYSER,
    HARD,
    N_SIMULATED,
    NAIVE,
    OVERLAP,
)
from experiments.data.datasets import load
from experiments.data.posteriordb import Posteriordb
from experiments.engine.experiment import Budget, Case, Experiment, Published, Results, Task
from experiments.reporting.formats import short
from experiments.reporting.report import Answer, Formula
from experiments.studies.climbs import CLOSE, Climbs, Ended, alternating_starts, climb_all
from experiments.studies.naive_gradient import Fates, fates
from mixture.arrays import FloatArray
from mixture.covariance import STRUCTURES

MOVES: tuple[Move, ...] = (EM(), AcceleratedEM(), Squarem(), LBFGS(), Newton(), GradientAscent())
"""Generalised EM is EM wherever the M step has a closed form."""
PAIR: tuple[Move, ...] = (EM(), AcceleratedEM())
LENGTHS = (1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
"""Steps of the gradient in natural parameters."""

type Outcome = Climbs | Fates | None


def overlapping(rng: np.random.Generator) -> FloatArray:
    """Points of two equal univariate normals OVERLAP standard deviations apart: (N_SIMULATED, 1)."""
    side = np.where(rng.random(N_SIMULATED) < 0.5, -0.5, 0.5)[:, None]
    return np.asarray(OVERLAP * side + rng.standard_normal((N_SIMULATED, 1)))


def far_apart(rng: np.random.Generator) -> FloatArray:
    """Points of three equal unit Gaussians in four dimensions, APART standard deviations from each other."""
    centres = APART / np.sqrt(2.0) * np.eye(3, 4)
    return np.asarray(centres[rng.integers(0, 3, N_SIMULATED)] + rng.standard_normal((N_SIMULATED, 4)))


def collapse(task: Task) -> FloatArray | None:
    """posteriordb's `low_dim_gauss_mix_collapse`, where the reader has it."""
    folder = Posteriordb.of(task.options)
    if folder is None:
        return None
    return np.array(folder.data("low_dim_gauss_mix_collapse")["y"], dtype=np.float64)[:, None]


POINTS: dict[str, Callable[[Task], FloatArray | None]] = {
    EASY: lambda task: far_apart(task.rng()),
    GEYSER: lambda _: load("faithful").points(),
    GALAXIES: lambda _: load("galaxies").points(),
    HARD: lambda task: overlapping(task.rng()),
    COLLAPSE: collapse,
}
COUNTS = {EASY: 3, GEYSER: 2, GALAXIES: 3, HARD: 2, COLLAPSE: 2}
"""K of each problem."""
COSTS = {EASY: 5.0, GEYSER: 2.0, GALAXIES: 3.0, HARD: 55.0, COLLAPSE: 35.0}


def run(task: Task) -> Outcome:
    """All moves on one problem; EM and accelerated EM in one structure; or the gradient in natural parameters."""
    of, n_starts = task.settings, task.budget.n_starts
    if of["part"] == "naive":
        return naive(task)
    points = POINTS[of["problem"]](task)
    if points is None:
        return None
    moves = MOVES if of["structure"] == "full" and of["part"] == "problem" else PAIR
    starts = alternating_starts(points, COUNTS[of["problem"]], of["structure"], n_starts, task.rng().spawn(1)[0])
    with task.progress.stage("climbs", len(moves) * n_starts) as advance:
        return climb_all(points, starts, {move.name: move for move in moves}, climbed=advance)


def naive(task: Task) -> Fates:
    """Old Faithful, from random partitions and k-means++ seeds."""
    points = load("faithful").points()
    starts = alternating_starts(points, 2, "full", task.budget.n_starts, task.rng())
    best = em.fit_best(points, 2, starts=starts, n_starts=len(starts), rng=task.rng(), n_jobs=task.n_jobs).best
    return fates(points, starts, LENGTHS, best.log_likelihood, CLOSE)


def cases(_budget: Budget) -> list[Case]:
    """The problems, the long ones first so that cores end together; the structures; the naive gradient."""
    return [
        *(
            Case(name.replace(" ", "-").lower(), {"part": "problem", "problem": name, "structure": "full"}, COSTS[name])
            for name in sorted(POINTS, key=lambda name: -COSTS[name])
        ),
        *(
            Case(f"structure-{s.name}", {"part": "structure", "problem": GEYSER, "structure": s.name}, 0.5)
            for s in STRUCTURES
        ),
        Case(NAIVE, {"part": "naive"}, 3.0),
    ]


def answer(results: Results[Outcome]) -> Answer:
    """Passes, ends, constraints and claims."""
    found = {name: each for name, each in results.outcomes.items() if isinstance(each, Climbs)}
    by_name = {name: found[case] for name in POINTS if (case := name.replace(" ", "-").lower()) in found}
    structures = {s.name: found[case] for s in STRUCTURES if (case := f"structure-{s.name}") in found}
    ends = next(each for each in results.outcomes.values() if isinstance(each, Fates))
    return build_answer(by_name, structures, ends, results.budget.n_starts, CLAIMS)


CLAIMS = {
    "falls": Published(
        "largest fall of a step, climbs of all moves", "theory: no move may fall", 0.0, 1e-9, "at most", "nats"
    ),
    "few": Published(
        f"overlapping data: share of the starts from which accelerated EM has stopped, within {short(FINE)} nats of the"
        f" optimum, after {FEW_PASSES} passes at most",
        "this project's own bar",
        1.0,
        0.0,
        "at least",
    ),
}

EXPERIMENT = Experiment(
    name="ascents",
    title="Ways to climb the log-sum likelihood",
    question="Why not simply climb the gradient?",
    summary="EM, accelerated EM, SQUAREM, L-BFGS, Newton and gradient ascent from the same starts",
    tags=("em", "speed", "real data", "simulated data"),
    quick=Budget(n_starts=1),
    full=Budget(n_starts=6),
    expect=(
        "The gradient needs the same pass over the data as a step of EM, and it points uphill in every direction at"
        " once, but it does not know how far to go, and in the natural parameters nothing keeps it within the"
        " constraints. EM's step knows both: it never leaves the simplex or the positive definite matrices, has no step"
        " length, and scales itself by the complete data. What it does not know is how much information the missing"
        " allocations take away, and so it slows down where components overlap. Methods that learn the curvature should"
        " win there, and gain little where EM needs only a few steps anyway."
    ),
    mathematics=(
        "By Fisher's identity the gradient of the log-sum likelihood is that of the expected complete-data"
        " log-likelihood $Q$, and so a function of the same expected statistics $N_k$, $S_k$, $T_k$ (sums of the"
        " responsibilities, of deviations, of their squares) from which the M step is made:",
        Formula(
            r"\frac{\partial \log L}{\partial \mu_k} = \Sigma_k^{-1} S_k, \qquad"
            r"\frac{\partial \log L}{\partial \Sigma_k} = \frac{1}{2} \Sigma_k^{-1} (T_k - N_k \Sigma_k) \Sigma_k^{-1},"
            r"\qquad \frac{\partial \log L}{\partial \pi_k} = \frac{N_k}{\pi_k} .",
            "derivatives of log L by the means, the covariances and the weights",
        ),
        "EM itself is a step along the gradient, multiplied by a positive definite matrix $B^{-1}$ that changes with"
        " $\\theta$ (Xu & Jordan 1996):",
        Formula(
            r"\theta_{t+1} - \theta_t \approx B(\theta_t)^{-1}\, \nabla \log L(\theta_t),",
            "the step of EM is about B inverse times the gradient",
        ),
        "with $B$ the information of the complete data. Newton takes the information of the observed data in its place,"
        " L-BFGS and accelerated EM learn it from the steps.",
    ),
    limits=(
        "Small data and few parameters: with many, Newton's Hessian costs more than it saves. One line search and one"
        " set of coordinates for all gradient methods, which were chosen to suit them. Milliseconds are those of this"
        " machine. The naive gradient stands for the first thing one may write down, not for what an optimiser with"
        " constraints can do."
    ),
    references=(
        "Jamshidian, M. & Jennrich, R. I. (1997). Acceleration of the EM algorithm by using quasi-Newton methods."
        " Journal of the Royal Statistical Society B 59, 569-587. doi:10.1111/1467-9868.00083",
        "Varadhan, R. & Roland, C. (2008). Simple and globally convergent methods for accelerating the convergence"
        " of any EM algorithm. Scandinavian Journal of Statistics 35, 335-353."
        " doi:10.1111/j.1467-9469.2007.00585.x",
        "Xu, L. & Jordan, M. I. (1996). On convergence properties of the EM algorithm for Gaussian mixtures. Neural"
        " Computation 8, 129-151. doi:10.1162/neco.1996.8.1.129",
    ),
    claims=CLAIMS,
    stored=(Climbs, Ended, Fates),
    data=("faithful", "galaxies"),
    cases=cases,
    run=run,
    answer=answer,
    side_by_side=True,
)

if __name__ == "__main__":
    from experiments.engine.running import run_as_script

    run_as_script(EXPERIMENT)
