"""What a relabelling method is handed, and the choices all share: the pivot draw, the order components come in."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bayesian.mixture_draws import MixtureDraws, component_parameters
from bayesian.relabelling.assignment import best_orders
from bayesian.relabelling.ecr import closest
from bayesian.relabelling.em_modes import Modes, climb_modes
from bayesian.relabelling.orders import inverse
from bayesian.relabelling.result import Orders
from bayesian.relabelling.tallies import agreements
from mixture import GaussianMixture
from mixture.arrays import FloatArray, IntArray

type Climb = Callable[[GaussianMixture], GaussianMixture | None]


@dataclass(frozen=True, eq=False)
class Task:
    """Draws to relabel, and what a method may want beside them.

    draws: the draws, of a posterior of ours or of anybody's.
    pivot: an allocation of the points, labels 0 to K - 1, (N,): components come in its order. None: the pivot is the
        draw of highest posterior density, and components come in ascending order of the first feature's mean.
    by: values to order by, (T, K), for "order" alone; None: the first feature's means.
    climb: for "em_modes": from a draw's mixture to the mode it climbs to, or None where that fails.
    truth: for "to_truth": the mixture the data were simulated from, or the allocation of the points, (N,).
    """

    draws: MixtureDraws
    pivot: IntArray | None = None
    by: FloatArray | None = None
    climb: Climb | None = None
    truth: GaussianMixture | IntArray | None = None

    def __post_init__(self) -> None:
        if self.pivot is not None and len(self.pivot) != len(self.draws.points):
            raise ValueError(f"the pivot allocates {len(self.pivot)} points, but the data are {len(self.draws.points)}")

    def lacks(self, need: str) -> bool:
        """Whether what a method needs is missing: "allocations", "data", "a pivot draw", "climb" or "truth"."""
        draws = self.draws
        there = {
            "data": draws.data is not None,
            "allocations": draws.data is not None or draws.given is not None,
            "a pivot draw": draws.data is not None or draws.log_posterior is not None,
            "climb": self.climb is not None,
            "truth": self.truth is not None,
        }
        return not there[need]

    @cached_property
    def pivot_order(self) -> IntArray:
        """The order (K,) of the pivot draw's components: by agreement with the pivot, else by their first mean."""
        draw = self.draws.pivot_draw
        if self.pivot is not None:
            labels = self.draws.only(draw).allocations
            return closest(labels, self.pivot, self.draws.n_components)[0][0]
        return np.argsort(self.draws.means[draw, :, 0], kind="stable").astype(np.int64)

    @cached_property
    def pivot_allocation(self) -> IntArray:
        """The pivot (N,): the one handed in, else the most probable allocation of the pivot draw."""
        if self.pivot is not None:
            return self.pivot
        labels = self.draws.only(self.draws.pivot_draw).allocations[0]
        return inverse(self.pivot_order)[labels]

    @cached_property
    def pivot_parameters(self) -> FloatArray:
        """The parameters (K, J) of the pivot draw, in its order."""
        parameters: FloatArray = self.draws.parameters[self.draws.pivot_draw, self.pivot_order]
        return parameters

    @cached_property
    def modes(self) -> Modes:
        """Where climbs from groups of the draws end; raises ValueError without a climb."""
        climb, draws = self.climb, self.draws
        if climb is None:
            raise ValueError("hand in a climb: from a draw's mixture to the mode it climbs to")

        def end(draw: int) -> FloatArray | None:
            mode = climb(draws.mixture(draw))
            return None if mode is None else component_parameters(mode.weights, mode.means, mode.dense_covariances)

        return climb_modes(draws.parameters, end)

    def settled(self, orders: Orders) -> Orders:
        """Orders that are free up to a common permutation, in the order components shall come in.

        With a pivot, the common order agrees with it most often; without, the first feature's means, averaged over
        the relabelled draws, ascend.
        """
        if self.pivot is None:
            means = orders.relabelled(self.draws.means[:, :, 0]).mean(axis=0)
            return orders.then(np.argsort(means, kind="stable").astype(np.int64))
        agreement = np.zeros((self.draws.n_components,) * 2)
        for chunk, labels in self.draws.allocation_blocks():
            counts = agreements(labels, self.pivot, self.draws.n_components)
            agreement += np.take_along_axis(counts, orders.permutations[chunk, None, :], axis=2).sum(axis=0)
        return orders.then(best_orders(agreement[None])[0])
