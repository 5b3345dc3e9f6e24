"""What a family leaves free: volume, shape and orientation of its covariances."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

import numpy as np

from mixture.arrays import FloatArray


class Freedom(IntEnum):
    """How a factor of Sigma_k = lambda_k D_k A_k D_k^T may differ; a later one allows all that an earlier one does.

    IDENTITY  it is the identity matrix     EQUAL  one for all components     VARIABLE  each component has its own
    """

    IDENTITY = 0
    EQUAL = 1
    VARIABLE = 2

    def groups(self, n_components: int) -> FloatArray:
        """Which components move together, (G, K) of zeros and ones: none, all, or each alone."""
        return (np.zeros((0, n_components)), np.ones((1, n_components)), np.eye(n_components))[self]

    def directions(self, basis: FloatArray, n_components: int) -> FloatArray:
        """Moves of all components, (P, K, D, D), from those of one, `basis` (B, D, D); group by group."""
        moves = self.groups(n_components)[:, None, :, None, None] * basis[None, :, None]
        return moves.reshape(-1, *moves.shape[2:])


@dataclass(frozen=True)
class Freedoms:
    """The freedom of the volume lambda_k, of the shape A_k (diagonal, |A_k| = 1) and of the orientation D_k."""

    volume: Freedom
    shape: Freedom
    orientation: Freedom

    @classmethod
    def from_letters(cls, letters: str) -> Self:
        """From the name in mclust, three of the letters I, E and V."""
        return cls(*(Freedom("IEV".index(letter)) for letter in letters))

    def allow(self, other: Self) -> bool:
        """Whether all that `other` allows is allowed here."""
        return self.volume >= other.volume and self.shape >= other.shape and self.orientation >= other.orientation
