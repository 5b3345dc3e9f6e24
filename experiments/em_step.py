"""One E step and one M step: by hand, on Old Faithful, and far from every component."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

import numpy as np

from em import e_step, m_step
from experiments.answers.em_step import CLAIMS, build_answer
from experiments.data.datasets import load
from experiments.engine.experiment import Budget, Case, Experiment, Results, Task
from experiments.reporting.report import Answer, Formula
from experiments.studies.em_path import EMPath, em_path
from mixture import GaussianMixture
from mixture.arrays import FloatArray
from mixture.likelihood import log_joint, log_sum_exp

DOZEN = (0.6, 1.1, 1.5, 2.0, 2.3, 3.1, 3.4, 4.0, 4.4, 4.9, 5.2, 5.9)
"""Made up for the step by hand: two loose groups with points between them."""
N_ITERATIONS = 60
"""Iterations on Old Faithful: until nothing is left to gain."""
DISTANCES = np.union1d(np.arange(0.0, 60.01, 0.5), np.linspace(36.0, 40.0, 81)).round(3)
"""Standard deviations from the nearer of two components, on the far side of it."""
APART = 3.0
"""Standard deviations between the two components: far enough for the nearer one alone to tell where doubles end."""
DIGITS = 50
"""Of the decimal arithmetic that the densities are held against."""
SHARES = (1.0, 0.3, 0.1, 0.05, 0.03, 0.02)
"""Standard deviations of a start on Old Faithful, as shares of the data's."""
DIMENSIONS = (1, 2, 5, 10, 20, 40, 60, 75, 85, 90, 95, 105, 120, 130, 140, 160, 200, 300, 400, 450, 500, 525, 550, 600)
"""Numbers of features, closer together where points begin to be lost in one of the units."""
UNITS = (1.0, 1000.0, 0.001)
"""Standard deviation of every feature."""


@dataclass(frozen=True, eq=False)
class ByHand:
    """One iteration on a dozen points: log joint densities, responsibilities and moments from plain sums.

    log_joint, responsibilities (N, K); weights, means, variances (K,) after the M step; step: the library's M step
    """

    points: FloatArray
    log_joint: FloatArray
    responsibilities: FloatArray
    weights: FloatArray
    means: FloatArray
    variances: FloatArray
    start: GaussianMixture
    step: GaussianMixture


@dataclass(frozen=True, eq=False)
class Geyser:
    """EM on Old Faithful, with the first M step a second time from weighted moments in numpy."""

    path: EMPath
    weights: FloatArray
    means: FloatArray
    covariances: FloatArray
    sums: float


@dataclass(frozen=True, eq=False)
class Underflow:
    """log p of a point at each distance: naively, by log-sum-exp, in decimals; and where the naive form gives up.

    naive, stable, exact  (G,) nats, -inf where the naive density is zero
    last                  the largest distance at which the naive density is not yet zero
    lost                  (S,) share of Old Faithful's points with a naive density of zero, by the start's width
    worst_sum             largest |sum of a point's responsibilities - 1| over all of these, by log-sum-exp
    dimensions, lost_in   (D,), (U, D) share of typical points whose naive density is zero or infinite, by unit
    """

    distances: FloatArray
    naive: FloatArray
    stable: FloatArray
    exact: FloatArray
    last: float
    lost: FloatArray
    worst_sum: float
    dimensions: FloatArray
    lost_in: FloatArray


type Outcome = ByHand | Geyser | Underflow


def by_hand() -> ByHand:
    """Plain sums, one point after the other, beside the library's two steps."""
    start = GaussianMixture([0.5, 0.5], [[2.0], [4.0]], np.ones((2, 1, 1)))
    pi, mu, sd = [0.5, 0.5], [2.0, 4.0], [1.0, 1.0]
    joint, shares = [], []
    for x in DOZEN:
        parts = [
            pi[k] * math.exp(-0.5 * ((x - mu[k]) / sd[k]) ** 2) / (sd[k] * math.sqrt(2.0 * math.pi)) for k in (0, 1)
        ]
        joint.append([math.log(part) for part in parts])
        shares.append([part / sum(parts) for part in parts])
    counts = [sum(row[k] for row in shares) for k in (0, 1)]
    means = [sum(row[k] * x for row, x in zip(shares, DOZEN, strict=True)) / counts[k] for k in (0, 1)]
    squares = [sum(row[k] * (x - means[k]) ** 2 for row, x in zip(shares, DOZEN, strict=True)) for k in (0, 1)]
    points = np.array(DOZEN)[:, None]
    return ByHand(
        points=points[:, 0],
        log_joint=np.array(joint),
        responsibilities=np.array(shares),
        weights=np.array(counts) / len(DOZEN),
        means=np.array(means),
        variances=np.array([squares[k] / counts[k] for k in (0, 1)]),
        start=start,
        step=m_step(e_step(points, start), structure="full"),
    )


