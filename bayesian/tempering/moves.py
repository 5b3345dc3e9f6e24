"""Chains of moves from resampled particles at one temperature; every state of them becomes a particle.

The step of a trajectory is e exp(v), v ~ U(-1.3, 0.3), its length L ~ U{1, .., 2 m - 1}: a mixture posterior has
components of very different widths, and no one step suits all of them. All random numbers are drawn beforehand, so
the number of threads changes nothing.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from bayesian.ops.flat_function import pieces
from bayesian.ops.log_density import CompiledDensity
from bayesian.tempering.kernel import trajectories
from bayesian.tempering.settings import SMCSettings
from mixture.arrays import FloatArray

SPREAD_OF_STEPS = (-1.3, 0.3)
"""Log step sizes about the adapted one."""

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


def move_chains(
    density: CompiledDensity,
    points: FloatArray,
    values: FloatArray,
    beta: float,
    root: FloatArray,
    step: float,
    moves: int,
    settings: SMCSettings,
    rng: np.random.Generator,
    threads: int | None = None,
) -> Moved:
    """M chains from points (M, n) with their values: `settings.states` states, `moves` trajectories apart.

    root (n, n) R, as in `kernel`. The step adapts in the first third of the chain and then stays.
    """
    n_chains, n = points.shape
    points, values = np.array(points), np.array(values)
    all_points = np.empty((settings.states, n_chains, n))
    all_values = np.empty((settings.states, *values.shape))
    all_points[0], all_values[0] = points, values
    ranges = pieces(n_chains, threads)
    address, words = density.address, density.words.address
    adapting = max(1, (settings.states - 1) * moves // 3)
    settled: list[float] = []
    with ThreadPoolExecutor(len(ranges)) as pool:
        for move in range((settings.states - 1) * moves):
            steps = step * np.exp(rng.uniform(*SPREAD_OF_STEPS, size=n_chains))
            lengths = rng.integers(1, 2 * settings.leapfrogs, size=n_chains)
            momenta, uniforms = rng.normal(size=(n_chains, n)), rng.uniform(size=n_chains)
            tasks = [
                pool.submit(
                    trajectories,
                    address,
                    words,
                    points,
                    values,
                    beta,
                    root,
                    steps,
                    lengths,
                    momenta,
                    uniforms,
                    first,
                    last,
                )
                for first, last in ranges
            ]
            acceptance = sum(task.result() for task in tasks) / n_chains
            if move < adapting:
                step *= float(np.exp(GAIN * (acceptance - settings.acceptance)))
            else:
                settled.append(acceptance)
            if (move + 1) % moves == 0:
                state = (move + 1) // moves
                all_points[state], all_values[state] = points, values
    return Moved(all_points, all_values, step, float(np.mean(settled)) if settled else acceptance)
