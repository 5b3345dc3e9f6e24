"""Numbers of a mixture that are ranked: of truth and draws by the same function of parameters and data, or not at all.

Three kinds. Label-invariant ones do not see labels. Ordered ones are parameters of components sorted by the first
feature's mean: sorting is a function of the parameters alone. Relabelled ones are parameters after a relabelling method
looked at the truth and the draws together, the truth one of them; see `pooled`.
"""

import numpy as np

from bayesian.draws import log_densities, log_likelihoods
from bayesian.mixture_draws import MixtureDraws
from bayesian.relabelling.methods import method_named
from bayesian.relabelling.task import Task
from mixture.arrays import FloatArray, IntArray
from mixture.covariance import linear_structure_named

INVARIANT, ORDERED, RELABELLED = "invariant", "ordered", "relabelled"
KINDS = (INVARIANT, ORDERED, RELABELLED)

type Draws = tuple[FloatArray, FloatArray, FloatArray]
"""Weights (T, K), means (T, K, D), dense covariances (T, K, D, D)."""


def quantities(draws: Draws, x: FloatArray, places: FloatArray, structure: str, method: str) -> dict[str, FloatArray]:
    """Every quantity of T mixtures, given the data x (N, D), by "kind: name", (T,) each.

    places (P, D): where log densities are looked at; they must not depend on which mixture is the truth.
    method: a relabelling of `bayesian.relabel`, none of whose arguments says which of the mixtures is the truth.
    """
    invariant = label_invariant(draws, x, places)
    ordered = component_parameters(sorted_by_first_mean(draws), structure)
    relabelled = component_parameters(pooled(draws, x, method), structure)
    several = draws[0].shape[1] > 1
    named = ((INVARIANT, invariant), (ORDERED, ordered), *(((RELABELLED, relabelled),) if several else ()))
    return {f"{kind}: {name}": values for kind, found in named for name, values in found.items()}


def label_invariant(draws: Draws, x: FloatArray, places: FloatArray) -> dict[str, FloatArray]:
    """log p(X | theta), which alone sees whether all data were used; log densities, moments, the largest weight.

    Source for quantities that depend on the data: Modrak et al. 2025, Bayesian Analysis 20:461.
    """
    weights, means, covariances = draws
    overall = np.einsum("tk,tkd->td", weights, means)
    within = np.einsum("tk,tkdd->t", weights, covariances)
    between = np.einsum("tk,tkd->t", weights, np.square(means - overall[:, None]))
    found = {"log-likelihood": log_likelihoods(x, *draws)}
    for number, column in enumerate(log_densities(places, *draws).T, start=1):
        found[f"log density {number}"] = column
    found["mean of the mixture"] = overall[:, 0]
    found["trace of its covariance"] = within + between
    if weights.shape[1] > 1:
        found["largest weight"] = weights.max(axis=1)
    return found


def component_parameters(draws: Draws, structure: str) -> dict[str, FloatArray]:
    """weight k, mean k.d, sd k.d, correlation k, each parameter that the structure has once, (T,); k and d from 1."""
    weights, means, covariances = draws
    form = linear_structure_named(structure)
    k, d = means.shape[1:]
    sds = np.sqrt(np.diagonal(covariances, axis1=-2, axis2=-1))
    found = {f"weight {j + 1}": weights[:, j] for j in range(k - 1)}
    found |= {f"mean {j + 1}.{i + 1}": means[:, j, i] for j in range(k) for i in range(d)}
    of_features = d if form.element_shape(d) else 1
    for j in range(1 if form.shared else k):
        found |= {f"sd {j + 1}.{i + 1}": sds[:, j, i] for i in range(of_features)}
        if not form.diagonal and d > 1:
            found[f"correlation {j + 1}"] = covariances[:, j, 0, 1] / (sds[:, j, 0] * sds[:, j, 1])
    return found


def sorted_by_first_mean(draws: Draws) -> Draws:
    """Each mixture with its components in ascending order of the first feature's mean."""
    return _permuted(draws, np.argsort(draws[1][:, :, 0], axis=1, kind="stable"))


def pooled(draws: Draws, x: FloatArray, method: str) -> Draws:
    """The mixtures relabelled together, the truth among them.

    Given the data, truth and independent draws from the posterior are exchangeable; so are they after a relabelling
    that treats its mixtures alike, and the rank of the truth stays uniform. Relabelling the draws towards the truth
    would not do: in several features it pulls the draws to the truth, and ranks crowd in the middle. A pivot taken from
    the draws alone would not do either, for the truth had no chance to be it. Components are sorted first, so that the
    labels in which a chain happened to stay do not enter.
    """
    weights, means, covariances = sorted_by_first_mean(draws)
    together = MixtureDraws.of(weights, means, covariances=covariances, data=x)
    return _permuted((weights, means, covariances), method_named(method).find(Task(together)).permutations)


def _permuted(draws: Draws, orders: IntArray) -> Draws:
    weights, means, covariances = draws
    return (
        np.take_along_axis(weights, orders, axis=1),
        np.take_along_axis(means, orders[:, :, None], axis=1),
        np.take_along_axis(covariances, orders[:, :, None, None], axis=1),
    )
