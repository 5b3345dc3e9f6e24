"""Anybody's tree as a Posterior, for whatever looks at one."""

import xarray as xr
from numpy.typing import ArrayLike

from bayesian.foreign.layout import Source
from bayesian.foreign.reading import DEFAULT_SCALES, find_data, read_draws, sampler_stats, spread_by_form
from bayesian.permuting import SAMPLE_DIMS
from bayesian.posterior import Posterior


def posterior_of_datatree(
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
) -> Posterior:
    """A tree of somebody's Gaussian mixture as a Posterior of full covariances, for `relabel`, `diagnose` and the rest.

    Arguments and errors as in `relabel_datatree`. Of sample_stats the log posterior and the divergences are kept.
    """
    spread = spread_by_form(scales, variances, covariances, precisions, cholesky)
    draws = read_draws(tree, weights, means, spread, component_dim=component_dim)
    points = find_data(tree, data, draws.means.shape[3])
    posterior = Posterior.from_arrays(draws.weights, draws.means, draws.covariances, points)
    kept = sampler_stats(tree)
    if not kept:
        return posterior
    completed = posterior.tree.copy()
    stats = {name: (SAMPLE_DIMS, values) for name, values in kept.items()}
    completed["sample_stats"] = xr.DataTree(posterior.tree["sample_stats"].to_dataset().assign(stats))
    return Posterior(completed, posterior.structure)
