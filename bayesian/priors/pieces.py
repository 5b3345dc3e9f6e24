"""The distributions a prior is made of: their hyperparameters, checked, and their lines in mathematics.

Every hyperparameter is a number or an array that broadcasts over the components and features it belongs to, so that
components may have different priors. Random draws are numpy; densities are in `ops.densities`.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal, final

import numpy as np
from numpy.typing import ArrayLike

from mixture.arrays import FloatArray

type Target = Literal["sd", "variance"]


def hyperparameter(value: ArrayLike, name: str, *, above: float | None = None) -> FloatArray:
    """The value as a read-only float64 array; raises ValueError naming it if not finite, or not above the bound."""
    try:
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be a number or an array of numbers, not {value!r}") from error
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, not {show(array)}")
    if above is not None and not (array > above).all():
        bound = "positive" if above == 0.0 else f"greater than {above:g}"
        raise ValueError(f"{name} must be {bound}, not {show(array)}")
    array.flags.writeable = False
    return array


def show(array: FloatArray) -> str:
    """An array on one line; one number if all are equal."""
    values = np.unique(array)
    if values.size == 1:
        return f"{values[0]:.6g}"
    text = np.array2string(array, separator=", ", threshold=200, formatter={"float_kind": "{:.6g}".format})
    return " ".join(text.split())


def spread(value: FloatArray, shape: tuple[int, ...], name: str) -> FloatArray:
    """The hyperparameter broadcast to the shape of what it belongs to; raises ValueError naming it if that fails."""
    try:
        return np.array(np.broadcast_to(value, shape))
    except ValueError:
        raise ValueError(f"{name} has shape {value.shape}, which does not broadcast to {shape}") from None


@dataclass(frozen=True, eq=False)
class Normal:
    """N(m, s), s a standard deviation; both broadcast to (K, D)."""

    location: ArrayLike
    sd: ArrayLike

    def __post_init__(self) -> None:
        object.__setattr__(self, "location", hyperparameter(self.location, "the location of a normal prior"))
        object.__setattr__(self, "sd", hyperparameter(self.sd, "the sd of a normal prior", above=0.0))

    def arrays(self, shape: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
        location = spread(np.asarray(self.location), shape, "the location of the means' prior")
        return location, spread(np.asarray(self.sd), shape, "the sd of the means' prior")


@dataclass(frozen=True, eq=False)
class ScalePrior(ABC):
    """A prior of t = sd or t = variance, by `on`; the density of the sd s includes |dt/ds| = 1 or 2 s."""

    family: ClassVar[str]
    names: ClassVar[tuple[str, str]]

    @property
    @abstractmethod
    def order_at_zero(self) -> float:
        """a, where the density of the sd s behaves as s^a for s -> 0; inf if it falls faster than any power."""

    @property
    @abstractmethod
    def values(self) -> tuple[FloatArray, FloatArray]:
        """The two hyperparameters, under `names` (a family with one gives it twice)."""

    @property
    @abstractmethod
    def target(self) -> Target:
        """Whether the family is a distribution of the sd or of the variance."""

    @property
    def power(self) -> int:
        return 1 if self.target == "sd" else 2

    def arrays(self, shape: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
        first, second = (
            spread(value, shape, f"the {name} of the {self.family} prior of the scales")
            for value, name in zip(self.values, self.names, strict=True)
        )
        return first, second

    def __str__(self) -> str:
        parts = dict(zip(self.names, self.values, strict=True))
        inside = ", ".join(f"{name} = {show(value)}" for name, value in parts.items())
        return f"{'σ' if self.target == 'sd' else 'σ²'} ~ {self.family}({inside})"


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
    names: ClassVar[tuple[str, str]] = ("location", "sd")
    order_at_zero: ClassVar[float] = np.inf

    def __post_init__(self) -> None:
        _check_target(self.on)
        object.__setattr__(self, "location", hyperparameter(self.location, "the location of a log-normal prior"))
        object.__setattr__(self, "sd", hyperparameter(self.sd, "the sd of a log-normal prior", above=0.0))

    @property
    def values(self) -> tuple[FloatArray, FloatArray]:
        return np.asarray(self.location), np.asarray(self.sd)

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
    names: ClassVar[tuple[str, str]] = ("sd", "sd")

    def __post_init__(self) -> None:
        _check_target(self.on)
        object.__setattr__(self, "sd", hyperparameter(self.sd, "the sd of a half-normal prior", above=0.0))

    @property
    def order_at_zero(self) -> float:
        return 0.0 if self.on == "sd" else 1.0

    @property
    def values(self) -> tuple[FloatArray, FloatArray]:
        return np.asarray(self.sd), np.asarray(self.sd)

    @property
    def target(self) -> Target:
        return self.on


@final
@dataclass(frozen=True, eq=False)
class InverseGamma(ScalePrior):
    """t ~ InvGamma(a, b), density b^a / Gamma(a) t^(-a - 1) exp(-b / t), t the variance or the sd."""

    shape: ArrayLike
    scale: ArrayLike
    on: Target = "variance"

    family: ClassVar[str] = "InverseGamma"
    names: ClassVar[tuple[str, str]] = ("shape", "scale")
    order_at_zero: ClassVar[float] = np.inf

    def __post_init__(self) -> None:
        _check_target(self.on)
        object.__setattr__(self, "shape", hyperparameter(self.shape, "the shape of an inverse-gamma prior", above=0.0))
        object.__setattr__(self, "scale", hyperparameter(self.scale, "the scale of an inverse-gamma prior", above=0.0))

    @property
    def values(self) -> tuple[FloatArray, FloatArray]:
        return np.asarray(self.shape), np.asarray(self.scale)

    @property
    def target(self) -> Target:
        return self.on


@final
@dataclass(frozen=True, eq=False)
class LKJ:
    """p(R) proportional to |R|^(eta - 1) over correlation matrices; eta broadcasts to (K,)."""

    eta: ArrayLike

    def __post_init__(self) -> None:
        object.__setattr__(self, "eta", hyperparameter(self.eta, "eta of an LKJ prior", above=0.0))

    def array(self, n_matrices: int) -> FloatArray:
        return spread(np.asarray(self.eta), (n_matrices,), "eta of the LKJ prior")


@final
@dataclass(frozen=True, eq=False)
class InverseWishart:
    """Sigma ~ IW(nu, Psi), density proportional to |Sigma|^(-(nu + D + 1)/2) exp(-tr(Psi Sigma^-1)/2).

    E Sigma = Psi / (nu - D - 1) for nu > D + 1; nu > D - 1 makes it proper. For D = 1 it is InvGamma(nu/2,
    Psi/2) of the variance. dof: nu, broadcasts to (K,); scale: Psi (D, D), broadcasts to (K, D, D).
    """

    dof: ArrayLike
    scale: ArrayLike

    def __post_init__(self) -> None:
        object.__setattr__(self, "dof", hyperparameter(self.dof, "dof of an inverse-Wishart prior", above=0.0))
        scale = hyperparameter(self.scale, "the scale of an inverse-Wishart prior")
        if scale.ndim < 2 or scale.shape[-1] != scale.shape[-2]:
            raise ValueError(
                f"the scale of an inverse-Wishart prior must be square matrices, not of shape {scale.shape}"
            )
        symmetric = np.allclose(scale, np.swapaxes(scale, -1, -2), rtol=1e-12, atol=0.0)
        if not symmetric or not (np.linalg.eigvalsh(scale) > 0.0).all():
            raise ValueError("the scale of an inverse-Wishart prior must be symmetric positive definite")
        object.__setattr__(self, "scale", scale)

    def arrays(self, n_matrices: int, shape: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
        dof = spread(np.asarray(self.dof), (n_matrices,), "dof of the inverse-Wishart prior")
        if not (dof > shape[-1] - 1).all():
            raise ValueError(f"dof of an inverse-Wishart prior of {shape[-1]} features must exceed {shape[-1] - 1}")
        return dof, spread(np.asarray(self.scale), shape, "the scale of the inverse-Wishart prior")
