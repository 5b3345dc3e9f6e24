"""What tests of relabelling share: draws whose labels were switched on purpose, and what it takes to switch back."""

import numpy as np

from bayesian.posterior import Posterior
from mixture import GaussianMixture, match


def random_orders(n_draws, n_components, rng):
    return rng.permuted(np.tile(np.arange(n_components), (n_draws, 1)), axis=1)


def simulated(n_components, n_draws=60, n_chains=2, seed=3, distance=8.0, noise=0.1, n_samples=80):
    """Draws about a bivariate mixture, labels in place and means ascending; the mixture; the true allocation."""
    rng = np.random.default_rng(seed)
    means = distance * np.arange(n_components)[:, None] * np.ones(2)
    truth = GaussianMixture(np.full(n_components, 1 / n_components), means, [np.eye(2)] * n_components)
    x, allocation = truth.draw(n_samples, rng)
    shape = (n_chains, n_draws, n_components)
    scale = rng.uniform(0.8, 1.2, shape)
    posterior = Posterior.from_arrays(
        rng.dirichlet(np.full(n_components, 40.0), shape[:2]),
        means + noise * rng.normal(size=(*shape, 2)),
        scale[..., None, None] * np.array([[1.0, 0.3], [0.3, 1.0]]),
        x,
    )
    return posterior, truth, allocation


def needed(method, truth):
    """The arguments of `relabel` that a method cannot do without."""
    arguments = {
        "climb": lambda mixture: truth.permute(match(truth, mixture)),  # the copy of the mode that lies nearest
        "truth": truth,
    }
    return {name: value for name, value in arguments.items() if name in method.needs}


def separated_probabilities(n_draws, n_components, rng, n_samples=30):
    """Allocation probabilities about a common matrix of nearly sure ones, labels in place; every label is used."""
    labels = np.arange(n_samples) % n_components
    odds = np.exp(rng.normal(scale=0.5, size=(n_draws, n_samples, n_components)))
    odds[:, np.arange(n_samples), labels] *= 50.0
    return odds / odds.sum(axis=2, keepdims=True)


def clouds(n_draws, k, rng, noise=0.3, n_parameters=2):
    """Parameters (T, K, J) about centres a few units apart."""
    return 4.0 * np.arange(k)[:, None] + noise * rng.normal(size=(n_draws, k, n_parameters))
