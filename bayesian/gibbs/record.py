"""Chains of the Gibbs sampler as a Posterior, in the form `sample` gives."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from bayesian.gibbs.chain import Chain
from bayesian.posterior import Posterior
from bayesian.sampling.problem import Problem
from bayesian.tree import ALLOCATIONS, CHAIN_SEED, SUPERCHAIN
from mixture.arrays import FloatArray, IntArray

type Variables = dict[str, tuple[tuple[str, ...], FloatArray | IntArray]]


def posterior_of(
    chains: Sequence[Chain],
    problem: Problem,
    *,
    superchains: Sequence[int],
    seeds: Sequence[int],
    attrs: Mapping[str, Any],
) -> Posterior:
    """Groups posterior, sample_stats, observed_data and constant_data (hyperparameters, superchains, seeds)."""
    posterior = Posterior.from_arrays(
        np.stack([chain.weights for chain in chains]),
        np.stack([chain.means for chain in chains]),
        np.stack([chain.covariances for chain in chains]),
        problem.x,
        structure=problem.structure,
        log_likelihood=np.stack([chain.log_likelihood for chain in chains]),
    )
    tree = posterior.tree
    sampled = tree["posterior"].to_dataset()
    further = _random_scale(chains, problem.data)
    labels = [chain.allocations for chain in chains if chain.allocations is not None]
    if labels:
        further[ALLOCATIONS] = (("chain", "draw", "obs"), np.stack(labels))
    constant: Variables = {
        name: (tuple(f"{name}_{axis}" for axis in range(array.ndim)), array)
        for name, array in problem.data.items()
        if name != "x_data"
    }
    constant[SUPERCHAIN] = (("chain",), np.asarray(superchains))
    constant[CHAIN_SEED] = (("chain",), np.asarray(seeds))
    tree["posterior"] = xr.DataTree(sampled.assign(further).assign_attrs(attrs))
    tree["sample_stats"] = xr.DataTree(tree["sample_stats"].to_dataset().assign_attrs(attrs))
    tree["observed_data"] = xr.DataTree(tree["observed_data"].to_dataset().rename(sample="obs"))
    tree["constant_data"] = xr.DataTree(xr.Dataset(constant, coords={"chain": sampled["chain"]}))
    tree.attrs = dict(attrs)
    return Posterior(tree, problem.structure)


def _random_scale(chains: Sequence[Chain], arrays: Mapping[str, FloatArray]) -> Variables:
    """The scale of the covariances' prior where it is random, under the name the PyMC model gives it."""
    scales = [chain.scale for chain in chains if chain.scale is not None]
    for name, hyperparameter, dims in (
        ("scale_rate", "prior_scale_rate_shape", ("feature",)),
        ("covariance_scale", "prior_covariance_scale_scale", ("feature", "feature_other")),
    ):
        if hyperparameter in arrays:
            shape = arrays[hyperparameter].shape
            values = np.stack(scales).reshape(len(scales), len(scales[0]), *shape)
            of_one_feature = shape == (1, 1)
            if of_one_feature:
                values = 2.0 * values  # the updates hold b = Psi / 2
            return {name: (("chain", "draw", *dims[: len(shape)]), values)}
    return {}
