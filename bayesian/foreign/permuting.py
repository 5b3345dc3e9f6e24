"""Draws of somebody's tree put into new orders: new component k of draw (c, s) is its old component order[c, s, k]."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from bayesian.foreign.layout import COMPONENT
from bayesian.permuting import SAMPLE_DIMS, permute_variable, relabel_integers
from bayesian.posterior import UNPERMUTED
from mixture.arrays import IntArray

NOT_THESE_DRAWS = ("prior", "prior_predictive", "prior_sbc", "warmup_")
"""Beginnings of names of groups that hold other draws."""


def permute_tree(
    tree: xr.DataTree,
    orders: IntArray,
    dims: Sequence[str],
    families: Sequence[Sequence[str]] = (),
    labels: Sequence[tuple[str, int]] = (),
) -> tuple[xr.DataTree, list[str]]:
    """A new tree, and the paths of what was permuted in it; the tree handed in stays as it is.

    In every group with the draws of group posterior: each variable with one of `dims` is permuted along it by
    orders (C, S, K); the variables of each family, one a component, are exchanged; integers named in `labels`, with
    the number of their first label, take the inverse. Groups of unconstrained values are left out, for a simplex has
    one of them fewer than components; so are variables of group posterior that are named like unconstrained
    values, `name_transform__`, unless they can be permuted themselves.
    """
    changed: list[str] = []
    groups = {}
    sizes = {name: tree["posterior"].sizes[name] for name in SAMPLE_DIMS}
    for node in tree.subtree:
        path = node.path.strip("/")
        if path.split("/")[0] in UNPERMUTED:
            continue
        dataset = node.to_dataset(inherit=False)
        here = all(node.sizes.get(name) == size for name, size in sizes.items())
        if here and not path.startswith(NOT_THESE_DRAWS):
            dataset, names = _permuted(dataset, orders, dims, families, labels)
            changed += [f"{path}/{name}" for name in names]
        groups[node.path] = dataset
    return xr.DataTree.from_dict(groups, name=tree.name), changed


def _permuted(
    dataset: xr.Dataset,
    orders: IntArray,
    dims: Sequence[str],
    families: Sequence[Sequence[str]],
    labels: Sequence[tuple[str, int]],
) -> tuple[xr.Dataset, list[str]]:
    new: dict[str, xr.DataArray] = {}
    drop: list[str] = []
    bases = set()
    for key, variable in dataset.data_vars.items():
        name, drawn = str(key), set(SAMPLE_DIMS) <= set(variable.dims)
        for dim in dims if drawn else ():
            if dim in variable.dims:
                new[name] = permute_variable(new.get(name, variable), orders, dim)
                bases.add(name)
    for family in families:
        if set(family) <= set(dataset.data_vars):
            new |= _exchanged(dataset, family, orders)
            bases |= set(family)
    for name, first in labels:
        if name in dataset.data_vars:
            new[name] = relabel_integers(dataset[name], orders, first)
    for key in dataset.data_vars:
        name = str(key)
        if name.endswith("__") and name not in new and any(name.startswith(f"{base}_") for base in bases):
            drop.append(name)
    return dataset.assign(new).drop_vars(drop), list(new)


def _exchanged(dataset: xr.Dataset, family: Sequence[str], orders: IntArray) -> dict[str, xr.DataArray]:
    """The variables of a family, one a component, after each draw's order."""
    members = [dataset[name].transpose(*SAMPLE_DIMS, ...) for name in family]
    stacked = xr.DataArray(
        np.stack([member.values for member in members], axis=2), dims=(*SAMPLE_DIMS, COMPONENT, *members[0].dims[2:])
    )
    values = permute_variable(stacked, orders, COMPONENT).values
    return {
        name: member.copy(data=values[:, :, k]).transpose(*dataset[name].dims)
        for k, (name, member) in enumerate(zip(family, members, strict=True))
    }
