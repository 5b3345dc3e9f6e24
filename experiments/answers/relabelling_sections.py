"""The sections of the report on relabelling methods: overlap, recovery and errors, agreement, cost."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bayesian.relabelling.sjw import LARGEST_K
from experiments.answers.relabelling_words import PLANTED
from experiments.figures.switching.heat_maps import heat_maps
from experiments.figures.switching.overlap import overlap
from experiments.reporting.report import Picture, Table

if TYPE_CHECKING:
    from experiments.relabelling import Recovery

REFEREE = "to_truth"
"""The one method that knows the truth: it can be used in simulations alone."""
ORDER = "order"
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


@dataclass(frozen=True)
class SetUp:
    """What all data sets have in common.

    n_components  where the distance varies; points_each to a component everywhere
    separation    where the number of components varies
    n_draws       of each data set; n_data sets of each set-up
    """

    n_components: int
    points_each: int
    separation: float
    n_draws: int
    n_data: int

    @property
    def words(self) -> str:
        """For a caption: components, points, draws, data sets."""
        k, sets = self.n_components, f"{self.n_data} data set{'s' if self.n_data > 1 else ''}"
        return f"K = {k}, n = {k * self.points_each}, {self.n_draws} draws of each of {sets}"


def _named(table: pd.DataFrame) -> pd.DataFrame:
    return table.rename(index=WORDS)


def overlaps(by_overlap: Mapping[float, "Recovery"], set_up: SetUp) -> tuple[str | Picture, ...]:
    separations = list(by_overlap)
    chosen = (separations[0], separations[len(separations) // 2], separations[-1])
    panels = {f"{s:g} sd apart": (by_overlap[s].means, by_overlap[s].truth) for s in chosen}
    drawn = overlap(panels)
    return (
        "Equal Gaussians stand at the corners of a regular polygon in two features. A Gibbs sampler draws from the"
        " posterior under a prior that gives each component a normal of its own about its true mean: the label of a"
        " component is the prior it has, so that the labels of all draws are known without a referee. Then each draw"
        " gets a random permutation, which the methods are to find. They see the permuted draws and the data, not the"
        f" prior. Each set-up has {set_up.n_data} data set{'s' if set_up.n_data > 1 else ''} of {set_up.points_each}"
        f" points to a component, and {set_up.n_draws} draws of each.",
        Picture(
            "overlap",
            f"Draws of the means with the labels they were made with (K = {set_up.n_components},"
            f" n = {set_up.n_components * set_up.points_each}), at three distances between neighbouring components;"
            " crosses: the true means. Where clouds run into each other, no permutation is plainly the right one.",
            f"Draws of means at {enumerated(f'{s:g}' for s in chosen)} sd, a marker for each label: the"
            " closer the true means, the more the clouds overlap.",
            drawn.figure,
            drawn.data,
            "double",
        ),
    )


def recovery(
    by_overlap: Mapping[float, "Recovery"], share: pd.DataFrame, error: pd.DataFrame, set_up: SetUp
) -> tuple[str | Picture | Table, ...]:
    """Shares of planted permutations, and errors beyond those of the planted labels, by distance."""
    recovered, distance = "recovered (%)", "error beyond the planted labels' (sd)"
    planted = error.loc[PLANTED]
    beyond = error.drop(index=PLANTED) - planted
    drawn = heat_maps(
        {
            recovered: _named(100.0 * share).rename(columns="{:g}".format),
            distance: _named(beyond).rename(columns="{:g}".format),
        },
        axis_names=dict.fromkeys((recovered, distance), "distance of neighbours (sd)"),
        decimals={recovered: 0, distance: 2},
        limits={recovered: (0.0, 100.0)},
        dark_if_large=(distance,),
    )
    spread = pd.DataFrame(
        {s: found.scores.groupby("method")["recovered"].std(ddof=1) for s, found in by_overlap.items()}
    ) / np.sqrt(set_up.n_data)
    widest = float(spread.to_numpy().max())
    precision = (
        f" Standard errors over {set_up.n_data} data sets are at most {100 * widest:.1f} percentage points."
        if np.isfinite(widest)
        else " One data set each: no standard error."
    )
    frame = (100.0 * share).rename(columns="{:g} sd".format)
    frame.insert(0, "looks at", pd.Series(LOOKS_AT))
    ends = "; ".join(
        f"at {s:g} sd they recover {100 * share[s].min():.0f} to {100 * share[s].max():.0f} percent"
        for s in (share.columns[0], share.columns[-1])
    )
    return (
        "(a) is the share of draws whose permutation a method finds, up to one permutation common to all draws, which"
        " is a matter of names. (b) is what that means for a reader: how much further the averages of the relabelled"
        " means lie from the true ones than with the labels the draws were made with, whose own error, that of the data"
        f" and the prior, is {planted.min():.2f} to {planted.max():.2f} sd. Where labels are confused, averages are"
        " drawn to the centre, and their error grows; it can fall below that of the planted labels where a method"
        " shrinks clouds that the prior left wide.",
        Picture(
            "recovery",
            "(a) Share of planted permutations that each method recovers, in percent, and (b) root mean square error of"
            " the averaged means of components, less that with the planted labels, by distance of neighbouring"
            f" components ({set_up.words}). Dark: worse.",
            f"Two tables of numbers in colour, a row for each method and a column for each distance: {ends}.",
            drawn.figure,
            drawn.data,
            "double",
        ),
        Table(
            "methods",
            "What each method looks at, and the percentage of planted permutations it recovers by distance of"
            f" neighbouring components (K = {set_up.n_components}).{precision}",
            _named(frame).rename_axis("method"),
            decimals={str(column): 1 for column in frame.columns[1:]},
        ),
    )


def agreement(by_overlap: Mapping[float, "Recovery"], hard: list[float], set_up: SetUp) -> tuple[str | Picture, ...]:
    """How many draws two methods label alike, at two distances."""
    separations = list(by_overlap)
    middle = hard[min(1, len(hard) - 1)] if hard else separations[-2]
    chosen = (middle, separations[-1])
    panels = {f"{s:g} sd apart": _named(100.0 * by_overlap[s].alike).rename(columns=WORDS) for s in chosen}
    drawn = heat_maps(
        panels, axis_names={}, decimals=dict.fromkeys(panels, 0), limits=dict.fromkeys(panels, (0.0, 100.0))
    )
    pairs = by_overlap[middle].alike.to_numpy()
    others = ~np.eye(len(pairs), dtype=bool)
    off = pairs[others]
    average = enumerated(f"{100 * by_overlap[s].alike.to_numpy()[others].mean():.0f}% at {s:g} sd" for s in chosen)
    return (
        "Without a truth at hand, agreement is all one can look at: `bayesian.compare_relabellings` makes this table"
        f" for any posterior. At {middle:g} sd two methods label between {100 * off.min():.0f}% and"
        f" {100 * off.max():.0f}% of the draws alike. Methods that look at the same things err together, so that"
        " agreement of a few is no proof; disagreement of many is a sign that single components should not be read.",
        Picture(
            "agreement",
            "Percentage of draws that two methods label alike, up to one common permutation, at two distances of"
            f" neighbouring components ({set_up.words}). Dark: few.",
            f"Two square tables of numbers in colour: two methods agree on {average} on average.",
            drawn.figure,
            drawn.data,
            "double",
        ),
    )


def cost(share: pd.DataFrame, seconds: pd.DataFrame, set_up: SetUp) -> tuple[str | Picture | Table, ...]:
    """Shares and milliseconds by number of components."""
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
        dark_if_large=(cost,),
    )
    numbers = list(share.columns)
    return (
        "More components at the same distance, and more points with them. Most probable allocations, which several"
        " methods share, are computed once and not counted. EM modes pays for its climbs, SJW for its K! permutations:"
        f" it refuses more than {LARGEST_K} components. All others solve one assignment problem per draw and pass.",
        Picture(
            "cost",
            "(a) Share of planted permutations recovered, in percent, and (b) milliseconds for all draws of a data set,"
            f" by number of components with {set_up.separation:g} sd between neighbours, {set_up.points_each} points to"
            f" a component and {set_up.n_draws} draws: mean and median of {set_up.n_data} data set"
            f"{'s' if set_up.n_data > 1 else ''}. Dark: worse.",
            f"Two tables of numbers in colour, a row for each method, a column for each of {numbers[0]} to"
            f" {numbers[-1]} components.",
            drawn.figure,
            drawn.data,
            "double",
        ),
    )


def enumerated(words: Iterable[str]) -> str:
    """a, b and c."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
