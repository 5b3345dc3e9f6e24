"""Ways to climb the log-sum likelihood from the same starts: passes over the data, seconds, and where they end."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

import em
from em.moves import EM, LBFGS, AcceleratedEM, GeneralisedEM, GradientAscent, Move, Newton, Squarem
from experiments.answers.ascents import build_answer
from experiments.data.datasets import load
from experiments.data.posteriordb import Posteriordb
from experiments.engine.experiment import Budget, Case, Experiment, Results, Task
from experiments.reporting.report import Answer
from mixture import GaussianMixture
from mixture.arrays import FloatArray
from mixture.covariance import FAMILIES, STRUCTURES

MOVES: tuple[Move, ...] = (EM(), AcceleratedEM(), Squarem(), LBFGS(), Newton(), GradientAscent())
"""Generalised EM is EM wherever the M step has a closed form: it comes into the families where it has none."""
TOLERANCE = 1e-9
"""Nats still to be gained at which the loop stops, so that climbs come within CLOSE."""
CLOSE = 1e-8
"""Nats below its optimum at which a climb has arrived."""
SAME = 1e-6
"""Nats within which two ends are one optimum."""
MAX_ITERATIONS = 30_000
HARD, EASY = "overlapping", "far apart"


@dataclass(frozen=True, eq=False)
class Problem:
    """Data, the model, and the starts of every move."""

    name: str
    words: str
    points: FloatArray
    starts: tuple[GaussianMixture, ...]

    @property
    def n_components(self) -> int:
        """K."""
        return self.starts[0].n_components

    @property
    def structure(self) -> str:
        """The covariance structure."""
        return self.starts[0].structure


@dataclass(frozen=True, eq=False)
class Climbs:
    """Every move's climbs of one problem, by the name of the move and in the order of the starts.

    best  the highest log-likelihood of all climbs that converged, spikes left out
    """

    problem: Problem
    fits: dict[str, tuple[em.EMFit, ...]]

    @property
    def ends(self) -> FloatArray:
        """Ends of all climbs that converged, ascending."""
        return np.sort([fit.log_likelihood for fits in self.fits.values() for fit in fits if converged(fit)])

    @property
    def best(self) -> float:
        """The highest of them."""
        return float(self.ends.max())

    def optimum(self, fit: em.EMFit) -> float:
        """The highest end of any climb that ended at the optimum of this one."""
        ends, end = self.ends, fit.log_likelihood
        return float(ends[(ends >= end) & (ends <= end + SAME)].max())

    def arrival(self, fit: em.EMFit) -> int | None:
        """Passes until it was within 1e-8 nats of its optimum; None if it never was."""
        close = fit.values >= self.optimum(fit) - CLOSE
        return int(fit.passes[close.argmax()]) if close.any() else None


@dataclass(frozen=True, eq=False)
class Result:
    """Climbs of each problem; of Old Faithful in six structures, and in the families without a closed M step."""

    climbs: tuple[Climbs, ...]
    structures: tuple[Climbs, ...]
    families: tuple[Climbs, ...]


def converged(fit: em.EMFit) -> bool:
    """Whether it ended at an optimum that is no spike."""
    return fit.status is em.Status.CONVERGED


def problem(name: str, words: str, x: FloatArray, k: int, structure: str, n_starts: int, seed: int) -> Problem:
    """Starts by k-means++ and random partition in turn: the second kind begins far from every optimum."""
    kinds = (em.kmeans_plus_plus, em.random_partition)
    streams = np.random.default_rng(seed).spawn(n_starts)
    starts = tuple(kinds[i % 2](x, k, structure=structure, rng=rng) for i, rng in enumerate(streams))
    return Problem(name, words, x, starts)


def overlapping(seed: int) -> FloatArray:
    """1000 points of two equal univariate normals 1.5 standard deviations apart: (1000, 1)."""
    rng = np.random.default_rng(seed)
    return np.where(rng.random(1000) < 0.5, -0.75, 0.75)[:, None] + rng.standard_normal((1000, 1))


def far_apart(seed: int) -> FloatArray:
    """1000 points of three equal unit Gaussians in four dimensions, 8 standard deviations from each other."""
    rng = np.random.default_rng(seed)
    centres = 8.0 / np.sqrt(2.0) * np.eye(3, 4)
    return np.asarray(centres[rng.integers(0, 3, 1000)] + rng.standard_normal((1000, 4)))


def collapse(options: Mapping[str, str]) -> FloatArray | None:
    """posteriordb's `low_dim_gauss_mix_collapse`, where there is a posteriordb."""
    database = Posteriordb.of(options)
    return None if database is None else np.array(database.data("low_dim_gauss_mix_collapse")["y"])[:, None]


