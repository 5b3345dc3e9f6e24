"""The parts of priors that have a name: from the data, or from a paper. `Prior` has a constructor for each.

Each function returns the fields of a `Prior`: pieces, concentration, name, and source.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from bayesian.priors.pieces import (
    LKJ,
    ConjugateNormal,
    Gamma,
    InverseGamma,
    InverseWishart,
    Normal,
    ScalePrior,
    Uniform,
    UniformScale,
    Wishart,
)
from mixture import ConjugatePrior
from mixture.arrays import FloatArray, as_component_count, as_points
from mixture.covariance import linear_structure_named

type Fields = dict[str, Any]

DENSE = ("full", "tied")


def ranges(x: ArrayLike, n_components: int) -> tuple[FloatArray, int, FloatArray, FloatArray]:
    """(points, K, lowest values (D,), ranges (D,)); raises ValueError for bad data and for a constant feature."""
    points = as_points(x)
    count = as_component_count(n_components, len(points))
    low, high = points.min(axis=0), points.max(axis=0)
    if (low == high).any():
        raise ValueError(f"feature {int(np.argmax(low == high))} is constant: leave it out, or give a prior")
    return points, count, low, high - low


def weakly_informative(x: ArrayLike, n_components: int, structure: str) -> Fields:
    """See `Prior.weakly_informative`."""
    points, count, low, width = ranges(x, n_components)
    d = points.shape[1]
    psi = points.var(axis=0) / count ** (2.0 / d)
    fields: Fields = {
        "name": "weakly informative",
        "source": "from the data: means as Richardson & Green 1997, covariances after Fraley & Raftery 2007",
        "means": Normal(low + 0.5 * width, width),
    }
    if structure in DENSE:
        return fields | {"covariances": InverseWishart(d + 2.0, np.diag(psi))}
    scale = 0.5 * psi if linear_structure_named(structure).element_shape(d) else 0.5 * psi.mean()
    return fields | {"scales": InverseGamma(1.5, scale, on="variance")}


def richardson_green(x: ArrayLike, n_components: int, structure: str) -> Fields:
    """See `Prior.richardson_green`."""
    points, _, low, width = ranges(x, n_components)
    d = points.shape[1]
    source = "Richardson & Green 1997, JRSS B 59:731"
    several = structure in DENSE and d > 1
    if several:
        source = f"{source}, as Stephens 2000, Ann. Statist. 28:40, has it for two features"
        source += "" if d == 2 else ", and Frühwirth-Schnatter 2006, section 6.3.2, for more"
    alpha, g = (2.0 + 0.5 * d, 0.5 * d) if several else (2.0, 0.2)
    return {
        "name": "Richardson & Green",
        "source": source,
        "means": Normal(low + 0.5 * width, width),
        **_hierarchy(structure, d, alpha, g, width),
    }


def sparse(x: ArrayLike, n_components: int, structure: str, concentration: float) -> Fields:
    """See `Prior.sparse`."""
    points, _, _, width = ranges(x, n_components)
    d = points.shape[1]
    several = structure in DENSE
    alpha, g = (2.0 + 0.5 * d, 0.5 * d) if several else (2.5, 0.5)
    return {
        "name": "sparse",
        "source": "Malsiner-Walli, Frühwirth-Schnatter & Grün 2016, Stat. Comput. 26:303",
        "means": Normal(np.median(points, axis=0), width),
        "concentration": concentration,
        **_hierarchy(structure, d, alpha, g, width),
    }


def _hierarchy(structure: str, n_features: int, alpha: float, g: float, width: FloatArray) -> Fields:
    """Sigma^-1 | b ~ W(2 alpha, (2 b)^-1), b ~ W(2 g, (2 h)^-1) with h = 100 g / (alpha R^2), R the ranges (D,).

    In one feature: sigma^2 | b ~ InvGamma(alpha, b), b ~ Gamma(g, h). Psi = 2 b is the scale of the inverse-Wishart.
    """
    h = 100.0 * g / (alpha * width**2)
    if structure in DENSE:
        return {"covariances": InverseWishart(2.0 * alpha, Wishart(2.0 * g, np.diag(1.0 / h)))}
    rate = h if linear_structure_named(structure).element_shape(n_features) else 100.0 * g / (alpha * np.mean(width**2))
    return {"scales": InverseGamma(alpha, Gamma(g, rate), on="variance")}


def chib() -> Fields:
    """See `Prior.chib`."""
    return {
        "name": "Chib",
        "source": "Chib 1995, JASA 90:1313, section 5, for the galaxies in 1000 km/s",
        "means": Normal(20.0, 10.0),
        "scales": InverseGamma(3.0, 20.0, on="variance"),
    }


def from_conjugate(conjugate: ConjugatePrior, structure: str) -> Fields:
    """See `Prior.from_conjugate`."""
    nu, psi = conjugate.degrees_of_freedom, conjugate.scale
    d = len(psi)
    fields: Fields = {
        "name": "conjugate",
        "source": "normal-inverse-Wishart and its kin, as in MAP-EM (Fraley & Raftery 2007, J. Classif. 24:155)",
        "means": ConjugateNormal(conjugate.mean, conjugate.mean_strength),
    }
    if structure in DENSE:
        return fields | {"covariances": InverseWishart(nu, psi)}
    by_feature = linear_structure_named(structure).element_shape(d)
    scale = 0.5 * np.diagonal(psi) if by_feature else 0.5 * np.trace(psi) / d
    return fields | {"scales": InverseGamma(0.5 * nu, scale, on="variance")}


def uniform(means: tuple[ArrayLike, ArrayLike], sds: tuple[ArrayLike, ArrayLike], correlations: float | None) -> Fields:
    """See `Prior.uniform`."""
    scales: ScalePrior = UniformScale(*sds, on="sd")
    return {
        "name": "uniform",
        "source": "uniform on stated bounds",
        "means": Uniform(*means),
        "scales": scales,
        "correlations": None if correlations is None else LKJ(correlations),
    }
