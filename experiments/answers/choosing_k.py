"""The number of components that each method takes, from what was computed for one data set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from experiments.data.datasets import load
from mixture.arrays import FloatArray, IntArray

GALAXIES = "galaxies_rg1997"
LABELS = {GALAXIES: "galaxies", "acidity": "acidity", "faithful": "Old Faithful", "iris": "iris"}
EM_CRITERIA = {"aic": "AIC", "bic": "BIC", "icl": "ICL"}
LEVEL = 0.05
"""p value up to which K is refuted."""
SURE = 2.0
"""Monte Carlo standard errors by which the most probable number must be ahead of another one to be taken alone."""

NEGLIGIBLE = 0.01
"""Probability of a K below which it does not matter how sure its evidence is."""
DOUBT = " (?)"
LEAST = "≥ "
"""Before a number that may be limited by how many were tried."""

type Outcomes = Mapping[str, Any]
"""Of one data set: criteria, test-k1, .., posterior-k1, .., filled."""


@dataclass(frozen=True)
class Choices:
    """What each method takes, as it is shown: "3"; "2 or 3", not told apart by the draws; "≥ 4", the most there was.

    taken: by the name of the method; span: the least and the most; open_ended: whether some method takes the most there
    was; icl_is_least: of all methods.
    """

    taken: Mapping[str, str]
    span: tuple[int, int]
    open_ended: bool

    @classmethod
    def of(cls, outcomes: Outcomes) -> Self:
        """From the outcomes of one data set, for the structure with a covariance for each component."""
        criteria = outcomes["criteria"].criteria
        full = criteria[criteria["structure"] == "full"].set_index("n_components")
        taken = {label: shown(-full[name]) for name, label in EM_CRITERIA.items()}
        taken["test"] = chosen_by_test(outcomes)
        taken["evidence"] = chosen_by_evidence(outcomes)
        crossed = loo_by_k(outcomes)
        taken["LOO"] = shown(crossed["elpd"])
        taken["LOO, 1 SE"] = str(min(within_one_error(crossed)))
        taken["filled"] = chosen_by_filling(outcomes["filled"].shares)
        numbers = [k for value in taken.values() for k in _numbers(value)]
        return cls(taken, (min(numbers), max(numbers)), any(LEAST in value for value in taken.values()))

    @property
    def told(self) -> str:
        """The span in words."""
        low, high = self.span
        return (f"{low}" if low == high else f"{low} to {high}") + (" or more" if self.open_ended else "")

    @property
    def icl_is_least(self) -> bool:
        """Whether no method takes fewer than ICL, and some take more."""
        return _numbers(self.taken["ICL"])[0] == self.span[0] < self.span[1]


def chosen_by_test(outcomes: Outcomes) -> str:
    """The smallest K that is not refuted; "≥ K + 1" if all up to K are, "?" where a test has no p value.

    With "(?)" behind it where a p value is not `SURE` of its Monte Carlo errors away from the level.
    """
    largest, doubt = 0, ""
    while (case := f"test-k{largest + 1}") in outcomes:
        largest += 1
        found = outcomes[case]
        if not np.isfinite(found.p_value):
            return "?"
        if abs(found.p_value - LEVEL) < SURE * found.standard_error:
            doubt = DOUBT
        if found.p_value > LEVEL:
            return f"{largest}{doubt}"
    return f"{LEAST}{largest + 1}{doubt}"


def chosen_by_evidence(outcomes: Outcomes) -> str:
    """The most probable K, and those that are not `SURE` errors behind it; "?" where a bridge failed.

    With "(?)" behind it where the bridge doubts its own draws for a K that is not `NEGLIGIBLE`.
    """
    by_run = evidence_by_k(outcomes)
    if not by_run:
        return "?"
    found = probabilities(by_run)
    numbers, shares = found["K"].to_numpy(), found["probability"].to_numpy()
    errors = _evidence_errors(by_run)
    mode = int(shares.argmax())
    slopes = shares[:, None] * (np.eye(len(shares)) - shares)  # of P_k in the log evidence of j
    behind = shares[mode] - shares
    error = np.sqrt((slopes[mode] - slopes) ** 2 @ errors**2)
    close = (behind <= SURE * error) | (np.arange(len(shares)) == mode)
    doubted = any(outcomes[f"posterior-k{k}"].notes for k in numbers[shares > NEGLIGIBLE])
    return _or(numbers[close], numbers.max()) + (DOUBT if doubted else "")


def chosen_by_filling(shares: FloatArray) -> str:
    """The most probable number of filled components, and those that chains (C, K) do not tell from it."""
    mode = int(shares.mean(axis=0).argmax())
    behind = shares[:, mode, None] - shares  # (C, K)
    error = behind.std(axis=0, ddof=1) / np.sqrt(len(shares)) if len(shares) > 1 else np.zeros(shares.shape[1])
    close = (behind.mean(axis=0) <= SURE * error) & (shares > 0.0).any(axis=0)
    close[mode] = True
    return _or(np.flatnonzero(close) + 1, shares.shape[1])


def evidence_by_k(outcomes: Outcomes) -> dict[int, FloatArray]:
    """Log evidence of each run, by K; of none if the bridge of one failed, which could have been the best."""
    found = {k: judged.log_evidence for k, judged in _posteriors(outcomes).items()}
    return found if all(np.isfinite(runs).all() for runs in found.values()) else {}


def probabilities(by_run: Mapping[int, FloatArray]) -> pd.DataFrame:
    """K, probability, error: P(K | X) among these K, each as probable before.

    error: Monte Carlo standard error by the delta method, d P_k / d log p(X | j) = P_k (1{k = j} - P_j).
    """
    if not by_run:
        return pd.DataFrame({"K": np.empty(0, np.int64), "probability": np.empty(0), "error": np.empty(0)})
    numbers = list(by_run)
    logs = np.array([by_run[k].mean() for k in numbers])
    errors = _evidence_errors(by_run)
    shares = np.exp(logs - logs.max())
    shares /= shares.sum()
    slopes = shares[:, None] * (np.eye(len(numbers)) - shares)
    return pd.DataFrame({"K": numbers, "probability": shares, "error": np.sqrt((slopes**2) @ errors**2)})


def loo_by_k(outcomes: Outcomes) -> pd.DataFrame:
    """By K: elpd, how far it is below the best, and the standard error of that difference, point by point."""
    by_point = {k: judged.log_density for k, judged in _posteriors(outcomes).items()}
    best = max(by_point, key=lambda k: by_point[k].sum())
    rows = {}
    for k, values in by_point.items():
        differences = by_point[best] - values
        error = np.sqrt(differences.size) * differences.std(ddof=1)
        rows[k] = {"elpd": values.sum(), "below": differences.sum(), "error": error}
    return pd.DataFrame.from_dict(rows, orient="index")


def within_one_error(crossed: pd.DataFrame) -> list[int]:
    """The K whose leave-one-out log density is within one standard error of the largest."""
    return [int(k) for k in crossed.index[crossed["below"] <= crossed["error"]]]


def best_k(by_k: pd.Series) -> int:
    """The K with the largest value; missing values do not count."""
    return int(by_k.index.to_numpy()[np.nanargmax(by_k.to_numpy(np.float64))])


def _posteriors(outcomes: Outcomes) -> dict[int, Any]:
    found = {case: judged for case, judged in outcomes.items() if case.startswith("posterior-k")}
    return {int(case.removeprefix("posterior-k")): judged for case, judged in found.items()}


def sizes(names: Sequence[str]) -> str:
    """Each data set with its number of points."""
    return ", ".join(f"{LABELS[name]} n = {len(load(name).frame)}" for name in names)


def panels(names: Sequence[str]) -> str:
    """The same behind the letters of panels."""
    return "; ".join(f"({letter}) {sizes([name])}" for letter, name in zip("abcdefgh", names, strict=False))


def shown(by_k: pd.Series) -> str:
    """`best_k`; with "≥ " if it is the largest that has a value."""
    best = best_k(by_k)
    return f"{LEAST}{best}" if best == by_k.dropna().index.max() else str(best)


def _evidence_errors(by_run: Mapping[int, FloatArray]) -> FloatArray:
    return np.array([runs.std(ddof=1) / np.sqrt(runs.size) for runs in by_run.values()])


def _or(numbers: IntArray, most: int) -> str:
    """In words, with "≥ " before the most there was."""
    return " or ".join(f"{LEAST}{k}" if k == most else f"{k}" for k in numbers)


def _numbers(taken: str) -> list[int]:
    """The numbers in what is shown; none of "?"."""
    return [int(k) for k in taken.replace(LEAST, "").removesuffix(DOUBT).split(" or ")] if taken != "?" else []
