"""The K! labellings of a posterior: how many draws each chain has in each, and which no chain ever visited.

An exchangeable posterior repeats itself once for each permutation of its components. A sampler that had explored all of
it would have spent a share 1 / K! of its draws in each copy; one that did not is no worse for it, as long as
components are read from relabelled draws: the copies are known to be equal without visiting them.
"""

from dataclasses import dataclass
from itertools import permutations
from math import factorial

import numpy as np

from bayesian.relabelling.methods import Relabelling
from mixture.arrays import IntArray

LISTED = 5
"""Up to this K all K! labellings are listed; above it the unvisited ones are only counted."""


@dataclass(frozen=True, eq=False)
class Labellings:
    """Labelings as the permutations that undo them.

    visited: (V, K), the most frequent first. counts: draws of each chain in each of them, (C, V).
    of_draws: which of them each draw is in, (C, S). total: K!. unvisited: those that no draw is in, (K! - V, K) in
    lexicographic order, or None where K is above 5.
    """

    visited: IntArray
    counts: IntArray
    of_draws: IntArray
    total: int
    unvisited: IntArray | None

    @property
    def n_unvisited(self) -> int:
        """How many of the K! labellings no chain visited."""
        return self.total - len(self.visited)

    def __str__(self) -> str:
        """How many label copies were visited, how many not."""
        if self.total == 1:
            return "one component has one labelling"
        return f"{len(self.visited)} of {self.total} labellings visited, {self.n_unvisited} by no chain"


def count_labellings(relabelling: Relabelling) -> Labellings:
    """Labelings that draws are in, by the permutations which a relabelling found for them."""
    orders = relabelling.permutations
    n_chains, n_draws, k = orders.shape
    found, index, counts = np.unique(orders.reshape(-1, k), axis=0, return_inverse=True, return_counts=True)
    ranked = np.argsort(-counts, kind="stable")
    of_draws = np.argsort(ranked)[index.reshape(n_chains, n_draws)].astype(np.int64)
    per_chain = np.stack([np.bincount(chain, minlength=len(found)) for chain in of_draws]).astype(np.int64)
    unvisited = None
    if k <= LISTED:
        seen = {tuple(order) for order in found.tolist()}
        rest = [order for order in permutations(range(k)) if order not in seen]
        unvisited = np.array(rest, dtype=np.int64).reshape(-1, k)
    return Labellings(found[ranked].astype(np.int64), per_chain, of_draws, factorial(k), unvisited)
