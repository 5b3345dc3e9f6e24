"""Where the likelihood runs away, what EM says of it, and what helps: floor, prior, shared variance, posterior."""

from collections.abc import Callable
from typing import Any

import numpy as np

import bayesian
import em
from experiments.answers.singularities import build_answer
from experiments.answers.singularities_remedies import FLOOR, FLOOR_SHARE, K_REMEDY, MAP, POSTERIOR, SHARED
from experiments.data.datasets import load
from experiments.engine.experiment import Budget, Case, Experiment, Published, Results, Task
from experiments.reporting.report import Answer, Formula
from experiments.studies.runaway import shrinking
from experiments.studies.runaway_outcomes import Cut, Remedied, Shrunk, Spikes
from experiments.studies.tied_evidence import TIED, cut
from mixture import ConjugatePrior
from mixture.arrays import FloatArray

SIGMAS = np.geomspace(10.0, 1e-8, 91)
COUNTS = range(2, 7)
SPIKE_VARIANCE = 0.00185
SPIKE_PLACE = 16.127
"""Variance and mean of the galaxies' highest spike with five components, in powers of 10³ km/s."""


type Outcome = Shrunk | Spikes | Remedied | Cut


def shrink(_task: Task) -> Shrunk:
    """On one galaxy, on two neighbours, on the most frequent waiting time."""
    galaxies, waiting = load("galaxies").points(), load("faithful").points(["waiting"])
    ordered = np.unique(galaxies)
    pair = np.argsort(np.abs(ordered - SPIKE_PLACE))[:2]
    values, counts = np.unique(waiting, return_counts=True)
    often, times = float(values[counts.argmax()]), int(counts.max())
    places = {
        "one galaxy": (galaxies, float(ordered[pair[0]]), 1),
        "between two galaxies": (galaxies, float(ordered[pair].mean()), 2),
        f"waiting time {often:g} min, {times} times": (waiting, often, times),
    }
    return Shrunk(
        sigmas=SIGMAS,
        values={name: shrinking(x, place, held, SIGMAS) for name, (x, place, held) in places.items()},
        held={name: held if place in x else 0 for name, (x, place, held) in places.items()},
        distance=float(np.ptp(ordered[pair])),
    )


def climb(task: Task) -> Spikes:
    """Many starts with K components and a variance each."""
    k, points = int(task.settings["k"]), load("galaxies").points()
    found = em.fit_best(points, k, n_starts=task.budget.n_starts, rng=task.rng(), n_jobs=task.n_jobs)
    names = [fit.status.name for fit in found.fits]
    on_spikes = [fit for fit in found.fits if fit.status is em.Status.SPIKE]
    top = max(on_spikes, key=lambda fit: fit.log_likelihood, default=None)
    spike = em.spikes(points, top.mixture)[0] if top else None
    return Spikes(
        k=k,
        statuses={status.name: names.count(status.name) for status in em.Status},
        best=found.best.log_likelihood if found.usable else float("nan"),
        spike=top.log_likelihood if top else float("nan"),
        variance=float(top.mixture.dense_covariances.min()) if top else float("nan"),
        points=spike.effective_points if spike else float("nan"),
        message=top.message if top else "",
        mixture=top.mixture if top else None,
        honest=found.best.mixture if found.usable else None,
    )


def remedy(task: Task) -> Remedied:
    """The same data and K under one remedy."""
    name, points = task.settings["remedy"], load("galaxies").points()
    grid = np.linspace(points.min() - 2.0, points.max() + 2.0, 800)
    if name == POSTERIOR:
        return sampled(task, points, grid)
    settings: dict[str, dict[str, Any]] = {
        FLOOR: {"floor": FLOOR_SHARE},
        MAP: {"prior": ConjugatePrior.fraley_raftery(points, K_REMEDY)},
        SHARED: {"structure": "tied"},
    }
    found = em.fit_best(
        points, K_REMEDY, n_starts=task.budget.n_starts, rng=task.rng(), n_jobs=task.n_jobs, **settings[name]
    )
    best = found.best
    return Remedied(
        name=name,
        mixture=best.mixture,
        smallest_sd=(float(np.sqrt(best.mixture.dense_covariances.min())),),
        log_likelihood=best.log_likelihood,
        flagged=len(found.singular),
        n_climbs=found.n_starts,
        grid=grid,
        density=np.exp(best.mixture.log_density(grid[:, None])),
        detail=best.message,
    )


