"""What EM asks of data, wherever they are."""

from abc import ABC, abstractmethod

import numpy as np

from mixture import ExpectedStatistics, GaussianMixture
from mixture.arrays import FloatArray


class Source(ABC):
    """Abstract: data that can be summed into expected statistics, one pass at a time.

    n_samples     N, rows
    n_features    D, columns
    total_weight  sum_n w_n, which is N without point weights
    notes         what was done to the data on their way in, one sentence each
    """

    n_samples: int
    n_features: int
    total_weight: float
    notes: tuple[str, ...] = ()

    @abstractmethod
    def statistics(self, mixture: GaussianMixture, threads: int | None = None) -> ExpectedStatistics:
        """log p(X | theta) and N_k, S1_k, S2_k of all the data: the E step. Sums do not depend on `threads`."""

    @abstractmethod
    def sample(self, n: int, rng: np.random.Generator) -> FloatArray:
        """`n` rows, or all if there are fewer, drawn uniformly without replacement and left in their order: (n, D).

        Enough to make a start from. Point weights play no part in it.
        """
