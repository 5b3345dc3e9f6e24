"""Groups of a posterior that are made on demand, in ArviZ's names and dimensions.

    log_likelihood          log p(x_n | theta_cs)             (chain, draw, obs)
    posterior_predictive    N new points x ~ p(x | theta_cs)  (chain, draw, obs, feature)
    prior                   theta_s ~ p(theta)                one chain
    prior_predictive        N new points x ~ p(x | theta_s)   one chain

They are as large as draws times points: what exceeds `LARGEST_GROUP` is refused.
"""

from typing import Any

import numpy as np
import xarray as xr

from bayesian.draws import CHUNK_VALUES, log_densities
from bayesian.priors.prior import Prior
from bayesian.tree import DATA, DIMENSIONS
from mixture.arrays import FloatArray, as_whole_number

LARGEST_GROUP = 2 * 2**30
"""Bytes of the largest group that is made."""


def log_likelihood_group(
    x: FloatArray, weights: FloatArray, means: FloatArray, covariances: FloatArray, obs: str = "obs"
) -> xr.Dataset:
    """Pointwise log p(x_n | theta_cs), natural logarithms, as `x`: what leave-one-out cross-validation reads.

    x (N, D), weights (C, S, K), means (C, S, K, D), dense covariances (C, S, K, D, D). Raises ValueError if it were
    larger than `LARGEST_GROUP`.
    """
    shape = (*weights.shape[:2], len(x))
    _check_size("log_likelihood", shape)
    values = log_densities(x, *_flat(weights, means, covariances)).reshape(shape)
    return xr.Dataset({DATA: (("chain", "draw", obs), values)}, coords=_sampled(shape))


def predictive_group(
    n_samples: int,
    weights: FloatArray,
    means: FloatArray,
    covariances: FloatArray,
    rng: np.random.Generator,
    obs: str = "obs",
) -> xr.Dataset:
    """n_samples new points from the mixture of each draw, as `x`. Shapes and errors as in `log_likelihood_group`."""
    shape = (*weights.shape[:2], n_samples, means.shape[-1])
    _check_size("predictive", shape)
    values = replicates(n_samples, rng, *_flat(weights, means, covariances)).reshape(shape)
    coords = _sampled(shape) | {"feature": np.arange(shape[3])}
    return xr.Dataset({DATA: (("chain", "draw", obs, "feature"), values)}, coords=coords)


def prior_group(
    prior: Prior, n_components: int, n_features: int, structure: str, n: int, rng: np.random.Generator
) -> xr.Dataset:
    """n draws of the parameters from their prior, as one chain."""
    drawn = prior.draw(n_components, n_features, structure, as_whole_number(n, "the number of draws", least=1), rng)
    variables: dict[str, Any] = {}
    for name, values in drawn.items():
        dims = DIMENSIONS.get(name) or ("chain", "draw", *(f"{name}_{i}" for i in range(values.ndim - 1)))
        variables[name] = (dims, values[None])
    spaces = {"component": n_components, "feature": n_features, "feature_other": n_features}
    coords = {name: np.arange(size) for name, size in spaces.items()}
    return xr.Dataset(variables, coords=_sampled((1, len(drawn["weights"]))) | coords)


def replicates(
    n_samples: int, rng: np.random.Generator, weights: FloatArray, means: FloatArray, covariances: FloatArray
) -> FloatArray:
    """n_samples points from each of T mixtures: (T, n_samples, D), by an allocation and a normal draw each."""
    n_draws, n_components, n_features = means.shape
    roots = np.linalg.cholesky(covariances)
    bounds = np.cumsum(weights, axis=1)[:, None, : n_components - 1]
    result = np.empty((n_draws, n_samples, n_features))
    step = max(1, CHUNK_VALUES // (n_samples * max(n_components, n_features**2)))
    for start in range(0, n_draws, step):
        chunk = slice(start, min(start + step, n_draws))
        size = chunk.stop - start
        allocations = (rng.random((size, n_samples, 1)) > bounds[chunk]).sum(axis=2)
        draw = np.arange(start, chunk.stop)[:, None]
        noise = rng.standard_normal((size, n_samples, n_features))
        spread = (roots[draw, allocations] @ noise[..., None])[..., 0]
        result[chunk] = means[draw, allocations] + spread
    return result


def _flat(*arrays: FloatArray) -> tuple[FloatArray, ...]:
    return tuple(array.reshape(-1, *array.shape[2:]) for array in arrays)


def _sampled(shape: tuple[int, ...]) -> dict[str, Any]:
    return {"chain": np.arange(shape[0]), "draw": np.arange(shape[1])}


def _check_size(name: str, shape: tuple[int, ...]) -> None:
    size = 8 * int(np.prod(shape, dtype=np.float64))
    if size > LARGEST_GROUP:
        step = -(-size // LARGEST_GROUP)
        raise ValueError(
            f"the group {name} of shape {shape} would take {size / 2**30:.1f} GB:"
            f" thin the posterior first, posterior.thin({step})"
        )