def geyser() -> Geyser:
    """Two components that begin side by side, each with the covariance of all the data."""
    x = load("faithful").points()
    away = x.std(axis=0) * np.array([[-0.5, 0.1], [0.5, -0.1]])
    spread = np.cov(x, rowvar=False, bias=True)
    start = GaussianMixture([0.5, 0.5], x.mean(axis=0) + away, np.array([spread, spread]))
    r = start.responsibilities(x)
    means = np.array([np.average(x, axis=0, weights=r[:, k]) for k in (0, 1)])
    return Geyser(
        path=em_path(x, start, N_ITERATIONS),
        weights=r.mean(axis=0),
        means=means,
        covariances=np.array([np.cov(x, rowvar=False, bias=True, aweights=r[:, k]) for k in (0, 1)]),
        sums=float(np.abs(r.sum(axis=1) - 1.0).max()),
    )


def two_normals() -> GaussianMixture:
    """0.5 N(0, 1) + 0.5 N(3, 1)."""
    return GaussianMixture([0.5, 0.5], [[0.0], [APART]], np.ones((2, 1, 1)))


def naive_density(joint: FloatArray) -> FloatArray:
    """sum_k exp(log joint), as one would write it: (N, K) to (N,); it may be zero or infinite."""
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(np.exp(joint).sum(axis=1))


def exact_log_density(distance: float) -> float:
    """log [0.5 N(-distance | 0, 1) + 0.5 N(-distance | 3, 1)] in decimal arithmetic of `DIGITS` digits."""
    with localcontext() as context:
        context.prec = DIGITS
        pi = Decimal("3.14159265358979323846264338327950288419716939937510582")
        x = -Decimal(distance)
        terms = [(-((x - mean) ** 2) / 2).exp() for mean in (Decimal(0), Decimal(APART))]
        return float((sum(terms) / (2 * (2 * pi).sqrt())).ln())


def joint_at(distances: FloatArray) -> FloatArray:
    """log pi_k N(-distance | mu_k, 1), (G, 2)."""
    normals = two_normals()
    return log_joint(-distances[:, None], normals.weights, normals.means, normals.covariances)


def last_distance() -> float:
    """Where the naive density becomes zero, by bisection."""
    low, high = 0.0, 60.0
    while high - low > 1e-9:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if naive_density(joint_at(np.array([middle])))[0] > 0.0 else (low, middle)
    return low


def lost_in(dimension: int, sd: float, rng: np.random.Generator, n_points: int) -> float:
    """Share of points drawn from two unit-variance components, in units in which an sd is `sd`, that are lost."""
    z = rng.standard_normal((n_points, dimension))
    centre = np.zeros(dimension)
    centre[0] = APART
    squares = np.stack([np.square(z - mean).sum(axis=1) for mean in (0.0, centre)], axis=1)
    joint = math.log(0.5) - 0.5 * squares - dimension * (math.log(sd) + 0.5 * math.log(2.0 * math.pi))
    density = naive_density(joint)
    return float(((density == 0.0) | ~np.isfinite(density)).mean())


def underflow(n_points: int, rng: np.random.Generator) -> Underflow:
    """The naive form beside log-sum-exp: by distance, on Old Faithful from narrow starts, in many dimensions."""
    joint = joint_at(DISTANCES)
    density = naive_density(joint)
    x = load("faithful").points()
    lost, sums = [], []
    for share in SHARES:
        variances = np.square(share * x.std(axis=0))
        narrow = GaussianMixture([0.5, 0.5], x.mean(axis=0) + [[-1.0, -10.0], [1.0, 10.0]], [variances] * 2, "diag")
        at = log_joint(x, narrow.weights, narrow.means, narrow.dense_covariances)
        lost.append(float((naive_density(at) == 0.0).mean()))
        sums.append(float(np.abs(narrow.responsibilities(x).sum(axis=1) - 1.0).max()))
    sums.append(float(np.abs(two_normals().responsibilities(-DISTANCES[:, None]).sum(axis=1) - 1.0).max()))
    with np.errstate(divide="ignore"):
        naive = np.log(density)
    return Underflow(
        distances=DISTANCES,
        naive=naive,
        stable=log_sum_exp(joint),
        exact=np.array([exact_log_density(float(distance)) for distance in DISTANCES]),
        last=last_distance(),
        lost=np.array(lost),
        worst_sum=max(sums),
        dimensions=np.array(DIMENSIONS, dtype=np.float64),
        lost_in=np.array([[lost_in(d, unit, rng, n_points) for d in DIMENSIONS] for unit in UNITS]),
    )