def sampled(task: Task, points: FloatArray, grid: FloatArray) -> Remedied:
    """Chib's prior by Gibbs sampling."""
    budget = task.budget
    posterior = bayesian.gibbs(
        points,
        K_REMEDY,
        prior=bayesian.Prior.chib(),
        draws=budget.draws,
        tune=budget.tune,
        chains=budget.chains,
        random_seed=task.seed,
    )
    smallest = np.sqrt(posterior.covariances.reshape(-1, K_REMEDY).min(axis=1))
    return Remedied(
        name=POSTERIOR,
        mixture=None,
        smallest_sd=tuple(np.quantile(smallest, [0.05, 0.5, 0.95]).tolist()),
        log_likelihood=float(np.median(posterior.log_likelihood)),
        flagged=0,
        n_climbs=0,
        grid=grid,
        density=bayesian.predictive_bands(posterior, grid, 0.9).middle[0],
        detail="",
    )


RUNS: dict[str, Callable[[Task], Outcome]] = {
    "shrink": shrink,
    "climb": climb,
    "remedy": remedy,
    "cut": lambda task: cut(task.settings["data"]),
}


def run(task: Task) -> Outcome:
    """The part of the case."""
    return RUNS[task.settings["part"]](task)


def cases(_budget: Budget) -> list[Case]:
    """One sweep, a case for each K, for each remedy, for each tied data set."""
    remedies = {"floor": FLOOR, "map": MAP, "shared": SHARED, "posterior": POSTERIOR}
    return [
        Case("shrink", {"part": "shrink"}, 0.2),
        *(Case(f"k{k}", {"part": "climb", "k": k}, 0.5 * k) for k in COUNTS),
        *(
            Case(f"remedy-{short}", {"part": "remedy", "remedy": name}, 12.0 if name == POSTERIOR else 2.0)
            for short, name in remedies.items()
        ),
        *(Case(f"cut-{name.split()[0]}", {"part": "cut", "data": name}, 6.0) for name in TIED),
    ]


def answer(results: Results[Outcome]) -> Answer:
    """The run-away, the counts, the remedies, the priors."""
    found = list(results.outcomes.values())
    return build_answer(
        next(each for each in found if isinstance(each, Shrunk)),
        [each for each in found if isinstance(each, Spikes)],
        [each for each in found if isinstance(each, Remedied)],
        [each for each in found if isinstance(each, Cut)],
        load("galaxies"),
        len(load("faithful").points()),
        CLAIMS,
    )


CLAIMS = {
    "one": Published(
        "nats that log L gains for each factor e by which sigma falls, on one galaxy",
        "theory: the density at the observation is 1 / sigma (Day 1969)",
        1.0,
        1e-6,
    ),
    "tied": Published(
        "the same on the most frequent waiting time, over the number of equal observations",
        "theory: a factor 1 / sigma for each of them",
        1.0,
        1e-6,
    ),
    "spike": Published(
        f"variance of the highest spike, galaxies, K = {K_REMEDY}",
        "the same optimum computed independently, from many starts",
        SPIKE_VARIANCE,
        5e-6,
        unit="10⁶ km²/s²",
    ),
    "remedied": Published(
        f"climbs that end singular or on a spike under a floor, a prior or a shared variance, K = {K_REMEDY}",
        "theory: a floor bounds the density; Ciuperca, Ridolfi & Idier 2003 for the prior; Hathaway 1985 for the shared"
        " variance, a bound of 1 on the ratio of sds",
        0.0,
        0.0,
        "at most",
    ),
    "exponent": Published(
        "power of 1 / cut-off with which the evidence grows: half-normal sd, three tied observations",
        "theory: the integral of sigma^(1 - m) d sigma, m = 3",
        1.0,
        1e-3,
    ),
    "logarithm": Published(
        "growth of the evidence over the last factor of the cut-off, over that before: half-normal sd, two tied",
        "theory: the integral of d sigma / sigma",
        1.0,
        1e-3,
    ),
    "refusals": Published(
        "priors and tied data for which the check of propriety and the growth of the integral disagree",
        "this project's own bar",
        0.0,
        0.0,
    ),
}

