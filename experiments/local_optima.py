"""Where EM ends depends on where it starts: hundreds of starts on the galaxies, and a surface with two tops."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

import em
from experiments.answers.local_optima import CLAIMS, build_answer
from experiments.answers.local_optima_surface import Example
from experiments.data.datasets import load
from experiments.engine.experiment import Budget, Case, Experiment, Results, Task
from experiments.reporting.report import Answer, Formula
from mixture import GaussianMixture
from mixture.arrays import FloatArray

COMPONENTS = (3, 4)
KINDS = tuple(start.name for start in em.STARTS)
WEIGHTS, MEANS, N_SURFACE = (0.7, 0.3), (0.0, 2.5), 500
"""Marin, Mengersen & Robert's example: weights and unit variances known, both means unknown."""
EXAMPLE = Example(WEIGHTS, MEANS, N_SURFACE)
EDGES, N_GRID, N_BASIN = (-2.5, 5.0), 76, 31
"""The square of means that is looked at; grid points a side of the surface, and of the starts whose ends are told."""
STARTS = ((-2.0, 4.5), (4.5, 4.0), (-2.0, -0.5), (-1.0, -2.0), (4.5, 2.0), (3.0, -2.0))
"""Where the paths that are drawn begin."""
ARRIVED, AT_TOP = 1e-8, 1e-4
"""A step of both means shorter than this is the last; an end so near to a top is at it."""


@dataclass(frozen=True, eq=False)
class Optima:
    """Where the starts on the galaxies ended, the highest optimum first.

    mixtures, log_likelihoods (M,)   the distinct optima that are neither singular nor spikes
    counts                           (M, S) starts that ended there, by kind
    spiked, singular                 (S,) climbs that ended on a spike, at a singular component
    failed                           (S,) starts that gave no mixture
    spikes                           (R,) log-likelihoods of the spikes
    """

    mixtures: tuple[GaussianMixture, ...]
    log_likelihoods: FloatArray
    counts: FloatArray
    spiked: FloatArray
    singular: FloatArray
    failed: FloatArray
    spikes: FloatArray

    @property
    def started(self) -> FloatArray:
        """(S,) starts of each kind."""
        return np.asarray(self.counts.sum(axis=0) + self.spiked + self.singular + self.failed)


@dataclass(frozen=True, eq=False)
class Surface:
    """The log-likelihood over two means, and EM on it.

    axis    (G,) values of either mean         values  (G, G) log-likelihood, first mean by row
    paths   of each drawn start, (T + 1, 2)    climbs  log-likelihoods along each, (T + 1,)
    tops    (2, 2) the two maxima, the higher first, and their heights (2,)
    ends    (B, B) where EM ends from a grid of starts: 0 at the higher top, 1 at the lower, 2 at neither
    centre  mean of the data
    """

    axis: FloatArray
    values: FloatArray
    paths: tuple[FloatArray, ...]
    climbs: tuple[FloatArray, ...]
    tops: FloatArray
    heights: FloatArray
    ends: FloatArray
    centre: float


def optima(n_components: int, n_starts: int, rng: np.random.Generator, n_jobs: int | None) -> Optima:
    """EM on the galaxies from `n_starts` of every kind of start, those that never vary once."""
    x = load("galaxies").points()
    fixed = sum(start.is_deterministic(len(x)) for start in em.STARTS)
    total = fixed + n_starts * (len(KINDS) - fixed)
    found = em.fit_best(x, n_components, starts=KINDS, n_starts=total, rng=rng, n_jobs=n_jobs)
    spikes = [fit for fit in found.singular if fit.status is em.Status.SPIKE]
    singular = [fit for fit in found.singular if fit.status is em.Status.SINGULAR]
    started = [optimum for optimum in found.optima if optimum.count]

    def by_kind(names: Sequence[str]) -> FloatArray:
        return np.array([float(names.count(kind)) for kind in KINDS])

    return Optima(
        mixtures=tuple(optimum.best.mixture for optimum in started),
        log_likelihoods=np.array([optimum.log_likelihood for optimum in started]),
        counts=np.array([[float(optimum.starts.get(kind, 0)) for kind in KINDS] for optimum in started]),
        spiked=by_kind([fit.start_name for fit in spikes]),
        singular=by_kind([fit.start_name for fit in singular]),
        failed=by_kind([failure.start_name for failure in found.failures]),
        spikes=np.array([fit.log_likelihood for fit in spikes]),
    )


def with_means(means: FloatArray) -> GaussianMixture:
    """The mixture of the surface at these two means."""
    return GaussianMixture(WEIGHTS, np.reshape(means, (2, 1)), np.ones((2, 1, 1)))


def means_path(x: FloatArray, start: FloatArray) -> FloatArray:
    """EM where only the means are unknown, mu_k' = mu_k + S1_k / N_k: (T + 1, 2), until it has arrived."""
    path = [np.asarray(start, dtype=np.float64)]
    while len(path) < 2 or np.abs(path[-1] - path[-2]).max() > ARRIVED:
        statistics = em.e_step(x, with_means(path[-1]))
        path.append(path[-1] + statistics.first[:, 0] / statistics.counts)
    return np.array(path)


def end_of(x: FloatArray, start: FloatArray, tops: FloatArray) -> float:
    """The number of the top (2, 2) at which EM from `start` ends; 2 if at neither."""
    away = np.abs(means_path(x, start)[-1] - tops).max(axis=1)
    return float(away.argmin()) if away.min() < AT_TOP else 2.0


