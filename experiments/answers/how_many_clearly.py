"""How clearly the posterior takes a number of components: its probabilities, their errors, and what chains say."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from experiments.answers.choosing_k import (
    GALAXIES,
    LABELS,
    SURE,
    chosen_by_filling,
    evidence_by_k,
    loo_by_k,
    panels,
    probabilities,
    within_one_error,
)
from experiments.answers.counts_published import CONCENTRATION, GROUPS, OVERFITTED, PUBLISHED_K
from experiments.figures.counts.component_counts import component_counts
from experiments.reporting.markup import escape_markdown
from experiments.reporting.report import Claim, Picture, Section, Table
from experiments.reporting.sentences import listed
from mixture.arrays import FloatArray

WEAK = 1.05
"""R-hat from which chains are said to disagree."""


def how_clearly(by_data: Mapping[str, Mapping[str, Any]], held: tuple[Claim, ...]) -> Section:
    """Probabilities of K and of the filled components, with what the draws are worth."""
    frames = []
    for name, outcomes in by_data.items():
        shares = probabilities(evidence_by_k(outcomes)).assign(method="evidence")
        filled = _filled(outcomes["filled"].shares).assign(method="filled")
        published = [_published_frame(shares)] if name == GALAXIES and len(shares) else []
        frames += [part.assign(data=LABELS[name]) for part in (shares, filled, *published)]
    drawn = component_counts(pd.concat(frames), [LABELS[name] for name in by_data])
    picture = Picture(
        "counts",
        f"{panels(list(by_data))}: posterior probability of the number of components, each as probable before (filled"
        " bars), and of the number of filled components of an overfitted sparse mixture (open bars); lines are two"
        " Monte Carlo standard errors to either side. Crosses: Richardson & Green's posterior for the galaxies, scaled"
        " to the probability that we find for the same numbers.",
        "A panel for each data set: filled and open bars of posterior probabilities by number of components, with error"
        " lines; crosses at the tops of the galaxies' filled bars mark published probabilities.",
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
        " mixture with sparse weights too. That scale is the data's variance over K to the power 2/D: it says how many"
        " components would fill the data's volume. For the evidence it is made for the K that is judged, for the"
        f" {OVERFITTED} components of the overfitted mixture for {GROUPS}, since most stay empty; for the irises this"
        " is the prior of the sparse mixture in their own report. Another scale fills other numbers."
    )
    return Section(
        "How clearly",
        (
            text,
            priors,
            picture,
            *_filled_in_words(by_data),
            _filled_table(by_data),
            *_notes(by_data),
            _posterior_table(by_data),
        ),
    )


def _filled(shares: FloatArray) -> pd.DataFrame:
    """K, probability and error from the shares of each chain (C, K), up to the largest number that was ever filled."""
    last = int(np.flatnonzero(shares.sum(axis=0))[-1]) + 1
    error = shares.std(axis=0, ddof=1) / np.sqrt(len(shares))
    return pd.DataFrame({"K": np.arange(last) + 1, "probability": shares.mean(axis=0)[:last], "error": error[:last]})


def _filled_in_words(by_data: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Which numbers of filled components the chains do not tell apart; nothing where they do for all data."""
    taken = {LABELS[name]: chosen_by_filling(outcomes["filled"].shares) for name, outcomes in by_data.items()}
    open_ = [f"{label} ({numbers})" for label, numbers in taken.items() if " or " in numbers]
    if not open_:
        return ()
    return (
        "The Gibbs sampler moves one point at a time, so that clusters merge and part rarely. The most probable number"
        f" of filled components is not {SURE:g} Monte Carlo standard errors ahead of the next for {listed(open_)}.",
    )


def _filled_table(by_data: Mapping[str, Mapping[str, Any]]) -> Table:
    rows = []
    for name, outcomes in by_data.items():
        shares = outcomes["filled"].shares
        found = _filled(shares)
        by_chain = [", ".join(f"{share:.2f}" for share in of_chains) for of_chains in shares.T[: len(found)]]
        rows.append(found.assign(data=LABELS[name], chains=by_chain)[found["probability"] > 0.0])
    frame = pd.concat(rows)[["data", "K", "probability", "error", "chains"]].reset_index(drop=True)
    return Table(
        "filled",
        f"Filled components of an overfitted mixture of {OVERFITTED} under Dirichlet({CONCENTRATION:g}) weights.",
        frame,
        columns={
            "K": "filled components",
            "error": "Monte Carlo standard error: sd of the chains' own shares over the root of their number",
        },
        decimals={"probability": 3, "error": 3},
    )


def _notes(by_data: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """What the bridge says of its own draws; nothing where it has no doubts."""
    found = [
        f"{LABELS[name]}, K = {case.removeprefix('posterior-k')}: {note.partition(': ')[0]}"
        for name, outcomes in by_data.items()
        for case, judged in outcomes.items()
        if case.startswith("posterior-k")
        for note in judged.notes
    ]
    if not found:
        return ()
    return (
        f"What bridge sampling says of its own draws: {escape_markdown('; '.join(found))}. Where chains disagree, the"
        " draws do not cover the posterior, and its evidence has a larger error than the runs of the bridge show.",
    )


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
        "Each K as the posterior judges it, in nats: its evidence by bridge sampling, and leave-one-out.",
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
