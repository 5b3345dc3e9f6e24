"""The same mixtures as PyMC users write them with stock distributions: what our model is measured against.

pi ~ Dirichlet(1, .., 1)    mu_kd ~ N(mean of feature d, 2 of its sds)    sd_kd ~ LogNormal(0, 1)    R_k ~ LKJ(2)
"""

import numpy as np
import pymc as pm
import pytensor.tensor as pt

import bayesian

ETA = 2.0


def simulated(n_samples: int, n_components: int, n_features: int, seed: int = 0) -> np.ndarray:
    """Points of well separated unit-variance components, (N, D)."""
    rng = np.random.default_rng(seed)
    centres = 4.0 * rng.standard_normal((n_components, n_features))
    return centres[rng.integers(0, n_components, n_samples)] + rng.standard_normal((n_samples, n_features))


def same_prior(x: np.ndarray) -> bayesian.Prior:
    """The prior of the stock models below as the project says it."""
    return bayesian.Prior(
        bayesian.Normal(x.mean(axis=0), 2.0 * x.std(axis=0)),
        scales=bayesian.LogNormal(0.0, 1.0),
        correlations=bayesian.LKJ(ETA) if x.shape[1] > 1 else None,
    )


def stock_model(x: np.ndarray, n_components: int) -> pm.Model:
    """What a PyMC user writes: `NormalMixture` in one feature, else a list of `MvNormal`."""
    return univariate(x, n_components) if x.shape[1] == 1 else list_of_normals(x, n_components)


def univariate(x: np.ndarray, n_components: int) -> pm.Model:
    """`pm.NormalMixture`."""
    with pm.Model() as model:
        data = pm.Data("data", x[:, 0])
        weights = pm.Dirichlet("weights", np.ones(n_components))
        means = pm.Normal("means", x.mean(), 2.0 * x.std(), shape=n_components)
        sds = pm.LogNormal("sds", 0.0, 1.0, shape=n_components)
        pm.NormalMixture("x", w=weights, mu=means, sigma=sds, observed=data)
    return model


def _root(name: str, n_features: int) -> pt.TensorVariable:
    root, _, _ = pm.LKJCholeskyCov(name, n=n_features, eta=ETA, sd_dist=pm.LogNormal.dist(0.0, 1.0, shape=n_features))
    return root


def list_of_normals(x: np.ndarray, n_components: int) -> pm.Model:
    """`pm.Mixture` of a list of `MvNormal`, a Cholesky factor under `LKJCholeskyCov` for each."""
    n_features = x.shape[1]
    with pm.Model() as model:
        data = pm.Data("data", x)
        weights = pm.Dirichlet("weights", np.ones(n_components))
        means = pm.Normal("means", x.mean(axis=0), 2.0 * x.std(axis=0), shape=(n_components, n_features))
        roots = [_root(f"root_{k}", n_features) for k in range(n_components)]
        components = [pm.MvNormal.dist(mu=means[k], chol=root) for k, root in enumerate(roots)]
        pm.Mixture("x", w=weights, comp_dists=components, observed=data)
    return model


def batched_normal(x: np.ndarray, n_components: int) -> pm.Model:
    """`pm.Mixture` of one batched `MvNormal`, Cholesky factors under `LKJCholeskyCov`."""
    n_features = x.shape[1]
    with pm.Model() as model:
        data = pm.Data("data", x)
        weights = pm.Dirichlet("weights", np.ones(n_components))
        means = pm.Normal("means", x.mean(axis=0), 2.0 * x.std(axis=0), shape=(n_components, n_features))
        roots = pt.stack([_root(f"root_{k}", n_features) for k in range(n_components)])
        pm.Mixture("x", w=weights, comp_dists=pm.MvNormal.dist(mu=means, chol=roots), observed=data)
    return model


def lone_normal() -> pm.Model:
    """A single `pm.Normal`: the floor of any compilation."""
    with pm.Model() as model:
        pm.Normal("mu", 0.0, 1.0)
    return model
