"""Other programs on the same data: scikit-learn's EM and the mixture as a PyMC user writes it."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib import metadata

import arviz as az
import numpy as np
import pandas as pd
import xarray as xr

import em
from bayesian import Posterior
from bayesian.sampling.nuts import compiled_for
from bayesian.sampling.problem import Problem
from benchmarks.timing import fastest
from em.fit import MAX_ITERATIONS, TOLERANCE
from em.restarts import DEFAULT_STARTS
from experiments.engine.experiment import Budget
from experiments.studies.costing import Size, iteration, once
from mixture.arrays import FloatArray

PROGRAMS = {"scikit-learn": "scikit-learn", "stock-pymc": "PyMC"}
"""Names of cases, and of the distributions that they measure."""
AS_THEY_COME, MATCHED = "EM fit, as they come", "EM fit, matched"
UNSET_ITERATIONS = 1000
"""Of scikit-learn where its other settings are left alone: its own limit of 100 would end climbs with a warning."""


def installed(distribution: str) -> str | None:
    """Its version, None where it is not installed."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def scikit_learn(size: Size, budget: Budget, rng: np.random.Generator) -> pd.DataFrame:
    """method, ours, theirs (seconds), our and their log-likelihood (nan for an iteration), on one thread.

    AS_THEY_COME  nothing is said but the number of starts
    MATCHED       as many k-means starts, no floor; theirs stops at our tolerance on the gain of a step, ours on what is
                  estimated still to come
    Raises ImportError without scikit-learn.
    """
    from sklearn.mixture import GaussianMixture as SklearnMixture
    from threadpoolctl import threadpool_limits

    from benchmarks.em_iteration import scikit_learn_at

    x, truth = size.points(rng), size.truth
    k, n = size.n_components, budget.n_starts
    model = scikit_learn_at(truth)
    seed = int(rng.integers(2**31))

    def step() -> None:
        _, log_responsibilities = model._e_step(x)
        model._m_step(x, log_responsibilities)

    loose = SklearnMixture(k, n_init=n, random_state=seed, max_iter=UNSET_ITERATIONS)
    tight = SklearnMixture(
        k, n_init=n, random_state=seed, max_iter=MAX_ITERATIONS, tol=TOLERANCE / len(x), reg_covar=0.0
    )

    def fit(starts: str | Sequence[str]) -> em.Restarts:
        return em.fit_best(x, k, starts=starts, n_starts=n, rng=seed, n_jobs=1, threads=1)

    pairs = {AS_THEY_COME: (DEFAULT_STARTS, loose), MATCHED: ("k-means", tight)}
    with threadpool_limits(1):
        rows: list[dict[str, str | float]] = [
            {
                "method": "EM iteration",
                "ours": fastest(lambda: iteration(x, truth), seconds=0.1, clock=time.process_time),
                "theirs": fastest(step, seconds=0.2, clock=time.process_time),
                "our log-likelihood": np.nan,
                "their log-likelihood": np.nan,
            }
        ]
        for name, (starts, other) in pairs.items():
            found: list[em.Restarts] = []
            ours = once(partial(_keep, found, partial(fit, starts)))
            theirs = once(partial(other.fit, x))
            rows.append(
                {
                    "method": name,
                    "ours": ours,
                    "theirs": theirs,
                    "our log-likelihood": found[0].best.log_likelihood,
                    "their log-likelihood": float(other.score(x)) * len(x),
                }
            )
    return pd.DataFrame(rows)


def _keep[T](found: list[T], call: Callable[[], T]) -> None:
    found.append(call())


def stock_pymc(size: Size, budget: Budget, rng: np.random.Generator) -> pd.DataFrame:
    """method, ours, theirs: seconds of a draw, and of an effective one, in one feature.

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
    return pd.DataFrame(
        [
            {"method": "NUTS draw", "ours": first / steps, "theirs": second / steps},
            {"method": "NUTS effective draw", "ours": first / effective[0], "theirs": second / effective[1]},
        ]
    )


def _likelihoods(tree: xr.DataTree, x: FloatArray) -> FloatArray:
    """log p(X | theta) of the stock model's draws, (C, S): the quantity that ours is judged by."""
    draws = tree["posterior"]
    weights, means = np.asarray(draws["weights"]), np.asarray(draws["means"])
    variances = np.square(np.asarray(draws["sds"]))
    posterior = Posterior.from_arrays(weights, means[..., None], variances[..., None, None], x, structure="full")
    return posterior.log_likelihood
