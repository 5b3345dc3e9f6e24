"""Variables of draws put into new orders: new component k of draw (c, s) is its old component order[c, s, k]."""

import numpy as np
import xarray as xr

from bayesian.relabelling.orders import inverse
from mixture.arrays import IntArray

SAMPLE_DIMS = ("chain", "draw")


def permute_variable(variable: xr.DataArray, orders: IntArray, dim: str = "component") -> xr.DataArray:
    """A variable with (chain, draw, dim, ...) permuted along dim by orders (C, S, K), its dimensions as they stood."""
    moved = variable.transpose(*SAMPLE_DIMS, dim, ...)
    index = orders.reshape(orders.shape + (1,) * (moved.ndim - 3))
    permuted = moved.copy(data=np.take_along_axis(np.asarray(moved.values), index, axis=2))
    return permuted.transpose(*variable.dims)


def relabel_integers(variable: xr.DataArray, orders: IntArray, first: int = 0) -> xr.DataArray:
    """Allocations (chain, draw, ...) under the new labels, counted from `first`: z_new = inverse order of z_old."""
    moved = variable.transpose(*SAMPLE_DIMS, ...)
    flat = np.asarray(moved.values).reshape(*orders.shape[:2], -1)
    new = np.take_along_axis(inverse(orders), flat.astype(np.int64) - first, axis=2) + first
    return moved.copy(data=new.reshape(moved.shape).astype(variable.dtype)).transpose(*variable.dims)
