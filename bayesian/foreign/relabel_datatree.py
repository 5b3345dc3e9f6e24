"""Relabelling of anybody's posterior: a DataTree of PyMC, Stan (through ArviZ) or NumPyro in, a DataTree out."""

import warnings
from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from bayesian.foreign.layout import Layout, Source, variable_of
from bayesian.foreign.permuting import permute_tree
from bayesian.foreign.reading import (
    DEFAULT_SCALES,
    ForeignDraws,
    data_if_any,
    find_data,
    read_draws,
    sampler_stats,
    spread_by_form,
)
from bayesian.mixture_draws import LOG_POSTERIOR_NAMES, MixtureDraws
from bayesian.permuting import SAMPLE_DIMS
from bayesian.relabelling.methods import Relabelling, find_orders, method_named
from bayesian.relabelling.orders import as_allocations
from bayesian.relabelling.task import Climb, Task
from mixture.arrays import FloatArray

GROUP = "relabelling"
"""Group of the result that keeps the permutations."""

BY_ALLOCATIONS = ("ecr", "ecr_iterative_1", "ecr_iterative_2", "stephens")
"""Methods that see the draws through allocation probabilities alone."""

WITHOUT_DATA = ("order", "pra", "point_process")
"""Methods that look at parameters alone."""

SUFFIXES = ("_corr", "_stds")
"""What PyMC's LKJCholeskyCov adds to its name for the correlations and sds it reports besides its factor."""


def relabel_datatree(
    tree: xr.DataTree,
    *,
    weights: Source = "w",
    means: Source = "mu",
    scales: Source | None = DEFAULT_SCALES,
    variances: Source | None = None,
    covariances: Source | None = None,
    cholesky: Source | None = None,
    precisions: Source | None = None,
    component_dim: Source | None = None,
    data: ArrayLike | str | None = None,
    probabilities: str | None = None,
    method: str = "ecr",
    pivot: ArrayLike | None = None,
    by: str | None = None,
    climb: Climb | None = None,
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
    probabilities    variable (chain, draw, point, component) of allocation probabilities; default they are computed
                     from the normal densities. With them the components need not be normal, nor the data be there.
    method, pivot, climb    as in `relabel`
    by               for method "order": a variable whose first entry orders the components, default the means
    allocations      integer variables (chain, draw, ...) of sampled labels, relabelled by the inverse permutation;
                     first_label 0 or 1 says how they count, default as the values show
    families         further variables of which there is one for each component, to be exchanged with them. Any source
                     above may be such a sequence of names too: `cholesky=["chol_0", "chol_1"]`.

    In every group with the draws of group posterior, each variable with a component dimension is permuted; coordinates,
    attributes and all else stay as they were. Groups of unconstrained values are left out. The group `relabelling` of
    the result holds `permutation` (chain, draw, component), orders: new component k is the old permutation[k]; `valid`
    (chain, draw), whether the method found a permutation or the nearest stands in; and in its attributes the method,
    its cost, and what was permuted. Raises ValueError for what is missing, saying what there is, and for draws that
    are no mixtures; warns of variables with a dimension of the components' length that were left alone.
    """
    spread = spread_by_form(scales, variances, covariances, precisions, cholesky)
    given = probabilities is not None and method in BY_ALLOCATIONS
    draws = read_draws(
        tree,
        weights,
        means,
        spread,
        component_dim=component_dim,
        probabilities=probabilities,
        spread_needed=not given and method != "order",
    )
    layout = draws.layout
    names = (allocations,) if isinstance(allocations, str) else tuple(allocations)
    labels = [(name, _first_label(layout, name, first_label)) for name in names]
    values = None
    if by is not None:
        read, layout = layout.read(by, shared=False)
        values = np.asarray(read.values, dtype=np.float64).reshape(*draws.weights.shape, -1)[..., 0]
    n_features = draws.means.shape[3]
    if data is None and (given or method in WITHOUT_DATA):
        points = None if given else data_if_any(tree, n_features)
    else:
        points = find_data(tree, data, n_features)
    orders = find_orders(method, _task(tree, draws, points, pivot, values, climb))
    found = Relabelling.of(method, orders, draws.weights.shape[0])
    exchanged = _families(layout, [weights, means, *spread.values()], families)
    result, changed = permute_tree(tree, found.permutations, layout.dims, exchanged, labels)
    _warn_of_bystanders(layout, changed)
    result[GROUP] = xr.DataTree(_kept(layout, found, changed))
    return result


def _task(
    tree: xr.DataTree,
    draws: ForeignDraws,
    points: FloatArray | None,
    pivot: ArrayLike | None,
    by: FloatArray | None,
    climb: Climb | None,
) -> Task:
    """What a relabelling method is handed."""
    stats = sampler_stats(tree)
    heights = [stats[name].ravel() for name in LOG_POSTERIOR_NAMES if name in stats]
    mixtures = MixtureDraws.of(
        draws.weights.reshape(-1, draws.weights.shape[2]),
        draws.means.reshape(-1, *draws.means.shape[2:]),
        covariances=draws.covariances.reshape(-1, *draws.covariances.shape[2:]),
        data=points,
        log_posterior=heights[0] if heights else None,
        probabilities=draws.probabilities,
    )
    k = mixtures.n_components
    return Task(
        mixtures,
        pivot=None if pivot is None else as_allocations(pivot, k, n_axes=1, name="pivot"),
        by=None if by is None else by.reshape(-1, k),
        climb=climb,
    )


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
            "valid": (SAMPLE_DIMS, found.valid),
        },
        coords=coords,
        attrs={
            "method": found.method,
            "cost": found.cost,
            "cost_unit": method_named(found.method).cost_unit,
            "iterations": found.iterations,
            "component_dims": ", ".join(layout.dims),
            "permuted": ", ".join(changed),
        },
    )
