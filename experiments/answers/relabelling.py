"""The report on relabelling methods: recovery and errors by overlap, agreement, cost by number of components."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bayesian.relabelling.methods import METHODS
from bayesian.relabelling.sjw import LARGEST_K
from experiments.answers.relabelling_words import CLAIMS, FULL, PLANTED
from experiments.figures.switching.heat_maps import heat_maps
from experiments.figures.switching.overlap import overlap
from experiments.reporting.report import Answer, Picture, Section, Table

if TYPE_CHECKING:
    from experiments.relabelling import Recovery

REFEREE = "to_truth"
"""The one method that knows the truth: it can be used in simulations alone."""
ORDER = "order"
ERRORS = 2.0
"""Standard errors of a difference within which two methods are not told apart."""
WORDS = {
    "order": "order",
    "ecr": "ECR",
    "ecr_iterative_1": "ECR iterative 1",
    "ecr_iterative_2": "ECR iterative 2",
    "stephens": "Stephens",
    "pra": "PRA",
    "sjw": "SJW",
    "data_based": "data-based",
    "point_process": "point process",
    "em_modes": "EM modes",
    "to_truth": "to truth",
    PLANTED: "planted labels",
}
LOOKS_AT = {
    "order": "one parameter",
    "ecr": "allocations, a pivot draw",
    "ecr_iterative_1": "allocations",
    "ecr_iterative_2": "allocations and probabilities",
    "stephens": "probabilities",
    "pra": "parameters, a pivot draw",
    "sjw": "allocations and parameters, all K! permutations",
    "data_based": "allocations and the points",
    "point_process": "parameters",
    "em_modes": "parameters, and where EM climbs to",
    "to_truth": "parameters and the truth",
}


def build_answer(
    by_overlap: Mapping[float, "Recovery"], by_number: Mapping[int, "Recovery"], *, n_draws: int
) -> Answer:
    """by_overlap: outcomes by separation, the furthest apart first; by_number: by K, at one separation."""
    share, error = (_means(by_overlap, column) for column in ("recovered", "error"))
    share_by_number, seconds = (_means(by_number, column) for column in ("recovered", "seconds"))
    share, share_by_number, seconds = (table.drop(index=PLANTED) for table in (share, share_by_number, seconds))
    furthest = next(iter(by_overlap.values()))
    hard = [s for s in by_overlap if share[s].min() < FULL]
    at_hard = share[hard].mean(axis=1) if hard else share.mean(axis=1)
    found = at_hard.drop(index=REFEREE)
    claims = (
        CLAIMS["apart"].against(float(share.iloc[:, 0].min())),
        CLAIMS["agree"].against(float(furthest.alike.to_numpy().min())),
        CLAIMS["order"].against(float(found.max() - found[ORDER])),
    )
    return Answer(
        words=_words(by_overlap, share, share_by_number, hard, seconds),
        sections=(
            Section("What overlap looks like", _set_up(by_overlap, n_draws)),
            Section("Who finds the planted permutations", _recovery(by_overlap, share, error)),
            Section("Who agrees with whom", _agreement(by_overlap, hard)),
            Section("More components, and what it costs", _cost(share_by_number, seconds)),
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


def _named(table: pd.DataFrame) -> pd.DataFrame:
    return table.rename(index=WORDS)


def _set_up(by_overlap: Mapping[float, "Recovery"], n_draws: int) -> tuple[str | Picture, ...]:
    separations = list(by_overlap)
    chosen = (separations[0], separations[len(separations) // 2], separations[-1])
    panels = {f"{s:g} sd apart": (by_overlap[s].means, by_overlap[s].truth) for s in chosen}
    drawn = overlap(panels)
    n_data = int(next(iter(by_overlap.values())).scores["data_set"].nunique())
    return (
        "Equal Gaussians stand at the corners of a regular polygon in two features. A Gibbs sampler draws from the"
        " posterior under a prior that gives each component a normal of its own about its true mean: the label of a"
        " component is the prior it has, so that the labels of all draws are known without a referee. Then each draw"
        " gets a random permutation, which the methods are to find. They see the permuted draws and the data, not the"
        f" prior. Each set-up has {n_data} data set{'s' if n_data > 1 else ''} and {n_draws} draws of each.",
        Picture(
            "overlap",
            "Draws of the means of three components with the labels they were made with, at three distances between"
            " neighbouring components. Where clouds run into each other, no permutation is plainly the right one.",
            "Three scatter plots: three clouds far apart, touching, and one upon the other.",
            drawn.figure,
            drawn.data,
            "double",
        ),
    )


def _recovery(
    by_overlap: Mapping[float, "Recovery"], share: pd.DataFrame, error: pd.DataFrame
) -> tuple[str | Picture | Table, ...]:
    recovered, distance = "recovered (%)", "error of the means (sd)"
    aligned = share.reindex(error.index)
    aligned.loc[PLANTED] = 1.0
    drawn = heat_maps(
        {
            recovered: _named(100.0 * aligned).rename(columns="{:g}".format),
            distance: _named(error).rename(columns="{:g}".format),
        },
        axis_names=dict.fromkeys((recovered, distance), "distance of neighbours (sd)"),
        decimals={recovered: 0, distance: 2},
        limits={recovered: (0.0, 100.0)},
    )
    spread = pd.DataFrame(
        {s: found.scores.groupby("method")["recovered"].std(ddof=1) for s, found in by_overlap.items()}
    ) / np.sqrt(next(iter(by_overlap.values())).scores["data_set"].nunique())
    widest = float(spread.to_numpy().max())
    precision = (
        f" Standard errors over data sets are at most {100 * widest:.0f} percentage points."
        if np.isfinite(widest)
        else " One data set each: no standard error."
    )
    frame = (100.0 * share).rename(columns="{:g} sd".format)
    frame.insert(0, "looks at", pd.Series(LOOKS_AT))
    return (
        "(a) is the share of draws whose permutation a method finds, up to one permutation common to all draws, which"
        " is a matter of names. (b) is what that means for a reader: how far the averages of the relabelled means lie"
        " from the true ones. The last row has the labels the draws were made with; its error is that of the data and"
        " the prior. Where labels are confused, averages are drawn to the centre, and their error grows; it can fall"
        " below that of the planted labels where a method shrinks clouds that the prior left wide.",
        Picture(
            "recovery",
            "(a) Share of planted permutations that each method recovers, in percent, and (b) root mean square error of"
            " the averaged means of components, by distance of neighbouring components; three components. Dark: small.",
            "Two tables of numbers in colour: near 100 percent far apart, falling with overlap, errors rising.",
            drawn.figure,
            drawn.data,
            "double",
        ),
        Table(
            "methods",
            "What each method looks at, and the percentage of planted permutations it recovers by distance of"
            f" neighbouring components.{precision}",
            _named(frame).rename_axis("method"),
            decimals={str(column): 1 for column in frame.columns[1:]},
        ),
    )


def _agreement(by_overlap: Mapping[float, "Recovery"], hard: list[float]) -> tuple[str | Picture, ...]:
    separations = list(by_overlap)
    middle = hard[min(1, len(hard) - 1)] if hard else separations[-2]
    chosen = (middle, separations[-1])
    panels = {f"{s:g} sd apart": _named(100.0 * by_overlap[s].alike).rename(columns=WORDS) for s in chosen}
    drawn = heat_maps(
        panels, axis_names={}, decimals=dict.fromkeys(panels, 0), limits=dict.fromkeys(panels, (0.0, 100.0))
    )
    pairs = by_overlap[middle].alike.to_numpy()
    off = pairs[~np.eye(len(pairs), dtype=bool)]
    return (
        "Without a truth at hand, agreement is all one can look at: `bayesian.compare_relabellings` makes this table"
        f" for any posterior. At {middle:g} sd two methods label between {100 * off.min():.0f}% and"
        f" {100 * off.max():.0f}% of the draws alike. Methods that look at the same things err together, so that"
        " agreement of a few is no proof; disagreement of many is a sign that single components should not be read.",
        Picture(
            "agreement",
            "Percentage of draws that two methods label alike, up to one common permutation, at two distances.",
            "Two square tables of numbers in colour, higher at the larger distance.",
            drawn.figure,
            drawn.data,
            "double",
        ),
    )


def _cost(share: pd.DataFrame, seconds: pd.DataFrame) -> tuple[str | Picture | Table, ...]:
    recovered, cost = "recovered (%)", "milliseconds"
    milliseconds = (1e3 * seconds).clip(lower=0.01)
    drawn = heat_maps(
        {
            recovered: _named(100.0 * share).rename(columns=str),
            cost: _named(milliseconds).rename(columns=str),
        },
        axis_names=dict.fromkeys((recovered, cost), "components"),
        decimals={recovered: 0, cost: 1},
        limits={recovered: (0.0, 100.0)},
        logarithmic=(cost,),
    )
    return (
        "More components at the same distance, and more points with them. Most probable allocations, which several"
        " methods share, are computed once and not counted. EM modes pays for its climbs, SJW for its K! permutations:"
        f" it refuses more than {LARGEST_K} components. All others solve one assignment problem per draw and pass.",
        Picture(
            "cost",
            "(a) Share of planted permutations recovered, in percent, and (b) milliseconds, by number of components.",
            "Two tables of numbers in colour by method and number of components.",
            drawn.figure,
            drawn.data,
            "double",
        ),
    )


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
) -> str:
    easy = [s for s in by_overlap if s not in hard]
    if not hard:
        return f"Any: at every distance every method recovers at least {100 * FULL:.0f}% of the planted permutations."
    found = share[hard].mean(axis=1).drop(index=REFEREE)
    best, least = str(found.idxmax()), str(found.idxmin())
    near = _not_told_apart(by_overlap, hard, best)
    total = seconds.sum(axis=1).to_dict()
    k = next(iter(by_overlap.values())).truth.shape[0]
    last = float(share.iloc[:, -1].drop(index=REFEREE).max())
    at_most = share_by_number.columns[-1]
    sentences = [
        f"With {k} components from {min(easy):g} sd between neighbours on any will do: all {len(share)} methods recover"
        f" at least {100 * FULL:.0f}% of the planted permutations."
        if easy
        else f"With {k} components at no distance are all {len(share)} methods as good.",
        f"Closer, {WORDS[best]} recovers the most, {100 * found[best]:.0f}% on average, and {WORDS[least]} the least,"
        f" {100 * found[least]:.0f}%; ordering the first mean finds {100 * found[ORDER]:.0f}%.",
    ]
    if near:
        cheapest = min((best, *near), key=lambda method: float(total[method]))
        sentences.append(
            f"Within {ERRORS:g} standard errors of the best over data sets:"
            f" {', '.join(WORDS[method] for method in near)}; the fastest of them all is {WORDS[cheapest]}."
        )
    sentences.append(
        f"With {at_most} components ordering recovers {100 * float(share_by_number[at_most].to_dict()[ORDER]):.0f}%,"
        f" the least of the other methods {100 * float(share_by_number[at_most].drop(index=ORDER).min()):.0f}%."
    )
    sentences.append(
        f"At {list(by_overlap)[-1]:g} sd the best that does not know the truth recovers {100 * last:.0f}%, and what is"
        " said of single components depends on the method."
    )
    return " ".join(sentences)
