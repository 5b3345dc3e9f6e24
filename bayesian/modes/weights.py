"""Weights of modes: the posterior probability of each mode's basin, from runs that can compare modes.

weight_m = P(theta in basin m | X),  estimated by the share of a run's draws in it; its error from independent runs
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from bayesian.modes.assignment import ELSEWHERE, assign_modes
from bayesian.posterior import Posterior
from bayesian.relabelling.task import Climb
from mixture import GaussianMixture
from mixture.arrays import FloatArray


@dataclass(frozen=True, eq=False)
class ModeWeights:
    """weights: (M,), they and `elsewhere` sum to 1. errors: Monte Carlo standard errors, (M,), from the spread of the
    runs. by_run: the weights in each run, (R, M). elsewhere: the share of draws that belong to none of the modes."""

    weights: FloatArray
    errors: FloatArray
    by_run: FloatArray
    elsewhere: float

    @property
    def table(self) -> pd.DataFrame:
        """One row per mode: its weight and standard error."""
        index = pd.RangeIndex(len(self.weights), name="mode")
        return pd.DataFrame({"weight": self.weights, "error": self.errors}, index=index)

    def __str__(self) -> str:
        """Modes counted from 1."""
        rows = enumerate(zip(self.weights, self.errors, strict=True), 1)
        text = ", ".join(f"mode {mode}: {weight:.3f} ± {error:.3f}" for mode, (weight, error) in rows)
        return text + (f"; elsewhere {self.elsewhere:.3f}" if self.elsewhere else "")


def mode_weights(
    posterior: Posterior,
    modes: Sequence[GaussianMixture],
    climb: Climb | None = None,
    *,
    draw_weights: ArrayLike | None = None,
    thin: int | None = None,
) -> ModeWeights:
    """Posterior probability of each mode, from independent runs of a method that can compare modes.

    posterior: one run a chain, such as the particles of sequential Monte Carlo or chains that pass often between modes.
    draw_weights: importance weights of the draws, (C, S), not negative; default equal. Others as in `visited_modes`.
    Raises ValueError for a single run, which cannot tell its error, for weights of another shape, and for runs that
    each stay in one mode, but not all in the same: how many do says how they were started, not what a mode weighs.
    """
    n_runs = posterior.n_chains
    if n_runs < 2:
        raise ValueError("weights of modes need at least two independent runs, one a chain: their spread is the error")
    assigned, kept = assign_modes(posterior, modes, climb, thin=thin)
    importance = np.ones(assigned.shape) if draw_weights is None else _as_weights(draw_weights, posterior)[:, kept]
    totals = importance.sum(axis=1, keepdims=True)
    if (totals <= 0.0).any():
        raise ValueError(f"the draws of run {int(totals.argmin())} have no weight")
    importance = importance / totals
    places = (*range(len(modes)), ELSEWHERE)
    shares = np.stack([np.where(assigned == place, importance, 0.0).sum(axis=1) for place in places], axis=1)
    if assigned.shape[1] > 1 and len(np.unique(shares.argmax(axis=1))) > 1 and (shares.max(axis=1) > 1.0 - 1e-9).all():
        raise ValueError(
            "each run stays in one mode, and not all in the same: their shares tell where runs began, not what modes"
            " weigh. Draw by a method that compares modes, such as sequential Monte Carlo"
        )
    errors = shares.std(axis=0, ddof=1) / np.sqrt(n_runs)
    means = shares.mean(axis=0)
    return ModeWeights(means[:-1], errors[:-1], shares[:, :-1], float(means[-1]))


def _as_weights(draw_weights: ArrayLike, posterior: Posterior) -> FloatArray:
    values = np.asarray(draw_weights, dtype=np.float64)
    if values.shape != (posterior.n_chains, posterior.n_draws):
        raise ValueError(
            f"draw_weights have shape {values.shape}, not (runs, draws) = {(posterior.n_chains, posterior.n_draws)}"
        )
    if not (np.isfinite(values).all() and (values >= 0.0).all()):
        raise ValueError("draw_weights must be finite and not negative")
    return values
