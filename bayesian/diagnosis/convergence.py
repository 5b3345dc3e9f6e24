"""Convergence of draws: R-hat and effective sample sizes (ArviZ), and chains that sit in different places."""

from collections.abc import Hashable

import arviz as az
import numpy as np
import pandas as pd
import xarray as xr

from mixture.arrays import FloatArray

MIN_DRAWS = 8
"""Fewest draws a chain needs: its halves, and for a single chain their halves, are compared."""

CONSTANT = 1e-12
"""Draws that spread less than this, relative to their size, are constant: rounding, not sampling."""

SEPARATED = 0.95
"""Two sets of draws lie apart if one is the larger in this share of all pairs. Chains of one place come to it by chance
only if they are worth fewer than some 15 effective draws each, and then their halves lie apart as well."""

COLUMNS = ("mean", "sd", "r_hat", "r_hat_split", "ess_bulk", "ess_tail")
"""Columns of `convergence_table`."""


def convergence_table(draws: xr.Dataset) -> pd.DataFrame:
    """One row per scalar of the variables (chain, draw, ...), named as in `means[0, 1]`, with the COLUMNS.

    r_hat: the larger of rank-normalised split and folded R-hat (Vehtari et al. 2021, Bayesian Analysis 16:667).
    r_hat_split: split R-hat of the draws themselves, as older programs print it; it grows without bound where
    r_hat cannot. ess_bulk, ess_tail: effective draws, over all chains. A single chain is cut into halves that are
    compared as two chains. Scalars that are constant over all draws, and the upper triangle of covariances, are left
    out: there is nothing to converge.
    """
    columns = scalars(draws)
    if not columns:
        return pd.DataFrame(columns=list(COLUMNS), dtype=np.float64)
    names = list(columns)
    values = np.stack(list(columns.values()), axis=2)  # (C, S, quantities)
    return pd.DataFrame(
        {
            "mean": values.mean(axis=(0, 1)),
            "sd": values.std(axis=(0, 1), ddof=1),
            "r_hat": r_hat(values, "rank"),
            "r_hat_split": r_hat(values, "split"),
            "ess_bulk": _ess(values, "bulk"),
            "ess_tail": _ess(values, "tail"),
        },
        index=pd.Index(names, name="quantity"),
    )


def r_hat(values: FloatArray, method: str) -> FloatArray:
    """R-hat of draws (C, S, quantities) by ArviZ's `method`; a chain that never moves beside others gives inf."""
    if values.shape[0] == 1:
        half = values.shape[1] // 2
        values = np.concatenate([values[:, :half], values[:, half : 2 * half]])
    with np.errstate(divide="ignore", invalid="ignore"):  # chains that are constant: 0 within them
        found = np.asarray(az.rhat(_dataset(values), method=method)["value"].values, dtype=np.float64)
    return np.where(np.isfinite(found), found, np.inf)


def _ess(values: FloatArray, method: str) -> FloatArray:
    found = np.asarray(az.ess(_dataset(values), method=method)["value"].values, dtype=np.float64)
    return np.where(np.isfinite(found), found, 0.0)


def _dataset(values: FloatArray) -> xr.Dataset:
    return xr.Dataset({"value": (("chain", "draw", "quantity"), values)})


def scalars(draws: xr.Dataset) -> dict[str, FloatArray]:
    """Each scalar that varies, (C, S), by name."""
    found: dict[str, FloatArray] = {}
    for name, variable in draws.data_vars.items():
        values = np.asarray(variable.transpose("chain", "draw", ...).values, dtype=np.float64)
        triangle = variable.dims[-2:] == ("feature", "feature_other")
        for index in np.ndindex(values.shape[2:]):
            scalar = values[(slice(None), slice(None), *index)]
            if (triangle and index[-1] > index[-2]) or is_constant(scalar):
                continue
            found[_label(name, index)] = scalar
    return found


def _label(name: Hashable, index: tuple[int, ...]) -> str:
    return f"{name}[{', '.join(map(str, index))}]" if index else str(name)


def is_constant(values: FloatArray) -> bool:
    """Whether draws do not vary beyond rounding."""
    return bool(np.ptp(values) <= CONSTANT * np.abs(values).max())


def separated(first: FloatArray, second: FloatArray) -> bool:
    """Whether draws (S,) and (S',) lie apart: P(one is larger) >= SEPARATED, ties counted half."""
    ranked = np.sort(second)
    below = np.searchsorted(ranked, first, side="left") + np.searchsorted(ranked, first, side="right")
    share = below.mean() / (2.0 * len(ranked))
    return bool(max(share, 1.0 - share) >= SEPARATED)


def separated_groups(draws: xr.Dataset) -> tuple[tuple[int, ...], ...]:
    """Chains, by position, that no quantity of (chain, draw, ...) variables tells apart, directly or through others."""
    quantities = list(scalars(draws).values())
    n_chains = draws.sizes["chain"]
    group = list(range(n_chains))
    for i in range(n_chains):
        for j in range(i):
            if not any(separated(scalar[i], scalar[j]) for scalar in quantities):
                group = [group[j] if label == group[i] else label for label in group]
    return tuple(tuple(c for c in range(n_chains) if group[c] == label) for label in dict.fromkeys(group))


def moving_chains(draws: xr.Dataset) -> tuple[int, ...]:
    """Chains, by position, whose first and second half some quantity tells apart: they are still on their way."""
    quantities = list(scalars(draws).values())
    half = draws.sizes["draw"] // 2
    return tuple(
        chain
        for chain in range(draws.sizes["chain"])
        if any(separated(scalar[chain, :half], scalar[chain, half:]) for scalar in quantities)
    )
