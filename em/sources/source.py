"""What EM asks of data, wherever they are."""

from abc import ABC, abstractmethod

import numpy as np

from em.sources.drawn_rows import DrawnRows
from mixture import ExpectedStatistics, GaussianMixture


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
    def sample(self, n: int, rng: np.random.Generator) -> DrawnRows:
        """`n` rows of positive weight, or all if there are fewer, uniformly without replacement, in their order.

        Each comes with its weight: enough to make a start from. Equal data and weights give equal rows, wherever they
        are. What is drawn is not to be written to.
        """
