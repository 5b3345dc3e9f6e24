"""Standard errors that stay right when the model is wrong."""

from numpy.typing import ArrayLike

from em.arguments import as_mixture
from em.uncertainty.errors import StandardErrors
from em.uncertainty.observed_information import inverse
from mixture import GaussianMixture
from mixture.information import information, representable


def sandwich(x: ArrayLike, mixture: GaussianMixture, *, weights: ArrayLike | None = None) -> StandardErrors:
    """C = I^-1 J I^-1, I the observed information, J = sum_n w_n s_n s_n^T of the per-point scores s_n.

    If the data come from the model, I and J estimate the same matrix and C is I^-1; if they do not, C is still the
    covariance of the estimate about the mixture nearest to the truth in the Kullback-Leibler sense.
    x (N, D), weights (N,) counts of the points or None. Raises NotAMaximum if I is not positive definite, ValueError
    for bad data or an empty component.
    Source: White 1982, Econometrica 50:1, theorem 3.2.
    """
    found = information(x, as_mixture(mixture), weights=weights)
    with representable():
        bread = inverse(found.observed)
        covariance = bread @ found.score_outer @ bread
        symmetric = 0.5 * (covariance + covariance.T)
        return StandardErrors.of_free_parameters(symmetric, mixture, "sandwich", "White 1982, Econometrica 50:1")
