"""The number of filled components of an overfitted mixture, K+ = number of components that hold a point.

With K larger than needed and a sparse Dirichlet (concentration 0.01) the posterior empties what it does not need, and
p(K+ | X) estimates the number of clusters. Source: Malsiner-Walli, Fruehwirth-Schnatter & Gruen 2016, Stat. Comput.
26:303; Rousseau & Mengersen 2011, JRSS B 73:689, for why the superfluous empty.
"""

from dataclasses import dataclass

import numpy as np

from bayesian.allocations import allocations
from bayesian.posterior import Posterior
from bayesian.tree import ALLOCATIONS
from mixture.arrays import FloatArray, IntArray
from mixture.seeding import as_generator


@dataclass(frozen=True, eq=False)
class FilledComponents:
    """K+ of each draw.

    counts        (C, S, K) points in each component
    n_components  (C, S)    K+, from 1 to K
    """

    counts: IntArray

    @property
    def n_components(self) -> IntArray:
        return (self.counts > 0).sum(axis=2)

    @property
    def probabilities(self) -> FloatArray:
        """P(K+ = k | X) for k = 1..K, (K,): shares of all draws."""
        k = self.counts.shape[2]
        return np.bincount(self.n_components.ravel() - 1, minlength=k) / self.n_components.size

    @property
    def mode(self) -> int:
        """The most frequent K+; the smallest of several."""
        return int(self.probabilities.argmax()) + 1

    def __str__(self) -> str:
        shares = [f"{k + 1}: {share:.3f}" for k, share in enumerate(self.probabilities) if share > 0.0]
        return f"P(K+ = k | X) = {{{', '.join(shares)}}}"


def filled_components(posterior: Posterior, rng: int | np.random.Generator | None = None) -> FilledComponents:
    """K+ from allocations of each draw: those kept as variable z, or drawn from p(z | theta, X), which is exact.

    rng is needed where no allocations were kept; ValueError says so. Labels do not matter: draws may be relabelled or
    not. Chains that disagree have not converged: look at `n_components` by chain.
    """
    shape = (posterior.n_chains, posterior.n_draws)
    variables = posterior.tree["posterior"].data_vars
    if ALLOCATIONS in variables:
        stored = variables[ALLOCATIONS].transpose("chain", "draw", ...)
        labels = np.asarray(stored.values).reshape(shape[0] * shape[1], -1)
    elif rng is None:
        raise ValueError(
            "the posterior holds no allocations (variable z): give a generator or a seed as rng, and they are drawn"
        )
    else:
        labels = allocations(posterior, rng=as_generator(rng))
    k = posterior.n_components
    counts = np.stack([np.count_nonzero(labels == j, axis=1) for j in range(k)], axis=1)
    return FilledComponents(counts.reshape(*shape, k))
