"""How fast EM converges, and what each rule to stop it would have answered."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

import em
from em.fit import TOLERANCE
from experiments.answers.convergence import CLAIMS, build_answer
from experiments.engine.experiment import Budget, Case, Experiment, Results, Task
from experiments.reporting.report import Answer, Formula
from experiments.studies.em_path import EMPath, em_path
from experiments.studies.stopping_rules import RULES, Trace
from mixture import GaussianMixture
from mixture.arrays import FloatArray

SEPARATIONS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
"""Distances of the two means, in standard deviations."""
OVERLAP = 1.5
"""That of the data on which rules are compared, and N_OVERLAP their number of points."""
N_OVERLAP = 1000
START_MEANS = (-1.0, 1.0)
"""Where the climbs begin on which rules are compared."""
LOCAL_ITERATIONS = 1000
"""Iterations from a start beside the optimum, from which the rate is read."""
BESIDE = 1e-2
"""How far from the optimum it is: this share of a standard deviation in the means, of itself in the variances."""
SETTLED, MOST_ROUNDS = 1e-6, 20
"""The rate is read once so many iterations more change it by less than this; how often they may be taken."""
SMALLEST_STEP = 1e-10
"""Steps below this are too near to rounding for a ratio."""
CURVE = np.round(np.arange(1.0, 6.001, 0.125), 3)
"""Separations at which the rate of infinitely many data is drawn."""
NAMES = ("weight 1", "mean 1", "mean 2", "sd 1", "sd 2")


@dataclass(frozen=True, eq=False)
class Rates:
    """Rates of convergence at one separation, data set by data set.

    exact   (R,) largest fraction of missing information at the optimum
    traced  (R,) ratio of EM's last two steps on its way there
    gaps    (T + 1,) nats below the optimum by iteration, first data set, from a start beside the optimum
    left_out    data sets drawn besides, on which the climb ended singular or on a spike
    """

    separation: float
    exact: FloatArray
    traced: FloatArray
    gaps: FloatArray
    left_out: int


@dataclass(frozen=True, eq=False)
class Expected:
    """The same rate for infinitely many data from the truth, by separation."""

    separations: FloatArray
    rates: FloatArray


@dataclass(frozen=True, eq=False)
class Stops:
    """One long climb on overlapping data, and where each rule would have ended it.

    log_likelihoods  (T + 1,) nats      best  the optimum's
    path             (T + 1, P) parameters, in the order of `NAMES`
    optimum, errors  (P,) maximum likelihood estimates and their standard errors
    stops            iteration at which each rule stops, by its name; None where it does not before iteration T
    rate             fraction of missing information at the optimum
    left_out         data sets drawn before this one, on which the climb ended singular or on a spike
    """

    log_likelihoods: FloatArray
    best: float
    path: FloatArray
    optimum: FloatArray
    errors: FloatArray
    stops: dict[str, int | None]
    rate: float
    left_out: int


type Outcome = Rates | Expected | Stops


def two_normals(separation: float) -> GaussianMixture:
    """Two equal unit normals, their means so far apart."""
    return GaussianMixture([0.5, 0.5], [[-0.5 * separation], [0.5 * separation]], np.ones((2, 1, 1)))


def optimum_near(x: FloatArray, start: GaussianMixture) -> em.EMFit:
    """The maximum that lies uphill of `start`: accelerated EM, then Newton to the last digits. It may be a spike."""
    near = em.fit(x, start, move=em.moves.AcceleratedEM(), tolerance=1e-9)
    return em.fit(x, near.mixture, move=em.moves.Newton(), tolerance=1e-12, max_iterations=20)


def parameters(path: EMPath) -> FloatArray:
    """(T + 1, 5) weight of the first component, both means, both standard deviations."""
    sds = np.sqrt(path.covariances[:, :, 0, 0])
    return np.column_stack([path.weights[:, 0], path.means[:, :, 0], sds])


def traced_rate(path: FloatArray) -> float:
    """Ratio of the lengths of the last two steps (T + 1, P) that are well above rounding."""
    lengths = np.linalg.norm(np.diff(path, axis=0), axis=1)
    last = int(np.flatnonzero(lengths > SMALLEST_STEP)[-1])
    return float(lengths[last] / lengths[last - 1])


def settled_rate(x: FloatArray, path: EMPath) -> float:
    """The ratio of EM's steps at the end of the path, or of as many iterations more as it takes to settle."""
    walked = parameters(path)
    rate = traced_rate(walked)
    for _ in range(MOST_ROUNDS):
        if np.linalg.norm(walked[-1] - walked[-2]) < SMALLEST_STEP:
            break
        path = em_path(x, path.mixture(path.n_iterations), LOCAL_ITERATIONS)
        walked = parameters(path)
        before, rate = rate, traced_rate(walked)
        if abs(rate - before) < SETTLED:
            break
    return rate


