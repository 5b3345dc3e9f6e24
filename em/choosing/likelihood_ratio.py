"""K components or K + 1? The likelihood ratio, its distribution simulated because no chi-squared holds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from em.arguments import check_progress
from em.choosing.settings import as_start_names
from em.fit import MAX_ITERATIONS, EMFit, check_settings
from em.moves import EM, AcceleratedEM, Move
from em.nesting import embedded
from em.parallel import over_cores
from em.progress import telling
from em.restarts import AnyStart, NoUsableFit, fit_best
from em.sources import InMemory
from em.starts import TooFewDistinctPoints
from mixture import STRUCTURES, GaussianMixture, structure_named
from mixture.arrays import FloatArray, as_component_count, as_whole_number, check_columns
from mixture.seeding import as_generator

STARTS = ("k-means++",)

TOLERANCE = 1e-6
"""Nats, of the estimated remaining gain: small beside a statistic, and replicates are many."""


@dataclass(frozen=True, eq=False, repr=False)
class LikelihoodRatioTest:
    """H0: K components against K + 1, by parametric bootstrap.

    n_components  K
    statistic     2 (log L_{K+1} - log L_K), in nats
    replicates    (B,) the same statistic of data drawn from the K-component fit
    p_value       (1 + #{replicates >= statistic}) / (B + 1)
    null          the K-component fit
    alternative   the fit with one component more
    n_failed      replicates without a usable fit, left out
    """

    n_components: int
    statistic: float
    replicates: FloatArray
    p_value: float
    null: EMFit
    alternative: EMFit
    n_failed: int

    def __str__(self) -> str:
        failed = f", {self.n_failed} replicates failed" if self.n_failed else ""
        return (
            f"K = {self.n_components} against {self.n_components + 1}: 2 log likelihood ratio {self.statistic:.4f},"
            f" p = {self.p_value:.4f} ± {self.standard_error:.4f} ({len(self.replicates)} replicates{failed})"
        )

    __repr__ = __str__

    @property
    def standard_error(self) -> float:
        """Monte Carlo standard error of the p value: sqrt(p (1 - p) / B)."""
        return float(np.sqrt(self.p_value * (1.0 - self.p_value) / len(self.replicates)))


def likelihood_ratio_test(
    x: ArrayLike,
    n_components: int,
    *,
    structure: str = "full",
    n_replicates: int = 199,
    starts: str | Sequence[str] = STARTS,
    n_starts: int = 10,
    replicate_starts: int = 5,
    tolerance: float = TOLERANCE,
    max_iterations: int = MAX_ITERATIONS,
    weights: ArrayLike | None = None,
    floor: float | None = None,
    prior: object = None,
    rng: np.random.Generator | int | None = None,
    n_jobs: int | None = None,
    progress: bool | Callable[[float | None], None] = False,
) -> LikelihoodRatioTest:
    """Test K against K + 1 components: 2 (log L_{K+1} - log L_K) against its bootstrap distribution under K.

    Wilks' chi-squared does not hold: under H0 the larger model is not identified. Each replicate draws as many points
    as the data count, sum_n w_n rounded, from the K-component fit and fits both models without weights, the smaller
    from its true parameters too and the larger from the smaller's halves too, so that the statistic is never negative.
    x                 (N, D) data in memory
    starts            names of `em.STARTS` for both models, taken in turn
    n_starts          climbs of each model from them, for the data; the larger model has those from halves besides
    replicate_starts  the same for a replicate, the climb from its true parameters counted
    weights           (N,) counts w_n >= 0 of the points: a weight of 2 counts a point twice
    prior             refused: a likelihood ratio compares maximum likelihoods, which a floor keeps finite
    tolerance, max_iterations, floor, n_jobs, progress    as in `em.fit_best`

    Raises ValueError for bad data and settings and NoUsableFit if either model has no usable fit.
    Source: McLachlan 1987, Appl. Stat. 36:318; Feng & McCulloch 1996, JRSS B 58:609.
    """
    if prior is not None:
        raise ValueError("a likelihood ratio needs maximum likelihood: leave out the prior, and take a floor instead")
    check_settings(tolerance, max_iterations, floor, threads=None)
    check_progress(progress)
    n_replicates = as_whole_number(n_replicates, "n_replicates", least=1)
    n_starts = as_whole_number(n_starts, "n_starts", least=1)
    replicate_starts = as_whole_number(replicate_starts, "replicate_starts", least=1)
    source = InMemory(x, weights)
    n_components = as_whole_number(n_components, "n_components", least=1)
    as_component_count(n_components + 1, source.n_samples)
    n_drawn = max(1, round(source.total_weight))
    if n_drawn <= n_components:
        raise ValueError(
            f"the weights sum to {source.total_weight:.6g}: replicates of {n_drawn} points cannot be fitted with"
            f" {n_components + 1} components. Weights are counts here: rescale them to sum to the number of points."
        )
    generator = as_generator(rng)
    settings = {
        "tolerance": tolerance,
        "max_iterations": max_iterations,
        "floor": floor,
        "move": _move_for(structure),
    }
    pair = _Pair(n_components, structure, as_start_names(starts), settings)
    null, alternative = pair.fits(source, n_starts, generator, n_jobs=n_jobs)
    replicate = _Replicate(pair, null.mixture, n_drawn, replicate_starts)
    with telling(progress, f"bootstrap, K = {n_components}", n_replicates) as done:
        found = over_cores(replicate, generator.spawn(n_replicates), n_jobs=n_jobs, done=done)
    replicates = np.array([statistic for statistic in found if statistic is not None])
    if not replicates.size:
        raise NoUsableFit("no bootstrap replicate gave usable fits: take a floor, or a simpler covariance structure")
    statistic = 2.0 * (alternative.log_likelihood - null.log_likelihood)
    exceeding = int((replicates >= statistic).sum())
    return LikelihoodRatioTest(
        n_components=n_components,
        statistic=statistic,
        replicates=replicates,
        p_value=(1 + exceeding) / (len(replicates) + 1),
        null=null,
        alternative=alternative,
        n_failed=len(found) - len(replicates),
    )


def likelihood_ratio_tests(
    x: ArrayLike,
    n_components: int,
    *,
    level: float = 0.05,
    structure: str = "full",
    n_replicates: int = 199,
    starts: str | Sequence[str] = STARTS,
    n_starts: int = 10,
    replicate_starts: int = 5,
    tolerance: float = TOLERANCE,
    max_iterations: int = MAX_ITERATIONS,
    weights: ArrayLike | None = None,
    floor: float | None = None,
    prior: object = None,
    rng: np.random.Generator | int | None = None,
    n_jobs: int | None = None,
    progress: bool | Callable[[float | None], None] = False,
) -> tuple[LikelihoodRatioTest, ...]:
    """1 against 2 components, 2 against 3, and so on to `n_components`, until a test does not reject at `level`.

    The number of components it ends at is the K of the last test if that kept H0. Other arguments as in
    `likelihood_ratio_test`. Raises ValueError for a level outside (0, 1).
    """
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must lie between 0 and 1, not {level}")
    generator = as_generator(rng)
    tests: list[LikelihoodRatioTest] = []
    for k in range(1, as_whole_number(n_components, "n_components", least=2)):
        test = likelihood_ratio_test(
            x,
            k,
            structure=structure,
            n_replicates=n_replicates,
            starts=starts,
            n_starts=n_starts,
            replicate_starts=replicate_starts,
            tolerance=tolerance,
            max_iterations=max_iterations,
            weights=weights,
            floor=floor,
            prior=prior,
            rng=generator,
            n_jobs=n_jobs,
            progress=progress,
        )
        tests.append(test)
        if tests[-1].p_value > level:
            break
    return tuple(tests)


def _move_for(structure: str) -> Move:
    """Halves of one component are a place that EM leaves slowly: it is accelerated where that is possible."""
    return AcceleratedEM() if structure_named(structure) in STRUCTURES else EM()


@dataclass(frozen=True)
class _Pair:
    """The two models, fitted to any data."""

    n_components: int
    structure: str
    starts: tuple[str, ...]
    settings: dict[str, Any]

    def fits(
        self,
        source: InMemory,
        n_starts: int,
        rng: np.random.Generator,
        *,
        truth: tuple[GaussianMixture, ...] = (),
        n_jobs: int | None = 1,
    ) -> tuple[EMFit, EMFit]:
        null_starts: tuple[AnyStart, ...] = (*truth, *self.starts)
        common = {"structure": self.structure, "rng": rng, "n_jobs": n_jobs, **self.settings}
        null = fit_best(source, self.n_components, starts=null_starts, n_starts=n_starts, **common).best
        halves = embedded(null.mixture, null.mixture.covariance_structure, self.n_components + 1)
        starts: tuple[AnyStart, ...] = (*halves, *self.starts)
        alternative = fit_best(
            source, self.n_components + 1, starts=starts, n_starts=len(halves) + n_starts, **common
        ).best
        return null, alternative


@dataclass(frozen=True)
class _Replicate:
    """One bootstrap replicate; called with its generator, perhaps in another process."""

    pair: _Pair
    truth: GaussianMixture
    n_samples: int
    n_starts: int

    def __call__(self, rng: np.random.Generator) -> float | None:
        points, _ = self.truth.draw(self.n_samples, rng)
        try:
            check_columns(points, correlated=not self.truth.covariance_structure.diagonal)
        except ValueError:  # too few points for their covariance to be regular
            return None
        try:
            null, alternative = self.pair.fits(InMemory(points), self.n_starts, rng, truth=(self.truth,))
        except (NoUsableFit, TooFewDistinctPoints):
            return None
        return 2.0 * (alternative.log_likelihood - null.log_likelihood)
