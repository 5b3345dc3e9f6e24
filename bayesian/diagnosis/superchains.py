"""Nested R-hat: do groups of chains that began together, superchains, agree with other groups?

    nested R-hat = sqrt( 1 + variance between superchain means / mean variance within superchains ),  at least 1
    variance within = mean variance within chains + variance between the chains of a superchain

Source: Margossian et al. 2024, Bayesian Analysis, doi 10.1214/24-BA1453; computed by ArviZ.
"""

import arviz as az
import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike

from bayesian.diagnosis.convergence import scalars
from bayesian.posterior import Posterior
from bayesian.tree import SUPERCHAIN
from mixture.arrays import FloatArray, IntArray


def nested_r_hat_table(draws: xr.Dataset, superchains: IntArray | None) -> pd.DataFrame | None:
    """One row per scalar that varies, rank-normalised nested R-hat by superchain; None where there is none to give.

    superchains: the number of each chain's start, (C,). Where starts have several chains but not equally many, the
    first of each are taken. None if starts are unknown, or fewer than two, or have one chain each.
    """
    if superchains is None:
        return None
    ids, kept = equal_superchains(superchains)
    if len(np.unique(ids)) < 2 or len(ids) == len(np.unique(ids)):
        return None
    columns = scalars(draws)
    if not columns:
        return None
    values = np.stack(list(columns.values()), axis=2)[kept]
    return pd.DataFrame({"r_hat_nested": nested_r_hat(values, ids)}, index=pd.Index(list(columns), name="quantity"))


def nested_r_hat(values: FloatArray, superchains: IntArray) -> FloatArray:
    """Rank-normalised nested R-hat of draws (C, S, quantities); inf where no chain moves but superchains differ."""
    dataset = xr.Dataset({"value": (("chain", "draw", "quantity"), values)})
    with np.errstate(divide="ignore", invalid="ignore"):
        found = az.rhat_nested(dataset, superchain_ids=superchains)["value"].values
    return np.where(np.isfinite(found), found, np.inf)


def equal_superchains(superchains: IntArray) -> tuple[IntArray, IntArray]:
    """Superchains numbered from 0 with as many chains each as the smallest has, and the positions of those chains."""
    _, numbers, counts = np.unique(superchains, return_inverse=True, return_counts=True)
    kept = np.sort(np.concatenate([np.flatnonzero(numbers == n)[: counts.min()] for n in range(len(counts))]))
    return numbers[kept].astype(np.int64), kept.astype(np.int64)


def with_superchains(posterior: Posterior, superchains: ArrayLike) -> Posterior:
    """The posterior with the number of each chain's start, (C,), in place of the sampler's.

    For starts that the sampler takes for different ones: copies of one optimum under other labels, points about one
    mode. Raises ValueError for another shape.
    """
    ids = np.asarray(superchains)
    if ids.shape != (posterior.n_chains,) or ids.dtype.kind not in "iu":
        raise ValueError(f"superchains must be one whole number for each of {posterior.n_chains} chains")
    tree = posterior.tree.copy()
    constant = tree["constant_data"].to_dataset() if "constant_data" in tree.children else xr.Dataset()
    tree["constant_data"] = xr.DataTree(constant.assign({SUPERCHAIN: (("chain",), ids.astype(np.int64))}))
    return Posterior(tree, posterior.structure)
