"""Draws from a multimodal posterior, with its log evidence, by tempering from the prior: `smc`."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike

from bayesian.posterior import Posterior
from bayesian.priors.prior import Prior
from bayesian.sampling.groups import created
from bayesian.sampling.problem import Problem
from bayesian.sampling.settings import Seeds
from bayesian.sampling.versions import versions
from bayesian.target import Target
from bayesian.tempering.settings import SMCSettings
from bayesian.tempering.temper import Tempered, temper
from mixture.arrays import FloatArray, as_whole_number


@dataclass(frozen=True, eq=False)
class Particles:
    """Independent runs of sequential Monte Carlo.

    posterior     equally weighted particles, one run a chain; they visit the modes in proportion to their
                  probability, label copies included, as far as `tempered` shows that the moves forgot their start
    log_evidence  (R,) log p(X) of each run, in nats, K! accounted for
    record        one row per run and temperature: see `Temperature`
    """

    posterior: Posterior
    log_evidence: FloatArray
    record: pd.DataFrame


def smc(
    x: ArrayLike,
    n_components: int,
    *,
    structure: str = "full",
    prior: Prior | None = None,
    runs: int = 4,
    draws: int = 2000,
    settings: SMCSettings | None = None,
    random_seed: int | np.random.Generator | None = None,
    threads: int | None = None,
    allow_improper: bool = False,
) -> Particles:
    """theta_rs ~ p(theta | X) by tempering p(theta) L(theta)^beta from beta = 0 to 1, and log p(X), from each run.

    x            (N, D) data                       prior    default `Prior.weakly_informative`, from the data
    runs         independent, one a chain of the posterior: the spread between them is the error of what they say
    draws        particles of each run that are kept, evenly spaced
    settings     numbers of particles and moves: `SMCSettings`
    random_seed  int or Generator: the same seed gives the same draws, whatever the number of threads

    All K! copies of a mode take part, so the evidence needs no K!. Works for any proper prior and every structure.
    Raises ValueError for bad data or settings and for an improper prior, ImproperPosterior as `build`.
    Source: `bayesian.tempering.temper`.
    """
    runs, draws = (as_whole_number(value, name, least=1) for value, name in ((runs, "runs"), (draws, "draws")))
    chosen = SMCSettings() if settings is None else settings
    if draws > chosen.particles:
        raise ValueError(f"{draws} draws of a run were asked for, but it has {chosen.particles} particles")
    problem = Problem.of(x, n_components, structure, prior, allow_improper=allow_improper)
    target = Target.of(problem)
    seeds = Seeds.of(random_seed, runs)
    began = time.process_time()
    finished = [temper_target(target, chosen, seed, threads) for seed in seeds.chains]
    attrs = {
        "sampler": "smc",
        "cpu_seconds": time.process_time() - began,
        "draws": draws,
        "chains": runs,
        "random_seed": seeds.text,
        "ordered": "False",
        "prior": str(problem.prior),
        **versions(),
        **created(),
        "inference_library": "logsum",
        "inference_library_version": versions()["logsum_version"],
    }
    rows = [
        {"run": run, "temperature": i, **vars(step)}
        for run, tempered in enumerate(finished)
        for i, step in enumerate(tempered.record)
    ]
    return Particles(
        _posterior(target, finished, draws, attrs),
        np.array([tempered.log_evidence for tempered in finished]) + target.log_copies,
        pd.DataFrame(rows).set_index(["run", "temperature"]),
    )


def temper_target(target: Target, settings: SMCSettings, seed: int, threads: int | None = None) -> Tempered:
    """One run, from draws of the prior; the same seed gives the same run."""
    rng = np.random.default_rng(seed)
    points = target.prior_points(settings.particles, rng)
    return temper(target.density, points, rng, settings, threads, target.blocks)


def _posterior(target: Target, finished: list[Tempered], draws: int, attrs: dict[str, Any]) -> Posterior:
    """Evenly spaced particles of each run, with the hyperparameters that are unknown."""
    kept = np.linspace(0, len(finished[0].points) - 1, draws).round().astype(np.int64)
    shape = (len(finished), draws)
    variables = target.density.expand(np.concatenate([tempered.points[kept] for tempered in finished]))
    chains = {name: values.reshape(*shape, *values.shape[1:]) for name, values in variables.items()}
    posterior = Posterior.from_arrays(
        chains["weights"],
        chains["means"],
        chains["covariances"],
        target.problem.x,
        structure=target.problem.structure,
        log_likelihood=np.stack([tempered.log_likelihood[kept] for tempered in finished]),
    )
    tree = posterior.tree
    dims = {"scale_rate": ("feature",), "covariance_scale": ("feature", "feature_other")}
    further = {
        name: (("chain", "draw", *names[: chains[name].ndim - 2]), chains[name])
        for name, names in dims.items()
        if name in chains
    }
    constant = {
        name: (tuple(f"{name}_{axis}" for axis in range(values.ndim)), values)
        for name, values in target.problem.data.items()
        if name != "x_data"
    }
    tree["posterior"] = xr.DataTree(tree["posterior"].to_dataset().assign(further).assign_attrs(attrs))
    tree["sample_stats"] = xr.DataTree(tree["sample_stats"].to_dataset().assign_attrs(attrs))
    tree["observed_data"] = xr.DataTree(tree["observed_data"].to_dataset().rename(sample="obs"))
    tree["constant_data"] = xr.DataTree(xr.Dataset(constant))
    tree.attrs = dict(attrs)
    return Posterior(tree, target.problem.structure)
