"""The parameters a Gibbs sweep moves."""

from dataclasses import dataclass

from bayesian.gibbs.spreads import Spread
from mixture.arrays import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Parameters:
    """theta: weights (K,), positive; means (K, D); spread, the covariances; scale, that of their prior.

    A scale that is fixed by the prior stays what it is.
    """

    weights: FloatArray
    means: FloatArray
    spread: Spread
    scale: FloatArray

    @property
    def covariances(self) -> FloatArray:
        """Sigma_k, dense (K, D, D)."""
        return self.spread.dense(*self.means.shape)

    def permute(self, order: IntArray) -> "Parameters":
        """New component k is the old order[k]; a fixed scale that differs by component has no such symmetry."""
        return Parameters(self.weights[order], self.means[order], self.spread.permute(order), self.scale)
