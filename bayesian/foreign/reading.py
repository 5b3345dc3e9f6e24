"""Somebody's tree read as draws of Gaussian mixtures: weights, means, covariances, and the data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from bayesian.foreign.layout import COMPONENT, Layout, Source
from bayesian.foreign.spread import FORMS, dense_covariances
from bayesian.mixture_draws import LOG_POSTERIOR_NAMES
from bayesian.permuting import SAMPLE_DIMS
from bayesian.tree import check_finite
from mixture.arrays import FloatArray, as_points

DEFAULT_SCALES = "sigma"
"""Name of the sds where none is said."""

SIMPLEX_TOLERANCE = 1e-4
"""How far weights may sum from 1: draws in single precision, or written with six digits. They are divided by their sum
where densities are computed, and left as they are in the tree."""


@dataclass(frozen=True, eq=False)
class ForeignDraws:
    """Draws theta_cs as arrays: weights (C, S, K), means (C, S, K, D), dense covariances (C, S, K, D, D).

    covariances: unit matrices stand in where there is no variable for them and none is needed. probabilities: of the
    allocations, as stored in the tree, (C S, N, K), or None. layout: where the components were found.
    """

    layout: Layout
    weights: FloatArray
    means: FloatArray
    covariances: FloatArray
    probabilities: FloatArray | None = None


def read_draws(
    tree: xr.DataTree,
    weights: Source,
    means: Source,
    spread: Mapping[str, Source | None],
    *,
    component_dim: Source | None,
    probabilities: str | None = None,
    spread_needed: bool = True,
) -> ForeignDraws:
    """Weights, means, covariances of a tree's draws; `spread` names a variable by its form, one of FORMS.

    probabilities: a variable (chain, draw, point, component). spread_needed: whether a missing variable of default name
    is an error. Raises ValueError for what is not there, saying what is, and for draws that are no mixtures.
    """
    layout = Layout.of(tree, weights, component_dim)
    read, layout = layout.read(weights, shared=False)
    pi = on_simplex(name_of(weights), _values(read, name_of(weights)))
    read, layout = layout.read(means, shared=False)
    mu = _values(read, name_of(means))
    if mu.ndim not in (3, 4):
        raise ValueError(
            f"{name_of(means)} must have chain, draw, components and at most one dimension along features, but has"
            f" {', '.join(map(str, read.dims[3:]))} besides the first three"
        )
    layout = layout.with_features([str(dim) for dim in read.dims[3:]])
    mu = mu if mu.ndim == 4 else mu[..., None]
    kind, source = _chosen_form(spread)
    if spread_needed or source != DEFAULT_SCALES or source in layout.posterior.data_vars:
        read, layout = layout.read(source, shared=True)
        values = _values(read, name_of(source))
        if COMPONENT not in read.dims:
            values = values[:, :, None]
        dense = dense_covariances(name_of(source), kind, values, mu.shape[3])
    else:
        dense = np.eye(mu.shape[3])
    covariances = np.broadcast_to(dense, (*mu.shape, mu.shape[3]))
    if probabilities is None:
        return ForeignDraws(layout, pi, mu, covariances)
    read, layout = layout.read(probabilities, shared=False)
    p = _values(read, probabilities)
    if p.ndim != 4:
        raise ValueError(f"{probabilities} must have chain, draw, components and one dimension along the points")
    p = on_simplex(probabilities, np.swapaxes(p, 2, 3))
    return ForeignDraws(layout, pi, mu, covariances, p.reshape(-1, *p.shape[2:]))


def find_data(tree: xr.DataTree, data: ArrayLike | str | None, n_features: int) -> FloatArray:
    """The data (N, D): an array, a variable of observed_data or constant_data by its name, or the only one observed."""
    if data is not None and not isinstance(data, str):
        return as_points(data, n_features=n_features)
    groups = {name: tree[name].to_dataset() for name in ("observed_data", "constant_data") if name in tree.children}
    held = {name: list(map(str, group.data_vars)) for name, group in groups.items()}
    if data is None and len(held.get("observed_data", [])) != 1:
        raise ValueError(
            f"which variable holds the data is not clear: the tree has {held or 'no observed_data'}. Hand in"
            " data=, an array (N, D) or the name of a variable"
        )
    name = held["observed_data"][0] if data is None else data
    for group in groups.values():
        if name in group.data_vars:
            return as_points(group[name].values, n_features=n_features)
    raise ValueError(
        f"neither observed_data nor constant_data has a variable {name!r}: the tree has {held or 'neither'}"
    )


def data_if_any(tree: xr.DataTree, n_features: int) -> FloatArray | None:
    """The only variable observed, where it can be the data (N, D)."""
    try:
        return find_data(tree, None, n_features)
    except ValueError:
        return None


def sampler_stats(tree: xr.DataTree) -> dict[str, NDArray[Any]]:
    """The sampler's log posterior and divergences, (C, S), where the tree has them."""
    if "sample_stats" not in tree.children:
        return {}
    stats = tree["sample_stats"].to_dataset().data_vars
    return {
        name: np.asarray(stats[name].transpose(*SAMPLE_DIMS).values)
        for name in (*LOG_POSTERIOR_NAMES, "diverging")
        if name in stats and set(stats[name].dims) == set(SAMPLE_DIMS) and np.isfinite(stats[name].values).all()
    }


def spread_by_form(*sources: Source | None) -> dict[str, Source | None]:
    """Names of variables by form, from one argument for each of FORMS."""
    return dict(zip(FORMS, sources, strict=True))


def _chosen_form(spread: Mapping[str, Source | None]) -> tuple[str, Source]:
    """The form that is named; `scales`, which has a default, gives way to any other."""
    named = {kind: source for kind, source in spread.items() if source is not None}
    others = [kind for kind in named if kind != "scales"]
    if len(others) > 1 or not named:
        raise ValueError(f"name one of {', '.join(FORMS)}, not {', '.join(others) or 'none'}")
    kind = others[0] if others else "scales"
    return kind, named[kind]


def on_simplex(name: str, values: FloatArray) -> FloatArray:
    """Weights or probabilities (C, S, ..., K), divided by their sums over K; raises ValueError where they leave the
    simplex by more than the rounding of a file explains."""
    if values.ndim < 3:
        raise ValueError(f"{name} must be one number for each component of a draw")
    totals = values.sum(axis=-1)
    off = np.argwhere((values < 0.0).any(axis=-1) | (np.abs(totals - 1.0) > SIMPLEX_TOLERANCE))
    if off.size:
        first = tuple(off[0])
        draws = len(np.unique(off[:, :2], axis=0))
        raise ValueError(
            f"{name} leaves the simplex in {draws} draws, the first in chain {first[0]}, draw {first[1]}:"
            f" {values[first]}. Weights and probabilities are at least 0 and sum to 1 over the components"
        )
    return np.asarray(values / totals[..., None])


def _values(variable: xr.DataArray, name: str) -> FloatArray:
    values = np.asarray(variable.values, dtype=np.float64)
    check_finite(name, values)
    return values


def name_of(source: Source) -> str:
    """A source as an error names it."""
    return source if isinstance(source, str) else ", ".join(source)
