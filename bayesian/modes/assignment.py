"""Each draw's mode, whatever its labels: where a climb from it ends, or else which mode's density is nearest.

    distance of draw t and mode m:  sqrt( mean_n ( log p(x_n | theta_t) - log p(x_n | mode_m) )^2 ),  nats a point

It needs no matching of labels: no permutation of components changes a density. A draw of higher likelihood than a mode
cannot lie in its basin, and is not given to it however near.
"""

from collections.abc import Sequence

import numpy as np

from bayesian.draws import log_densities
from bayesian.posterior import Posterior
from bayesian.relabelling.task import Climb
from mixture import GaussianMixture
from mixture.arrays import FloatArray, IntArray

ELSEWHERE = -1
"""The mode of a draw from which a climb ends at none of those handed in, or that lies higher than all of them."""

SLACK = 0.01
"""Nats by which the log-likelihood of an optimum may have been left below its maximum by whoever climbed to it."""

SAME = 0.01
"""Optima whose log densities differ by less than this at the data, in root mean square and nats, are one."""

MOST_CLIMBS = 400
"""Draws a climb is made from if no thinning is said, evenly spaced in each chain."""

CHUNK = 2**20
"""Log densities held at a time."""


def assign_modes(
    posterior: Posterior, modes: Sequence[GaussianMixture], climb: Climb | None = None, *, thin: int | None = None
) -> tuple[IntArray, IntArray]:
    """Modes of every thin-th draw of each chain, (C, S'), ELSEWHERE for none; and the positions of those draws, (S',).

    With a climb, the mode is where it ends; without, the nearest by the distance above of those not below the draw.
    thin: default every draw, or with a climb as many as make MOST_CLIMBS. Raises ValueError for no modes, modes of
    other K or D than the posterior, two modes of one density, and thin below 1.
    """
    _check(posterior, modes)
    x = posterior.data
    if thin is None:
        thin = 1 if climb is None else -(-posterior.n_chains * posterior.n_draws // MOST_CLIMBS)
    if thin < 1:
        raise ValueError(f"thin must be at least 1 (every draw), not {thin}")
    kept = np.arange(0, posterior.n_draws, thin)
    targets = np.stack([mode.log_density(x) for mode in modes])
    near = np.sqrt(_squared(targets, targets) + np.diag(np.full(len(modes), np.inf)))
    if len(modes) > 1 and near.min() < SAME:
        first, second = np.unravel_index(near.argmin(), near.shape)
        raise ValueError(f"modes {first} and {second} have the same density, up to labels: hand in each mode once")
    if climb is None:
        arrays = (posterior.weights, posterior.means, posterior.covariances)
        flat = [values[:, kept].reshape(-1, *values.shape[2:]) for values in arrays]
        step = max(1, CHUNK // len(x))
        chunks = [slice(begin, begin + step) for begin in range(0, len(flat[0]), step)]
        found = np.concatenate([_nearest(log_densities(x, *(v[chunk] for v in flat)), targets) for chunk in chunks])
    else:
        ends = (climb(posterior.mixture(chain, draw)) for chain in range(posterior.n_chains) for draw in kept.tolist())
        found = np.array([_mode_at(end, x, targets) for end in ends], dtype=np.int64)
    return found.reshape(posterior.n_chains, len(kept)), kept


def _nearest(densities: FloatArray, targets: FloatArray) -> IntArray:
    """Of the modes no lower than each draw, the nearest: log densities at the data (T, N) and (M, N) to (T,)."""
    distances = _squared(densities, targets)
    distances[densities.sum(axis=1)[:, None] > targets.sum(axis=1) + SLACK] = np.inf
    return np.where(np.isfinite(distances).any(axis=1), distances.argmin(axis=1), ELSEWHERE).astype(np.int64)


def _mode_at(end: GaussianMixture | None, x: FloatArray, targets: FloatArray) -> int:
    if end is None:
        return ELSEWHERE
    distances = _squared(end.log_density(x)[None], targets)[0]
    return int(distances.argmin()) if distances.min() < SAME**2 else ELSEWHERE


def _squared(densities: FloatArray, targets: FloatArray) -> FloatArray:
    """Mean squared differences of log densities (T, N) and (M, N): (T, M)."""
    return np.stack([np.square(densities - target).mean(axis=1) for target in targets], axis=1)


def _check(posterior: Posterior, modes: Sequence[GaussianMixture]) -> None:
    if not modes:
        raise ValueError("no modes were handed in: give at least one mixture, such as EM's optima")
    shape = (posterior.n_components, posterior.n_features)
    for index, mode in enumerate(modes):
        if (mode.n_components, mode.n_features) != shape:
            raise ValueError(
                f"mode {index} has K, D = {(mode.n_components, mode.n_features)}, but the posterior has {shape}"
            )