def expected_rate(separation: float) -> float:
    """The largest fraction of missing information at the truth, for infinitely many data: sums over a fine grid."""
    truth = two_normals(separation)
    grid = np.linspace(-0.5 * separation - 9.0, 0.5 * separation + 9.0, 4001)[:, None]
    mass = np.exp(truth.log_density(grid))
    return em.convergence_rate(grid, truth, weights=mass / mass.sum()).rate


def rates(separation: float, n_samples: int, n_data_sets: int, rng: np.random.Generator) -> Rates:
    """Simulated data sets at one separation: the exact rate and the one that EM shows."""
    truth = two_normals(separation)
    exact: list[float] = []
    traced: list[float] = []
    gaps, left_out = np.zeros(0), 0
    while len(exact) < n_data_sets:
        x, _ = truth.draw(n_samples, rng.spawn(1)[0])
        found = optimum_near(x, truth)
        if not found.status.usable:
            left_out += 1
            continue
        optimum = found.mixture
        shift = BESIDE * np.sqrt(optimum.covariances[:, 0])
        beside = GaussianMixture(optimum.weights, optimum.means + shift, (1.0 + BESIDE) * optimum.covariances)
        path = em_path(x, beside, LOCAL_ITERATIONS)
        exact.append(em.convergence_rate(x, optimum).rate)
        traced.append(settled_rate(x, path))
        if not gaps.size:
            gaps = optimum.log_likelihood(x) - path.log_likelihoods
    return Rates(separation, np.array(exact), np.array(traced), gaps, left_out)


def stops(rng: np.random.Generator) -> Stops:
    """EM on overlapping data until this project's own rule is content, and the rules applied to that trace."""
    start = GaussianMixture([0.5, 0.5], np.reshape(START_MEANS, (2, 1)), np.ones((2, 1, 1)))
    left_out = 0
    while True:
        x, _ = two_normals(OVERLAP).draw(N_OVERLAP, rng)
        fit = em.fit(x, start, tolerance=TOLERANCE, max_iterations=100_000)
        if fit.status.usable:  # else it is singular or a spike: no optimum to compare with
            break
        left_out += 1
    walked = em_path(x, start, fit.n_iterations)
    optimum = optimum_near(x, fit.mixture).mixture
    errors = em.standard_errors(x, optimum)
    path = parameters(walked)
    trace = Trace(walked.log_likelihoods, path, N_OVERLAP)
    return Stops(
        log_likelihoods=walked.log_likelihoods,
        best=optimum.log_likelihood(x),
        path=path,
        optimum=np.array([optimum.weights[0], *optimum.means[:, 0], *np.sqrt(optimum.covariances[:, 0, 0])]),
        errors=np.array([errors.weights[0], *errors.means[:, 0], *errors.scales[:, 0]]),
        stops={rule.name: rule.stop(trace) for rule in RULES},
        rate=em.convergence_rate(x, optimum).rate,
        left_out=left_out,
    )


def cases(budget: Budget) -> Sequence[Case]:
    """Each separation, the curve, and the data sets on which rules are compared."""
    each = [Case(f"apart-{10 * apart:.0f}-tenths", {"separation": apart}, cost=2.0) for apart in SEPARATIONS]
    climbs = [Case(f"climb-{number}", cost=2.0) for number in range(1, budget.n_simulations + 1)]
    return [*each, Case("infinitely-many-data", {"separations": CURVE.tolist()}), *climbs]


def run(task: Task) -> Outcome:
    """The rates at one separation, the curve, or one climb under all rules."""
    if "separation" in task.settings:
        budget = task.budget
        return rates(task.settings["separation"], budget.n_samples, budget.n_simulations, task.rng())
    if "separations" in task.settings:
        return Expected(CURVE, np.array([expected_rate(separation) for separation in CURVE]))
    return stops(task.rng())


def answer(results: Results[Outcome]) -> Answer:
    """Rates, stopping points and claims."""
    found = results.outcomes.values()
    return build_answer(
        [each for each in found if isinstance(each, Rates)],
        next(each for each in found if isinstance(each, Expected)),
        [each for each in found if isinstance(each, Stops)],
        names=NAMES,
        overlap=OVERLAP,
        n_overlap=N_OVERLAP,
        start_means=START_MEANS,
        n_samples=results.budget.n_samples,
    )


