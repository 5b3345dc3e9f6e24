"""The posterior of a Gaussian mixture: an ArviZ DataTree, and what is needed to read it as mixtures."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from bayesian import tree as reading
from bayesian.draws import log_likelihoods
from bayesian.permuting import permute_variable, relabel_integers
from bayesian.predictive import log_likelihood_group, predictive_group, prior_group
from bayesian.priors.prior import Prior
from bayesian.relabelling.orders import as_orders
from bayesian.tree import ALLOCATIONS, DATA, DIMENSIONS, SUPERCHAIN
from mixture import GaussianMixture
from mixture.arrays import FloatArray, IntArray, as_points
from mixture.seeding import as_generator
from mixture.storage import write_whole

UNPERMUTED = {"unconstrained_posterior", "warmup_unconstrained_posterior"}
"""Groups whose values belong to components but cannot be permuted: a simplex has one unconstrained value fewer."""


@dataclass(frozen=True, eq=False)
class Posterior:
    """Draws theta_cs ~ p(theta | X), each of them a Gaussian mixture.

    tree: the DataTree. Group posterior holds `weights` (chain, draw, component), `means` (chain, draw, component,
        feature), dense `covariances` (chain, draw, component, feature, feature_other) in squared data units, and
        whatever else was sampled. Group sample_stats holds `log_likelihood` (chain, draw): the total log p(X | theta)
        of each draw in nats. Group observed_data (or constant_data) holds the data as `x`.
    structure: the covariance structure the draws belong to, by name.

    Raises ValueError if a group or variable is missing, dimensions are wrong, a draw is NaN or infinite, weights leave
    the simplex, or covariances are not positive definite or not of the structure.
    """

    tree: xr.DataTree
    structure: str

    def __post_init__(self) -> None:
        reading.check_variables(self.tree)
        reading.check_structure(reading.values(self.tree, "covariances"), self.structure)
        reading.check_log_likelihood(self.tree)

    @classmethod
    def from_tree(cls, tree: xr.DataTree, structure: str) -> "Posterior":
        """A posterior from a sampler's DataTree; the total log-likelihood is computed where it is missing.

        Variables of Python objects (a sampler's messages) are left out: a file could not hold them.
        """
        draft = tree.map_over_datasets(_without_objects)
        if "sample_stats" not in draft.children or "log_likelihood" not in draft["sample_stats"]:
            reading.check_variables(draft)
            totals = _log_likelihood(draft)
            stats = draft["sample_stats"].to_dataset() if "sample_stats" in draft.children else xr.Dataset()
            draft["sample_stats"] = xr.DataTree(stats.assign(log_likelihood=(("chain", "draw"), totals)))
        return cls(draft, structure)

    @classmethod
    def from_arrays(
        cls,
        weights: ArrayLike,
        means: ArrayLike,
        covariances: ArrayLike,
        data: ArrayLike,
        *,
        structure: str = "full",
        log_likelihood: ArrayLike | None = None,
        log_posterior: ArrayLike | None = None,
    ) -> "Posterior":
        """A posterior from weights (C, S, K), means (C, S, K, D), dense covariances (C, S, K, D, D) and data (N, D).

        log_likelihood (C, S): total log p(X | theta) of each draw in nats, computed when it is not given.
        log_posterior (C, S): log p(theta | X) up to a constant, stored as sample_stats `lp`.
        """
        arrays = {
            "weights": np.asarray(weights, dtype=np.float64),
            "means": np.asarray(means, dtype=np.float64),
            "covariances": np.asarray(covariances, dtype=np.float64),
        }
        points = as_points(data)
        reading.check_shapes(arrays, points.shape[1])
        n_chains, n_draws, n_components, n_features = arrays["means"].shape
        sizes = {"chain": n_chains, "draw": n_draws, "component": n_components, "feature": n_features}
        coords = {name: np.arange(size) for name, size in sizes.items()}
        variables = {name: (DIMENSIONS[name], values) for name, values in arrays.items()}
        variances = np.diagonal(arrays["covariances"], axis1=-2, axis2=-1)
        scales = np.sqrt(np.clip(variances, 0.0, None))  # a variance below zero is refused by the checks
        variables["scales"] = (DIMENSIONS["means"], scales)
        given = {"log_likelihood": log_likelihood, "lp": log_posterior}
        stats = {
            name: (("chain", "draw"), np.asarray(values, dtype=np.float64))
            for name, values in given.items()
            if values is not None
        }
        for name, (_, values) in stats.items():
            if values.shape != (n_chains, n_draws):
                raise ValueError(f"{name} has shape {values.shape}, not (chains, draws) = {(n_chains, n_draws)}")
        groups = {
            "posterior": xr.Dataset(variables, coords={**coords, "feature_other": coords["feature"]}),
            "sample_stats": xr.Dataset(stats, coords={name: coords[name] for name in ("chain", "draw")}),
            "observed_data": xr.Dataset({DATA: (("sample", "feature"), points)}, coords={"feature": coords["feature"]}),
        }
        return cls.from_tree(xr.DataTree.from_dict(groups), structure)

    @property
    def weights(self) -> FloatArray:
        """pi, (C, S, K)."""
        return reading.values(self.tree, "weights")

    @property
    def means(self) -> FloatArray:
        """mu, (C, S, K, D), in data units."""
        return reading.values(self.tree, "means")

    @property
    def covariances(self) -> FloatArray:
        """Sigma, dense whatever the structure, (C, S, K, D, D), in squared data units."""
        return reading.values(self.tree, "covariances")

    @property
    def log_likelihood(self) -> FloatArray:
        """log p(X | theta) of each draw, a sum over the points, (C, S), in nats."""
        stats = self.tree["sample_stats"]["log_likelihood"]
        return np.asarray(stats.transpose("chain", "draw").values, dtype=np.float64)

    @property
    def data(self) -> FloatArray:
        """The data X, (N, D)."""
        return reading.data(self.tree)

    @property
    def superchains(self) -> IntArray | None:
        """The number of the start each chain had, (C,): chains of one number are a superchain; None if unknown."""
        if "constant_data" not in self.tree.children or SUPERCHAIN not in self.tree["constant_data"].data_vars:
            return None
        return np.asarray(self.tree["constant_data"][SUPERCHAIN].values, dtype=np.int64)

    @property
    def n_chains(self) -> int:
        """C."""
        return int(self.tree["posterior"].sizes["chain"])

    @property
    def n_draws(self) -> int:
        """S, the draws of each chain."""
        return int(self.tree["posterior"].sizes["draw"])

    @property
    def n_components(self) -> int:
        """K."""
        return int(self.tree["posterior"].sizes["component"])

    @property
    def n_features(self) -> int:
        """D."""
        return int(self.tree["posterior"].sizes["feature"])

    def mixture(self, chain: int, draw: int) -> GaussianMixture:
        """The mixture of one draw, in the posterior's own structure; chain and draw are positions from 0."""
        return GaussianMixture(
            weights=self.weights[chain, draw],
            means=self.means[chain, draw],
            covariances=reading.stored_covariances(self.covariances[chain, draw], self.structure),
            structure=self.structure,
        )

    def permute(self, permutations: ArrayLike) -> "Posterior":
        """New component k of draw (c, s) is its old component permutations[c, s, k].

        Every variable of group posterior with the dimension `component` is permuted, and the allocations `z`, integer
        labels, follow by the inverse permutation. Unconstrained values are not permuted: their groups are left out of
        the result.
        permutations (C, S, K). Raises ValueError if the shape is another or an entry is no permutation.
        """
        shape = (self.n_chains, self.n_draws, self.n_components)
        orders = as_orders(permutations, shape)
        tree = self.tree.copy()
        posterior = tree["posterior"].to_dataset()
        permuted = {
            name: permute_variable(variable, orders)
            for name, variable in posterior.data_vars.items()
            if "component" in variable.dims
        }
        if ALLOCATIONS in posterior:
            permuted[ALLOCATIONS] = relabel_integers(posterior[ALLOCATIONS], orders)
        tree["posterior"] = xr.DataTree(posterior.assign(permuted))
        for group in UNPERMUTED & set(tree.children):
            del tree[group]
        return Posterior(tree, self.structure)

    def thin(self, step: int) -> "Posterior":
        """Every step-th draw of each chain, in every group; raises ValueError if step is below 1."""
        if step < 1:
            raise ValueError(f"step must be at least 1 (every draw), not {step}")

        def kept(dataset: xr.Dataset) -> xr.Dataset:
            return dataset.isel(draw=slice(None, None, step)) if "draw" in dataset.dims else dataset

        return Posterior(self.tree.map_over_datasets(kept), self.structure)

    def with_log_likelihood(self) -> "Posterior":
        """With the group log_likelihood: log p(x_n | theta) of each point and draw, (chain, draw, obs), for `az.loo`.

        Like the methods below, raises ValueError if the group would be too large, naming the thinning that fits.
        """
        obs = str(reading.observed(self.tree).dims[0])
        group = log_likelihood_group(self.data, self.weights, self.means, self.covariances, obs)
        return self._with(log_likelihood=group)

    def with_predictive(self, rng: int | np.random.Generator | None = None) -> "Posterior":
        """With the group posterior_predictive: for each draw as many new points as there are data."""
        return self._with(posterior_predictive=self._new_points(rng, self.weights, self.means, self.covariances))

    def with_prior(self, prior: Prior, draws: int = 1000, rng: int | np.random.Generator | None = None) -> "Posterior":
        """With the groups prior, draws of the parameters, and prior_predictive, for each as many points as data."""
        generator = as_generator(rng)
        group = prior_group(prior, self.n_components, self.n_features, self.structure, draws, generator)
        points = self._new_points(generator, *(np.asarray(group[name].values) for name in DIMENSIONS))
        return self._with(prior=group, prior_predictive=points)

    def _new_points(
        self,
        rng: int | np.random.Generator | None,
        weights: FloatArray,
        means: FloatArray,
        covariances: FloatArray,
    ) -> xr.Dataset:
        obs = str(reading.observed(self.tree).dims[0])
        generator = as_generator(rng)
        points = predictive_group(len(self.data), weights, means, covariances, generator, obs)
        return points.assign_coords(feature=self.tree["posterior"].coords["feature"].values)

    def _with(self, **groups: xr.Dataset) -> "Posterior":
        tree = self.tree.copy()
        for name, group in groups.items():
            tree[name] = xr.DataTree(group)
        return Posterior(tree, self.structure)

    def equals(self, other: "Posterior") -> bool:
        """Whether structure, groups, variables and every value are the same (attributes are not compared)."""
        return self.structure == other.structure and self.tree.equals(other.tree)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write to one netCDF4 file, whole or not at all. Columns of Python objects (sampler messages) are left out."""
        tree = self.tree.map_over_datasets(_without_objects)
        tree.attrs = {**self.tree.attrs, "structure": self.structure}
        write_whole(Path(path), bytes(tree.to_netcdf(engine="h5netcdf")))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Posterior":
        """Read what `save` wrote. Raises ValueError if the file holds no posterior of a mixture."""
        with xr.open_datatree(path, engine="h5netcdf") as stored:
            tree = stored.load().copy()
        structure = tree.attrs.pop("structure", None)
        if structure is None:
            raise ValueError(f"{Path(path).name} holds no posterior saved by Posterior.save: it names no structure")
        return cls(tree, str(structure))


def _log_likelihood(tree: xr.DataTree) -> FloatArray:
    """log p(X | theta) of each draw of a tree, (C, S), in nats."""
    weights, means, covariances = (reading.values(tree, name) for name in DIMENSIONS)
    flat = (draws.reshape(-1, *draws.shape[2:]) for draws in (weights, means, covariances))
    return log_likelihoods(reading.data(tree), *flat).reshape(weights.shape[:2])


def _without_objects(dataset: xr.Dataset) -> xr.Dataset:
    return dataset.drop_vars([name for name, values in dataset.data_vars.items() if values.dtype == object])
