"""The number of components that each method takes, from what was computed for one data set."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from mixture.arrays import FloatArray

GALAXIES = "galaxies_rg1997"
LABELS = {GALAXIES: "galaxies", "acidity": "acidity", "faithful": "Old Faithful", "iris": "iris"}
EM_CRITERIA = {"aic": "AIC", "bic": "BIC", "icl": "ICL"}
LEVEL = 0.05
"""p value up to which K is refuted."""

type Outcomes = Mapping[str, Any]
"""Of one data set: criteria, test-k1, .., posterior-k1, .., filled."""


@dataclass(frozen=True)
class Choices:
    """taken: by the name of the method, as it is shown; span: the least and the most; icl_is_least: of all methods."""

    taken: Mapping[str, str]
    span: tuple[int, int]

    @classmethod
    def of(cls, outcomes: Outcomes) -> Self:
        """From the outcomes of one data set, for the structure with a covariance for each component."""
        criteria = outcomes["criteria"].criteria
        full = criteria[criteria["structure"] == "full"].set_index("n_components")
        taken = {label: str(best_k(-full[name])) for name, label in EM_CRITERIA.items()}
        taken["test"] = chosen_by_test(outcomes)
        shares = probabilities(evidence_by_k(outcomes)).set_index("K")["probability"]
        taken["evidence"] = str(best_k(shares)) if len(shares) else "?"
        crossed = loo_by_k(outcomes)
        taken["LOO"] = str(best_k(crossed["elpd"]))
        taken["LOO, 1 SE"] = str(min(within_one_error(crossed)))
        taken["filled"] = str(int(outcomes["filled"].shares.mean(axis=0).argmax()) + 1)
        numbers = [_number(value) for value in taken.values() if value != "?"]
        return cls(taken, (min(numbers), max(numbers)))

    @property
    def icl_is_least(self) -> bool:
        """Whether no method takes fewer than ICL, and some take more."""
        return int(self.taken["ICL"]) == self.span[0] < self.span[1]


def chosen_by_test(outcomes: Outcomes) -> str:
    """The smallest K that is not refuted; "> K" if all that were tested are, "?" where a test has no p value."""
    largest = 0
    while (case := f"test-k{largest + 1}") in outcomes:
        largest += 1
        p_value = outcomes[case].p_value
        if not np.isfinite(p_value):
            return "?"
        if p_value > LEVEL:
            return str(largest)
    return f"> {largest}"


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
    errors = np.array([by_run[k].std(ddof=1) / np.sqrt(by_run[k].size) for k in numbers])
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


def _number(taken: str) -> int:
    """K itself; of "> K" K + 1."""
    return int(taken.removeprefix("> ")) + taken.startswith("> ")
