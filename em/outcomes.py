"""What climbs from many starts ended in."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from em.fit import EMFit
from em.optima import SAME_OPTIMUM, Optimum, distinct_optima
from em.status import Status
from mixture.arrays import FloatArray
from mixture.storage import Stored

SHOWN_OPTIMA = 5
"""Optima that are printed."""


class NoUsableFit(ValueError):
    """Every start ended in a singular component or a spike, or failed."""


@dataclass(frozen=True)
class FailedStart:
    """A start that gave no mixture: how it was to be made, and why it failed."""

    start_name: str
    reason: str


@dataclass(frozen=True, repr=False)
class Restarts(Stored):
    """All climbs from several starts.

    fits      every fit in the order of its start, run-aways included
    failures  starts that gave no mixture
    refits    fits from a simpler model that lay above the best start (see `fit_best`), usually none: they count as no
              starts, and their notes say what lay above and by how much
    """

    fits: tuple[EMFit, ...]
    failures: tuple[FailedStart, ...] = ()
    refits: tuple[EMFit, ...] = ()

    @property
    def climbs(self) -> tuple[EMFit, ...]:
        """Every fit, refits last."""
        return self.fits + self.refits

    @property
    def usable(self) -> tuple[EMFit, ...]:
        """The fits of starts that are honest local answers, in the order of their starts."""
        return tuple(fit for fit in self.fits if fit.status.usable)

    @property
    def best(self) -> EMFit:
        """The highest usable fit or refit; raises NoUsableFit, saying what to do, if there is none."""
        usable = [fit for fit in self.climbs if fit.status.usable]
        if usable:
            return max(usable, key=lambda fit: fit.value)
        reasons = [fit.message for fit in self.climbs] + [failure.reason for failure in self.failures]
        if not reasons:
            raise NoUsableFit("there is no best fit: these restarts hold no fits at all. Fit from at least one start.")
        raise NoUsableFit(f"none of the {self.n_starts} starts gave a usable fit. The first reason: {reasons[0]}")

    @property
    def flagged(self) -> tuple[str, ...]:
        """What the check against simpler models found, a sentence each: empty if no simpler model lay above."""
        return tuple(dict.fromkeys(refit.notes[-1] for refit in self.refits if refit.notes))

    @property
    def singular(self) -> tuple[EMFit, ...]:
        """The run-aways: fits of starts that ended in a singular component or a spike."""
        return tuple(fit for fit in self.fits if not fit.status.usable)

    @property
    def n_starts(self) -> int:
        """Starts tried, failed ones included."""
        return len(self.fits) + len(self.failures)

    @property
    def share_at_best(self) -> float:
        """Share of all starts whose fit came within 1e-4 nats of the best: how easily the optimum is found.

        Refits are no starts: 0 if only they came there.
        """
        best = self.best.value
        return sum(fit.value >= best - SAME_OPTIMUM for fit in self.usable) / max(self.n_starts, 1)

    @property
    def log_likelihoods(self) -> FloatArray:
        """Final totals of the usable fits of starts, in nats, highest first."""
        return np.sort([fit.log_likelihood for fit in self.usable])[::-1]

    @property
    def optima(self) -> tuple[Optimum, ...]:
        """The distinct optima found (up to relabelling), highest first, with the starts that led there.

        Refits are among them, and so are fits that stopped at the iteration limit: see `Optimum`.
        """
        return distinct_optima(self.usable, [refit for refit in self.refits if refit.status.usable])

    def __repr__(self) -> str:
        return f"Restarts({self._summary})"

    def __str__(self) -> str:
        optima = self.optima
        lines = [self._summary]
        lines += [f"  {optimum}" for optimum in optima[:SHOWN_OPTIMA]]
        hidden = len(optima) - SHOWN_OPTIMA
        lines += [f"  and {hidden} lower ones"] if hidden > 0 else []
        lines += [f"  left out: {fit.detail}" for fit in self.singular[:1]]
        lines += [f"  {sentence}" for sentence in self.flagged]
        if any(fit.status.usable for fit in self.climbs):
            lines.append(str(self.best))
        return "\n".join(lines)

    @property
    def _summary(self) -> str:
        refits = f", {len(self.refits)} refits from a simpler model" if self.refits else ""
        return f"{self.n_starts} starts, {len(self.usable)} usable{refits}, {len(self.optima)} distinct optima"

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings, exact in JSON."""
        return {
            "fits": [fit.to_dict() for fit in self.fits],
            "failures": [{"start_name": f.start_name, "reason": f.reason} for f in self.failures],
            "refits": [fit.to_dict() for fit in self.refits],
        }

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Self:
        """The restarts that `to_dict` wrote; raises ValueError if fields are missing or a status is unknown."""
        try:
            return cls(
                tuple(_stored_fit(fit) for fit in content["fits"]),
                tuple(FailedStart(failure["start_name"], failure["reason"]) for failure in content["failures"]),
                tuple(_stored_fit(fit) for fit in content["refits"]),
            )
        except KeyError as error:
            raise ValueError(f"these are not stored restarts: {error} missing") from error


def _stored_fit(content: dict[str, Any]) -> EMFit:
    if content["status"] not in Status.__members__:
        known = ", ".join(Status.__members__)
        raise ValueError(f"a stored fit has the unknown status {content['status']!r}; known are: {known}")
    return EMFit.from_dict(content)
