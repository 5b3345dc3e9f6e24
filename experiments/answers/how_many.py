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
    Choices,
    chosen_by_test,
    evidence_by_k,
    loo_by_k,
    probabilities,
    within_one_error,
)
from experiments.answers.counts_published import CLAIMS, PUBLISHED_K
from experiments.answers.how_many_why import structures, why
from experiments.figures.counts.component_counts import component_counts
from experiments.figures.counts.criteria_by_k import criteria_by_k
from experiments.reporting.report import Answer, Claim, Json, Picture, Section, Table
from experiments.reporting.sentences import listed

if TYPE_CHECKING:
    from experiments.how_many import Outcome

WEAK = 1.05
"""R-hat from which chains are said to disagree."""


def build_answer(by_data: Mapping[str, Mapping[str, "Outcome"]]) -> Answer:
    """What each method takes, from the outcomes of each data set by the case's name after the data's."""
    choices = {LABELS[name]: Choices.of(outcomes) for name, outcomes in by_data.items()}
    held = claims(by_data)
    return Answer(
        words=words(choices, held),
        sections=(
            _what_is_taken(by_data, choices),
            _how_clearly(by_data, held),
            why(by_data),
            structures(by_data),
        ),
        claims=held,
        result=_result(by_data, choices),
    )


def words(choices: Mapping[str, Choices], held: tuple[Claim, ...]) -> str:
    """The range each data set gets, then where all agree, then the claims."""
    spans = {label: found.span for label, found in choices.items()}
    told = ", ".join(
        f"{label} {low}" if low == high else f"{label} {low} to {high}" for label, (low, high) in spans.items()
    )
    agreed = [label for label, (low, high) in spans.items() if low == high]
    first = (
        "All methods take one number for every data set"
        if len(agreed) == len(spans)
        else "It depends on what is asked: the same data get different numbers of components from different methods"
    )
    icl_least = [label for label, found in choices.items() if found.icl_is_least]
    text = f"{first} ({told})."
    if icl_least:
        text += (
            f" ICL, which asks for groups that hardly overlap, takes no more than any other for {listed(icl_least)}."
        )
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
        "Numbers of components that each method takes, in the structure with a covariance for each component.",
        frame,
        columns={
            "evidence": "the most probable; “?” where the bridge failed for one of them",
            "test": f"the smallest K that is not refuted at the level {LEVEL:g}; “>” if all that were tested are",
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
        "Five criteria by number of components, on the scale of minus twice a log-likelihood and from their least value"
        " on; 0 marks what a criterion takes. The vertical axis is linear to 10 and logarithmic above. EM's criteria"
        " need its best fit, the evidence and leave-one-out (LOO) its posterior. Where a line ends, EM has no usable"
        " optimum with more components.",
        "A panel for each data set: AIC, BIC, ICL, log evidence and leave-one-out against the number of components.",
        drawn.figure,
        drawn.data,
        "double",
    )
    text = (
        "Each line of the figure touches zero at the number of components that its method takes. What matters as much"
        " is how it rises: steeply to the left, where a group is missing, and slowly to the right, where one is to"
        " spare. A difference of two on this scale is a factor e in probability; below it a choice is no more than a"
        " preference."
    )
    return Section("What each method takes", (text, picture, table))


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


