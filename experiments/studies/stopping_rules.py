"""Rules by which programs stop EM, applied to a climb that went on to the end."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from em.stopping import STEPS_HELD, remaining_gain
from mixture.arrays import FloatArray


@dataclass(frozen=True, eq=False)
class Trace:
    """What a rule may look at: log-likelihoods (T + 1,), parameters (T + 1, P), number of points."""

    log_likelihoods: FloatArray
    path: FloatArray
    n_samples: int

    @property
    def gains(self) -> FloatArray:
        """(T,) gain of each iteration, in nats."""
        return np.diff(self.log_likelihoods)

    @property
    def gains_to_come(self) -> FloatArray:
        """(T,) Aitken's estimate after each iteration, in nats; infinite after the first."""
        gains = self.gains
        later = [remaining_gain(float(before), float(gain)) for before, gain in pairwise(gains)]
        return np.array([np.inf, *later])


@dataclass(frozen=True, eq=False)
class Rule:
    """A rule: its name, what it asks in words, and iterations (T,) after which it is content.

    program, limit   whose default it is, and after how many iterations that program stops by default in any case
    """

    name: str
    words: str
    content: Callable[[Trace], np.ndarray]
    program: str = ""
    limit: int | None = None

    def stop(self, trace: Trace) -> int | None:
        """The first iteration after which it stops; None if it goes on."""
        found = np.flatnonzero(self.content(trace))
        return int(found[0]) + 1 if found.size else None


def held(content: np.ndarray, steps: int) -> np.ndarray:
    """Whether each entry (T,) and those before it, `steps` in all, are true."""
    windows = np.lib.stride_tricks.sliding_window_view(content, steps).all(axis=1)
    return np.concatenate([np.zeros(len(content) - len(windows), dtype=bool), windows])


def _scikit_learn(trace: Trace) -> np.ndarray:
    """It sees a likelihood one M step late: that of the mixture before the last step."""
    return np.concatenate([[False], np.abs(trace.gains[:-1]) / trace.n_samples < 1e-3])


def _change(tolerance: float, power: str) -> Rule:
    return Rule(
        f"change {power}",
        f"the log-likelihood changed by less than {power} nats",
        lambda trace: np.abs(trace.gains) < tolerance,
    )


def _relative(tolerance: float, power: str, program: str, limit: int | None) -> Rule:
    return Rule(
        f"relative {power}",
        f"the log-likelihood changed by less than {power} of itself",
        lambda trace: np.abs(trace.gains) < tolerance * np.abs(trace.log_likelihoods[1:]),
        program,
        limit,
    )


RULES = (
    Rule("mean 10⁻³", "the mean log-likelihood changed by less than 10⁻³", _scikit_learn, "scikit-learn 1", 100),
    _relative(1e-5, "10⁻⁵", "mclust 6", None),
    _relative(1e-8, "10⁻⁸", "depmixS4 1.5", 500),
    _change(1e-3, "10⁻³"),
    _change(1e-6, "10⁻⁶"),
    _change(1e-8, "10⁻⁸"),
    Rule(
        "parameters 10⁻³",
        "no parameter changed by more than 10⁻³",
        lambda trace: np.abs(np.diff(trace.path, axis=0)).max(axis=1) < 1e-3,
    ),
    Rule(
        "Aitken 10⁻², once",
        "Aitken's estimate of the gain to come was below 10⁻² nats once",
        lambda trace: trace.gains_to_come < 1e-2,
    ),
    Rule(
        "Aitken 10⁻², held",
        f"the same on {STEPS_HELD} consecutive iterations",
        lambda trace: held(trace.gains_to_come < 1e-2, STEPS_HELD),
    ),
)
"""In the order of tables. Defaults: `tol` and `max_iter` of scikit-learn's GaussianMixture, `emControl` of mclust
(which sets no limit), `em.control` of depmixS4. This project's own rule is applied by `em.fit` itself."""
