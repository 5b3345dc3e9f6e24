"""The same mixtures as PyMC users write them with stock distributions: what our model is measured against."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt


def simulated(n_samples: int, n_components: int, n_features: int, seed: int = 0) -> np.ndarray:
    """Points of well separated unit-variance components, (N, D)."""
    rng = np.random.default_rng(seed)
    centres = 4.0 * rng.standard_normal((n_components, n_features))
    return centres[rng.integers(0, n_components, n_samples)] + rng.standard_normal((n_samples, n_features))


def list_of_normals(x: np.ndarray, n_components: int) -> pm.Model:
    """`pm.Mixture` of a list of `MvNormal`, a Cholesky factor under `LKJCholeskyCov` for each."""
    n_features = x.shape[1]
    with pm.Model() as model:
        data = pm.Data("data", x)
        weights = pm.Dirichlet("weights", np.ones(n_components))
        means = pm.Normal("means", x.mean(axis=0), 2.0 * x.std(axis=0), shape=(n_components, n_features))
        components = []
        for k in range(n_components):
            root, _, _ = pm.LKJCholeskyCov(
                f"root_{k}", n=n_features, eta=2.0, sd_dist=pm.LogNormal.dist(0.0, 1.0, shape=n_features)
            )
            components.append(pm.MvNormal.dist(mu=means[k], chol=root))
        pm.Mixture("x", w=weights, comp_dists=components, observed=data)
    return model


def batched_normal(x: np.ndarray, n_components: int) -> pm.Model:
    """`pm.Mixture` of one batched `MvNormal`, Cholesky factors under `LKJCholeskyCov`."""
    n_features = x.shape[1]
    with pm.Model() as model:
        data = pm.Data("data", x)
        weights = pm.Dirichlet("weights", np.ones(n_components))
        means = pm.Normal("means", x.mean(axis=0), 2.0 * x.std(axis=0), shape=(n_components, n_features))
        roots = pt.stack(
            [
                pm.LKJCholeskyCov(
                    f"root_{k}", n=n_features, eta=2.0, sd_dist=pm.LogNormal.dist(0.0, 1.0, shape=n_features)
                )[0]
                for k in range(n_components)
            ]
        )
        pm.Mixture("x", w=weights, comp_dists=pm.MvNormal.dist(mu=means, chol=roots), observed=data)
    return model


def lone_normal() -> pm.Model:
    """A single `pm.Normal`: the floor of any compilation."""
    with pm.Model() as model:
        pm.Normal("mu", 0.0, 1.0)
    return model
