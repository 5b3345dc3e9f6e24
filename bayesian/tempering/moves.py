"""Chains of moves from resampled particles at one temperature; every state of them becomes a particle.

The step of a trajectory is e exp(v), v ~ U(-1.3, 0.3), its length L ~ U{1, .., 2 m - 1}: a mixture posterior has
components of very different widths, and no one step suits all of them. Between trajectories single components jump, by
the difference of two components of two particles,

    y_k <- y_k + g (y_ai - y_bj),   g = 1 or U(0, 1),

a symmetric proposal with every scale that the particles have: components that hold no points roam over the prior. All
random numbers are drawn beforehand, so the number of threads changes nothing. Source of the jumps: ter Braak 2006,
Stat. Comput. 16:239, for differences of members of a population, here of components.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from bayesian.ops.flat_function import pieces
from bayesian.ops.log_density import CompiledDensity
from bayesian.tempering.kernel import jumps, trajectories
from bayesian.tempering.settings import SMCSettings
from mixture.arrays import FloatArray, IntArray

SPREAD_OF_STEPS = (-1.3, 0.3)
"""Log step sizes about the adapted one."""

JUMPS = 3
"""Of a component after each trajectory."""

GAIN = 0.3
"""How fast the log step follows the acceptance."""


@dataclass(frozen=True, eq=False)
class Moved:
    """points (P, M, n) and values (P, M, 2 + 2 n) of M chains of P states.

    step: adapted; acceptance: of the trajectories after adapting. correlation: of the log likelihoods of the first
    and the last states of the chains; near 0, the chains forgot where they began.
    """

    points: FloatArray
    values: FloatArray
    step: float
    acceptance: float

    @property
    def correlation(self) -> float:
        first, last = self.values[0, :, 1], self.values[-1, :, 1]
        if first.std() == 0.0 or last.std() == 0.0:
            return 1.0
        return float(np.corrcoef(first, last)[0, 1])


@dataclass(frozen=True, eq=False)
class Swarm:
    """What moves take from the particles: root R (n, n) of their covariance, as in `kernel`, and components to jump by.

    components (T, m): coordinates of components drawn from the particles; (0, 0) for none. blocks (K, m): where they
    stand in a point.
    """

    root: FloatArray
    blocks: IntArray
    components: FloatArray

    def jumps(self, n: int, rng: np.random.Generator) -> tuple[IntArray, FloatArray, FloatArray]:
        """(components (n,) to move, differences (n, m), uniforms (n,))."""
        pair = rng.integers(len(self.components), size=(2, n))
        differences = self.components[pair[0]] - self.components[pair[1]]
        shrunk = np.where(rng.random(n) < 0.5, 1.0, rng.random(n))
        return rng.integers(len(self.blocks), size=n), shrunk[:, None] * differences, rng.random(n)


def move_chains(
    density: CompiledDensity,
    points: FloatArray,
    values: FloatArray,
    beta: float,
    swarm: Swarm,
    step: float,
    moves: int,
    settings: SMCSettings,
    rng: np.random.Generator,
    threads: int | None = None,
) -> Moved:
    """M chains from points (M, n) with their values: `settings.states` states, `moves` trajectories apart.

    The step adapts in the first third of the chain and then stays.
    """
    n_chains, n = points.shape
    points, values = np.array(points), np.array(values)
    all_points = np.empty((settings.states, n_chains, n))
    all_values = np.empty((settings.states, *values.shape))
    all_points[0], all_values[0] = points, values
    ranges = pieces(n_chains, threads)
    given = (density.address, density.words.address, points, values, beta)
    adapting = max(1, (settings.states - 1) * moves // 3)
    settled: list[float] = []
    with ThreadPoolExecutor(len(ranges)) as pool:

        def share(kernel: Callable[..., float], *arguments: FloatArray | IntArray) -> float:
            """The share of accepted moves, each thread moving a range of the chains."""
            tasks = [pool.submit(kernel, *given, *arguments, *some) for some in ranges]
            return sum(task.result() for task in tasks) / n_chains

        for move in range((settings.states - 1) * moves):
            steps = step * np.exp(rng.uniform(*SPREAD_OF_STEPS, size=n_chains))
            lengths = rng.integers(1, 2 * settings.leapfrogs, size=(n_chains,))
            momenta, uniforms = rng.normal(size=(n_chains, n)), rng.random((n_chains,))
            acceptance = share(trajectories, swarm.root, steps, lengths, momenta, uniforms)
            if move < adapting:
                step *= float(np.exp(GAIN * (acceptance - settings.acceptance)))
            else:
                settled.append(acceptance)
            for _ in range(JUMPS if swarm.blocks.size else 0):
                share(jumps, swarm.blocks, *swarm.jumps(n_chains, rng))
            if (move + 1) % moves == 0:
                state = (move + 1) // moves
                all_points[state], all_values[state] = points, values
    return Moved(all_points, all_values, step, float(np.mean(settled)) if settled else acceptance)
