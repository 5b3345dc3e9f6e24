"""What a prior says before any data: draws of the parameters, and of data from them, without a model to compile."""

import numpy as np
import xarray as xr

from bayesian.priors.prior import Prior
from bayesian.tree import DATA, DIMENSIONS
from mixture.arrays import FloatArray, as_whole_number
from mixture.seeding import as_generator

HYPERPARAMETER_DIMENSIONS: dict[str, tuple[str, ...]] = {
    "scale_rate": ("chain", "draw", "feature"),
    "covariance_scale": ("chain", "draw", "feature", "feature_other"),
}


def prior_predictive(
    prior: Prior,
    n_components: int,
    n_features: int,
    structure: str = "full",
    *,
    n_samples: int,
    draws: int = 500,
    rng: int | np.random.Generator | None = None,
) -> xr.DataTree:
    """theta ~ p(theta), x_n | theta ~ sum_k pi_k N(mu_k, Sigma_k), n = 1..n_samples, for each of `draws` draws.

    A tree in ArviZ's form, of one chain: group prior with weights, means, covariances (dense) and what a hierarchy
    adds (`Prior.draw`); group prior_predictive with x (chain, draw, obs, feature). The prior is written in attrs.
    Raises ValueError for an improper prior, one that does not fit the structure, and settings below one.
    """
    count = as_whole_number(draws, "draws", least=1)
    size = as_whole_number(n_samples, "n_samples", least=1)
    generator = as_generator(rng)
    drawn = prior.draw(n_components, n_features, structure, count, generator)
    data = _data(drawn["weights"], drawn["means"], drawn["covariances"], size, generator)
    names = list(range(n_features))
    coords = {"chain": [0], "draw": np.arange(count), "feature": names}
    along = coords | {"component": np.arange(n_components), "feature_other": names}
    of_parameters = {
        name: ((DIMENSIONS | HYPERPARAMETER_DIMENSIONS)[name][: values.ndim + 1], values[None])
        for name, values in drawn.items()
    }
    tree = xr.DataTree.from_dict(
        {
            "prior": xr.Dataset(of_parameters, coords=along),
            "prior_predictive": xr.Dataset(
                {DATA: (("chain", "draw", "obs", "feature"), data[None])}, coords=coords | {"obs": np.arange(size)}
            ),
        }
    )
    tree.attrs = {"prior": str(prior), "structure": structure}
    return tree


def _data(
    weights: FloatArray, means: FloatArray, covariances: FloatArray, n_samples: int, rng: np.random.Generator
) -> FloatArray:
    """(T, n_samples, D): one data set for each of T mixtures.

    Roots are taken of correlation matrices: priors may draw standard deviations of any size.
    """
    n_draws, n_components, n_features = means.shape
    sds = np.sqrt(np.diagonal(covariances, axis1=2, axis2=3))
    roots = np.linalg.cholesky(covariances / (sds[..., :, None] * sds[..., None, :]))
    noise = rng.normal(size=(n_draws, n_samples, n_features))
    data = np.empty_like(noise)
    for t in range(n_draws):
        of = rng.choice(n_components, size=n_samples, p=weights[t])
        data[t] = means[t, of] + sds[t, of] * np.einsum("nij,nj->ni", roots[t, of], noise[t])
    return data
