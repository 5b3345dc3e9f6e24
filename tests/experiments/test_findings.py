"""Sentences computed from a comparison, and the names of quantities in them."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bayesian import Posterior, Verdict
from experiments.comparing import findings
from experiments.comparing.fixed_allocations import FixedAllocations
from experiments.referee.quantities import in_words, parameter_name
from experiments.reporting.sentences import first_sentence
from mixture import GaussianMixture

LABELS = ("eruptions (min)", "waiting (min)")


def comparison(verdict: Verdict, *, caveats: tuple[str, ...] = (), n_components: int = 2) -> Any:
    diagnosis = SimpleNamespace(verdict=verdict, explanation="means[0, 1] has R-hat 1.2.", caveats=caveats)
    best = SimpleNamespace(n_components=n_components)
    return SimpleNamespace(diagnosis=diagnosis, subject=SimpleNamespace(labels=LABELS), best=best)


def table(distances: list[float | None], ratios: list[float | None]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "parameter": "mean",
            "component": [str(k + 1) for k in range(len(distances))],
            "feature": LABELS[0],
            findings.DISTANCE: distances,
            findings.RATIO: ratios,
        }
    )


@pytest.mark.parametrize(
    ("distances", "ratios", "words"),
    [
        ([0.1, -0.99], [0.8, 1.25], "EM and the posterior agree closely:"),
        ([0.1, -0.99], [0.8, 1.26], "EM and the posterior agree on the estimates but not on their uncertainty:"),
        ([0.1, -0.99], [0.79, 1.0], "EM and the posterior agree on the estimates but not on their uncertainty:"),
        ([0.1, -1.0], [1.0, 1.0], "EM and the posterior differ:"),
        ([None, 0.2], [None, None], "EM and the posterior agree on the estimates:"),
    ],
)
def test_the_answer_begins_with_what_the_numbers_say(
    distances: list[float | None], ratios: list[float | None], words: str
) -> None:
    answer = findings.answer(comparison(Verdict.NO_SWITCHING), table(distances, ratios))
    assert answer.startswith(words)
    assert "The furthest is the mean of eruptions (min), component 2." in answer
    assert "The chains agree, labels included: mean of waiting (min), component 1 has R-hat 1.2." in answer


def test_the_first_sentence_counts_the_close_ones() -> None:
    answer = findings.answer(comparison(Verdict.NO_SWITCHING), table([0.5, -0.51, 0.0], [1.0, 1.2, 0.9]))
    assert first_sentence(answer) == (
        "EM and the posterior agree closely: 2 of 3 posterior means lie within 0.5 posterior sd of EM's estimates"
        " (furthest 0.51), and the posterior sds are 0.90 to 1.20 times the standard errors."
    )


def test_caveats_are_told_shortly() -> None:
    answer = findings.answer(comparison(Verdict.SWITCHING_ONLY, caveats=("a",)), table([0.1], [1.0]))
    assert "The chains agree but for their labels (with caveats: see The posterior): " in answer


@pytest.mark.parametrize("verdict", [Verdict.DIFFERENT_MODES, Verdict.NOT_CONVERGED])
def test_where_the_verdict_forbids_it_agreement_is_not_claimed(verdict: Verdict) -> None:
    case = comparison(verdict)
    answer = findings.answer(case, table([0.1], [1.0]))
    assert answer.startswith(f"The verdict on the chains is “{verdict.words}”: mean of waiting (min), component 1")
    forbidden = "must not be pooled" if verdict is Verdict.DIFFERENT_MODES else "not to be used yet"
    assert forbidden in answer
    assert "left open" in answer
    assert forbidden in findings.warning(case)
    assert findings.furthest_apart(case) == ""
    assert findings.warning(comparison(Verdict.NO_SWITCHING)) == ""


def test_parameters_that_lie_furthest_apart_are_named() -> None:
    mixture = GaussianMixture([1.0], [[0.0]], [[[1.0]]])
    draws = np.array([[-1.0, 0.0, 1.0, 8.0]])  # mean 2, sd sqrt(50/3): 0.49 sd above
    arrays = np.ones((1, 4, 1)), draws[..., None, None], np.ones((1, 4, 1, 1, 1))
    case = comparison(Verdict.NO_SWITCHING, n_components=1)
    vars(case).update(best=mixture, errors=None, relabelled=Posterior.from_arrays(*arrays, [[0.0]]))
    vars(case)["subject"] = SimpleNamespace(labels=("T-x",))
    assert findings.furthest_apart(case) == ""
    arrays = np.ones((1, 4, 1)), draws[..., None, None] + 1.0, np.ones((1, 4, 1, 1, 1))
    vars(case)["relabelled"] = Posterior.from_arrays(*arrays, [[0.0]])
    text = findings.furthest_apart(case)
    assert "mean of T-x, component 1 (posterior mean 0.73 posterior sd above EM's estimate, skewness" in text
    assert "EM's estimate knows none of them" in text  # what moves the mean is not known here
    text = findings.furthest_apart(case, FixedAllocations((1.0, 2.4, 1.0), (None, None, 0.5)))
    assert "with EM's allocations fixed, 80% of the way)" in text
    assert "So it is the prior that moves this mean" in text
    assert "The prior does little of that" in findings.furthest_apart(
        case, FixedAllocations((1.0, 0.9, 1.0), (None,) * 3)
    )


def test_disagreement_about_points_is_counted() -> None:
    frame = pd.DataFrame({"row": [7, 3, 9], "total variation": [0.25, 0.05, 0.0]}, index=[6, 2, 8])
    assert findings.allocations_apart(frame).endswith(
        "by 0.250 in total variation, at row 7; 1 of 3 points differs by more than 0.05."
    )


@pytest.mark.parametrize(
    ("identifier", "name"),
    [
        ("weights[0]", "weight, component 1"),
        ("means[0, 1]", "mean of waiting (min), component 1"),
        ("covariances[1, 1, 0]", "covariance of eruptions (min) and waiting (min), component 2"),
        ("covariances[1, 1, 1]", "variance of waiting (min), component 2"),
        ("scales[0, 0]", "sd of eruptions (min), component 1"),
        ("sorted_means[0, 0]", "sorted mean 1 of eruptions (min)"),
        ("mixture_mean[1]", "mixture mean of waiting (min)"),
        ("log_density[0]", "log density at point 1"),
        ("log_likelihood", "log-likelihood"),
        ("log_posterior", "log posterior"),
        ("mixture_trace", "total variance of the mixture"),
        ("label-free sorted_means[1, 0] has R-hat 1.013 [0]", None),
    ],
)
def test_quantities_have_names(identifier: str, name: str | None) -> None:
    assert in_words(identifier, LABELS) == (name or "label-free sorted mean 2 of eruptions (min) has R-hat 1.013 [0]")


def test_rows_of_the_comparison_have_names() -> None:
    assert parameter_name("weight", "2", "") == "weight, component 2"
    assert parameter_name("sd", "all", "x (cm)") == "sd of x (cm), all components"
    assert parameter_name("sd", "1", None) == "sd of every feature, component 1"
    assert parameter_name("sd", "1", "all") == "sd of all, component 1"
    assert parameter_name("mean", "1", "T × d") == "mean of T × d, component 1"
    assert parameter_name("correlation", "1", "x (cm) × y") == "correlation of x (cm) and y, component 1"
