"""How fast EM converges: the fraction of missing information."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import eigh

from em.arguments import as_mixture
from em.sources import InMemory, Source
from mixture import GaussianMixture
from mixture.arrays import FloatArray
from mixture.information import information


@dataclass(frozen=True, eq=False)
class ConvergenceRate:
    """Eigenvalues of the fraction of missing information at one mixture.

    rate       the largest: the factor by which EM's distance to the optimum shrinks in each iteration, in the end
    fractions  (P,) all of them, largest first: how much of the information on each combination of parameters is lost
               because allocations are unseen
    direction  (P,) the combination that converges slowest, in standard deviations of complete data (order of the
               parameters as in `mixture.information.Information`)
    """

    rate: float
    fractions: FloatArray
    direction: FloatArray


def convergence_rate(x: ArrayLike, mixture: GaussianMixture, *, weights: ArrayLike | None = None) -> ConvergenceRate:
    """Eigenvalues of I_c^-1 (I_c - I_o), I_c the complete-data and I_o the observed information, both exact.

    Meant at an optimum, for the data it was fitted to: the rate at another mixture or for other data is that of no
    climb. A rate of 1 or more says that EM moves away from this mixture: a saddle point.
    x (N, D), weights (N,) or None. Raises ValueError for bad data or another number of columns, for an empty
    component, and far from an optimum, where the complete data may not have a positive definite information.
    Source: Dempster, Laird & Rubin 1977, section 3, eq. 3.15; McLachlan & Krishnan 2008, section 3.9; Meng & Rubin
    1991, JASA 86:899.
    """
    found = information(x, as_mixture(mixture), weights=weights)
    curvatures = np.diagonal(found.complete)
    scale = np.sqrt(np.where(curvatures > 0.0, curvatures, 1.0))
    outer = np.outer(scale, scale)
    try:
        observed, vectors = eigh(found.observed / outer, found.complete / outer)
    except np.linalg.LinAlgError as error:
        raise ValueError(
            "the complete-data information is not positive definite: EM has no rate here. Let it converge further, or"
            " fit fewer components."
        ) from error
    return ConvergenceRate(rate=float(1.0 - observed[0]), fractions=1.0 - observed, direction=vectors[:, 0])


def rate_if_any(source: Source, mixture: GaussianMixture) -> float | None:
    """The exact rate at a mixture fitted to complete data in memory, or None where there is none."""
    if not isinstance(source, InMemory):
        return None
    try:
        return convergence_rate(source.points, mixture, weights=source.given_weights).rate
    except ValueError:
        return None
