"""Priors of the means of the components.

Every hyperparameter is a number or an array that broadcasts to (K, D), so that components may have different priors.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from numpy.typing import ArrayLike

from bayesian.priors.hyperparameters import hyperparameter, show, spread
from mixture.arrays import FloatArray


@dataclass(frozen=True, eq=False)
class MeansPrior(ABC):
    """Abstract: a prior of the means (K, D). `family` names it; `proper` says whether it integrates to one."""

    family: ClassVar[str]

    @property
    @abstractmethod
    def proper(self) -> bool:
        """Whether the density integrates to one."""

    @abstractmethod
    def arrays(self, shape: tuple[int, int], typical_sd: FloatArray) -> dict[str, FloatArray]:
        """Every hyperparameter in its full shape, as `prior_means_*`; typical_sd (K, D) is that of the components."""

    @abstractmethod
    def __str__(self) -> str:
        """The line in mathematics."""


@final
@dataclass(frozen=True, eq=False)
class Normal(MeansPrior):
    """mu_kd ~ N(m, s), s a standard deviation. s = inf is a flat, improper prior (`Prior.check`)."""

    location: ArrayLike
    sd: ArrayLike

    family: ClassVar[str] = "Normal"

    def __post_init__(self) -> None:
        object.__setattr__(self, "location", hyperparameter(self.location, "the location of a normal prior"))
        sd = hyperparameter(self.sd, "the sd of a normal prior", above=0.0, infinite=True)
        object.__setattr__(self, "sd", sd)

    @property
    def proper(self) -> bool:
        return bool(np.isfinite(self.sd).all())

    def arrays(self, shape: tuple[int, int], typical_sd: FloatArray) -> dict[str, FloatArray]:
        return {
            "prior_means_location": spread(self.location, shape, "the location of the means' prior"),
            "prior_means_sd": spread(self.sd, shape, "the sd of the means' prior"),
        }

    def __str__(self) -> str:
        return f"μ ~ Normal(location = {show(self.location)}, sd = {show(self.sd)})"


@final
@dataclass(frozen=True, eq=False)
class ConjugateNormal(MeansPrior):
    """mu_k | Sigma_k ~ N(m, Sigma_k / kappa): kappa, the strength, is the prior's weight in points.

    location  m, broadcasts to (K, D); strength  kappa > 0, broadcasts to (K,)
    """

    location: ArrayLike
    strength: ArrayLike

    family: ClassVar[str] = "ConjugateNormal"

    def __post_init__(self) -> None:
        object.__setattr__(self, "location", hyperparameter(self.location, "the location of a conjugate normal prior"))
        strength = hyperparameter(self.strength, "the strength of a conjugate normal prior", above=0.0)
        object.__setattr__(self, "strength", strength)

    @property
    def proper(self) -> bool:
        return True

    def arrays(self, shape: tuple[int, int], typical_sd: FloatArray) -> dict[str, FloatArray]:
        """Beside the hyperparameters, `prior_means_unit` (K, D): the unit of the unconstrained coordinates, a typical
        sd of a mean under the prior.
        """
        strength = spread(self.strength, shape[:1], "the strength of the means' prior")
        return {
            "prior_means_location": spread(self.location, shape, "the location of the means' prior"),
            "prior_means_unit": typical_sd / np.sqrt(strength)[:, None],
            "prior_means_strength": strength,
        }

    def __str__(self) -> str:
        return f"μ | Σ ~ Normal(location = {show(self.location)}, covariance = Σ / {show(self.strength)})"


@final
@dataclass(frozen=True, eq=False)
class Uniform(MeansPrior):
    """mu_kd ~ U(low, high). An infinite bound makes it flat without end, and improper (`Prior.check`)."""

    low: ArrayLike
    high: ArrayLike

    family: ClassVar[str] = "Uniform"

    def __post_init__(self) -> None:
        low = hyperparameter(self.low, "the lower bound of a uniform prior", infinite=True)
        high = hyperparameter(self.high, "the upper bound of a uniform prior", infinite=True)
        check_bounds(low, high)
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)

    @property
    def proper(self) -> bool:
        return bool(np.isfinite(self.low).all() and np.isfinite(self.high).all())

    def arrays(self, shape: tuple[int, int], typical_sd: FloatArray) -> dict[str, FloatArray]:
        return {
            "prior_means_low": spread(self.low, shape, "the lower bound of the means' prior"),
            "prior_means_high": spread(self.high, shape, "the upper bound of the means' prior"),
        }

    def __str__(self) -> str:
        return f"μ ~ Uniform({show(self.low)}, {show(self.high)})"


def check_bounds(low: FloatArray, high: FloatArray) -> None:
    """Raises ValueError unless low < high everywhere, and every interval holds a finite number."""
    try:
        below = low < high
    except ValueError:
        raise ValueError(f"the bounds of a uniform prior have shapes {low.shape} and {high.shape}") from None
    if not below.all() or not (low < np.inf).all() or not (high > -np.inf).all():
        raise ValueError(
            f"the lower bound of a uniform prior must lie below the upper one, not {show(low)}, {show(high)}"
        )


MEANS_PRIORS = (Normal, ConjugateNormal, Uniform)
