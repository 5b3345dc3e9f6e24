"""What a relabelling method returns: one permutation per draw, what it cost, and where it could not decide."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from mixture.arrays import FloatArray, IntArray

type BoolArray = NDArray[np.bool_]


def all_valid() -> BoolArray:
    """An empty mask, which stands for one that is True throughout."""
    return np.empty(0, dtype=np.bool_)


@dataclass(frozen=True, eq=False)
class Orders:
    """One permutation per draw, an order: new component k of draw t is its old component permutations[t, k].

    permutations: (T, K), int64.
    cost: what the method minimises, summed over the draws, in the unit the method names.
    iterations: passes over the draws until nothing changed; 1 where the method needs no second.
    valid: (T,), False where the method's own rule gave no permutation and the nearest one stands in.
    """

    permutations: IntArray
    cost: float
    iterations: int = 1
    valid: BoolArray = field(default_factory=all_valid)

    def __post_init__(self) -> None:
        if self.valid.size == 0:
            object.__setattr__(self, "valid", np.ones(len(self.permutations), dtype=np.bool_))

    @classmethod
    def joined(cls, parts: Sequence["Orders"]) -> "Orders":
        """Orders of consecutive blocks of draws as one; costs add up."""
        return cls(
            np.concatenate([part.permutations for part in parts]),
            sum(part.cost for part in parts),
            max(part.iterations for part in parts),
            np.concatenate([part.valid for part in parts]),
        )

    @property
    def non_permutation_rate(self) -> float:
        """Share of the draws that are not valid."""
        return float((~self.valid).mean())

    def relabelled(self, values: FloatArray) -> FloatArray:
        """Values (T, K, ...) of the components under their new labels."""
        index = self.permutations.reshape(self.permutations.shape + (1,) * (values.ndim - 2))
        return np.take_along_axis(values, index, axis=1)

    def then(self, common: IntArray) -> "Orders":
        """Every draw relabelled as here, then all of them by one common order (K,)."""
        return replace(self, permutations=self.permutations[:, common])
