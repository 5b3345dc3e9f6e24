"""No model may fit worse than a simpler one that it contains: checked, and mended by climbing from the simpler one."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from em.fit import EMFit
from em.objective import Objective
from em.optima import SAME_OPTIMUM
from em.sources import Source
from em.steps import SingularComponent, m_step
from mixture import STRUCTURES, ConjugatePrior, Covariance, GaussianMixture

SPLIT_DISTANCE = 0.5
"""How far apart the halves of a split component are put, in its standard deviations."""


def simpler_structures(structure: Covariance) -> tuple[Covariance, ...]:
    """Of the six closed-form structures those contained in this one, without those contained in another of them."""
    inside = [other for other in STRUCTURES if other.name != structure.name and structure.contains(other)]
    return tuple(one for one in inside if not any(other is not one and other.contains(one) for other in inside))


def check_nested(mixture: GaussianMixture, structure: Covariance, n_components: int, n_features: int) -> None:
    """Refuse a mixture that is not of a model inside the one of this structure, K and D, saying in what it differs."""
    if mixture.n_features != n_features:
        raise ValueError(f"a simpler model has D = {mixture.n_features} features, but the data have {n_features}")
    if n_components - mixture.n_components not in (0, 1):
        raise ValueError(
            f"a model of {n_components} components is not checked against one of {mixture.n_components}: a simpler"
            f" model must have {n_components}" + (f" or {n_components - 1}" if n_components > 1 else "")
        )
    inner = mixture.covariance_structure
    if not structure.contains(inner):
        raise ValueError(
            f"the structure {structure.name} ({structure.mclust}) does not contain {inner.name} ({inner.mclust}): that"
            " is no simpler model"
        )


def embedded(mixture: GaussianMixture, structure: Covariance, n_components: int) -> tuple[GaussianMixture, ...]:
    """Mixtures of a larger model at or beside one of a smaller model that it contains.

    With as many components there is one, the same density. With one component more, each component in turn is split in
    two halves along its longest axis; the last entry splits without moving, which leaves the density as it is.
    Raises ValueError if the larger model does not contain the smaller, or has more than one component more.
    """
    check_nested(mixture, structure, n_components, mixture.n_features)
    covariances = structure.embed(mixture.dense_covariances, mixture.covariance_structure)
    same = GaussianMixture(mixture.weights, mixture.means, covariances, structure.name)
    extra = n_components - mixture.n_components
    if extra == 0:
        return (same,)
    largest = int(mixture.weights.argmax())
    halves = [_split(same, structure, k, SPLIT_DISTANCE) for k in range(mixture.n_components)]
    return (*halves, _split(same, structure, largest, 0.0))


def refit_above(
    climb: Callable[[GaussianMixture, str], EMFit],
    source: Source,
    best: EMFit,
    simpler: Sequence[GaussianMixture],
    *,
    prior: ConjugatePrior | None,
    directly_below: bool = True,
) -> tuple[EMFit, ...]:
    """Fits of the model of `best` that start from simpler ones, if it lies below one of them; usually none.

    Held against it are the given mixtures and, if `directly_below`, each closed-form structure directly below its own,
    fitted from where it ended.
    Each refit says in its notes which simpler model lay above, and by how much.
    climb is EM of the larger model (or of the smaller, for a start that has its structure) from a start with a name.
    """
    structure, k = best.mixture.covariance_structure, best.mixture.n_components
    refits: list[EMFit] = []
    level = best.value

    def look_at(candidate: GaussianMixture, value: float) -> None:
        nonlocal level
        if value <= level + SAME_OPTIMUM:
            return
        name = f"nested model ({candidate.structure}, K = {candidate.n_components})"
        note = (
            f"the best start lay {value - best.value:.6g} nats below the {name}, which this one contains, and was"
            " refitted from it: take more starts"
        )
        for start in embedded(candidate, structure, k):
            refit = climb(start, name)
            refits.append(replace(refit, notes=(*refit.notes, note)))
            if refit.status.usable:
                level = max(level, refit.value)
            if level >= value - SAME_OPTIMUM and candidate.n_components == k:
                return

    for mixture in simpler:
        look_at(mixture, Objective(source, mixture.structure, prior=prior).evaluate(mixture).value)
    if directly_below and prior is None:  # with a prior, the density of the simpler model is not that of the larger
        for below in simpler_structures(structure):
            fitted = _fitted_below(climb, source, best.mixture, below)
            if fitted is not None and fitted.status.usable:
                look_at(fitted.mixture, fitted.value)
    return tuple(refits)


def _fitted_below(
    climb: Callable[[GaussianMixture, str], EMFit], source: Source, mixture: GaussianMixture, structure: Covariance
) -> EMFit | None:
    """EM of a simpler structure, from the complete-data maximum at the responsibilities of `mixture`."""
    dense = GaussianMixture(mixture.weights, mixture.means, mixture.dense_covariances, "full")
    statistics = source.statistics(dense)
    if structure.diagonal:
        statistics = statistics.uncorrelated
    try:
        return climb(m_step(statistics, structure=structure.name), "nested model")
    except SingularComponent:
        return None


def _split(mixture: GaussianMixture, structure: Covariance, k: int, distance: float) -> GaussianMixture:
    values, vectors = np.linalg.eigh(mixture.dense_covariances[k])
    step = 0.5 * distance * np.sqrt(values[-1]) * vectors[:, -1]
    weights = np.append(mixture.weights, 0.5 * mixture.weights[k])
    weights[k] *= 0.5
    means = np.vstack([mixture.means, mixture.means[k] + step])
    means[k] -= step
    dense = np.concatenate([mixture.dense_covariances, mixture.dense_covariances[k : k + 1]])
    return GaussianMixture(weights, means, structure.store(dense), structure.name)
