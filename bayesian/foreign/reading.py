"""Somebody's tree read as draws of Gaussian mixtures: weights, means, covariances, and the data."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from bayesian.foreign.layout import COMPONENT, Layout, Source
from bayesian.foreign.spread import FORMS, dense_covariances
from bayesian.tree import check_finite
from mixture.arrays import FloatArray, as_points

SIMPLEX_TOLERANCE = 1e-4
"""How far weights may sum from 1: draws in single precision, or written with six digits. They are divided by their sum
where densities are computed, and left as they are in the tree."""


@dataclass(frozen=True, eq=False)
class ForeignDraws:
    """Draws theta_cs as arrays: weights (C, S, K), means (C, S, K, D), dense covariances (C, S, K, D, D), data (N, D).

    layout: where the components were found.
    """

    layout: Layout
    weights: FloatArray
    means: FloatArray
    covariances: FloatArray
    data: FloatArray


def read_draws(
    tree: xr.DataTree,
    weights: Source,
    means: Source,
    spread: Mapping[str, Source | None],
    *,
    component_dim: Source | None,
    data: ArrayLike | str | None,
) -> ForeignDraws:
    """Weights, means, covariances and data of a tree; `spread` names a variable by its form.

    Raises ValueError for what is not there, saying what is, and for draws that are no mixtures.
    """
    layout = Layout.of(tree, weights, component_dim)
    read, layout = layout.read(weights, shared=False)
    pi = _as_weights(_name(weights), _values(read, _name(weights)))
    read, layout = layout.read(means, shared=False)
    mu = _values(read, _name(means))
    if mu.ndim not in (3, 4):
        raise ValueError(
            f"{_name(means)} must have chain, draw, components and at most one dimension along features, but has"
            f" {', '.join(map(str, read.dims[3:]))} besides the first three"
        )
    layout = layout.with_features([str(dim) for dim in read.dims[3:] if dim != COMPONENT])
    mu = mu if mu.ndim == 4 else mu[..., None]
    kind, source = _named_spread(spread)
    read, layout = layout.read(source, shared=True)
    values = _values(read, _name(source))
    if COMPONENT not in read.dims:
        values = values[:, :, None]
    dense = dense_covariances(_name(source), kind, values, mu.shape[3])
    covariances = np.broadcast_to(dense, (*mu.shape, mu.shape[3]))
    return ForeignDraws(layout, pi, mu, covariances, find_data(tree, data, mu.shape[3]))


def find_data(tree: xr.DataTree, data: ArrayLike | str | None, n_features: int) -> FloatArray:
    """The data (N, D): an array, a variable of observed_data or constant_data by its name, or the only one observed."""
    if data is not None and not isinstance(data, str):
        return as_points(data, n_features=n_features)
    groups = {name: tree[name].to_dataset() for name in ("observed_data", "constant_data") if name in tree.children}
    held = {name: list(map(str, group.data_vars)) for name, group in groups.items()}
    if data is None:
        if len(held.get("observed_data", [])) != 1:
            raise ValueError(
                f"which variable holds the data is not clear: the tree has {held or 'no observed_data'}. Hand in"
                " data=, an array (N, D) or the name of a variable"
            )
        data = held["observed_data"][0]
    for group in groups.values():
        if data in group.data_vars:
            return as_points(group[data].values, n_features=n_features)
    raise ValueError(
        f"neither observed_data nor constant_data has a variable {data!r}: the tree has {held or 'neither'}"
    )


def _named_spread(spread: Mapping[str, Source | None]) -> tuple[str, Source]:
    """The form that is named; `scales`, which has a default, gives way to any other."""
    named = {kind: source for kind, source in spread.items() if source is not None}
    others = [kind for kind in named if kind != "scales"]
    if len(others) > 1 or not named:
        raise ValueError(f"name one of {', '.join(FORMS)}, not {', '.join(others) or 'none'}")
    kind = others[0] if others else "scales"
    return kind, named[kind]


def _as_weights(name: str, weights: FloatArray) -> FloatArray:
    if weights.ndim != 3:
        raise ValueError(f"{name} must be one number for each component of a draw, not {weights.shape[3:]}")
    totals = weights.sum(axis=2)
    off = np.argwhere((weights < 0.0).any(axis=2) | (np.abs(totals - 1.0) > SIMPLEX_TOLERANCE))
    if off.size:
        chain, draw = off[0]
        raise ValueError(
            f"{name} leaves the simplex in {len(off)} draws, the first in chain {chain}, draw {draw}:"
            f" {weights[chain, draw]}. Weights are at least 0 and sum to 1 over the components"
        )
    return np.asarray(weights / totals[:, :, None])


def _values(variable: xr.DataArray, name: str) -> FloatArray:
    values = np.asarray(variable.values, dtype=np.float64)
    check_finite(name, values)
    return values


def _name(source: Source) -> str:
    return source if isinstance(source, str) else ", ".join(source)
