"""Draws from the posterior of a Gaussian mixture in one call: `sample`."""

import os
import time
from collections import OrderedDict
from typing import Any, Literal

import numpy as np
import pymc as pm
import xarray as xr
from numpy.typing import ArrayLike

from bayesian.model import build
from bayesian.posterior import Posterior
from bayesian.priors.prior import Prior
from bayesian.sampling.chain import STATS, Chain
from bayesian.sampling.compiled_posterior import CompiledPosterior
from bayesian.sampling.groups import posterior_of
from bayesian.sampling.problem import Problem, Starts
from bayesian.sampling.settings import Seeds, Settings
from bayesian.starts import initial_values

type Sampler = Literal["nutpie", "pymc"]

LARGEST_CACHE = 16
"""How many shape classes stay compiled in a process; the one longest unused goes first."""

_compiled: OrderedDict[Any, CompiledPosterior] = OrderedDict()


def sample(
    x: ArrayLike,
    n_components: int,
    *,
    structure: str = "full",
    prior: Prior | None = None,
    draws: int = 1000,
    tune: int = 1000,
    chains: int = 4,
    random_seed: int | np.random.Generator | None = None,
    sampler: Sampler = "nutpie",
    starts: Starts = "dispersed",
    ordered: bool = False,
    target_accept: float = 0.9,
    cores: int | None = None,
    progressbar: bool = True,
    allow_improper: bool = False,
    store: str | os.PathLike[str] | None = None,
    include_transformed: bool = False,
) -> Posterior:
    """theta_cs ~ p(theta | X) proportional to p(theta) prod_n sum_k pi_k N(x_n | mu_k, Sigma_k), by NUTS.

    x            (N, D) data                       prior    default `Prior.weakly_informative`, from the data
    draws, tune  per chain
    starts       "dispersed" over the data, drawn from the "prior", or mixtures: one per chain, or fewer, taken in turn,
                 so that the chains of one start are a superchain (`Posterior.superchains`, for `az.rhat_nested`)
    sampler      "nutpie" (one compiled model, one chain per start) or "pymc" (PyMC's own)
    ordered      restrict the means of the first feature to ascending order (see `build`); default exchangeable
    random_seed  int or Generator: the same seed gives the same draws, whatever the number of cores
    progressbar  a bar on a terminal
    allow_improper  sample although the prior and these data have no proper posterior
    store        a folder: each chain is written there as it ends, and a call with the same arguments draws only what is
                 missing, equal to an unbroken run; a folder of another run is refused
    include_transformed  keep the draws on the unconstrained scale too, as group unconstrained_posterior

    Groups posterior, sample_stats, observed_data and constant_data; `Posterior.with_log_likelihood`,
    `.with_predictive` and `.with_prior` add the others. A shape class (structure, K, D, family of the prior, ordered)
    is compiled once in a process: `CompiledPosterior` is the same with the compiled code in hand.

    Sampling alone judges nothing: `relabel` and `diagnose` the result. Raises ValueError for bad data or settings, and
    for a prior that makes the posterior improper (ImproperPosterior).
    Source: Hoffman & Gelman 2014, JMLR 15:1593, for NUTS.
    """
    settings = Settings(draws, tune, chains, target_accept, cores, progressbar)
    if sampler not in ("nutpie", "pymc"):
        raise ValueError(f"unknown sampler {sampler!r}; known are nutpie and pymc")
    if sampler == "pymc" and store is not None:
        raise ValueError("only the sampler nutpie can store its chains: leave out store, or sampler")
    problem = Problem.of(x, n_components, structure, prior, ordered=ordered, allow_improper=allow_improper)
    if sampler == "pymc":
        return _by_pymc(problem, starts, random_seed, settings)
    return compiled_for(problem).sample(
        settings.draws,
        settings.tune,
        settings.chains,
        starts=starts,
        random_seed=random_seed,
        target_accept=target_accept,
        cores=cores,
        progressbar=progressbar,
        store=store,
        include_transformed=include_transformed,
    )


def compiled_for(problem: Problem) -> CompiledPosterior:
    """The problem's shape class from the cache of this process, compiled if it is not there."""
    compiled = _compiled.pop(problem.shape_class, None)
    compiled = CompiledPosterior.compile(problem) if compiled is None else compiled.of_class(problem)
    _compiled[problem.shape_class] = compiled
    while len(_compiled) > LARGEST_CACHE:
        _compiled.popitem(last=False)
    return compiled


def _by_pymc(
    problem: Problem, starts: Starts, random_seed: int | np.random.Generator | None, settings: Settings
) -> Posterior:
    """PyMC's own NUTS from the same starts."""
    seeds = Seeds.of(random_seed, settings.chains)
    mixtures, superchains = problem.starts(starts, settings.chains, seeds.starts)
    model = build(
        problem.x,
        problem.n_components,
        structure=problem.structure,
        prior=problem.prior,
        ordered=problem.ordered,
        allow_improper=True,
    )
    began = time.perf_counter()
    with model:
        tree = pm.sample(
            draws=settings.draws,
            tune=settings.tune,
            chains=settings.chains,
            cores=settings.workers,
            initvals=[initial_values(model, start) for start in mixtures],
            random_seed=list(seeds.chains),
            target_accept=settings.target_accept,
            nuts_sampler="pymc",
            compute_convergence_checks=False,
            progressbar=settings.progressbar,
            quiet=not settings.progressbar,
        )
    attrs = {
        "sampler": "pymc",
        "starts": starts if isinstance(starts, str) else f"{len(starts)} given",
        "sampling_time": time.perf_counter() - began,
    }
    chains = [_chain(tree, number) for number in range(settings.chains)]
    return posterior_of(chains, problem, model, superchains=superchains, seeds=seeds, settings=settings, attrs=attrs)


def _chain(tree: xr.DataTree, number: int) -> Chain:
    posterior, stats = tree["posterior"].data_vars, tree["sample_stats"].data_vars
    return Chain(
        {str(name): np.asarray(values[number]) for name, values in posterior.items()},
        {name: np.asarray(stats[name][number]) for name in STATS.values() if name in stats},
    )
