"""Rows drawn from the data."""

from dataclasses import dataclass

from mixture.arrays import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class DrawnRows:
    """Some rows of the data, in their order, all of positive weight.

    numbers  (n,) which rows of the data they are, ascending
    points   (n, D) complete and finite          weights  (n,) their point weights, or (0,) for ones
    """

    numbers: IntArray
    points: FloatArray
    weights: FloatArray

    @property
    def n_rows(self) -> int:
        """n."""
        return len(self.points)
