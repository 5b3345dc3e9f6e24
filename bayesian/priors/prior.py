"""The prior of a Gaussian mixture, written down exactly."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from bayesian.priors import named
from bayesian.priors.draws import draw_prior
from bayesian.priors.hyperparameters import hyperparameter, show, spread
from bayesian.priors.pieces import LKJ, Gamma, InverseGamma, InverseWishart, MeansPrior, ScalePrior, Uniform
from bayesian.priors.propriety import check_prior
from mixture import ConjugatePrior
from mixture.arrays import FloatArray, as_points, as_whole_number
from mixture.covariance import linear_structure_named
from mixture.seeding import as_generator


@dataclass(frozen=True, eq=False)
class Prior:
    """pi ~ Dirichlet(a);  a prior of the means;  and either an sd prior with LKJ correlations, or Sigma ~ IW(nu, Psi).

    means          Normal(location, sd), sd a standard deviation in the units of the data; Uniform(low, high); or
                   ConjugateNormal(location, strength), whose variance is that of the component / strength
    concentration  a of the Dirichlet, a number or (K,); theta ~ Beta(b, c) for K = 2 is the concentration [b, c]
    scales         LogNormal, HalfNormal, InverseGamma or UniformScale, of the sd or of the variance; broadcasts to
                   full, diag (K, D), tied, tied_diag (D,), spherical (K,), tied_spherical ()
    correlations   LKJ(eta), for full and tied in more than one feature, beside `scales`
    covariances    InverseWishart(nu, Psi), for full and tied, in the place of `scales` and `correlations`
    name, source   what it is called and where it comes from, for print

    Components are independent, given hyperparameters that are unknown (InverseGamma with a Gamma scale, InverseWishart
    with a Wishart one), unless a structure makes them share. Arrays may differ by component: an asymmetric prior.
    Raises ValueError, naming the hyperparameter, for values out of range.
    """

    means: MeansPrior
    concentration: ArrayLike = 1.0
    scales: ScalePrior | None = None
    correlations: LKJ | None = None
    covariances: InverseWishart | None = None
    name: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        value = hyperparameter(self.concentration, "the concentration of the weights", above=0.0)
        object.__setattr__(self, "concentration", value)
        if not isinstance(self.means, MeansPrior):
            raise ValueError(f"`means` must be Normal, Uniform or ConjugateNormal, not {self.means!r}")
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
        return cls(**named.weakly_informative(x, n_components, structure))

    @classmethod
    def richardson_green(cls, x: ArrayLike, n_components: int, structure: str = "full") -> Self:
        """A hierarchy, from the middles and ranges R_d of the features of x (N, D):

            pi ~ Dirichlet(1, .., 1)          mu_kd ~ N(middle of the range, R_d), R_d a standard deviation
            sigma_kd^-2 | b_d ~ Gamma(alpha, b_d)      b_d ~ Gamma(g, h_d)      alpha = 2, g = 0.2, h_d = 10 / R_d^2

        as Richardson & Green 1997, JRSS B 59:731, sections 2.4 and 4, have it in one feature (all structures), and
        for features without correlations; spherical ones share one b, with the mean of R_d^2. With correlations
        (full, tied; D > 1), b is a matrix shared by the components:

            Sigma_k^-1 | b ~ W(2 alpha, (2 b)^-1)      b ~ W(2 g, (2 h)^-1)      h = 100 g / alpha diag(1 / R_d^2)

        with alpha = 3, g = 1 in two features (Stephens 2000, Ann. Statist. 28:40), in general alpha = 2 + D/2,
        g = D/2 (Frühwirth-Schnatter 2006, section 6.3.2), which keeps both Wisharts proper. The scale of the
        inverse-Wishart is Psi = 2 b. b may be small: ties in the data can make the posterior improper (`check`).
        """
        return cls(**named.richardson_green(x, n_components, structure))

    @classmethod
    def chib(cls) -> Self:
        """mu ~ N(20, sd 10), sigma^2 ~ InvGamma(3, 20), pi ~ Dirichlet(1): for one feature, the galaxies in 10^3 km/s.

        Source: Chib 1995, JASA 90:1313, section 5.
        """
        return cls(**named.chib())

    @classmethod
    def conjugate(cls, x: ArrayLike, n_components: int, structure: str = "full") -> Self:
        """`from_conjugate` of `ConjugatePrior.fraley_raftery`, from the data x (N, D): MAP-EM's default prior.

        Source: Fraley & Raftery 2007, J. Classification 24:155, section 3.
        """
        return cls.from_conjugate(ConjugatePrior.fraley_raftery(x, n_components), structure)

    @classmethod
    def from_conjugate(cls, conjugate: ConjugatePrior, structure: str = "full") -> Self:
        """The prior that MAP-EM has, with pi ~ Dirichlet(1): mu_k | Sigma_k ~ N(mu_p, Sigma_k / kappa_p) and

            full, tied           Sigma ~ IW(nu_p, Lambda_p)
            diag, tied_diag      sigma_d^2 ~ InvGamma(nu_p / 2, Lambda_p[d, d] / 2)
            spherical ones       sigma^2 ~ InvGamma(nu_p / 2, tr Lambda_p / 2D)

        a density of covariances and variances. That of sds, the model's variables, has |d sigma^2 / d sigma| = 2 sigma
        in it, which moves a mode, and no probability.
        """
        return cls(**named.from_conjugate(conjugate, structure))

    @classmethod
    def sparse(cls, x: ArrayLike, n_components: int, structure: str = "full", concentration: float = 0.01) -> Self:
        """For K larger than needed: pi ~ Dirichlet(e0, .., e0), e0 small, empties the components that are too many.

            mu_kd ~ N(median of feature d, R_d), R_d its range, a standard deviation
            Sigma_k^-1 | b ~ W(2 c0, (2 b)^-1)    b ~ W(2 g0, (2 h)^-1)    h = 100 g0 / c0 diag(1 / R_d^2)

        with c0 = 2 + D/2, g0 = D/2 (features without correlations have the case D = 1, each). The posterior of the
        number of filled components is the answer. Source: Malsiner-Walli, Frühwirth-Schnatter & Grün 2016, Stat.
        Comput. 26:303, their standard prior of the means.
        """
        return cls(**named.sparse(x, n_components, structure, concentration))

    @classmethod
    def uniform(
        cls,
        means: tuple[ArrayLike, ArrayLike],
        sds: tuple[ArrayLike, ArrayLike],
        correlations: float | None = None,
    ) -> Self:
        """pi ~ Dirichlet(1), mu_kd ~ U(low, high), sigma_kd ~ U(low, high); means and sds are the pairs (low, high).

        correlations: eta of LKJ for full and tied in more than one feature; 1 is uniform. A lower bound 0 of the sds
        makes the posterior improper under ties, an infinite bound the prior itself (`check`).
        """
        return cls(**named.uniform(means, sds, correlations))

    @property
    def proper(self) -> bool:
        """Whether the prior itself integrates to one."""
        return self.means.proper and (self.scales is None or self.scales.proper)

    def arrays(self, n_components: int, n_features: int, structure: str) -> dict[str, FloatArray]:
        """Every hyperparameter in its full shape, by the name it has among the data of the model.

        prior_concentration (K,)
        prior_means_        Normal: location, sd; Uniform: low, high; ConjugateNormal: location (K, D), strength (K,),
                            and unit (K, D), the unit of its coordinates, which the density does not depend on
        prior_scales_       LogNormal: location, sd; HalfNormal: sd; InverseGamma: shape, scale; UniformScale: low, high
        prior_scale_rate_   of b ~ Gamma in the place of the scale: shape, rate (D,), or () for spherical structures
        prior_correlations_eta, prior_covariances_dof, both (K,) or (1,); prior_covariances_scale (K, D, D) or (D, D)
        prior_covariance_scale_  of Psi ~ Wishart in the place of the scale: dof (1,), scale (D, D)

        Raises ValueError if one does not broadcast, or if the prior does not fit the structure.
        """
        form = linear_structure_named(structure)
        matrices = 1 if form.shared else n_components
        concentration = spread(self.concentration, (n_components,), "the concentration of the weights")
        if form.diagonal and (self.scales is None or self.correlations is not None):
            raise ValueError(f"the structure {structure} has no correlations: give a prior of `scales` alone")
        if self.covariances is not None:
            shape = form.shape(n_components, n_features)
            of_spread = self.covariances.arrays(matrices, shape)
            typical = self.covariances.typical_sd(matrices, shape)
        else:
            of_spread, typical = self._arrays_of_scales(n_components, n_features, structure)
        if structure == "spherical":
            typical = typical[:, None]
        each = np.broadcast_to(typical, (n_components, n_features))
        of_means = self.means.arrays((n_components, n_features), each)
        return {"prior_concentration": concentration, **of_means, **of_spread}

    def _arrays_of_scales(
        self, n_components: int, n_features: int, structure: str
    ) -> tuple[dict[str, FloatArray], FloatArray]:
        """The hyperparameters of scales and correlations, and a typical sd in the shape of the scales."""
        assert self.scales is not None
        form = linear_structure_named(structure)
        shape = form.shape(n_components, n_features) if form.diagonal else (n_components, n_features)[form.shared :]
        result = self.scales.arrays(shape)
        if isinstance(self.scales, InverseGamma) and isinstance(self.scales.scale, Gamma):
            result |= self.scales.scale.arrays(() if structure.endswith("spherical") else (n_features,))
        if not form.diagonal and n_features > 1:
            if self.correlations is None:
                raise ValueError(
                    f"the structure {structure} needs a prior of `correlations`, LKJ(eta), beside `scales`"
                )
            result["prior_correlations_eta"] = self.correlations.array(1 if form.shared else n_components)
        return result, self.scales.typical_sd(shape)

    def check(self, x: ArrayLike, n_components: int, structure: str = "full") -> None:
        """Raises ImproperPosterior, with the reason and what to do, if these data make the posterior improper.

        See `bayesian.priors.propriety` for the argument; for LKJ in more than two features it is a search, no proof.
        """
        points = as_points(x)
        self.arrays(n_components, points.shape[1], structure)
        check_prior(self, points, n_components, structure)

    def check_order(self, n_components: int, n_features: int, structure: str = "full") -> None:
        """Raises ValueError if the means of the first feature cannot be kept in ascending order under this prior.

        Bounded means need one and the same finite interval for all components.
        """
        if isinstance(self.means, Uniform):
            arrays = self.arrays(n_components, n_features, structure)
            low, high = arrays["prior_means_low"][:, 0], arrays["prior_means_high"][:, 0]
            if (low != low[0]).any() or (high != high[0]).any() or not np.isfinite([low[0], high[0]]).all():
                raise ValueError("ordered means with a Uniform prior need the same finite bounds for all components")

    def draw(
        self, n_components: int, n_features: int, structure: str, n: int, rng: int | np.random.Generator
    ) -> dict[str, FloatArray]:
        """n draws of the parameters: weights (n, K), means (n, K, D), dense covariances (n, K, D, D).

        With them what is unknown in a hierarchy: scale_rate (n, D), (n,) for spherical structures; covariance_scale
        (n, D, D). Raises ValueError for an improper prior, or one that does not fit the structure.
        """
        count = as_whole_number(n, "the number of draws", least=1)
        return draw_prior(self, n_components, n_features, structure, count, as_generator(rng))

    def describe(self) -> list[str]:
        """The prior in full: its name and source, then a line for each parameter."""
        title = [self.name + (f" ({self.source})" if self.source else "")] if self.name else []
        lines = [f"weights: π ~ Dirichlet({show(self.concentration)})", f"means: {self.means}"]
        if self.scales is not None:
            lines += self.scales.describe()
        if self.correlations is not None:
            lines.append(f"correlations: {self.correlations}")
        if self.covariances is not None:
            lines += self.covariances.describe()
        return title + lines

    def __str__(self) -> str:
        return "\n".join(self.describe())
