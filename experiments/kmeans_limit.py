"""k-means as the limit of a mixture of equal spheres: a path in sigma, Lloyd's step, hard against soft estimates."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import em
from experiments.answers.kmeans_limit import build_answer
from experiments.answers.kmeans_limit_declared import EXPECT, LIMITS, MATHEMATICS, REFERENCES
from experiments.data.datasets import load
from experiments.engine.experiment import Budget, Case, Experiment, Published, Results, Task
from experiments.reporting.report import Answer
from experiments.studies.soft_kmeans import (
    cut_in_the_middle,
    equal_weights_em,
    fixed_point,
    free_energy,
    lloyd_step,
    scipy_kmeans,
    soft_step,
    spheres,
    summary,
)
from mixture.arrays import FloatArray, IntArray

DATA = {"faithful": 2, "iris": 3}
"""Data sets and their numbers of components."""
NEAR_CRITICAL = (1.3, 1.15, 1.05, 1.02, 1.01, 0.99, 0.98, 0.95)
"""Where the path is looked at around the critical sigma, as its multiples."""
SMALLEST = 0.005
"""The last sigma, as a multiple of the critical one."""
N_SIGMAS = 40
PERTURBATION = 1e-4
"""Standard deviation, in sigmas, of the nudge before each fixed point: means on a saddle leave it, others come back."""
SMALL_SIGMA = 1e-3
"""In cm: that at which a step of EM is held against Lloyd's, a hundredth of the rounding of the irises."""
TOGETHER = 1e-2
"""Means closer to the centroid than this, in units of the critical sigma, have not parted."""
BLUR = 0.1
"""Standard deviation in cm of what is added to seeds, so that no point is as far from one as from another."""
DISTANCES = (1.5, 2.0, 3.0, 4.0, 6.0)
"""Standard deviations between the two means of the simulated data."""
TESTED_DISTANCE = 2.0
N_POINTS = 1000
R_KMEANS = 15.15100 + 39.82097 + 23.87947
"""R's kmeans(iris[, 1:4], 3): sums of squares within its three clusters."""


@dataclass(frozen=True, eq=False)
class Path:
    """Fixed points of the means from large to small sigma.

    critical     sqrt of the largest eigenvalue of the data's covariance
    sigmas       (S,) falling; means (S, K, D); free_energies (S,), in squared units of the data
    responsibilities   (S, N, K)
    partition    (N,) the likeliest component at the last sigma
    lloyd        (N,) scipy's k-means from the last means; its means lloyd_means (K, D), sum of squares lloyd_squares
    points, feature, label   the data (N, D), the feature that is drawn and its label
    """

    critical: float
    sigmas: FloatArray
    means: FloatArray
    free_energies: FloatArray
    responsibilities: FloatArray
    partition: IntArray
    lloyd: IntArray
    lloyd_means: FloatArray
    lloyd_squares: float
    points: FloatArray
    labels: list[str]
    feature: int


@dataclass(frozen=True)
class Agreement:
    """EM's step at a small sigma beside Lloyd's, and classification EM beside scipy's k-means, from the same starts.

    n_starts     starts compared
    step         largest difference between the means after one step of each, in units of the data
    points       points that the two ends allocate differently, over all starts
    squares      (starts,) sums of squares where both end
    """

    n_starts: int
    step: float
    points: int
    squares: FloatArray


@dataclass(frozen=True, eq=False)
class Bias:
    """Estimates on simulated data sets of two unit normals: soft, hard with equal weights, hard with free weights, soft
    with equal weights.

    separations, sds   (simulations, 4): |mu_2 - mu_1|, sigma
    """

    distance: float
    separations: FloatArray
    sds: FloatArray


type Outcome = Path | Agreement | Bias


def data_of(name: str) -> tuple[FloatArray, list[str], int]:
    """Points, labels and the feature to draw; Old Faithful's features are divided by their sd."""
    data = load(name)
    points = data.points()
    if name == "iris":
        return points, [column.label for column in data.measurements], 2
    return points / points.std(axis=0), [f"{column.name} (sd)" for column in data.measurements], 1


def follow(task: Task) -> Path:
    """From above the critical sigma to almost zero, each time from the last means, a little perturbed."""
    name, rng = task.settings["data"], task.rng()
    points, labels, feature = data_of(name)
    k, centred = DATA[name], points - points.mean(axis=0)
    critical = float(np.sqrt(np.linalg.eigvalsh(centred.T @ centred / len(points))[-1]))
    falling = np.geomspace(NEAR_CRITICAL[-1], SMALLEST, N_SIGMAS)
    sigmas = critical * np.concatenate([NEAR_CRITICAL, falling[1:]])
    means = np.repeat(points.mean(axis=0)[None], k, axis=0)
    found = []
    for sigma in sigmas:
        nudged = means + PERTURBATION * sigma * rng.standard_normal(means.shape)
        means = fixed_point(points, nudged, float(sigma), critical)
        found.append(means)
    order = np.argsort(found[-1][:, feature])
    path = np.stack(found)[:, order]
    responsibilities = np.stack(
        [spheres(m, float(s)).responsibilities(points) for m, s in zip(path, sigmas, strict=True)]
    )
    centres, allocated, squares = scipy_kmeans(points, path[-1])
    return Path(
        critical=critical,
        sigmas=sigmas,
        means=path,
        free_energies=np.array([free_energy(points, m, float(s)) for m, s in zip(path, sigmas, strict=True)]),
        responsibilities=responsibilities,
        partition=responsibilities[-1].argmax(axis=1).astype(np.int64),
        lloyd=allocated,
        lloyd_means=centres,
        lloyd_squares=squares,
        points=points,
        labels=labels,
        feature=feature,
    )


