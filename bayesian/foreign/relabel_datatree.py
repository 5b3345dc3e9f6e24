"""Relabelling of anybody's posterior: a DataTree of PyMC, Stan (through ArviZ) or NumPyro in, a DataTree out."""

import warnings
from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from bayesian.diagnosis.invariants import LOG_POSTERIOR_NAMES
from bayesian.foreign.layout import SAMPLE_DIMS, Layout, Source, variable_of
from bayesian.foreign.permuting import permute_tree
from bayesian.foreign.reading import ForeignDraws, read_draws
from bayesian.posterior import Posterior
from bayesian.relabelling.methods import Relabelling, relabel

GROUP = "relabelling"
"""Group of the result that keeps the permutations."""

SUFFIXES = ("_corr", "_stds")
"""What PyMC's LKJCholeskyCov adds to its name for the correlations and sds it reports besides its factor."""


def relabel_datatree(
    tree: xr.DataTree,
    *,
    weights: Source = "w",
    means: Source = "mu",
    scales: Source | None = "sigma",
    variances: Source | None = None,
    covariances: Source | None = None,
    cholesky: Source | None = None,
    precisions: Source | None = None,
    component_dim: Source | None = None,
    data: ArrayLike | str | None = None,
    method: str = "ecr",
    pivot: ArrayLike | None = None,
    allocations: Source = (),
    first_label: int | None = None,
    families: Sequence[Sequence[str]] = (),
) -> xr.DataTree:
    """A tree of a Gaussian mixture's posterior with label switching undone: each draw's components permuted.

    weights, means   variables (chain, draw, component) and (chain, draw, component[, feature]) of group posterior
    scales           sds (..., component[, feature]); or instead of them `variances`, `covariances` (..., feature,
                     feature), `precisions`, or `cholesky` factors, also packed as by PyMC's LKJCholeskyCov. Without
                     the component dimension they are common to all components.
    component_dim    the dimension that runs along components, or all of them where every variable has its own
                     (`mu_dim_0`, ...). Default: the weights' only one, and in other variables that, or else their
                     only dimension as long as it.
    data             array (N,) or (N, D), or the name of a variable of observed_data or constant_data; default the
                     only observed variable
    method, pivot    as in `relabel`
    allocations      integer variables (chain, draw, ...) of sampled labels, relabelled by the inverse permutation;
                     first_label 0 or 1 says how they count, default as the values show
    families         further variables of which there is one for each component, to be exchanged with them. Any source
                     above may be such a sequence of names too: `cholesky=["chol_0", "chol_1"]`.

    In every group with the draws of group posterior, each variable with a component dimension is permuted; coordinates,
    attributes and all else stay as they were. Groups of unconstrained values are left out. The group `relabelling` of
    the result holds `permutation` (chain, draw, component), orders: new component k is the old permutation[k]; `valid`
    (chain, draw), whether the method found a permutation; and in its attributes the method, its cost, and what was
    permuted. Raises ValueError for what is missing, saying what there is, and for draws that are no mixtures; warns
    of variables with a dimension of the components' length that were left alone.
    """
    spread = {
        "scales": scales,
        "variances": variances,
        "covariances": covariances,
        "cholesky": cholesky,
        "precisions": precisions,
    }
    draws = read_draws(tree, weights, means, spread, component_dim=component_dim, data=data)
    names = (allocations,) if isinstance(allocations, str) else tuple(allocations)
    labels = [(name, _first_label(draws.layout, name, first_label)) for name in names]
    found = relabel(_posterior(tree, draws), method, pivot=pivot)
    exchanged = _families(draws.layout, [weights, means, *spread.values()], families)
    result, changed = permute_tree(tree, found.permutations, draws.layout.dims, exchanged, labels)
    _warn_of_bystanders(draws.layout, changed)
    result[GROUP] = xr.DataTree(_kept(draws.layout, found, changed))
    return result


def posterior_of_datatree(
    tree: xr.DataTree,
    *,
    weights: Source = "w",
    means: Source = "mu",
    scales: Source | None = "sigma",
    variances: Source | None = None,
    covariances: Source | None = None,
    cholesky: Source | None = None,
    precisions: Source | None = None,
    component_dim: Source | None = None,
    data: ArrayLike | str | None = None,
) -> Posterior:
    """A tree of somebody's Gaussian mixture as a Posterior of full covariances, for `relabel`, `diagnose` and the rest.

    Arguments and errors as in `relabel_datatree`. Of sample_stats the log posterior and the divergences are kept.
    """
    spread = {
        "scales": scales,
        "variances": variances,
        "covariances": covariances,
        "cholesky": cholesky,
        "precisions": precisions,
    }
    draws = read_draws(tree, weights, means, spread, component_dim=component_dim, data=data)
    return _posterior(tree, draws)