EXPERIMENT: Experiment[Outcome] = Experiment(
    name="convergence",
    title="The speed of EM, and when it may stop",
    question="How fast does EM converge, and when may it stop?",
    summary="rates against the fraction of missing information; ten stopping rules on overlapping data",
    tags=("em", "speed", "simulated data"),
    expect=(
        "EM converges linearly: near the optimum each iteration shrinks the distance by one and the same factor. That"
        " factor is the share of the information about the parameters that is lost because nobody saw which point came"
        " from which component. Components far apart lose hardly anything, and EM arrives in a few iterations;"
        " overlapping ones lose nearly all, and EM crawls. A rule that stops when the log-likelihood changes little"
        " cannot tell crawling from having arrived."
    ),
    mathematics=(
        "EM is a map $\\theta_{t+1} = M(\\theta_t)$ whose fixed points are the stationary points of the likelihood."
        " Near one of them, $\\hat\\theta$, the map is its derivative,",
        Formula(
            r"\theta_{t+1} - \hat\theta \approx J (\theta_t - \hat\theta), \quad J = I_c^{-1} (I_c - I_o),",
            "the error after the step is J times the error before it, J the inverse of the complete-data information"
            " times the missing information",
        ),
        "where $I_c$ is the information that the data would hold with their allocations known, $I_o$ the information"
        " that they do hold, and $I_c - I_o$ the missing information. The largest eigenvalue $\\lambda$ of $J$ is the"
        " rate: one more correct decimal digit takes $\\ln 10 / (-\\ln \\lambda)$ iterations. It can be read from EM's"
        " own steps too (Meng & Rubin 1991). The log-likelihood is flat at its top, so its gap shrinks by $\\lambda^2$"
        " per iteration. After a gain of $g$ that followed a gain of $g'$, with $a = g / g'$ for $\\lambda^2$, what is"
        " still to be gained is the tail of a geometric series,",
        Formula(
            r"L(\hat\theta) - L(\theta_t) \approx \frac{a}{1 - a} g,",
            "the gap is about a over one minus a, times the last gain",
        ),
        "Aitken's estimate (Boehning et al. 1994). With $a$ near one, a small gain $g$ goes with a large gap.",
    ),
    limits=(
        "The rate is that of the last iterations: before them EM may pass a plateau of any length, which no rate at the"
        " optimum foretells. Rules are compared on few simulated data sets of one kind and from one start, to show what"
        " can happen, not how often, and only on data on which no climb ends singular or on a spike. No rule knows"
        " whether the optimum is the highest; see local_optima."
    ),
    references=(
        "Boehning, D., Dietz, E., Schaub, R., Schlattmann, P. & Lindsay, B. G. (1994). The distribution of the"
        " likelihood ratio for mixtures of densities from the one-parameter exponential family. Annals of the Institute"
        " of Statistical Mathematics 46, 373-388. doi:10.1007/BF01720593",
        "Dempster, A. P., Laird, N. M. & Rubin, D. B. (1977). Maximum likelihood from incomplete data via the EM"
        " algorithm. Journal of the Royal Statistical Society B 39, 1-38. doi:10.1111/j.2517-6161.1977.tb01600.x",
        "Meng, X.-L. & Rubin, D. B. (1991). Using EM to obtain asymptotic variance-covariance matrices: the SEM"
        " algorithm. Journal of the American Statistical Association 86, 899-909. doi:10.1080/01621459.1991.10475130",
        "Pedregosa, F. et al. (2011). Scikit-learn: machine learning in Python. Journal of Machine Learning Research"
        " 12, 2825-2830.",
        "Scrucca, L., Fop, M., Murphy, T. B. & Raftery, A. E. (2016). mclust 5: clustering, classification and density"
        " estimation using Gaussian finite mixture models. The R Journal 8, 289-317. doi:10.32614/RJ-2016-021",
        "Visser, I. & Speekenbrink, M. (2010). depmixS4: an R package for hidden Markov models. Journal of Statistical"
        " Software 36 (7), 1-21. doi:10.18637/jss.v036.i07",
    ),
    quick=Budget(n_samples=2_000, n_simulations=2),
    full=Budget(n_samples=10_000, n_simulations=6),
    cases=cases,
    run=run,
    answer=answer,
    claims=CLAIMS,
    stored=(Rates, Expected, Stops),
    side_by_side=True,
    repeats=True,
)

if __name__ == "__main__":
    from experiments.engine.running import run_as_script

    run_as_script(EXPERIMENT)