def problems(n_starts: int, seed: int, options: Mapping[str, str]) -> list[Problem]:
    """An easy one, two real ones, a hard one, and posteriordb's if it is there."""
    easy, hard = far_apart(seed), overlapping(seed)
    found = [
        problem(EASY, "three Gaussians 8 sd apart, n = 1000, D = 4", easy, 3, "full", n_starts, seed),
        problem("Old Faithful", "n = 272, D = 2", load("faithful").points(), 2, "full", n_starts, seed),
        problem("galaxies", "n = 82, D = 1", load("galaxies").points(), 3, "full", n_starts, seed),
        problem(HARD, "two normals 1.5 sd apart, n = 1000, D = 1", hard, 2, "full", n_starts, seed),
    ]
    if (y := collapse(options)) is not None:
        words = "posteriordb's low_dim_gauss_mix_collapse, n = 1000, D = 1"
        found.append(problem("collapse", words, y, 2, "full", n_starts, seed))
    return found


def climb_all(of: Problem, moves: Sequence[Move], climbed: Callable[[int], None]) -> Climbs:
    """Every move from every start; `climbed` is called with 1 after each."""
    fits: dict[str, tuple[em.EMFit, ...]] = {}
    for move in moves:
        ends = []
        for start in of.starts:
            ends.append(em.fit(of.points, start, move=move, tolerance=TOLERANCE, max_iterations=MAX_ITERATIONS))
            climbed(1)
        fits[move.name] = tuple(ends)
    return Climbs(of, fits)


def run(task: Task) -> Result:
    """Six moves over the problems; EM beside its accelerated and its generalised form over covariance structures."""
    budget, seed = task.budget, task.seed
    faithful = load("faithful").points()
    hills = problems(budget.n_starts, seed, task.options)

    def geyser(name: str, meaning: str) -> Problem:
        return problem(name, meaning, faithful, 2, name, budget.n_starts, seed)

    six = [geyser(structure.name, structure.meaning) for structure in STRUCTURES]
    open_ended = [geyser(family.name, family.meaning) for family in FAMILIES if family.iterative]
    accelerated: tuple[Move, ...] = (EM(), AcceleratedEM())
    generalised: tuple[Move, ...] = (EM(), GeneralisedEM())
    steps = len(hills) * len(MOVES) + 2 * len(six) + 2 * len(open_ended)
    with task.progress.stage("climbs", steps * budget.n_starts) as advance:
        return Result(
            tuple(climb_all(each, MOVES, advance) for each in hills),
            tuple(climb_all(each, accelerated, advance) for each in six),
            tuple(climb_all(each, generalised, advance) for each in open_ended),
        )


def answer(results: Results[Result]) -> Answer:
    """Passes, ends and claims."""
    return build_answer(results["all"], hard=HARD, easy=EASY)


EXPERIMENT = Experiment(
    name="ascents",
    title="Ways to climb the log-sum likelihood",
    question="Why not simply climb the gradient?",
    summary="EM, accelerated EM, L-BFGS, Newton and gradient ascent from the same starts; some minutes",
    tags=("em", "speed", "real data", "simulated data"),
    quick=Budget(n_starts=3),
    full=Budget(n_starts=20),
    expect="",
    limits="",
    stored=(Result, Climbs, Problem),
    cases=lambda _: (Case("all"),),
    run=run,
    answer=answer,
)

if __name__ == "__main__":
    from experiments.engine.running import run_as_script

    run_as_script(EXPERIMENT)