def _how_clearly(by_data: Mapping[str, Mapping[str, Any]], held: tuple[Claim, ...]) -> Section:
    frames = []
    for name, outcomes in by_data.items():
        shares = probabilities(evidence_by_k(outcomes)).assign(method="evidence")
        by_chain = outcomes["filled"].shares
        last = int(np.flatnonzero(by_chain.sum(axis=0))[-1]) + 1
        filled = pd.DataFrame(
            {
                "K": np.arange(1, last + 1),
                "probability": by_chain.mean(axis=0)[:last],
                "error": by_chain.std(axis=0, ddof=1)[:last] / np.sqrt(len(by_chain)),
                "method": "filled",
            }
        )
        published = [_published_frame(shares)] if name == GALAXIES and len(shares) else []
        frames += [part.assign(data=LABELS[name]) for part in (shares, filled, *published)]
    drawn = component_counts(pd.concat(frames), [LABELS[name] for name in by_data])
    picture = Picture(
        "counts",
        "Posterior probability of the number of components, each as probable before (filled bars), and of the number of"
        " filled components of an overfitted sparse mixture (open bars); lines are two Monte Carlo standard errors to"
        " either side. Crosses: Richardson & Green's posterior for the galaxies, scaled to the probability that we find"
        " for the same numbers.",
        "Bars of posterior probabilities of the number of components, a panel for each data set.",
        drawn.figure,
        drawn.data,
        "double",
    )
    shared = [claim for claim in held if claim.error is not None and np.isfinite(claim.difference)]
    text = (
        "The bars answer two questions. The filled ones compare models: how probable is a mixture of exactly K"
        " components, each expected to have a share. The open ones take one model with more components than needed and"
        " a prior that likes empty ones. Both are Bayesian, both depend on their prior, and they need not agree."
    )
    if shared:
        text += (
            " For the galaxies our probabilities are at most"
            f" {max(abs(claim.difference) for claim in shared):.3f} from the published ones, which come from a sampler"
            " that jumps between numbers of components; our largest Monte Carlo standard error is"
            f" {max(claim.error or 0.0 for claim in shared):.3f}."
        )
    priors = (
        "The priors: for the galaxies, in the version of Richardson & Green, theirs (`Prior.richardson_green`), and for"
        " the overfitted mixture that of Malsiner-Walli and others (`Prior.sparse`). The other data hold ties, under"
        " which the random scale of both makes the posterior improper once there are enough components; they have"
        " inverse-gamma or inverse-Wishart spreads of a fixed scale (`Prior.weakly_informative`), in the overfitted"
        " mixture with the same sparse weights."
    )
    return Section("How clearly", (text, priors, picture, _posterior_table(by_data)))


def _published_frame(ours: pd.DataFrame) -> pd.DataFrame:
    within = float(ours[ours["K"].isin(list(PUBLISHED_K))]["probability"].sum())
    return pd.DataFrame(
        {
            "K": list(PUBLISHED_K),
            "probability": [within * share for share in PUBLISHED_K.values()],
            "error": 0.0,
            "method": "published",
        }
    )


def _posterior_table(by_data: Mapping[str, Mapping[str, Any]]) -> Table:
    parts = []
    for name, outcomes in by_data.items():
        shares = probabilities(evidence_by_k(outcomes)).set_index("K")
        crossed = loo_by_k(outcomes)
        inside = within_one_error(crossed)
        for k in crossed.index:
            judged = outcomes[f"posterior-k{k}"]
            runs = judged.log_evidence
            parts.append(
                {
                    "data": LABELS[name],
                    "K": int(k),
                    "log evidence": float(runs.mean()),
                    "its error": float(runs.std(ddof=1) / np.sqrt(len(runs))),
                    "P(K | X)": float(shares["probability"].get(k, np.nan)),
                    "LOO": float(crossed["elpd"][k]),
                    "LOO below the best": float(crossed["below"][k]),
                    "SE of that": float(crossed["error"][k]),
                    "within 1 SE": "yes" if k in inside else "no",
                    "high k": judged.high,
                    "left out": judged.refitted,
                    "R-hat": judged.r_hat,
                }
            )
    return Table(
        "posteriors",
        "Each K as the posterior judges it, in nats.",
        pd.DataFrame(parts),
        columns={
            "its error": "Monte Carlo standard error, from independent runs of the bridge",
            "LOO": "leave-one-out log density",
            "SE of that": "standard error of the difference to the best, from how much the points differ",
            "high k": "points whose importance weights have too long a tail to be trusted (Pareto k)",
            "left out": "points that were left out in earnest, with a posterior of the others",
            "R-hat": f"of the log-likelihood; from {WEAK:g} on the chains disagree and the row is not to be leant on",
        },
        decimals={
            **dict.fromkeys(("log evidence", "its error", "LOO", "LOO below the best", "SE of that", "R-hat"), 2),
            "P(K | X)": 3,
        },
    )


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
