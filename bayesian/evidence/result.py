"""A log evidence with its error, and whether two of them agree."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from mixture.arrays import FloatArray

LEVEL = 0.01
"""Two estimates disagree if their difference, were they estimates of the same number, had a smaller probability."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """log p(X) of one model, in nats, K! accounted for: of exchangeable components.

    log_evidence    the mean of the runs          standard_error  their standard deviation / sqrt(runs); 0 if exact
    by_run          (R,) independent runs         method          "bridge", "smc", "sequential" or "exact"
    n_components    K                             structure       of the covariances
    cpu_seconds     of all runs, compilation included
    notes           what speaks against the number, in words; empty if nothing was seen
    """

    log_evidence: float
    standard_error: float
    by_run: FloatArray
    method: str
    n_components: int
    structure: str
    cpu_seconds: float
    notes: tuple[str, ...] = ()

    @classmethod
    def of_runs(
        cls,
        by_run: FloatArray,
        method: str,
        n_components: int,
        structure: str,
        cpu_seconds: float,
        notes: tuple[str, ...] = (),
    ) -> "Evidence":
        """From at least two independent runs."""
        error = float(np.std(by_run, ddof=1) / math.sqrt(len(by_run)))
        return cls(float(np.mean(by_run)), error, by_run, method, n_components, structure, cpu_seconds, notes)

    @property
    def runs(self) -> int:
        return len(self.by_run)

    def __str__(self) -> str:
        error = "exact" if self.method == "exact" else f"± {self.standard_error:.3f} from {self.runs} runs"
        head = (
            f"log evidence of K = {self.n_components}, {self.structure}, by {self.method}:"
            f" {self.log_evidence:.3f} ({error}; {self.cpu_seconds:.1f} CPU seconds)"
        )
        return "\n".join([head, *(f"  but: {note}" for note in self.notes)])


@dataclass(frozen=True, eq=False)
class Agreement:
    """Whether two estimates of one log evidence, by methods of different kinds, agree within their errors.

    difference      first - second, in nats
    standard_error  of the difference
    p_value         of Welch's t test that both estimate the same number
    """

    first: Evidence
    second: Evidence
    difference: float
    standard_error: float
    p_value: float

    @classmethod
    def of(cls, first: Evidence, second: Evidence) -> "Agreement":
        """Raises ValueError if they are of different models."""
        if (first.n_components, first.structure) != (second.n_components, second.structure):
            raise ValueError("the evidences are of different models: compare two methods on one")
        difference = first.log_evidence - second.log_evidence
        variances = np.array([first.standard_error, second.standard_error]) ** 2
        total = float(variances.sum())
        if total == 0.0:
            p_value = 1.0 if math.isclose(first.log_evidence, second.log_evidence, rel_tol=1e-9) else 0.0
            return cls(first, second, difference, 0.0, p_value)
        freedom = np.array([max(first.runs - 1, 1), max(second.runs - 1, 1)])
        degrees = total**2 / float((variances**2 / freedom).sum())
        p_value = float(2.0 * student.sf(abs(difference) / math.sqrt(total), degrees))
        return cls(first, second, difference, math.sqrt(total), p_value)

    @property
    def agree(self) -> bool:
        return self.p_value >= LEVEL

    def __str__(self) -> str:
        both = " and ".join(
            f"{one.method} {one.log_evidence:.3f} ± {one.standard_error:.3f}" for one in (self.first, self.second)
        )
        gap = f"they differ by {abs(self.difference):.3f} ± {self.standard_error:.3f} nats (p = {self.p_value:.2g})"
        if self.agree:
            return f"The two methods agree: {both}; {gap}."
        advice = (
            "believe neither yet: run both with more draws and more moves, and look at the chains of the one"
            " (do they agree on the log density?) and the correlations of the moves of the other"
        )
        return f"The two methods do NOT agree: {both}; {gap}: {advice}."