def _posterior(tree: xr.DataTree, draws: ForeignDraws) -> Posterior:
    """The draws as a Posterior, with the sampler's log posterior and divergences where the tree has them."""
    posterior = Posterior.from_arrays(draws.weights, draws.means, draws.covariances, draws.data)
    if "sample_stats" not in tree.children:
        return posterior
    theirs = tree["sample_stats"].to_dataset().data_vars
    kept = {
        name: (SAMPLE_DIMS, np.asarray(theirs[name].transpose(*SAMPLE_DIMS).values))
        for name in (*LOG_POSTERIOR_NAMES, "diverging")
        if name in theirs and set(theirs[name].dims) == set(SAMPLE_DIMS) and np.isfinite(theirs[name].values).all()
    }
    completed = posterior.tree.copy()
    completed["sample_stats"] = xr.DataTree(posterior.tree["sample_stats"].to_dataset().assign(kept))
    return Posterior(completed, posterior.structure)


def _first_label(layout: Layout, name: str, said: int | None) -> int:
    """0 or 1, as the labels of an allocation variable show; raises ValueError where they do not."""
    variable = variable_of(layout.posterior, name)
    values, k = np.asarray(variable.values), layout.n_components
    if values.dtype.kind not in "iu" and not (np.isfinite(values).all() and (values == np.floor(values)).all()):
        raise ValueError(f"{name} must hold the labels of components, whole numbers")
    low, high = int(values.min()), int(values.max())
    first = said if said is not None else 0 if low == 0 else 1 if high == k else None
    if first is None:
        raise ValueError(
            f"{name} holds labels {low} to {high} of {k} components: say with first_label whether 0 or 1 is the first"
        )
    if low < first or high > first + k - 1:
        raise ValueError(f"{name} must hold labels {first} to {first + k - 1}, but they range from {low} to {high}")
    return first


def _families(layout: Layout, sources: Sequence[Source | None], said: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """Variables to be exchanged: those that were read one a component, what PyMC reports with them, those said."""
    read = [tuple(source) for source in sources if source is not None and not isinstance(source, str)]
    found = [*read, *(tuple(name + suffix for name in family) for family in read for suffix in SUFFIXES)]
    for family in said:
        layout.read(family, shared=False)
    present = set(map(str, layout.posterior.data_vars))
    return list(dict.fromkeys([*(family for family in found if set(family) <= present), *map(tuple, said)]))


def _warn_of_bystanders(layout: Layout, changed: Sequence[str]) -> None:
    """Warn of variables that look as if they belonged to components but were not known to."""
    posterior, k = layout.posterior, layout.n_components
    left = [
        f"{name} ({dim})"
        for name, variable in posterior.data_vars.items()
        for dim in variable.dims
        if dim not in (*SAMPLE_DIMS, *layout.dims, *layout.features)
        and not str(name).endswith("__")
        and posterior.sizes[dim] == k > 1
        and f"posterior/{name}" not in changed
    ]
    if left:
        warnings.warn(
            f"left as sampled, though as long as there are components: {', '.join(left)}. If they belong to"
            f" components, name their dimensions in component_dim beside {', '.join(layout.dims)}",
            UserWarning,
            stacklevel=3,
        )


def _kept(layout: Layout, found: Relabelling, changed: Sequence[str]) -> xr.Dataset:
    """The permutations, how they were found, and what they were applied to."""
    coords = {name: layout.posterior.coords[name] for name in SAMPLE_DIMS if name in layout.posterior.coords}
    return xr.Dataset(
        {
            "permutation": ((*SAMPLE_DIMS, "component"), found.permutations),
            "valid": (SAMPLE_DIMS, np.ones(found.permutations.shape[:2], dtype=bool)),
        },
        coords=coords,
        attrs={
            "method": found.method,
            "cost": found.cost,
            "component_dims": ", ".join(layout.dims),
            "permuted": ", ".join(changed),
        },
    )