EXPERIMENT = Experiment(
    name="singularities",
    title="Where the likelihood runs away",
    question="Can the likelihood run away?",
    summary="infinity on one point, spikes on the galaxies; floor, prior, shared variance and posterior against them",
    tags=("em", "posterior", "real data"),
    quick=Budget(draws=150, tune=100, chains=2, n_starts=15),
    full=Budget(draws=1500, tune=500, chains=2, n_starts=100),
    expect=(
        "A component that shrinks onto one observation gives it a density without bound, while the other components see"
        " to the rest: the likelihood has no maximum, and EM may climb towards such a point. Short of it stand spikes,"
        " finite local maxima on a few close points. Anything that keeps variances from zero helps: a floor, a prior"
        " that vanishes there, a variance that is shared; but what is kept finite may still stand where the spike"
        " stood. A prior that is merely proper need not help: where observations are equal its density at zero must"
        " vanish faster than the likelihood grows."
    ),
    mathematics=(
        "Put the mean of component 1 on an observation, $\\mu_1 = x_1$, and let $\\sigma_1 \\to 0$. Then",
        Formula(
            r"\log L \;\ge\; \log \frac{\pi_1}{\sqrt{2\pi}\,\sigma_1}"
            r" + \sum_{n \ge 2} \log \sum_{k \ge 2} \pi_k\, N(x_n \mid \mu_k, \sigma_k) \;\to\; \infty .",
            "log L is at least log of pi one over root two pi sigma one, plus what the other components give the other"
            " points, and tends to infinity",
        ),
        "Each of $m$ equal observations there gives a factor $1/\\sigma$. The maximum-likelihood estimate that one"
        " seeks is the best local maximum inside (Redner & Walker 1984). Under a prior the question is whether the"
        " posterior has a finite integral near $\\sigma = 0$. Integrating over $\\mu$ gives back one factor $\\sigma$;"
        " with a prior density of the sd that behaves as $\\sigma^a$,",
        Formula(
            r"\int_0 \sigma^{a - m + 1}\, d\sigma < \infty \quad\Longleftrightarrow\quad m < a + 2 .",
            "the integral from zero of sigma to the a minus m plus one is finite exactly if m is less than a plus two",
        ),
        "A half-normal sd has $a = 0$ and fails with two equal observations; a half-normal variance has $a = 1$ and"
        " fails with three; log-normal and inverse-gamma densities vanish faster than any power and never fail.",
    ),
    limits=(
        "One feature throughout: with several a component may also flatten onto a line or a plane. A true group of few"
        " and close points cannot be told from a spike by its likelihood. The strength of each remedy is a choice: a"
        " larger floor or a stronger prior gives other fits. The posterior is sampled under one prior with short"
        " chains, and its smallest standard deviation is of interest here, not its components."
    ),
    references=(
        "Chib, S. (1995). Marginal likelihood from the Gibbs output. Journal of the American Statistical Association"
        " 90, 1313-1321. doi:10.1080/01621459.1995.10476635",
        "Ciuperca, G., Ridolfi, A. & Idier, J. (2003). Penalized maximum likelihood estimator for normal mixtures."
        " Scandinavian Journal of Statistics 30, 45-59. doi:10.1111/1467-9469.00317",
        "Day, N. E. (1969). Estimating the components of a mixture of normal distributions. Biometrika 56, 463-474."
        " doi:10.1093/biomet/56.3.463",
        "Fraley, C. & Raftery, A. E. (2007). Bayesian regularization for normal mixture estimation and model-based"
        " clustering. Journal of Classification 24, 155-181. doi:10.1007/s00357-007-0004-5",
        "Hathaway, R. J. (1985). A constrained formulation of maximum-likelihood estimation for normal mixture"
        " distributions. Annals of Statistics 13, 795-800. doi:10.1214/aos/1176349557",
        "Redner, R. A. & Walker, H. F. (1984). Mixture densities, maximum likelihood and the EM algorithm. SIAM Review"
        " 26, 195-239. doi:10.1137/1026034",
    ),
    claims=CLAIMS,
    stored=(Shrunk, Spikes, Remedied, Cut),
    data=("galaxies", "faithful"),
    cases=cases,
    run=run,
    answer=answer,
    side_by_side=True,
)

if __name__ == "__main__":
    from experiments.engine.running import run_as_script

    run_as_script(EXPERIMENT)
