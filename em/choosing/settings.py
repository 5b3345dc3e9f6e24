"""The settings of a choice, checked before anything is fitted."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from em.sources import InMemory
from em.starts import start_named
from mixture import FAMILIES, ConjugatePrior, structure_named
from mixture.arrays import as_whole_number

type PriorOfK = bool | Callable[[int], ConjugatePrior]
"""Whether to take the prior of Fraley & Raftery, or a function from K to the prior."""


def as_counts(n_components: int | Sequence[int]) -> list[int]:
    """Numbers of components, each once, from one whole number or several; raises ValueError for anything else."""
    given = np.atleast_1d(n_components) if isinstance(n_components, np.ndarray) else n_components
    several = given if isinstance(given, Iterable) and not isinstance(given, str) else [given]
    counts = dict.fromkeys(as_whole_number(k, "n_components", least=1) for k in several)
    if not counts:
        raise ValueError("nothing to choose from: give at least one number of components")
    return list(counts)


def as_structure_names(structures: str | Sequence[str] | None, n_features: int) -> list[str]:
    """Our names of the structures, each once; None for all that differ. Raises ValueError for anything else."""
    if structures is None:
        return ["tied", "full"] if n_features == 1 else [family.name for family in FAMILIES]
    names = _as_names(structures, "structures", "of covariance structures, such as ('full', 'tied')")
    if not names:
        raise ValueError("nothing to choose from: give at least one covariance structure")
    return list(dict.fromkeys(structure_named(name).name for name in names))


def as_start_names(starts: str | Sequence[str]) -> tuple[str, ...]:
    """Names of `em.STARTS`, a bare one as one start; raises ValueError for anything else.

    Mixtures and allocations have one K and one structure: they are starts of one model, not of several.
    """
    names = _as_names(starts, "starts", "of starts, such as ('k-means++', 'short runs'), for they serve several models")
    if not names:
        raise ValueError("starts is empty: name at least one kind of start, or leave it out")
    return tuple(start_named(name).name for name in names)


def as_priors(prior: PriorOfK, counts: Sequence[int], source: InMemory) -> dict[int, ConjugatePrior]:
    """The prior of each K; empty if there is to be none.

    Raises ValueError if `prior` is neither True, False nor a function, if the function gives something else than a
    prior for these data, and if the data have no covariance matrix to take the prior of Fraley & Raftery from.
    """
    if isinstance(prior, bool | np.bool_):
        return {k: _fraley_raftery(k, source) for k in counts} if prior else {}
    if not callable(prior):
        raise ValueError(
            "prior must be True (that of Fraley & Raftery), False, or a function from K to a ConjugatePrior, not"
            f" {type(prior).__name__}: for the same prior whatever K is, hand in lambda n_components: prior"
        )
    priors = {k: prior(k) for k in counts}
    for k, given in priors.items():
        if not isinstance(given, ConjugatePrior):
            raise ValueError(f"prior({k}) must give a ConjugatePrior, not {type(given).__name__}")
        if given.mean.size != source.n_features:
            raise ValueError(
                f"prior({k}) is for {given.mean.size} features, but the data have {source.n_features} columns"
            )
    return priors


def _fraley_raftery(n_components: int, source: InMemory) -> ConjugatePrior:
    try:
        return ConjugatePrior.fraley_raftery(source.points, n_components, weights=source.given_weights)
    except ValueError as error:
        raise ValueError(
            f"prior=True takes its scale from the covariance matrix of the data, which do not have one: {error}. Leave"
            " out the prior, or hand in a function from K to a ConjugatePrior."
        ) from error


def _as_names(names: object, what: str, kind: str) -> list[str]:
    several = [names] if isinstance(names, str) else names
    if not isinstance(several, Iterable):
        raise ValueError(f"{what} must be a name or names {kind}, not {names!r}")
    found = list(several)
    for name in found:
        if not isinstance(name, str):
            raise ValueError(f"{what} must be names {kind}, not {type(name).__name__}")
    return found
