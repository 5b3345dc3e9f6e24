"""What is sampled: data, number of components, structure, prior and order, checked together."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from bayesian.dispersion import dispersed_starts, prior_starts
from bayesian.priors.prior import Prior
from mixture import GaussianMixture
from mixture.arrays import FloatArray, as_component_count, as_points, check_columns
from mixture.covariance import linear_structure_named

type Starts = Sequence[GaussianMixture] | Literal["dispersed", "prior"]

STARTS = ("dispersed", "prior")
"""Starts by name: spread over the data, or drawn from the prior; one a chain."""


@dataclass(frozen=True, eq=False)
class Problem:
    """The posterior p(theta | X) of n_components Gaussians of a structure on points x (N, D) under a prior."""

    x: FloatArray
    n_components: int
    structure: str
    prior: Prior
    ordered: bool

    @classmethod
    def of(
        cls,
        x: ArrayLike,
        n_components: int,
        structure: str,
        prior: Prior | None,
        *,
        ordered: bool = False,
        allow_improper: bool = False,
    ) -> "Problem":
        """Raises ValueError for bad data or a prior that does not fit, ImproperPosterior as in `Prior.check`."""
        points = as_points(x)
        count = as_component_count(n_components, len(points))
        check_columns(points, correlated=not linear_structure_named(structure).diagonal)
        chosen = Prior.weakly_informative(points, count, structure) if prior is None else prior
        if not allow_improper:
            chosen.check(points, count, structure)
        if ordered:
            chosen.check_order(count, points.shape[1], structure)
        return cls(points, count, structure, chosen, ordered)

    @property
    def shape(self) -> tuple[int, int, str]:
        """K, D and the structure."""
        return self.n_components, self.x.shape[1], self.structure

    @cached_property
    def shape_class(self) -> tuple[Any, ...]:
        """Everything the compiled graph depends on: K, D, structure, order, and the prior but for its numbers."""
        return (*self.shape, self.ordered, family(self.prior))

    @cached_property
    def data(self) -> dict[str, FloatArray]:
        """Every `pm.Data` of the model by name."""
        return {"x_data": self.x, **self.prior.arrays(*self.shape)}

    def starts(self, starts: Starts, chains: int, rng: np.random.Generator) -> tuple[list[GaussianMixture], list[int]]:
        """One mixture per chain, and the number of the start each has: chains of one number are a superchain.

        Raises ValueError for an unknown name, for what is no mixture, or if chains are no multiple of the starts.
        """
        if isinstance(starts, str):
            if starts not in STARTS:
                raise ValueError(f"unknown starts {starts!r}; known are {', '.join(STARTS)}, or a list of mixtures")
            if starts == "prior":
                return prior_starts(self.prior, *self.shape, chains, rng), list(range(chains))
            return dispersed_starts(self.x, self.n_components, self.structure, chains, rng), list(range(chains))
        given = list(starts)
        if not all(isinstance(start, GaussianMixture) for start in given):
            raise ValueError("starts must be mixtures (GaussianMixture), one per chain or fewer")
        if not given or chains % len(given):
            raise ValueError(
                f"{len(given)} starts were given for {chains} chains: give one per chain,"
                " or fewer with the same number of chains for each"
            )
        numbers = [chain % len(given) for chain in range(chains)]
        return [given[number] for number in numbers], numbers


def family(prior: Prior) -> tuple[Any, ...]:
    """What a prior is but for its numbers: the types of its pieces and their words (on="variance"), piece by piece.

    Two priors of one family have the same graph for the same K, D and structure.
    """
    pieces = (field.name for field in fields(prior) if field.name not in ("name", "source"))
    return tuple((name, _kind(getattr(prior, name))) for name in pieces)


def _kind(piece: Any) -> Any:
    if piece is None or isinstance(piece, str | bool):
        return piece
    if is_dataclass(piece):
        return type(piece).__name__, tuple((field.name, _kind(getattr(piece, field.name))) for field in fields(piece))
    return "numbers"
