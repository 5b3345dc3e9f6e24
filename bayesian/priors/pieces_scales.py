"""Priors of the standard deviations or variances of the components.

Every hyperparameter is a number or an array that broadcasts to full, diag (K, D), tied, tied_diag (D,), spherical
(K,), tied_spherical (), so that components may have different priors. Densities are in `ops.scale_densities`.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal, final

import numpy as np
from numpy.typing import ArrayLike

from bayesian.priors.hyperparameters import hyperparameter, show, spread
from bayesian.priors.pieces_means import check_bounds
from mixture.arrays import FloatArray

type Target = Literal["sd", "variance"]


@dataclass(frozen=True, eq=False)
class ScalePrior(ABC):
    """A prior of t = sd or t = variance, by `on`; the density of the sd s includes |dt/ds| = 1 or 2 s."""

    family: ClassVar[str]
    names: ClassVar[tuple[str, ...]]

    @property
    @abstractmethod
    def order_at_zero(self) -> FloatArray:
        """a, where the density of the sd s behaves as s^a for s -> 0; inf if it falls faster than any power. An array
        that broadcasts like a hyperparameter. Of a hierarchy: with its hyperparameter given.
        """

    @property
    @abstractmethod
    def target(self) -> Target:
        """Whether the family is a distribution of the sd or of the variance."""

    @property
    @abstractmethod
    def typical(self) -> FloatArray:
        """A value of t in the bulk of the prior."""

    @property
    def proper(self) -> bool:
        """Whether the density integrates to one."""
        return True

    @property
    def power(self) -> int:
        return 1 if self.target == "sd" else 2

    def arrays(self, shape: tuple[int, ...]) -> dict[str, FloatArray]:
        """Every hyperparameter in its full shape, as `prior_scales_*`."""
        return {
            f"prior_scales_{name}": spread(
                getattr(self, name), shape, f"the {name} of the {self.family} prior of the scales"
            )
            for name in self.names
        }

    def typical_sd(self, shape: tuple[int, ...]) -> FloatArray:
        """A standard deviation in the bulk of the prior, in that shape."""
        return spread(self.typical ** (1.0 / self.power), shape, f"the {self.family} prior of the scales")

    def describe(self) -> list[str]:
        """The lines in mathematics."""
        inside = ", ".join(f"{name} = {show(getattr(self, name))}" for name in self.names)
        return [f"scales: {self.symbol} ~ {self.family}({inside})"]

    @property
    def symbol(self) -> str:
        return "σ" if self.target == "sd" else "σ²"

    def _keep(self, name: str, value: ArrayLike, *, positive: bool = True) -> None:
        known = {"LogNormal": "log-normal", "HalfNormal": "half-normal", "InverseGamma": "inverse-gamma"}
        words = f"the {name} of {'an' if self.family == 'InverseGamma' else 'a'} {known[self.family]} prior"
        object.__setattr__(self, name, hyperparameter(value, words, above=0.0 if positive else None))


def _check_target(on: str) -> None:
    if on not in ("sd", "variance"):
        raise ValueError(f"`on` must be 'sd' or 'variance', not {on!r}")


@final
@dataclass(frozen=True, eq=False)
class LogNormal(ScalePrior):
    """log t ~ N(location, sd), t the sd or the variance."""

    location: ArrayLike
    sd: ArrayLike
    on: Target = "sd"

    family: ClassVar[str] = "LogNormal"
    names: ClassVar[tuple[str, ...]] = ("location", "sd")

    def __post_init__(self) -> None:
        _check_target(self.on)
        self._keep("location", self.location, positive=False)
        self._keep("sd", self.sd)

    @property
    def order_at_zero(self) -> FloatArray:
        return np.array(np.inf)

    @property
    def typical(self) -> FloatArray:
        return np.exp(np.asarray(self.location))

    @property
    def target(self) -> Target:
        return self.on


@final
@dataclass(frozen=True, eq=False)
class HalfNormal(ScalePrior):
    """t = |z|, z ~ N(0, sd), t the sd or the variance. Positive at zero: improper posteriors under ties
    (`Prior.check`).
    """

    sd: ArrayLike
    on: Target = "sd"

    family: ClassVar[str] = "HalfNormal"
    names: ClassVar[tuple[str, ...]] = ("sd",)

    def __post_init__(self) -> None:
        _check_target(self.on)
        self._keep("sd", self.sd)

    @property
    def order_at_zero(self) -> FloatArray:
        return np.array(0.0 if self.on == "sd" else 1.0)

    @property
    def typical(self) -> FloatArray:
        return np.asarray(self.sd)

    @property
    def target(self) -> Target:
        return self.on


@final
@dataclass(frozen=True, eq=False)
class Gamma:
    """b ~ Gamma(g, h), density h^g / Gamma(g) b^(g - 1) exp(-h b): the scale of an `InverseGamma`, shared by all
    components. shape g, rate h > 0 broadcast to the features (D,), or are numbers for spherical structures.
    """

    shape: ArrayLike
    rate: ArrayLike

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", hyperparameter(self.shape, "the shape of a gamma prior", above=0.0))
        object.__setattr__(self, "rate", hyperparameter(self.rate, "the rate of a gamma prior", above=0.0))

    def arrays(self, shape: tuple[int, ...]) -> dict[str, FloatArray]:
        """Both hyperparameters in full shape, as `prior_scale_rate_*`."""
        return {
            "prior_scale_rate_shape": spread(self.shape, shape, "the shape of the gamma prior"),
            "prior_scale_rate_rate": spread(self.rate, shape, "the rate of the gamma prior"),
        }

    def __str__(self) -> str:
        return f"Gamma(shape = {show(self.shape)}, rate = {show(self.rate)})"


@final
@dataclass(frozen=True, eq=False)
class InverseGamma(ScalePrior):
    """t ~ InvGamma(a, b), density b^a / Gamma(a) t^(-a - 1) exp(-b / t), t the variance or the sd.

    scale: b, or `Gamma(g, h)`: then b ~ Gamma(g, h) is unknown too, one for each feature (one in all if the structure
    is spherical), shared by the components, and t is the variance (Richardson & Green 1997).
    """

    shape: ArrayLike
    scale: ArrayLike | Gamma
    on: Target = "variance"

    family: ClassVar[str] = "InverseGamma"
    names: ClassVar[tuple[str, ...]] = ("shape", "scale")

    def __post_init__(self) -> None:
        _check_target(self.on)
        self._keep("shape", self.shape)
        if not isinstance(self.scale, Gamma):
            self._keep("scale", self.scale)
        elif self.on != "variance":
            raise ValueError("an InverseGamma whose scale has a Gamma prior is one of the variance: on='variance'")

    @property
    def order_at_zero(self) -> FloatArray:
        return np.array(np.inf)

    @property
    def typical(self) -> FloatArray:
        hyper = self.scale
        scale = np.asarray(hyper.shape) / np.asarray(hyper.rate) if isinstance(hyper, Gamma) else np.asarray(hyper)
        return scale / (np.asarray(self.shape) + 1.0)

    @property
    def target(self) -> Target:
        return self.on

    def arrays(self, shape: tuple[int, ...]) -> dict[str, FloatArray]:
        if not isinstance(self.scale, Gamma):
            return super().arrays(shape)
        own = spread(self.shape, shape, "the shape of the InverseGamma prior of the scales")
        return {"prior_scales_shape": own}

    def describe(self) -> list[str]:
        if not isinstance(self.scale, Gamma):
            return super().describe()
        return [
            f"scales: σ² | b ~ InverseGamma(shape = {show(self.shape)}, scale = b)",
            f"scale rate: b ~ {self.scale}",
        ]


@final
@dataclass(frozen=True, eq=False)
class UniformScale(ScalePrior):
    """t ~ U(low, high), 0 <= low, t the sd or the variance.

    With low = 0 it is positive at zero, and the posterior improper under ties; an infinite upper bound makes the prior
    itself improper (`Prior.check`).
    """

    low: ArrayLike
    high: ArrayLike
    on: Target = "sd"

    family: ClassVar[str] = "UniformScale"
    names: ClassVar[tuple[str, ...]] = ("low", "high")

    def __post_init__(self) -> None:
        _check_target(self.on)
        low = hyperparameter(self.low, "the lower bound of a uniform prior")
        if (low < 0.0).any():
            raise ValueError(f"the lower bound of a scale must not be negative, as {show(low)} is")
        high = hyperparameter(self.high, "the upper bound of a uniform prior", infinite=True)
        check_bounds(low, high)
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)

    @property
    def order_at_zero(self) -> FloatArray:
        return np.where(np.asarray(self.low) > 0.0, np.inf, self.power - 1.0)

    @property
    def proper(self) -> bool:
        return bool(np.isfinite(self.high).all())

    @property
    def typical(self) -> FloatArray:
        low, high = np.asarray(self.low), np.asarray(self.high)
        return np.where(np.isfinite(high), 0.5 * low + 0.5 * np.where(np.isfinite(high), high, 0.0), low + 1.0)

    @property
    def target(self) -> Target:
        return self.on

    def describe(self) -> list[str]:
        return [f"scales: {self.symbol} ~ Uniform({show(self.low)}, {show(self.high)})"]


SCALE_PRIORS = (LogNormal, HalfNormal, InverseGamma, UniformScale)
