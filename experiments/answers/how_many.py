"""The report on the number of components: what each method takes, how clearly, and why they differ."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from experiments.answers.choosing_k import (
    EM_CRITERIA,
    GALAXIES,
    LABELS,
    LEVEL,
    SURE,
    Choices,
    chosen_by_test,
    evidence_by_k,
    loo_by_k,
    panels,
    probabilities,
    sizes,
)
from experiments.answers.counts_published import CLAIMS, PUBLISHED_K
from experiments.answers.how_many_clearly import how_clearly
from experiments.answers.how_many_why import structures, why
from experiments.figures.counts.criteria_by_k import LINEAR, criteria_by_k
from experiments.reporting.report import Answer, Claim, Json, Picture, Section, Table
from experiments.reporting.sentences import listed

if TYPE_CHECKING:
    from experiments.how_many import Outcome


def build_answer(by_data: Mapping[str, Mapping[str, "Outcome"]]) -> Answer:
    """What each method takes, from the outcomes of each data set by the case's name after the data's."""
    choices = {LABELS[name]: Choices.of(outcomes) for name, outcomes in by_data.items()}
    held = claims(by_data)
    return Answer(
        words=words(choices, by_data, held),
        sections=(
            _what_is_taken(by_data, choices),
            how_clearly(by_data, held),
            why(by_data),
            structures(by_data),
        ),
        claims=held,
        result=_result(by_data, choices),
    )


def words(choices: Mapping[str, Choices], by_data: Mapping[str, Mapping[str, Any]], held: tuple[Claim, ...]) -> str:
    """The range each data set gets, then what limits it, then the claims."""
    first, *rest = [(label, found.told) for label, found in choices.items()]
    told = ", ".join([f"{first[0]} {first[1]} components", *(f"{label} {span}" for label, span in rest)])
    agreed = all(low == high for low, high in (found.span for found in choices.values()))
    text = f"{'All methods take one number' if agreed else 'It depends on what is asked'}: {told}."
    limited = [f"{label} {max(found.span)}" for label, found in choices.items() if found.open_ended]
    if limited:
        text += f" “Or more” is where a method takes the largest number that it could try ({', '.join(limited)})."
    text += em_ends(by_data)
    icl_least = [label for label, found in choices.items() if found.icl_is_least]
    if icl_least:
        text += (
            f" ICL, which asks for groups that hardly overlap, takes no more than any other for {listed(icl_least)}."
        )
    unsure = {
        label: [method for method, numbers in found.taken.items() if " or " in numbers or "?" in numbers]
        for label, found in choices.items()
    }
    open_ = [f"{label} ({', '.join(methods)})" for label, methods in unsure.items() if methods]
    if open_:
        text += f" The draws and replicates that were taken do not settle it for {listed(open_)}."
    missed = [claim.statement for claim in held if not claim.passed]
    text += " Published figures are met." if not missed else f" Not met: {'; '.join(missed)}."
    return text


def claims(by_data: Mapping[str, Mapping[str, Any]]) -> tuple[Claim, ...]:
    """mclust's figures, and the published posterior of K with our Monte Carlo error."""
    acidity, faithful = by_data["acidity"]["criteria"].criteria, by_data["faithful"]["criteria"].criteria
    tied = acidity[(acidity["structure"] == "tied") & (acidity["n_components"] == 2)]
    best = faithful.loc[faithful["bic"].idxmin()]
    found = {k: runs for k, runs in evidence_by_k(by_data[GALAXIES]).items() if k in PUBLISHED_K}
    shares = probabilities(found).set_index("K").reindex(list(PUBLISHED_K))
    return (
        CLAIMS["acidity L"].against(tied["log_likelihood"].iloc[0]),
        CLAIMS["acidity BIC"].against(acidity["bic"].min()),
        CLAIMS["faithful BIC"].against(best["bic"]),
        CLAIMS["faithful K"].against(best["n_components"]),
        *(CLAIMS[f"galaxies {k}"].against(shares["probability"][k], shares["error"][k]) for k in PUBLISHED_K),
    )


