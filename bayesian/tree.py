"""How a DataTree is read as the posterior of a mixture: names, dimensions, and what must hold of the draws."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from mixture.arrays import FloatArray, as_points
from mixture.covariance import linear_structure_named
from mixture.gaussian_mixture import SIMPLEX_TOLERANCE

DATA = "x"
"""Name of the data among the variables of observed_data or constant_data."""

SUPERCHAIN = "superchain"
"""Name in constant_data of the number of the start each chain has, (chain,)."""

CHAIN_SEED = "chain_seed"
"""Name in constant_data of the seed of each chain, (chain,)."""

ALLOCATIONS = "z"
"""Name in group posterior of allocations that were sampled, integer labels (chain, draw, obs)."""

DIMENSIONS: dict[str, tuple[str, ...]] = {
    "weights": ("chain", "draw", "component"),
    "means": ("chain", "draw", "component", "feature"),
    "covariances": ("chain", "draw", "component", "feature", "feature_other"),
}
"""The posterior variables every posterior has, with their dimensions."""

STRUCTURE_TOLERANCE = 1e-10
"""How far a covariance may be from its structure, relative to the standard deviations of its two features."""


def values(tree: xr.DataTree, name: str) -> FloatArray:
    """One of weights, means, covariances as an array with the dimensions of DIMENSIONS."""
    return np.asarray(tree["posterior"][name].transpose(*DIMENSIONS[name]).values, dtype=np.float64)


def observed(tree: xr.DataTree) -> xr.DataArray:
    """The data as stored: `x` of observed_data, else of constant_data, else the only variable that was observed."""
    for group in ("observed_data", "constant_data"):
        if group in tree.children and DATA in tree[group].data_vars:
            return tree[group].to_dataset()[DATA]
    names = list(tree["observed_data"].data_vars) if "observed_data" in tree.children else []
    if len(names) != 1:
        raise ValueError(
            f"the tree holds no data: observed_data or constant_data needs a variable {DATA!r}; observed: {names}"
        )
    return tree["observed_data"].to_dataset()[names[0]]


def data(tree: xr.DataTree) -> FloatArray:
    """The data (N, D), see `observed`."""
    return as_points(observed(tree).values)


def check_shapes(arrays: Mapping[str, FloatArray], n_features: int) -> None:
    """Raises ValueError unless weights (C, S, K), means (C, S, K, D), covariances (C, S, K, D, D) and D agree."""
    means = arrays["means"].shape
    if len(means) != 4 or 0 in means:
        raise ValueError(f"means must have shape (chains, draws, components, features), none of them 0, not {means}")
    expected = {"weights": means[:3], "means": means[:3] + (n_features,), "covariances": means + means[3:]}
    for name, shape in expected.items():
        if arrays[name].shape != shape:
            raise ValueError(
                f"{name} have shape {arrays[name].shape}, but {shape} goes with means of shape {means}"
                f" and data of {n_features} columns"
            )


def check_variables(tree: xr.DataTree) -> None:
    """Raises ValueError unless the tree's posterior has weights, means and dense covariances that are mixtures."""
    if "posterior" not in tree.children:
        raise ValueError(f"the tree has no group posterior; its groups are {sorted(tree.children)}")
    posterior = tree["posterior"].to_dataset()
    for name, dimensions in DIMENSIONS.items():
        if name not in posterior.data_vars:
            raise ValueError(f"the posterior has no variable {name!r}; it has {sorted(map(str, posterior.data_vars))}")
        if set(posterior[name].dims) != set(dimensions):
            raise ValueError(f"{name} has dimensions {posterior[name].dims}, not {dimensions}")
    arrays = {name: values(tree, name) for name in DIMENSIONS}
    check_shapes(arrays, data(tree).shape[1])
    for name, draws in arrays.items():
        check_finite(name, draws)
    weights = arrays["weights"]
    off = np.argwhere((weights < 0.0).any(axis=2) | (np.abs(weights.sum(axis=2) - 1.0) > SIMPLEX_TOLERANCE))
    if off.size:
        chain, draw = off[0]
        raise ValueError(
            f"weights leave the simplex in {len(off)} draws, the first in chain {chain}, draw {draw}:"
            f" {weights[chain, draw]}"
        )
    try:
        np.linalg.cholesky(arrays["covariances"])
    except np.linalg.LinAlgError as error:
        raise ValueError("a covariance among the draws is not positive definite") from error


def check_finite(name: str, draws: FloatArray) -> None:
    """Raises ValueError naming the first draw that holds a NaN or an infinite value."""
    wrong = np.argwhere(~np.isfinite(draws).reshape(draws.shape[0], draws.shape[1], -1).all(axis=2))
    if wrong.size:
        chain, draw = wrong[0]
        raise ValueError(
            f"{name}: {len(wrong)} draws hold NaN or infinite values, the first chain {chain}, draw {draw}."
            " Look at the sampler's divergences, or leave those draws out."
        )


def check_log_likelihood(tree: xr.DataTree) -> None:
    """Raises ValueError unless sample_stats holds a finite log_likelihood (chain, draw)."""
    if "sample_stats" not in tree.children or "log_likelihood" not in tree["sample_stats"].data_vars:
        raise ValueError("sample_stats holds no log_likelihood (chain, draw): Posterior.from_tree computes it")
    totals = tree["sample_stats"]["log_likelihood"]
    if set(totals.dims) != {"chain", "draw"}:
        raise ValueError(
            f"log_likelihood has dimensions {totals.dims}, not (chain, draw): it is a total, a sum over points"
        )
    check_finite("log_likelihood", np.asarray(totals.transpose("chain", "draw").values, dtype=np.float64))


def stored_covariances(dense: FloatArray, structure: str) -> FloatArray:
    """Dense covariances (K, D, D) of one draw in the shape in which their structure stores them."""
    form = linear_structure_named(structure)
    stack = form.restrict(np.diagonal(dense, axis1=-2, axis2=-1) if form.diagonal else dense)
    return np.array(stack[0] if form.shared else stack)


def check_structure(dense: FloatArray, structure: str) -> None:
    """Raises ValueError if the name is unknown, or dense covariances (C, S, K, D, D) are not of that structure."""
    form = linear_structure_named(structure)
    stack = form.restrict(np.diagonal(dense, axis1=-2, axis2=-1) if form.diagonal else dense)
    rebuilt = form.expand(stack[:, :, :1] if form.shared else stack, dense.shape[-1])
    variances = np.diagonal(dense, axis1=-2, axis2=-1)
    allowed = STRUCTURE_TOLERANCE * np.sqrt(variances[..., :, None] * variances[..., None, :])
    wrong = (np.abs(dense - rebuilt) > allowed) | (np.abs(dense - dense.swapaxes(-1, -2)) > allowed)
    off = np.argwhere(wrong.any(axis=(2, 3, 4)))
    if off.size:
        chain, draw = off[0]
        raise ValueError(
            f"the covariances of {len(off)} draws are not symmetric matrices of structure {structure!r},"
            f" the first in chain {chain}, draw {draw}: correct them or name another structure"
        )