def surface(rng: np.random.Generator) -> Surface:
    """The surface of one data set, paths from the drawn starts, and where a grid of starts ends."""
    x, _ = with_means(np.array(MEANS)).draw(N_SURFACE, rng)
    axis, coarse = np.linspace(*EDGES, N_GRID), np.linspace(*EDGES, N_BASIN)
    paths = tuple(means_path(x, np.array(start)) for start in STARTS)
    tops = np.array([means_path(x, np.array(start))[-1] for start in (MEANS, MEANS[::-1])])
    heights = np.array([with_means(top).log_likelihood(x) for top in tops])
    order = np.argsort(-heights)
    return Surface(
        axis=axis,
        values=np.array([[with_means(np.array([a, b])).log_likelihood(x) for b in axis] for a in axis]),
        paths=paths,
        climbs=tuple(np.array([with_means(means).log_likelihood(x) for means in path]) for path in paths),
        tops=tops[order],
        heights=heights[order],
        ends=np.array([[end_of(x, np.array([a, b]), tops[order]) for b in coarse] for a in coarse]),
        centre=float(x.mean()),
    )


def cases(budget: Budget) -> Sequence[Case]:
    """Both numbers of components, and the surface."""
    each = [Case(f"galaxies-{k}", {"components": k}, cost=0.05 * k * budget.n_starts) for k in COMPONENTS]
    return [*each, Case("surface", cost=2.0)]


def run(task: Task) -> Optima | Surface:
    """The optima of the galaxies with that many components, or the surface."""
    if "components" in task.settings:
        return optima(task.settings["components"], task.budget.n_starts, task.rng(), task.n_jobs)
    return surface(task.rng())


def answer(results: Results[Optima | Surface]) -> Answer:
    """Optima, shares, the surface and claims."""
    found = results.outcomes.values()
    of_components = dict(zip(COMPONENTS, (each for each in found if isinstance(each, Optima)), strict=True))
    [of_means] = (each for each in found if isinstance(each, Surface))
    return build_answer(of_components, of_means, kinds=KINDS, example=EXAMPLE, points=load("galaxies").points())


EXPERIMENT: Experiment[Optima | Surface] = Experiment(
    name="local_optima",
    title="Local optima: where EM ends depends on where it starts",
    question="Is EM's answer the global optimum?",
    summary="hundreds of starts of seven kinds on the galaxies; a surface over two means with EM's paths on it",
    tags=("em", "real data", "simulated data"),
    expect=(
        "The log-likelihood of a mixture has many tops. Each has copies, one for each way to number the components,"
        " which are the same density and harmless; and there are others, lower, that are different densities. EM climbs"
        " and never falls, so it ends at the top of the hill it starts on. With a variance for each component some"
        " hills have no top: they rise without bound as a component shrinks onto a point. Others are spikes, tops on a"
        " few close points. A climb on either is set aside. Kinds of start differ in the hills they tend to begin on,"
        " so no single one is to be trusted."
    ),
    mathematics=(
        "A start chooses a basin of attraction, the set of parameters from which EM ends at the same optimum. If one"
        " start lies in the best basin with probability $p$, the best of $S$ independent starts does with probability",
        Formula("1 - (1 - p)^S,", "one minus the S-th power of one minus p"),
        "so that $S \\geq \\ln 0.01 / \\ln(1 - p)$ starts find it with probability 0.99. But $p$ is known only for"
        " optima that have been found: the highest value seen is a lower bound of the maximum, never a proof. The"
        " maximum itself does not exist where a component may shrink onto a single point $x_1$ (Day 1969): with"
        " $\\mu_1 = x_1$,",
        Formula(
            r"\log L \geq \log \frac{\pi_1}{\sqrt{2 \pi} \sigma_1} + \text{const} \to \infty \quad (\sigma_1 \to 0),",
            "the log-likelihood is at least the logarithm of pi one over root two pi times sigma one, plus a constant,"
            " and tends to infinity as sigma one goes to zero",
        ),
        "so that *maximum likelihood* means the highest local maximum inside that is no spike on a few points either.",
    ),
    limits=(
        "That no start found a higher optimum does not prove that there is none. Shares belong to these data and to"
        " these ways to start; they say which kinds complement each other here, not which is best. What counts as a"
        " spike, a narrow component on a few points, is a convention of this project; see singularities."
    ),
    references=(
        "Marin, J.-M., Mengersen, K. & Robert, C. P. (2005). Bayesian modelling and inference on mixtures of"
        " distributions. Handbook of Statistics 25, 459-507. doi:10.1016/S0169-7161(05)25016-2",
        "Biernacki, C., Celeux, G. & Govaert, G. (2003). Choosing starting values for the EM algorithm for getting the"
        " highest likelihood in multivariate Gaussian mixture models. Computational Statistics & Data Analysis 41,"
        " 561-575. doi:10.1016/S0167-9473(02)00163-9",
        "Day, N. E. (1969). Estimating the components of a mixture of normal distributions. Biometrika 56, 463-474."
        " doi:10.1093/biomet/56.3.463",
    ),
    quick=Budget(n_starts=8),
    full=Budget(n_starts=60),
    cases=cases,
    run=run,
    answer=answer,
    claims=CLAIMS,
    stored=(Optima, Surface),
    data=("galaxies",),
    side_by_side=True,
    repeats=True,
)

if __name__ == "__main__":
    from experiments.engine.running import run_as_script

    run_as_script(EXPERIMENT)
