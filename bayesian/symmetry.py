"""Exchangeable components: whether a prior treats them alike, and the exact remedy for a sampler that does not mix.

Under an exchangeable prior p(theta | X) is the same for all K! relabellings of theta. Giving each draw a uniformly
random permutation therefore leaves the posterior as it is, and mixes the labels perfectly. It mixes nothing else:
modes that differ by more than their labels stay as visited as they were. Source: Fruehwirth-Schnatter 2001, JASA
96:194, random permutation sampling.
"""

from collections.abc import Mapping

import numpy as np

from bayesian.posterior import Posterior
from mixture.arrays import FloatArray
from mixture.covariance import linear_structure_named
from mixture.seeding import as_generator

BY_COMPONENT = ("prior_concentration", "prior_means_")
"""How hyperparameters are named whose first axis is the component; those below unless the covariance is shared."""

UNLESS_SHARED = ("prior_scales_", "prior_covariances_", "prior_correlations_")


def asymmetric(arrays: Mapping[str, FloatArray], structure: str) -> list[str]:
    """Names of the hyperparameters (`Prior.arrays`) that differ by component; none for an exchangeable prior."""
    prefixes = BY_COMPONENT if linear_structure_named(structure).shared else BY_COMPONENT + UNLESS_SHARED
    return [name for name, array in arrays.items() if name.startswith(prefixes) and not (array == array[:1]).all()]


def permute_at_random(posterior: Posterior, rng: int | np.random.Generator | None = None) -> Posterior:
    """The posterior with the components of each draw in an order of its own, each of the K! equally probable.

    Exact for an exchangeable posterior, and for nothing else: raises ValueError if the prior among constant_data
    differs by component, or the attributes say that the means were kept in order. A posterior that tells neither is
    taken to be exchangeable.
    """
    constant = posterior.tree["constant_data"].data_vars if "constant_data" in posterior.tree.children else {}
    arrays = {str(name): np.asarray(values) for name, values in constant.items()}
    uneven = asymmetric(arrays, posterior.structure)
    if uneven:
        raise ValueError(
            f"the prior is not exchangeable: {', '.join(uneven)} differ by component, and a permuted draw is none of"
            " its posterior"
        )
    if str(posterior.tree.attrs.get("ordered", False)) == "True":
        raise ValueError("the means were sampled in order: their posterior is not exchangeable")
    shape = (posterior.n_chains, posterior.n_draws, posterior.n_components)
    orders = as_generator(rng).permuted(np.broadcast_to(np.arange(shape[2]), shape), axis=2)
    return posterior.permute(orders)
