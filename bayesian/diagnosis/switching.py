"""Label switches: where the permutation that a relabelling found changes, within a chain and between chains."""

from dataclasses import dataclass

import numpy as np

from bayesian.relabelling.methods import Relabelling
from mixture.arrays import IntArray


@dataclass(frozen=True)
class Switches:
    """within: for each chain, draws whose permutation is not the previous draw's, (C,).
    modal: the most frequent permutation of each chain, (C, K).
    between: chains, by position, whose modal permutation is not that of the most chains.
    """

    within: IntArray
    modal: IntArray
    between: tuple[int, ...]

    @property
    def any(self) -> bool:
        """Whether labels switch at all."""
        return bool(self.within.any() or self.between)

    def __str__(self) -> str:
        labellings = len(np.unique(self.modal, axis=0))
        between = "one labelling in all chains" if labellings == 1 else f"{labellings} labellings among the chains"
        count = int(self.within.sum())
        return f"{count} label switch{'' if count == 1 else 'es'} within chains and {between}"


def count_switches(relabelling: Relabelling) -> Switches:
    """Switches of labels within and between chains; of modal permutations that tie the first."""
    permutations = relabelling.permutations
    within = (np.diff(permutations, axis=1) != 0).any(axis=2).sum(axis=1).astype(np.int64)
    modal = np.stack([_most_frequent(chain) for chain in permutations])
    usual = _most_frequent(modal)
    between = tuple(int(chain) for chain in np.flatnonzero((modal != usual).any(axis=1)))
    return Switches(within=within, modal=modal, between=between)


def _most_frequent(rows: IntArray) -> IntArray:
    found, counts = np.unique(rows, axis=0, return_counts=True)
    return np.asarray(found[counts.argmax()])
