"""The prior of a Gaussian mixture, written down exactly."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from bayesian.priors.pieces import LKJ, InverseGamma, InverseWishart, Normal, ScalePrior, hyperparameter, show, spread
from bayesian.priors.propriety import check_correlations, check_scales
from mixture.arrays import FloatArray, as_component_count, as_points
from mixture.covariance import linear_structure_named


@dataclass(frozen=True, eq=False)
class Prior:
    """pi ~ Dirichlet(a);  mu_kd ~ N(m_kd, s_kd);  and either an sd prior with LKJ correlations, or Sigma ~ IW(nu, Psi).

    means          Normal(location, sd): sd is a standard deviation, in the units of the data
    concentration  a of the Dirichlet, a number or (K,); theta ~ Beta(b, c) for K = 2 is the concentration [b, c]
    scales         LogNormal, HalfNormal or InverseGamma, of the sd or of the variance; broadcasts to full, diag (K, D),
                   tied, tied_diag (D,), spherical (K,), tied_spherical ()
    correlations   LKJ(eta), for full and tied in more than one feature, beside `scales`
    covariances    InverseWishart(nu, Psi), for full and tied, in the place of `scales` and `correlations`

    Parameters are independent, and components too, unless a structure makes them share. Arrays may differ by
    component: an asymmetric prior. Raises ValueError, naming the hyperparameter, for values out of range.
    """

    means: Normal
    concentration: ArrayLike = 1.0
    scales: ScalePrior | None = None
    correlations: LKJ | None = None
    covariances: InverseWishart | None = None

    def __post_init__(self) -> None:
        value = hyperparameter(self.concentration, "the concentration of the weights", above=0.0)
        object.__setattr__(self, "concentration", value)
        if (self.scales is None) == (self.covariances is None):
            raise ValueError("a prior needs either `scales` (with `correlations`) or `covariances`, and not both")
        if self.covariances is not None and self.correlations is not None:
            raise ValueError(
                "an InverseWishart prior of the covariances includes the correlations: leave `correlations` out"
            )

    @classmethod
    def weakly_informative(cls, x: ArrayLike, n_components: int, structure: str = "full") -> Self:
        """The default, from the scale of the data x (N, D); proper for any data.

            pi ~ Dirichlet(1, .., 1)
            mu_kd ~ N(middle of the range of feature d, its range)          [Richardson & Green 1997]
            Sigma_k ~ IW(D + 2, Psi), Psi = diag(var_1, .., var_D) / K^(2/D)  [after Fraley & Raftery 2007]

        so that E Sigma_k = Psi: components expected to fill the volume of the data together, worth D + 2
        observations. Every variance is then InvGamma(3/2, Psi_dd/2), and that is the prior of the structures
        without correlations (spherical ones with the mean of Psi_dd). Psi is diagonal: the data's own
        correlations are mostly those between components. An inverse-Wishart or inverse-gamma density vanishes
        faster than any power at a singular covariance, so ties and collinear points are harmless; a half-normal
        sd or a small LKJ eta is not (`check`). Sources: Richardson & Green 1997, JRSS B 59:731; Fraley &
        Raftery 2007, J. Classification 24:155. Raises ValueError for a constant feature.
        """
        points = as_points(x)
        n_samples, n_features = points.shape
        count = as_component_count(n_components, n_samples)
        low, high = points.min(axis=0), points.max(axis=0)
        if (low == high).any():
            raise ValueError(f"feature {int(np.argmax(low == high))} is constant: leave it out, or give a prior")
        psi = points.var(axis=0) / count ** (2.0 / n_features)
        means = Normal(0.5 * low + 0.5 * high, high - low)
        if structure in ("full", "tied"):
            return cls(means, covariances=InverseWishart(n_features + 2.0, np.diag(psi)))
        scale = 0.5 * psi if linear_structure_named(structure).element_shape(n_features) else 0.5 * psi.mean()
        return cls(means, scales=InverseGamma(1.5, scale, on="variance"))

    def arrays(self, n_components: int, n_features: int, structure: str) -> dict[str, FloatArray]:
        """Every hyperparameter in its full shape, by the name it has among the data of the model.

        Raises ValueError if one does not broadcast, or if the prior does not fit the structure.
        """
        form = linear_structure_named(structure)
        matrices = 1 if form.shared else n_components
        location, sd = self.means.arrays((n_components, n_features))
        concentration = spread(np.asarray(self.concentration), (n_components,), "the concentration of the weights")
        result = {"prior_concentration": concentration, "prior_means_location": location, "prior_means_sd": sd}
        if form.diagonal and (self.scales is None or self.correlations is not None):
            raise ValueError(f"the structure {structure} has no correlations: give a prior of `scales` alone")
        if self.covariances is not None:
            shape = form.shape(n_components, n_features)
            dof, scale = self.covariances.arrays(matrices, shape)
            return result | {"prior_covariances_dof": dof, "prior_covariances_scale": scale}
        if self.scales is not None:
            shape = form.shape(n_components, n_features) if form.diagonal else (n_components, n_features)[form.shared :]
            for name, value in zip(self.scales.names, self.scales.arrays(shape), strict=True):
                result[f"prior_scales_{name}"] = value
        if not form.diagonal and n_features > 1:
            if self.correlations is None:
                raise ValueError(
                    f"the structure {structure} needs a prior of `correlations`, LKJ(eta), beside `scales`"
                )
            result["prior_correlations_eta"] = self.correlations.array(matrices)
        return result

    def check(self, x: ArrayLike, n_components: int, structure: str = "full") -> None:
        """Raises ImproperPosterior, with the reason and what to do, if these data make the posterior improper.

        See `bayesian.priors.propriety` for the argument; for LKJ in more than two features it is a search, no proof.
        """
        points = as_points(x)
        form = linear_structure_named(structure)
        self.arrays(n_components, points.shape[1], structure)
        shared = form.shared or n_components == 1
        by_feature = bool(form.element_shape(points.shape[1]))
        if self.scales is not None:
            check_scales(points, n_components, self.scales.order_at_zero, shared=shared, by_feature=by_feature)
        if self.correlations is not None:
            eta = float(np.min(np.asarray(self.correlations.eta)))
            check_correlations(points, n_components, eta, shared=shared)

    def describe(self) -> list[str]:
        """The prior in full, a line for each parameter."""
        lines = [
            f"weights: π ~ Dirichlet({show(np.asarray(self.concentration))})",
            f"means: μ ~ Normal(location = {show(np.asarray(self.means.location))},"
            f" sd = {show(np.asarray(self.means.sd))})",
        ]
        if self.scales is not None:
            lines.append(f"scales: {self.scales}")
        if self.correlations is not None:
            lines.append(f"correlations: R ~ LKJ(η = {show(np.asarray(self.correlations.eta))})")
        if self.covariances is not None:
            dof, scale = np.asarray(self.covariances.dof), np.asarray(self.covariances.scale)
            lines.append(f"covariances: Σ ~ InverseWishart(ν = {show(dof)}, Ψ = {show(scale)})")
        return lines

    def __str__(self) -> str:
        return "\n".join(self.describe())
