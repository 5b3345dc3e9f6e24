"""Relabelling by clustering all component draws at once (point process representation).

    minimise over centres c:  sum_t sum_j min_k sum_p ( (theta_t[j, p] - c[k, p]) / scale_p )^2        (k-means)

The T x K points theta_tj, whatever their labels, form K clouds where components are well told apart. A draw whose
K points fall into K different clouds is labelled by them; one whose points do not, whose labels are no permutation,
says that its components are not told apart. It is labelled by assignment to the centres and marked as not valid.
Source: Fruehwirth-Schnatter 2001, JASA 96:194; 2006, Finite Mixture and Markov Switching Models, chapter 3.
"""

import numpy as np
from numpy.typing import ArrayLike

from bayesian.relabelling.alternation import (
    Step,
    best_centre,
    check_max_iterations,
    descend,
    scout_positions,
    start_positions,
    warn_unless_settled,
)
from bayesian.relabelling.orders import as_orders, inverse
from bayesian.relabelling.pra import (
    as_parameters,
    as_pivot,
    as_scale,
    chunks,
    nearest,
    squared_distance,
    squared_distances,
)
from bayesian.relabelling.result import Orders
from mixture.arrays import FloatArray


def point_process(
    parameters: ArrayLike,
    start: ArrayLike | None = None,
    scale: ArrayLike | None = None,
    *,
    max_iterations: int = 100,
) -> Orders:
    """Orders (T, K) from the components' parameters (T, K, J), up to one permutation common to all draws.

    start: the first centres (K, J), in the order the components shall come in; None tries those of single draws.
    scale: (J,) as in `pra`: None takes the noise within components. Cost: squared scaled distances of the relabelled
    draws to the centres. `valid` marks draws whose labels are a permutation; `Orders.non_permutation_rate` is the
    share of the others. A RuntimeWarning says so if max_iterations did not suffice. Raises ValueError for other
    shapes, NaN and infinite values, and scales that are not above 0.
    """
    check_max_iterations(max_iterations)
    given = as_parameters(parameters)
    divisor = as_scale(scale, given)
    draws = given / divisor
    if start is None:
        scouts = draws[scout_positions(len(draws))]
        first = best_centre(lambda centre: _step(scouts, centre), list(scouts[start_positions(len(scouts))]))
    else:
        first = as_pivot(start, given) / divisor
    descent = descend(lambda centre: _step(draws, centre), first, max_iterations=max_iterations)
    warn_unless_settled(descent, "point process")
    labels, centre = descent.last.orders, descent.last.centre
    valid = (np.sort(labels, axis=1) == np.arange(labels.shape[1])).all(axis=1)
    fallback = nearest(draws, centre).permutations
    orders = np.where(valid[:, None], inverse(labels), fallback)
    return Orders(orders, squared_distance(draws, centre, orders), descent.iterations, valid)


def point_process_cost(parameters: ArrayLike, permutations: ArrayLike, scale: ArrayLike | None = None) -> float:
    """Squared scaled distances of the relabelled parameters (T, K, J) to their means, summed over draws."""
    draws = as_parameters(parameters)
    draws = draws / as_scale(scale, draws)
    orders = as_orders(permutations, draws.shape[:2])
    return squared_distance(draws, Orders(orders, 0.0).relabelled(draws).mean(axis=0), orders)


def _step(draws: FloatArray, centre: FloatArray) -> Step[FloatArray]:
    """One step of Lloyd's k-means: the nearest centre of each point, (T, K), and the means of those it is nearest to.

    These labels are no orders until the end; a centre that is nearest to no point stays where it is.
    """
    n_draws, n_components, n_parameters = draws.shape
    labels = np.empty((n_draws, n_components), dtype=np.int64)
    cost = 0.0
    for chunk in chunks(draws):
        distances = squared_distances(draws[chunk], centre)
        labels[chunk] = distances.argmin(axis=1)
        cost += float(distances.min(axis=1).sum())
    flat = labels.ravel()
    counts = np.bincount(flat, minlength=n_components)[:, None]
    columns = draws.reshape(-1, n_parameters).T
    totals = np.stack([np.bincount(flat, weights=column, minlength=n_components) for column in columns], axis=1)
    return Step(labels, cost, np.where(counts > 0, totals / np.maximum(counts, 1), centre))
