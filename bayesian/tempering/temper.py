"""Tempering from prior to posterior with every state of the moves kept: waste-free sequential Monte Carlo.

    p_beta(y) proportional to p(y) L(y)^beta,   0 = beta_0 < beta_1 < .. < beta_J = 1
    w_i = L(y_i)^(beta_j+1 - beta_j),           log p(X) = sum_j log mean_i w_i

Each temperature is as far from the last as leaves a set effective share of the particles, (sum w)^2 / (N sum w^2).
M of the N = M P particles are resampled by weight and moved P - 1 times; all M P states are the next particles.
Source: Del Moral, Doucet & Jasra 2006, JRSS B 68:411; Dau & Chopin 2022, JRSS B 84:114 (waste-free).
"""

from dataclasses import dataclass

import numpy as np

from bayesian.ops.log_density import CompiledDensity
from bayesian.tempering.moves import Swarm, move_chains
from bayesian.tempering.settings import SMCSettings
from mixture.arrays import FloatArray, IntArray

FIRST_STEP = 0.5
"""Leapfrog step at the first temperature, in units of R."""

CORRELATED, UNCORRELATED = 0.3, 0.1
"""Above the one, chains move twice as often between states at the next temperature; below the other, half as often."""

RIDGE = 1e-6
"""Added to each variance, as a share of it."""

SMALLEST_LOG_LIKELIHOOD = -1e15
"""In the place of -inf, so that a difference of temperatures times it is no NaN."""


@dataclass(frozen=True)
class Temperature:
    """One step of tempering.

    beta               the temperature reached                log_increment   log mean w, in nats
    effective_share    of the particles before resampling     step            of the leapfrog
    acceptance         of trajectories                        moves           between two states of a chain
    correlation        of log likelihoods at both ends of the chains
    """

    beta: float
    log_increment: float
    effective_share: float
    step: float
    acceptance: float
    moves: int
    correlation: float


@dataclass(frozen=True, eq=False)
class Tempered:
    """points (N, n_dim): equally weighted draws from the posterior; log_likelihood (N,) of each, in nats."""

    points: FloatArray
    log_likelihood: FloatArray
    record: tuple[Temperature, ...]

    @property
    def log_evidence(self) -> float:
        """log of the integral of p(y) L(y), in nats."""
        return sum(step.log_increment for step in self.record)


def temper(
    density: CompiledDensity,
    points: FloatArray,
    rng: np.random.Generator,
    settings: SMCSettings,
    threads: int | None = None,
    blocks: IntArray | None = None,
) -> Tempered:
    """From draws of the prior (chains x states, n_dim) to draws of the posterior.

    blocks (K, m): coordinates that belong to exchangeable components, which then also jump one by one; by default none.
    Raises ValueError for another number of points, or if the likelihood is zero at all of them.
    """
    if len(points) != settings.particles:
        raise ValueError(f"{settings.particles} draws from the prior are needed, not {len(points)}")
    values = density.table(points, threads)
    if not np.isfinite(values[:, 1]).any():
        raise ValueError("the likelihood is zero at every draw from the prior: prior and data do not fit together")
    none = np.empty((0, 0), dtype=np.int64)
    beta, step, moves = 0.0, FIRST_STEP, 1
    record: list[Temperature] = []
    while beta < 1.0:
        levels = np.maximum(values[:, 1], SMALLEST_LOG_LIKELIHOOD)
        reached = next_temperature(levels, beta, settings.ess)
        log_weights = (reached - beta) * levels
        top = log_weights.max()
        weights = np.exp(log_weights - top)
        increment = float(top + np.log(weights.mean()))
        share = effective_share(weights)
        weights /= weights.sum()
        swarm = _swarm(points, weights, none if blocks is None else blocks, rng)
        chosen = resample(weights, settings.chains, rng)
        moved = move_chains(
            density, points[chosen], values[chosen], reached, swarm, step, moves, settings, rng, threads
        )
        points = moved.points.reshape(-1, points.shape[1])
        values = moved.values.reshape(len(points), -1)
        beta, step = reached, moved.step
        record.append(Temperature(beta, increment, share, step, moved.acceptance, moves, moved.correlation))
        if moved.correlation > CORRELATED:
            moves = min(2 * moves, settings.most_moves)
        elif moved.correlation < UNCORRELATED:
            moves = max(moves // 2, 1)
    return Tempered(points, np.array(values[:, 1]), tuple(record))


def _swarm(points: FloatArray, weights: FloatArray, blocks: IntArray, rng: np.random.Generator) -> Swarm:
    """A component of each of as many particles, drawn by weight."""
    chosen = resample(weights, len(points), rng)
    which = blocks[rng.integers(len(blocks), size=len(points))] if blocks.size else np.empty((len(points), 0), np.int64)
    return Swarm(covariance_root(points, weights), blocks, np.take_along_axis(points[chosen], which, axis=1))


def effective_share(weights: FloatArray) -> float:
    """(sum w)^2 / (N sum w^2), in (0, 1]."""
    return float(weights.sum() ** 2 / (np.square(weights).sum() * len(weights)))


def next_temperature(log_likelihood: FloatArray, beta: float, share: float) -> float:
    """The largest beta' <= 1 at which weights L^(beta' - beta) keep that effective share of the particles."""
    centred = log_likelihood - log_likelihood.max()

    def left(candidate: float) -> float:
        return effective_share(np.exp((candidate - beta) * centred))

    if left(1.0) >= share:
        return 1.0
    low, high = np.log(1e-12), np.log(1.0 - beta)
    for _ in range(50):
        middle = 0.5 * (low + high)
        if left(beta + np.exp(middle)) < share:
            high = middle
        else:
            low = middle
    return float(beta + np.exp(low))


def resample(weights: FloatArray, n: int, rng: np.random.Generator) -> IntArray:
    """n indices with expected numbers n w_i, systematic over the particles in random order; weights sum to one."""
    order = rng.permutation(len(weights))
    edges = np.cumsum(weights[order])
    places = (np.arange(n) + rng.uniform()) / n * edges[-1]
    return order[np.minimum(np.searchsorted(edges, places), len(order) - 1)]


def covariance_root(points: FloatArray, weights: FloatArray) -> FloatArray:
    """The lower triangular root of the weighted covariance (n, n), a little ridge added: particles may agree."""
    centred = points - weights @ points
    covariance = (weights[:, None] * centred).T @ centred
    variances = np.diagonal(covariance)
    ridge = RIDGE * np.where(variances > 0.0, variances, 1.0)
    return np.linalg.cholesky(covariance + np.diag(ridge))
