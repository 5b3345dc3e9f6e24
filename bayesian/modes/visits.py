"""Which modes the chains of a posterior visited, when they left them, and which no chain ever reached."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from bayesian.modes.assignment import ELSEWHERE, assign_modes
from bayesian.posterior import Posterior
from bayesian.relabelling.task import Climb
from mixture import GaussianMixture
from mixture.arrays import FloatArray, IntArray

MIN_PASSAGES = 20
"""Passages between modes, all chains together, below which shares of draws say nothing of the weights of modes: of n
independent visits a share is known to about 1 / sqrt(n)."""


@dataclass(frozen=True, eq=False)
class VisitedModes:
    """Where the draws of each chain were.

    modes: as handed in. log_likelihoods: theirs, (M,), nats. draws: positions of the draws looked at, (S',).
    assigned: their modes, (C, S'), by position; ELSEWHERE (-1) where a draw belongs to none of them.
    climbed: whether a climb decided, not the nearest density. starts: the mode each chain was started at, (C,), or
    None.
    """

    modes: tuple[GaussianMixture, ...]
    log_likelihoods: FloatArray
    draws: IntArray
    assigned: IntArray
    climbed: bool
    starts: IntArray | None = None

    @property
    def shares(self) -> FloatArray:
        """Share of each chain's draws in each mode, (C, M). No weights: see `mode_weights`."""
        return np.stack([(self.assigned == mode).mean(axis=1) for mode in range(len(self.modes))], axis=1)

    @property
    def held(self) -> tuple[int, ...]:
        """Modes, by position, in which there are draws."""
        return tuple(mode for mode in range(len(self.modes)) if (self.assigned == mode).any())

    @property
    def abandoned(self) -> tuple[int, ...]:
        """Modes, by position, at which chains began, but where no draw of any chain is: all left while tuning."""
        return tuple(mode for mode in range(len(self.modes)) if mode not in self.held and (self.began == mode).any())

    @property
    def never_reached(self) -> tuple[int, ...]:
        """Modes, by position, at which no chain began and where no draw of any chain is."""
        return tuple(mode for mode in range(len(self.modes)) if mode not in self.held and mode not in self.abandoned)

    @property
    def passages(self) -> IntArray:
        """How often each chain passed from one mode to another, (C,), since its first draw."""
        return (np.diff(self.assigned, axis=1) != 0).sum(axis=1).astype(np.int64)

    @property
    def began(self) -> IntArray:
        """The mode each chain began in, (C,): where it was started, or else that of its first draw."""
        return self.assigned[:, 0] if self.starts is None else self.starts

    @property
    def left(self) -> NDArray[np.bool_]:
        """Whether each chain has a draw outside the mode it began in, (C,)."""
        return (self.assigned != self.began[:, None]).any(axis=1)

    @property
    def chains(self) -> pd.DataFrame:
        """One row per chain: the mode it began and ended in, the first draw outside the former, passages, and the modes
        of its draws in the order of its first visit. Modes, chains and draws by position."""
        rows = []
        for began, modes, passages in zip(self.began, self.assigned, self.passages, strict=True):
            away = np.flatnonzero(modes != began)
            rows.append(
                {
                    "began": int(began),
                    "last": int(modes[-1]),
                    "left_at": int(self.draws[away[0]]) if away.size else pd.NA,
                    "passages": int(passages),
                    "visited": tuple(int(mode) for mode in dict.fromkeys(modes.tolist())),
                }
            )
        frame = pd.DataFrame(rows, index=pd.RangeIndex(len(rows), name="chain"))
        return frame.astype({"left_at": "Int64"})

    @property
    def table(self) -> pd.DataFrame:
        """One row per mode: its log-likelihood, chains that began there, that began there and left, that visited it,
        and the share of all draws that are in it."""
        modes = range(len(self.modes))
        here = [self.assigned == mode for mode in modes]
        return pd.DataFrame(
            {
                "log_likelihood": self.log_likelihoods,
                "began": [int((self.began == mode).sum()) for mode in modes],
                "left": [int(((self.began == mode) & self.left).sum()) for mode in modes],
                "visited": [int(inside.any(axis=1).sum()) for inside in here],
                "share": [float(inside.mean()) for inside in here],
            },
            index=pd.RangeIndex(len(self.modes), name="mode"),
        )

    def __str__(self) -> str:
        """What was visited, left and never reached, and whether the shares may be read as weights; counted from 1."""
        text = f"{len(self.held)} of {len(self.modes)} modes hold draws"
        if self.abandoned:
            text += f"; left while tuning by every chain that began there: {counted(self.abandoned)}"
        if self.never_reached:
            text += f"; never reached: {counted(self.never_reached)}"
        elsewhere = float((self.assigned == ELSEWHERE).mean())
        if elsewhere:
            text += f"; {100 * elsewhere:.1f}% of the draws belong to none of them"
        if len(self.held) + (elsewhere > 0.0) < 2:
            return f"{text}."
        passages = int(self.passages.sum())
        text += (
            f". {int(self.left.sum())} of {len(self.assigned)} chains left the mode they began in; {passages} passages"
            " between modes"
        )
        if passages < MIN_PASSAGES:
            return (
                f"{text}: too few for shares of draws to be weights of modes, for they tell where the chains began."
                " Weigh the modes by mode_weights of draws by sequential Monte Carlo."
            )
        return f"{text}."


def counted(modes: Sequence[int]) -> str:
    """Modes as people count them, from 1."""
    return ", ".join(str(mode + 1) for mode in modes)


def visited_modes(
    posterior: Posterior,
    modes: Sequence[GaussianMixture],
    climb: Climb | None = None,
    *,
    starts: ArrayLike | None = None,
    thin: int | None = None,
) -> VisitedModes:
    """Which of the modes the chains visited, left and never reached, whatever the labels of the draws.

    modes: local optima, such as EM's distinct ones, each once. climb: from a mixture to the optimum above it, such as
    EM itself; without it a draw belongs to the mode of nearest density, of those that
    are no lower than it. starts: positions of the modes the chains were
    started at, (C,), so that those left during tuning are told. thin, errors: as in `assign_modes`.
    """
    began = None if starts is None else np.asarray(starts)
    if began is not None and (began.shape != (posterior.n_chains,) or not np.isin(began, np.arange(len(modes))).all()):
        raise ValueError(f"starts must be positions of the modes, one for each of {posterior.n_chains} chains")
    assigned, draws = assign_modes(posterior, modes, climb, thin=thin)
    log_likelihoods = np.array([mode.log_likelihood(posterior.data) for mode in modes])
    return VisitedModes(tuple(modes), log_likelihoods, draws, assigned, climb is not None, began)
