"""Priors of correlation matrices and of covariance matrices."""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from bayesian.priors.hyperparameters import hyperparameter, show, spread, symmetric_matrices
from mixture.arrays import FloatArray


@final
@dataclass(frozen=True, eq=False)
class LKJ:
    """p(R) proportional to |R|^(eta - 1) over correlation matrices; eta broadcasts to (K,)."""

    eta: ArrayLike

    def __post_init__(self) -> None:
        object.__setattr__(self, "eta", hyperparameter(self.eta, "eta of an LKJ prior", above=0.0))

    def array(self, n_matrices: int) -> FloatArray:
        return spread(self.eta, (n_matrices,), "eta of the LKJ prior")

    def __str__(self) -> str:
        return f"R ~ LKJ(η = {show(self.eta)})"


@final
@dataclass(frozen=True, eq=False)
class Wishart:
    """Psi ~ W(n, S), density proportional to |Psi|^((n - D - 1)/2) exp(-tr(S^-1 Psi)/2), E Psi = n S: the scale of an
    `InverseWishart`, shared by all components. dof n > D - 1 a number, scale S (D, D).
    """

    dof: float
    scale: ArrayLike

    def __post_init__(self) -> None:
        dof = hyperparameter(self.dof, "dof of a Wishart prior", above=0.0)
        if dof.size != 1:
            raise ValueError(f"dof of a Wishart prior must be one number, not {show(dof)}")
        object.__setattr__(self, "dof", float(dof.ravel()[0]))
        scale = symmetric_matrices(self.scale, "the scale of a Wishart prior")
        if scale.ndim != 2:
            raise ValueError(f"the scale of a Wishart prior must be one matrix, not of shape {scale.shape}")
        if not self.dof > len(scale) - 1:
            raise ValueError(f"dof of a Wishart prior of {len(scale)} features must exceed {len(scale) - 1}")
        object.__setattr__(self, "scale", scale)

    def arrays(self, n_features: int) -> dict[str, FloatArray]:
        """Both hyperparameters, dof as (1,), as `prior_covariance_scale_*`."""
        scale = np.array(self.scale)
        if scale.shape[-1] != n_features:
            raise ValueError(f"the scale of the Wishart prior has {len(scale)} features, the data have {n_features}")
        return {"prior_covariance_scale_dof": np.array([self.dof]), "prior_covariance_scale_scale": scale}

    def __str__(self) -> str:
        return f"Wishart(ν = {self.dof:.6g}, S = {show(self.scale)})"


@final
@dataclass(frozen=True, eq=False)
class InverseWishart:
    """Sigma ~ IW(nu, Psi), density proportional to |Sigma|^(-(nu + D + 1)/2) exp(-tr(Psi Sigma^-1)/2).

    E Sigma = Psi / (nu - D - 1) for nu > D + 1; nu > D - 1 makes it proper. For D = 1 it is InvGamma(nu/2,
    Psi/2) of the variance. dof: nu, broadcasts to (K,); scale: Psi (D, D), broadcasts to (K, D, D), or
    `Wishart(n, S)`: then Psi ~ W(n, S) is unknown too, and shared by the components.
    """

    dof: ArrayLike
    scale: ArrayLike | Wishart

    def __post_init__(self) -> None:
        object.__setattr__(self, "dof", hyperparameter(self.dof, "dof of an inverse-Wishart prior", above=0.0))
        if not isinstance(self.scale, Wishart):
            scale = symmetric_matrices(self.scale, "the scale of an inverse-Wishart prior")
            object.__setattr__(self, "scale", scale)

    def arrays(self, n_matrices: int, shape: tuple[int, ...]) -> dict[str, FloatArray]:
        """Every hyperparameter in its full shape, as `prior_covariances_*` (and `prior_covariance_scale_*`)."""
        dof = spread(self.dof, (n_matrices,), "dof of the inverse-Wishart prior")
        if not (dof > shape[-1] - 1).all():
            raise ValueError(f"dof of an inverse-Wishart prior of {shape[-1]} features must exceed {shape[-1] - 1}")
        result = {"prior_covariances_dof": dof}
        if isinstance(self.scale, Wishart):
            return result | self.scale.arrays(shape[-1])
        scale = spread(self.scale, shape, "the scale of the inverse-Wishart prior")
        return result | {"prior_covariances_scale": scale}

    def typical_sd(self, n_matrices: int, shape: tuple[int, ...]) -> FloatArray:
        """Root of the diagonal of Psi / (nu + D + 1), the mode of Sigma, (K, D) or (D,)."""
        if isinstance(self.scale, Wishart):
            psi = np.broadcast_to(self.scale.dof * np.asarray(self.scale.scale), shape)
        else:
            psi = spread(self.scale, shape, "the scale of the inverse-Wishart prior")
        dof = spread(self.dof, (n_matrices,), "dof of the inverse-Wishart prior")
        dof = dof[:, None] if len(shape) == 3 else dof
        sds: FloatArray = np.sqrt(np.diagonal(psi, axis1=-2, axis2=-1) / (dof + shape[-1] + 1.0))
        return sds

    def describe(self) -> list[str]:
        """The lines in mathematics."""
        if isinstance(self.scale, Wishart):
            return [
                f"covariances: Σ | Ψ ~ InverseWishart(ν = {show(self.dof)}, Ψ)",
                f"covariance scale: Ψ ~ {self.scale}",
            ]
        return [f"covariances: Σ ~ InverseWishart(ν = {show(self.dof)}, Ψ = {show(self.scale)})"]