def cases(_: Budget) -> Sequence[Case]:
    """A dozen points, Old Faithful, underflow."""
    return Case("by-hand"), Case("faithful"), Case("underflow")


def run(task: Task) -> Outcome:
    """One of the three."""
    if task.case.name == "underflow":
        return underflow(task.budget.n_samples, task.rng())
    return by_hand() if task.case.name == "by-hand" else geyser()


def answer(results: Results[Outcome]) -> Answer:
    """Both steps, the fit and the underflow."""
    hand, old, far = results["by-hand"], results["faithful"], results["underflow"]
    assert isinstance(hand, ByHand)
    assert isinstance(old, Geyser)
    assert isinstance(far, Underflow)
    points = load("faithful").points()
    return build_answer(hand, old, far, points=points, shares=SHARES, units=UNITS, digits=DIGITS)


EXPERIMENT: Experiment[Outcome] = Experiment(
    name="em_step",
    title="One E step and one M step",
    question="What does one iteration of EM do?",
    summary="a dozen points by hand, Old Faithful as an animation, and why the logarithm of a sum needs care",
    tags=("em", "theory", "real data"),
    expect=(
        "If one knew which component each point came from, the estimates would be shares, means and covariances of the"
        " groups. EM does not know, so it shares each point out: the E step gives every component the probability that"
        " the point is its own, the M step takes the same shares, means and covariances with these probabilities as"
        " weights. The probabilities are ratios of densities, which for far points are smaller than any number a"
        " computer holds; their logarithms are not."
    ),
    mathematics=(
        "The **E step** computes the responsibilities, the posterior probabilities of the allocations at the current"
        " parameters (Bayes' rule),",
        Formula(
            r"r_{nk} = P(z_n = k \mid x_n, \theta) = \frac{\pi_k N(x_n \mid \mu_k, \Sigma_k)}"
            r"{\sum_j \pi_j N(x_n \mid \mu_j, \Sigma_j)}.",
            "r n k is pi k times the density of component k, over the sum of these over all components",
        ),
        "The **M step** maximises the expected log-likelihood of points and allocations together. Its solution is the"
        " weighted moments,",
        Formula(
            r"N_k = \sum_n r_{nk}, \quad \pi_k = \frac{N_k}{N}, \quad \mu_k = \frac{1}{N_k} \sum_n r_{nk} x_n,",
            "N k is the sum of responsibilities; weight and mean are weighted averages",
        ),
        Formula(
            r"\Sigma_k = \frac{1}{N_k} \sum_n r_{nk} (x_n - \mu_k)(x_n - \mu_k)^T.",
            "the covariance is the weighted average of squared deviations from the new mean",
        ),
        "The densities go through their logarithms $v_k = \\log \\pi_k N(x_n \\mid \\mu_k, \\Sigma_k)$. The largest is"
        " taken out before any exponential,",
        Formula(
            r"\log \sum_k e^{v_k} = m + \log \sum_k e^{v_k - m}, \quad m = \max_k v_k,",
            "the log of the sum of exponentials is m plus the log of the sum of exponentials of v minus m",
        ),
        "so that one term is $e^0 = 1$: the sum lies between 1 and K, and cannot vanish or overflow (Blanchard, Higham"
        " & Higham 2021 bound its error).",
    ),
    limits=(
        "One iteration from one start; why the likelihood rises is the subject of lower_bound, how fast that of"
        " convergence, and where it ends depends on the start, that of local_optima."
    ),
    references=(
        "Dempster, A. P., Laird, N. M. & Rubin, D. B. (1977). Maximum likelihood from incomplete data via the EM"
        " algorithm. Journal of the Royal Statistical Society B 39, 1-38. doi:10.1111/j.2517-6161.1977.tb01600.x",
        "Bishop, C. M. (2006). Pattern Recognition and Machine Learning, section 9.2. Springer.",
        "Blanchard, P., Higham, D. J. & Higham, N. J. (2021). Accurately computing the log-sum-exp and softmax"
        " functions. IMA Journal of Numerical Analysis 41, 2311-2330. doi:10.1093/imanum/draa038",
    ),
    quick=Budget(n_samples=100),
    full=Budget(n_samples=1000),
    cases=cases,
    run=run,
    answer=answer,
    claims=CLAIMS,
    stored=(ByHand, Geyser, Underflow, EMPath),
    data=("faithful",),
    side_by_side=True,
    repeats=True,
)

if __name__ == "__main__":
    from experiments.engine.running import run_as_script

    run_as_script(EXPERIMENT)
