"""What each method costs on one problem: seconds of the processor by unit of its work, compilation apart."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import arviz as az
import numpy as np
import pandas as pd
import xarray as xr

import bayesian
import em
from bayesian import BridgeSettings, Posterior, Prior, SMCSettings
from bayesian.evidence import BridgeFailure
from bayesian.evidence.by_bridge import bridge_posterior
from bayesian.sampling.nuts import compiled_for
from bayesian.sampling.problem import Problem
from benchmarks.timing import fastest
from experiments.engine.experiment import Budget
from mixture import GaussianMixture
from mixture.arrays import FloatArray

APART = 4.0
"""Standard deviations between neighbouring means."""
STARTS, REPLICATES = 20, 10
RESTRAINED = SMCSettings(chains=50, states=5, leapfrogs=4, most_moves=1)

UNITS = {
    "EM iteration": "iteration",
    "EM fit": f"fit from {STARTS} starts",
    "standard errors": "set",
    "bootstrap": "replicate",
    "NUTS draw": "draw",
    "NUTS effective draw": "effective draw",
    "Gibbs sweep": "sweep",
    "Gibbs effective draw": "effective draw",
    "relabelling": "draw",
    "bridge": "estimate, given draws",
    "SMC": f"run of {RESTRAINED.particles} particles",
}
"""The methods, in the order in which they are shown, and what their seconds are of."""
OF_EM = ("EM iteration", "EM fit", "standard errors", "bootstrap")


@dataclass(frozen=True)
class Size:
    """Points, components, features."""

    n_samples: int
    n_components: int
    n_features: int

    @property
    def truth(self) -> GaussianMixture:
        """Unit components of equal weight in a row along the first axis."""
        k, d = self.n_components, self.n_features
        means = np.zeros((k, d))
        means[:, 0] = APART * np.arange(k)
        return GaussianMixture(np.full(k, 1.0 / k), means, np.tile(np.eye(d), (k, 1, 1)), "full")

    def points(self, rng: np.random.Generator) -> FloatArray:
        """Drawn from the truth, (N, D)."""
        return self.truth.draw(self.n_samples, rng)[0]


def once(call: Callable[[], object]) -> float:
    """Seconds of the processor of one call."""
    began = time.process_time()
    call()
    return time.process_time() - began


def costs(size: Size, budget: Budget, rng: np.random.Generator, *, smc: bool) -> pd.DataFrame:
    """method, seconds: of one unit of its work (`UNITS`), on one core; repeated calls count by their fastest.

    smc: whether sequential Monte Carlo is run, the dearest of all.
    """
    x = size.points(rng)
    found = {**of_em(x, size, rng), **of_posterior(x, size, budget, rng)}
    if smc:
        found["SMC"] = once(lambda: sequential_monte_carlo(x, size.n_components))
    return pd.DataFrame({"method": list(found), "seconds": list(found.values())})


def sequential_monte_carlo(x: FloatArray, n_components: int) -> object:
    """One run with few particles."""
    prior = Prior.weakly_informative(x, n_components)
    return bayesian.smc(x, n_components, prior=prior, runs=1, draws=50, settings=RESTRAINED, random_seed=1, threads=1)


def of_em(x: FloatArray, size: Size, rng: np.random.Generator) -> dict[str, float]:
    """An iteration, a fit from many starts, standard errors, a bootstrap replicate."""
    k = size.n_components

    def fit() -> em.EMFit:
        return em.fit_best(x, k, n_starts=STARTS, rng=1, n_jobs=1, threads=1).best

    best = fit().mixture

    def bootstrap() -> object:
        return em.bootstrap(x, best, n_replicates=REPLICATES, rng=rng, n_jobs=1)

    return {
        "EM iteration": fastest(lambda: iteration(x, best), seconds=0.1, clock=time.process_time),
        "EM fit": min(once(fit) for _ in range(2)),
        "standard errors": fastest(lambda: em.standard_errors(x, best), seconds=0.1, clock=time.process_time),
        "bootstrap": once(bootstrap) / REPLICATES,
    }


def iteration(x: FloatArray, mixture: GaussianMixture) -> GaussianMixture:
    """One E step and one M step on one thread."""
    return em.m_step(em.e_step(x, mixture, threads=1), structure=mixture.structure)


def of_posterior(x: FloatArray, size: Size, budget: Budget, rng: np.random.Generator) -> dict[str, float]:
    """Draws and effective draws of two samplers, relabelling a draw, a bridge.

    An effective draw is one of the log likelihood, by its bulk effective sample size; tuning counts. A bridge that does
    not converge is left out.
    """
    k = size.n_components
    problem = Problem.of(x, k, "full", Prior.weakly_informative(x, k))
    compiled = compiled_for(problem)
    starts = [size.truth] * budget.chains
    sampled: list[Posterior] = []

    def nuts() -> None:
        sampled.append(
            compiled.sample(
                budget.draws,
                budget.tune,
                budget.chains,
                starts=starts,
                random_seed=rng.spawn(1)[0],
                cores=1,
                progressbar=False,
            )
        )

    def gibbs() -> None:
        sampled.append(
            bayesian.gibbs(
                x,
                k,
                prior=problem.prior,
                draws=budget.draws,
                tune=budget.tune,
                chains=budget.chains,
                starts=starts,
                random_seed=rng.spawn(1)[0],
            )
        )

    seconds = {"NUTS": once(nuts), "Gibbs": once(gibbs)}
    drawn = budget.draws * budget.chains
    steps = (budget.draws + budget.tune) * budget.chains
    first = sampled[0]
    found = {
        "NUTS draw": seconds["NUTS"] / steps,
        "NUTS effective draw": seconds["NUTS"] / float(az.ess(first.log_likelihood)),
        "Gibbs sweep": seconds["Gibbs"] / steps,
        "Gibbs effective draw": seconds["Gibbs"] / float(az.ess(sampled[1].log_likelihood)),
        "relabelling": min(once(lambda: bayesian.relabel(first, "ecr")) for _ in range(2)) / drawn,
    }
    settings = BridgeSettings(budget.draws, budget.tune, budget.chains)

    def bridge() -> None:
        bridge_posterior(first, problem, settings, np.random.default_rng(1))

    with suppress(BridgeFailure):  # these few draws do not overlap with any proposal: nothing to measure
        bridge()  # compiles
        found["bridge"] = once(bridge)
    return found


def scikit_learn(size: Size, rng: np.random.Generator) -> dict[str, tuple[float, float]]:
    """(ours, scikit-learn's) seconds of an iteration, and of a fit from as many starts; on one thread.

    Each fit stops as its program does if nothing is said. Raises ImportError without scikit-learn.
    """
    from sklearn.mixture import GaussianMixture as SklearnMixture
    from threadpoolctl import threadpool_limits

    from benchmarks.em_iteration import scikit_learn_at

    x, truth = size.points(rng), size.truth
    model = scikit_learn_at(truth)

    def step() -> None:
        _, log_responsibilities = model._e_step(x)
        model._m_step(x, log_responsibilities)

    def theirs() -> object:
        return SklearnMixture(size.n_components, n_init=STARTS, random_state=1, max_iter=1000).fit(x)

    def ours() -> object:
        return em.fit_best(x, size.n_components, n_starts=STARTS, rng=1, n_jobs=1, threads=1)

    with threadpool_limits(1):
        return {
            "EM iteration": (
                fastest(lambda: iteration(x, truth), seconds=0.1, clock=time.process_time),
                fastest(step, seconds=0.2, clock=time.process_time),
            ),
            "EM fit": (min(once(ours) for _ in range(2)), min(once(theirs) for _ in range(2))),
        }


def stock_pymc(size: Size, budget: Budget, rng: np.random.Generator) -> dict[str, tuple[float, float]]:
    """(ours, stock PyMC's) seconds of a draw, and of an effective one, in one feature.

    Under the same prior, both by nutpie, compiled before the clock starts.
    """
    import nutpie

    from benchmarks.stock_models import same_prior, univariate

    x = size.points(rng)
    k, seed = size.n_components, int(rng.integers(2**31))
    code = nutpie.compile_pymc_model(univariate(x, k))
    compiled = compiled_for(Problem.of(x, k, "full", same_prior(x)))
    steps = (budget.draws + budget.tune) * budget.chains
    found: dict[str, Posterior] = {}
    trees = {}

    def theirs() -> None:
        trees["stock"] = nutpie.sample(
            code,
            draws=budget.draws,
            tune=budget.tune,
            chains=budget.chains,
            cores=1,
            seed=seed,
            target_accept=0.9,
            progress_bar=False,
            save_warmup=False,
        )

    def ours() -> None:
        found["ours"] = compiled.sample(
            budget.draws, budget.tune, budget.chains, random_seed=seed, cores=1, progressbar=False
        )

    first, second = once(ours), once(theirs)
    effective = float(az.ess(found["ours"].log_likelihood)), float(az.ess(_likelihoods(trees["stock"], x)))
    return {
        "NUTS draw": (first / steps, second / steps),
        "NUTS effective draw": (first / effective[0], second / effective[1]),
    }


def _likelihoods(tree: xr.DataTree, x: FloatArray) -> FloatArray:
    """log p(X | theta) of the stock model's draws, (C, S): the quantity that ours is judged by."""
    draws = tree["posterior"]
    weights, means = np.asarray(draws["weights"]), np.asarray(draws["means"])
    variances = np.square(np.asarray(draws["sds"]))
    posterior = Posterior.from_arrays(weights, means[..., None], variances[..., None, None], x, structure="full")
    return posterior.log_likelihood