def _what_is_taken(by_data: Mapping[str, Mapping[str, Any]], choices: Mapping[str, Choices]) -> Section:
    frame = pd.DataFrame(
        {"data": list(choices), **{m: [c.taken[m] for c in choices.values()] for m in _methods(choices)}}
    )
    table = Table(
        "choices",
        f"Numbers of components that each method takes, in the structure with a covariance for each component:"
        f" {sizes(list(by_data))}.",
        frame,
        columns={
            "data": "“≥” before the largest number that a method could try; “or” between numbers that are less than"
            f" {SURE:g} Monte Carlo standard errors apart in probability",
            "evidence": "the most probable; “?” where the bridge failed for one of them, “(?)” where chains disagree"
            " for one that matters",
            "test": f"the smallest K that is not refuted at the level {LEVEL:g}; “≥” if all that were tested"
            f" are, “(?)” where p is not {SURE:g} Monte Carlo standard errors from it",
            "LOO": "the largest leave-one-out log density",
            "LOO, 1 SE": "the smallest K whose leave-one-out log density is within one standard error of the largest",
            "filled": "the most frequent number of filled components of an overfitted sparse mixture",
        },
    )
    drawn = criteria_by_k(
        pd.concat([curves(outcomes).assign(data=LABELS[name]) for name, outcomes in by_data.items()]),
        list(choices),
    )
    picture = Picture(
        "criteria",
        f"Five criteria by number of components K: {panels(list(by_data))}. Each is on the scale of minus twice a"
        " log-likelihood and from its least value on; 0 marks what a criterion takes. The vertical axis is linear to"
        f" {LINEAR:g} and logarithmic above. EM's criteria (vermilion) need its best fit; the evidence and"
        " leave-one-out (LOO, blue) the posterior. Where a line ends early, EM has no usable optimum with more"
        " components.",
        "A panel for each data set, five lines that fall steeply from one component on, touch zero and rise slowly or"
        " not at all: AIC, BIC, ICL, log evidence and leave-one-out against the number of components.",
        drawn.figure,
        drawn.data,
        "double",
    )
    text = (
        "Each line of the figure touches zero at the number of components that its method takes. What matters as much"
        " is how it rises: steeply to the left, where a group is missing, and slowly to the right, where one is to"
        " spare. A difference of two on this scale is a factor e in probability; below it a choice is no more than a"
        " preference. A line that is lowest at its end says only that this many or more are wanted."
        f"{em_ends(by_data)}"
    )
    return Section("What each method takes", (text, picture, table))


def em_ends(by_data: Mapping[str, Mapping[str, Any]]) -> str:
    """Where EM has no usable fit with as many components as the posterior; empty if it has everywhere."""
    ends = []
    for name, outcomes in by_data.items():
        criteria = outcomes["criteria"].criteria
        full = criteria[criteria["structure"] == "full"].set_index("n_components")["bic"]
        last = int(full.dropna().index.max())
        if last < full.index.max():
            ends.append(f"for {LABELS[name]} beyond K = {last}")
    every = "every climb runs away or is singular"
    return f" EM, and with it AIC, BIC and ICL, has nothing usable {listed(ends)}: {every}." if ends else ""


def curves(outcomes: Mapping[str, Any]) -> pd.DataFrame:
    """method, K, difference from its least, of the structure `full`."""
    criteria = outcomes["criteria"].criteria
    full = criteria[criteria["structure"] == "full"].set_index("n_components")
    found = {label: full[name] for name, label in EM_CRITERIA.items()}
    evidence = evidence_by_k(outcomes)
    found["evidence"] = pd.Series({k: -2.0 * np.mean(runs) for k, runs in evidence.items()})
    found["LOO"] = -2.0 * loo_by_k(outcomes)["elpd"]
    parts = [
        pd.DataFrame({"method": label, "K": values.index, "difference": values.to_numpy() - values.min()})
        for label, values in found.items()
    ]
    return pd.concat(parts).dropna().astype({"K": int}).reset_index(drop=True)


def _result(by_data: Mapping[str, Mapping[str, Any]], choices: Mapping[str, Choices]) -> dict[str, Json]:
    return {
        "taken": {label: dict(found.taken) for label, found in choices.items()},
        "log_evidence": {
            LABELS[name]: {str(k): float(np.mean(runs)) for k, runs in evidence_by_k(outcomes).items()}
            for name, outcomes in by_data.items()
        },
        "refuted_below": {LABELS[name]: chosen_by_test(outcomes) for name, outcomes in by_data.items()},
    }


def _methods(choices: Mapping[str, Choices]) -> list[str]:
    return list(next(iter(choices.values())).taken)
