"""Finished chains as a DataTree in ArviZ's form: posterior, sample_stats, observed_data, constant_data, attributes."""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pymc as pm
import xarray as xr

from bayesian.draws import log_likelihoods
from bayesian.posterior import Posterior
from bayesian.sampling.chain import Chain
from bayesian.sampling.problem import Problem
from bayesian.sampling.settings import Seeds, Settings
from bayesian.sampling.versions import versions
from bayesian.tree import CHAIN_SEED, DATA, DIMENSIONS, SUPERCHAIN
from mixture.arrays import FloatArray


def created() -> dict[str, str]:
    """When and by what a group was made, as ArviZ notes it."""
    return {
        "created_at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "creation_library": "logsum",
        "creation_library_version": versions()["logsum_version"],
    }


def posterior_of(
    chains: Sequence[Chain],
    problem: Problem,
    model: pm.Model,
    *,
    superchains: Sequence[int],
    seeds: Seeds,
    settings: Settings,
    attrs: Mapping[str, Any],
    include_transformed: bool = False,
) -> Posterior:
    """The chains of a problem as a Posterior, with what drew them among the attributes of each sampled group.

    model: whose variables the chains hold, with their dimensions; those on the unconstrained scale only if
    `include_transformed`, as group unconstrained_posterior. superchains: the number of the start of each chain.
    """
    noted = {**attrs, **_attributes(problem, seeds, settings), **versions(), **created()}
    noted["inference_library"] = noted["sampler"]
    noted["inference_library_version"] = noted[f"{noted['sampler']}_version"]
    sampled = {"chain": np.arange(len(chains)), "draw": np.arange(len(chains[0].stats["lp"]))}
    spaces = {name: np.asarray(model.coords[name]) for name in ("component", "feature", "feature_other")}
    features = {"feature": spaces["feature"]}
    unconstrained = {value.name for value in model.value_vars}

    def stacked(name: str, dims: Sequence[str | None]) -> tuple[tuple[str | None, ...], FloatArray]:
        return ("chain", "draw", *dims), np.stack([chain.variables[name] for chain in chains])

    variables = {
        name: stacked(name, model.named_vars_to_dims.get(name, ()))
        for name in chains[0].variables
        if name not in unconstrained
    }
    stats = {name: (("chain", "draw"), np.stack([chain.stats[name] for chain in chains])) for name in chains[0].stats}
    flat = (np.concatenate([chain.variables[name] for chain in chains]) for name in DIMENSIONS)
    totals = log_likelihoods(problem.x, *flat).reshape(len(chains), -1)
    stats["log_likelihood"] = (("chain", "draw"), totals)
    constant = {
        name: (("obs", "feature") if name == "x_data" else _numbered(name, values.ndim), values)
        for name, values in problem.data.items()
    }
    by_chain = {SUPERCHAIN: (("chain",), np.asarray(superchains)), CHAIN_SEED: (("chain",), np.asarray(seeds.chains))}
    groups = {
        "posterior": xr.Dataset(variables, coords=sampled | spaces, attrs=noted),
        "sample_stats": xr.Dataset(stats, coords=sampled, attrs=noted),
        "observed_data": xr.Dataset({DATA: (("obs", "feature"), problem.x)}, coords=features),
        "constant_data": xr.Dataset(constant | by_chain, coords=features | {"chain": sampled["chain"]}),
    }
    if include_transformed:
        raw = {
            name: stacked(name, _numbered(name, chains[0].variables[name].ndim - 1))
            for name in chains[0].variables
            if name in unconstrained
        }
        groups["unconstrained_posterior"] = xr.Dataset(raw, coords=sampled, attrs=noted)
    tree = xr.DataTree.from_dict(groups)
    tree.attrs = noted
    return Posterior(tree, problem.structure)


def _attributes(problem: Problem, seeds: Seeds, settings: Settings) -> dict[str, Any]:
    return {
        "draws": settings.draws,
        "tune": settings.tune,
        "tuning_steps": settings.tune,
        "chains": settings.chains,
        "target_accept": settings.target_accept,
        "random_seed": seeds.text,
        "ordered": str(problem.ordered),
        "prior": str(problem.prior),
        "prior_name": problem.prior.name,
        "prior_source": problem.prior.source,
    }


def _numbered(name: str, ndim: int) -> tuple[str, ...]:
    return tuple(f"{name}_{i}" for i in range(ndim))
