"""The report on relabelling methods: its first words and its claims."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bayesian.relabelling.methods import METHODS
from experiments.answers.relabelling_sections import (
    ORDER,
    REFEREE,
    WORDS,
    SetUp,
    agreement,
    cost,
    enumerated,
    overlaps,
    recovery,
)
from experiments.answers.relabelling_words import CLAIMS, FULL, PLANTED
from experiments.reporting.report import Answer, Section

if TYPE_CHECKING:
    from experiments.relabelling import Recovery

ERRORS = 2.0
"""Standard errors of a difference within which two methods are not told apart."""


def build_answer(by_overlap: Mapping[float, "Recovery"], by_number: Mapping[int, "Recovery"], set_up: SetUp) -> Answer:
    """by_overlap: outcomes by separation, the furthest apart first; by_number: by K, at one separation."""
    share, error = (_means(by_overlap, column) for column in ("recovered", "error"))
    share_by_number, seconds = (_means(by_number, column) for column in ("recovered", "seconds"))
    share, share_by_number, seconds = (table.drop(index=PLANTED) for table in (share, share_by_number, seconds))
    furthest = next(iter(by_overlap.values()))
    rivals = share.drop(index=REFEREE)
    hard = [s for s in by_overlap if rivals[s].min() < FULL]
    found = rivals[hard or list(by_overlap)].mean(axis=1)
    claims = (
        CLAIMS["apart"].against(float(share.iloc[:, 0].min())),
        CLAIMS["agree"].against(float(furthest.alike.to_numpy().min())),
        CLAIMS["order"].against(float(found.max() - found[ORDER])),
    )
    return Answer(
        words=_words(by_overlap, rivals, share_by_number.drop(index=REFEREE), hard, seconds, set_up),
        sections=(
            Section("What overlap looks like", overlaps(by_overlap, set_up)),
            Section("Who finds the planted permutations", recovery(by_overlap, share, error, set_up)),
            Section("Who agrees with whom", agreement(by_overlap, hard, set_up)),
            Section("More components, and what it costs", cost(share_by_number, seconds, set_up)),
        ),
        claims=claims,
        result={
            "recovered": {f"{s:g}": {str(m): float(v) for m, v in share[s].items()} for s in share},
            "error": {f"{s:g}": {str(m): float(v) for m, v in error[s].items()} for s in error},
        },
    )


def _means(outcomes: Mapping[float, "Recovery"] | Mapping[int, "Recovery"], column: str) -> pd.DataFrame:
    """Averages over data sets: a row for each method, in METHODS' order, a column for each outcome. Of seconds, the
    median: other work on the machine may have held up a run.
    """
    order = [*(method.name for method in METHODS), PLANTED]
    columns = {
        key: found.scores.groupby("method")[column].agg("median" if column == "seconds" else "mean")
        for key, found in outcomes.items()
    }
    return pd.DataFrame(columns).loc[order]


def _not_told_apart(by_overlap: Mapping[float, "Recovery"], hard: list[float], best: str) -> list[str]:
    """Methods whose recovered share, data set by data set at the hard distances, is within ERRORS of the best one's."""
    runs = pd.concat(
        [by_overlap[s].scores.pivot_table(index="data_set", columns="method", values="recovered") for s in hard]
    )
    behind = runs[best].to_numpy()[:, None] - runs.to_numpy()
    errors = behind.std(axis=0, ddof=1) / np.sqrt(len(behind)) if len(behind) > 1 else np.zeros(behind.shape[1])
    near = behind.mean(axis=0) <= ERRORS * errors
    kept = {str(method) for method, close in zip(runs.columns, near, strict=True) if close} - {REFEREE, PLANTED, best}
    return [method.name for method in METHODS if method.name in kept]


def _words(
    by_overlap: Mapping[float, "Recovery"],
    share: pd.DataFrame,
    share_by_number: pd.DataFrame,
    hard: list[float],
    seconds: pd.DataFrame,
    set_up: SetUp,
) -> str:
    """share, share_by_number: without the method that knows the truth."""
    easy = [s for s in by_overlap if s not in hard]
    k = set_up.n_components
    if not hard:
        return f"Any: at every distance every method finds the right labels of at least {100 * FULL:.0f}% of the draws."
    found = share[hard].mean(axis=1)
    best, least = str(found.idxmax()), str(found.idxmin())
    near = _not_told_apart(by_overlap, hard, best)
    most = f"{WORDS[best]} relabelling finds the right labels most often, in {100 * found[best]:.0f}% of the draws"
    sentences = [
        f"Any of {len(share)} methods will do for {k} components at least {min(easy):g} sd apart; closer, {most}."
        if easy
        else f"For {k} components up to {max(hard):g} sd apart {len(share)} methods are not equally good: {most}.",
        f"There {WORDS[least]} finds the fewest, {100 * found[least]:.0f}%, and ordering by the first mean finds"
        f" {100 * found[ORDER]:.0f}%.",
    ]
    if near:
        at_k = seconds[k].to_dict()
        milliseconds = {method: 1e3 * float(at_k[method]) for method in (best, *near, ORDER)}
        cheapest = min((best, *near), key=lambda method: milliseconds[method])
        sentences.append(
            f"Over {set_up.n_data} data sets at each distance, {enumerated(WORDS[method] for method in near)}"
            f" {'is' if len(near) == 1 else 'are'} within {ERRORS:g} standard errors of {WORDS[best]}; of these"
            f" {len(near) + 1} the fastest is {WORDS[cheapest]}, with {milliseconds[cheapest]:.1f} ms for"
            f" {set_up.n_draws} draws of {k} components, where ordering takes {milliseconds[ORDER]:.1f}."
        )
    at_most = share_by_number.columns[-1]
    sentences.append(
        f"With {at_most} components {set_up.separation:g} sd apart ordering recovers"
        f" {100 * float(share_by_number[at_most].to_dict()[ORDER]):.0f}%, every other method at least"
        f" {100 * float(share_by_number[at_most].drop(index=ORDER).min()):.0f}%."
    )
    sentences.append(
        f"At {list(by_overlap)[-1]:g} sd the best that does not know the truth recovers"
        f" {100 * float(share.iloc[:, -1].max()):.0f}%, and what is said of single components depends on the method."
    )
    return " ".join(sentences)