def agree(task: Task) -> Agreement:
    """On the irises, from three points at random, blurred: the data are rounded, and a tie has no nearest centre."""
    points, _, _ = data_of("iris")
    step, differing, squares = 0.0, 0, []
    for stream in task.rng().spawn(task.budget.n_starts):
        chosen = points[stream.choice(len(points), 3, replace=False)]
        seeds = chosen + BLUR * stream.standard_normal(chosen.shape)
        step = max(step, float(np.abs(soft_step(points, seeds, SMALL_SIGMA) - lloyd_step(points, seeds)).max()))
        hard = em.classification_em(points, spheres(seeds, 1.0), equal_weights=True)
        _, allocated, found = scipy_kmeans(points, seeds)
        differing += int((hard.allocations != allocated).sum())
        squares.append(found)
    return Agreement(len(squares), step, differing, np.array(squares))


def overlap(task: Task) -> Bias:
    """Simulated data sets, every method from the truth."""
    distance = float(task.settings["distance"])
    truth = spheres(0.5 * distance * np.array([[-1.0], [1.0]]), 1.0)
    ends: list[list[tuple[float, float]]] = []
    for stream in task.rng().spawn(task.budget.n_simulations):
        x, _ = truth.draw(N_POINTS, stream)
        soft = em.fit(x, truth, threads=1).mixture
        equal = em.classification_em(x, truth, equal_weights=True).mixture
        free = em.classification_em(x, truth).mixture
        ends.append([summary(mixture) for mixture in (soft, equal, free, equal_weights_em(x, truth))])
    separations, sds = np.array(ends).transpose(2, 0, 1)
    return Bias(distance, separations, sds)


RUNS: dict[str, Callable[[Task], Outcome]] = {"path": follow, "steps": agree, "bias": overlap}


def run(task: Task) -> Outcome:
    """The part of the case."""
    return RUNS[task.settings["part"]](task)


def cases(_budget: Budget) -> list[Case]:
    """Two paths, the comparison of steps, a case for each distance."""
    return [
        *(Case(f"path-{name}", {"part": "path", "data": name}, 3.0) for name in DATA),
        Case("steps", {"part": "steps"}, 0.5),
        *(
            Case(f"bias-{str(d).replace('.', '_')}", {"part": "bias", "distance": d}, 12.0 if d < 2.0 else 3.0)
            for d in DISTANCES
        ),
    ]


def answer(results: Results[Outcome]) -> Answer:
    """The paths, the steps, the bias."""
    found = results.outcomes.values()
    return build_answer(
        {name: path for name, path in zip(DATA, found, strict=False) if isinstance(path, Path)},
        next(each for each in found if isinstance(each, Agreement)),
        [each for each in found if isinstance(each, Bias)],
        CLAIMS,
    )


CLAIMS = {
    "critical": Published(
        "distance from 1 of the ends of the interval of sigma in which the means of the irises part, sigma over the"
        " root of the data's largest variance",
        "Rose, Gurewitz & Fox 1990: the first split is at the largest eigenvalue of the covariance",
        0.0,
        0.011,
        "at most",
    ),
    "partition": Published(
        "points that the smallest sigma and k-means from there allocate differently, both data sets",
        "scipy.cluster.vq.kmeans2",
        0.0,
        0.0,
    ),
    "step": Published(
        f"largest difference between EM's step of the means at sigma = {SMALL_SIGMA:g} cm and Lloyd's, irises",
        "theory: responsibilities become indicators",
        0.0,
        1e-10,
        "at most",
        "cm",
    ),
    "classification": Published(
        "points that classification EM of equal spheres and k-means allocate differently, over all starts",
        "scipy.cluster.vq.kmeans2",
        0.0,
        0.0,
    ),
    "squares": Published(
        "sum of squares at the end of the path, irises", "R, kmeans(iris[, 1:4], 3)", R_KMEANS, 2e-5, "at most", "cm²"
    ),
    "separation": Published(
        f"mean separation that k-means finds where the truth is {TESTED_DISTANCE:g}",
        "theory: means of a normal mixture cut in the middle",
        cut_in_the_middle(TESTED_DISTANCE)[0],
        0.02,
    ),
    "sd": Published(
        f"mean sd within the groups of k-means where the truth is 1, {TESTED_DISTANCE:g} sd apart",
        "theory: variance of a normal mixture cut in the middle",
        cut_in_the_middle(TESTED_DISTANCE)[1],
        0.02,
    ),
}

EXPERIMENT = Experiment(
    name="kmeans_limit",
    title="k-means as the limit of a mixture",
    question="In what sense is k-means a mixture?",
    summary="Equal spheres whose sigma goes to zero: hard allocations, Lloyd's steps, and biased estimates",
    tags=("em", "real data", "simulated data"),
    quick=Budget(n_starts=10, n_simulations=20),
    full=Budget(n_starts=100, n_simulations=200),
    expect=EXPECT,
    mathematics=MATHEMATICS,
    limits=LIMITS,
    references=REFERENCES,
    claims=CLAIMS,
    stored=(Path, Agreement, Bias),
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
