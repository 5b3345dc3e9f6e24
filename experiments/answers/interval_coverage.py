"""The report on coverage: how often each interval holds the truth, how wide it is, and where there is none."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from experiments.answers.interval_coverage_declared import CLAIMS, LEVEL, WANTED_R_HAT
from experiments.answers.interval_coverage_tables import (
    FLAGGED,
    KINDS,
    METHODS,
    POSTERIOR,
    UNFLAGGED,
    approach_table,
    coverage_table,
    failure_table,
    interval_list,
    pooled_table,
    row_of,
)
from experiments.figures.uncertainty.interval_coverage import coverage_by_n, intervals
from experiments.reporting.report import Answer, Claim, Picture, Section, Table
from experiments.reporting.sentences import listed
from experiments.studies.two_normals import APART, WEIGHT

if TYPE_CHECKING:
    from experiments.interval_coverage import Batch
    from mixture.arrays import FloatArray

EASY, HARD = "separated", "overlapping"
SHOWN = ("Wald", "Wald, transformed", "posterior")
"""Methods whose intervals are drawn one by one: all data sets have them."""
AXIS = (-0.3, 1.3)
"""Ends of the axis of these intervals."""
DRAWN = 3
"""Batches whose intervals are drawn one by one."""
NEAR = CLAIMS["posterior"].tolerance
"""A coverage that falls short of the level by no more is called right."""
RESOLVED = 2.0
"""Standard errors from which a difference is more than chance."""


def build_answer(batches: "Sequence[Batch]", truths: "Mapping[str, FloatArray]", *, n_replicates: int) -> Answer:
    """From batches of intervals and the true numbers (5,) of each kind of data."""
    long = coverage_table(batches, truths)
    failures = failure_table(batches, truths)
    pooled = pooled_table(batches, truths)
    sizes = sorted({batch.n_samples for batch in batches})
    bad = [batch for batch in batches if batch.separation == HARD and batch.n_samples == sizes[0]]
    drawn = interval_list(bad[:DRAWN])
    first = coverage_by_n(long, LEVEL)
    second = intervals(drawn, SHOWN, WEIGHT, "weight of the left component", AXIS)
    counts = long.groupby("method")["data sets"].max()
    caption = (
        f"Coverage of {100 * LEVEL:g}% intervals by n: one panel a kind of parameter, means {APART[EASY]:g} sds apart"
        f" (upper row) and {APART[HARD]:g} (lower row; the rows' axes differ). Bars are {100 * LEVEL:g}% Wilson"
        " intervals; a missing interval is a miss. K = 2 normals in one feature,"
        f" {counts['posterior']} simulated data sets a point ({counts['bootstrap']} for the bootstrap)."
    )
    alt = (
        "Two rows of three panels: coverage against n for Wald's intervals, plain and transformed, the bootstrap and"
        " the posterior, with error bars, beside a dotted line at the level."
    )
    second_caption = (
        f"{100 * LEVEL:g}% intervals of the left component's weight, each a line, in"
        f" {len(drawn) // len(METHODS)} data sets of n = {sizes[0]}, means {APART[HARD]:g} sds apart, sorted by their"
        " middle: (a) Wald, (b) Wald, transformed, (c) posterior. Black lines miss the truth, the dotted line."
        f"{marks_in_words(drawn)} The bootstrap was tried on a part of these data sets only and is not"
        " drawn."
    )
    second_alt = "Three panels of horizontal lines, one for each data set, across a dotted vertical line at the truth."
    setup = (
        f"Data sets of n = {', '.join(map(str, sizes))} come from two unit normals with weights {WEIGHT:g} and"
        f" {1 - WEIGHT:g}, {APART[EASY]:g} sds apart (*{EASY}*) or {APART[HARD]:g} (*{HARD}*). EM takes the highest"
        " optimum of a few starts that has not run away; the posterior has the default, weakly informative prior;"
        f" labels are matched to the truth. The bootstrap has {n_replicates} replicates from EM's optimum. A method"
        " that gives no interval has missed: it is counted so, not left out."
    )
    return Answer(
        words=in_words(pooled, failures),
        sections=(
            Section(
                "How often the truth is held",
                (
                    setup,
                    Picture("coverage", caption, alt, first.figure, first.data, "double"),
                    reading(pooled),
                    posterior_path(pooled, approach_table(batches, truths, HARD)),
                    Table(
                        "pooled",
                        "Coverage over all five parameters, and the width of intervals: medians over data sets.",
                        pooled,
                        columns={
                            "error": "Monte Carlo standard error of the coverage, from its spread over data sets",
                            "if given": "coverage among the intervals that exist",
                            **{f"width, {kind}": "median width" for kind in KINDS},
                        },
                        decimals={"coverage": 3, "error": 3, "if given": 3},
                    ),
                ),
            ),
            Section(
                "Where it goes wrong",
                (
                    Picture("intervals", second_caption, second_alt, second.figure, second.data, "double"),
                    failing(failures),
                    Table(
                        "failures",
                        "What did not work, by kind of data and n.",
                        failures,
                        columns={
                            "no fit": "data sets in which every start of EM ended in a singular component or a spike",
                            "no SE": "in which EM's optimum has an observed information that is not positive definite",
                            "outside": "share of Wald intervals of weight or sds that leave the parameter space",
                            "replicates lost": "mean share of the bootstrap's replicates that ran away",
                            FLAGGED: "posteriors whose chains disagree in a relabelled parameter; kept elsewhere",
                            UNFLAGGED: "the posterior's coverage over the other data sets",
                        },
                        decimals={"outside": 3, "replicates lost": 3, UNFLAGGED: 3},
                    ),
                ),
            ),
        ),
        claims=claims(pooled),
        result={"coverage": [{str(k): v for k, v in row.items()} for row in pooled.to_dict(orient="records")]},
    )


def marks_in_words(drawn: pd.DataFrame) -> str:
    """What marks of the second figure stand for, of those that are there."""
    of = drawn[drawn["method"].isin(SHOWN)]
    missing = bool(of["lower"].isna().any())
    beyond = bool(((of["lower"] < AXIS[0]) | (of["upper"] > AXIS[1])).any())
    crosses = " A cross marks a data set without an interval." if missing else ""
    return crosses + (" An arrow marks an end beyond the axis." if beyond else "")


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%"


def _at(pooled: pd.DataFrame, separation: str, size: int) -> pd.DataFrame:
    """The rows of the methods, by method."""
    return pooled[(pooled["data"] == separation) & (pooled["n"] == size)].set_index("method").loc[list(METHODS)]


def _named(method: str) -> str:
    """The method within a sentence."""
    return {"posterior": "the posterior", "bootstrap": "the bootstrap", "Wald, transformed": "transformed Wald"}.get(
        method, method
    )


def _doing(names: Sequence[str]) -> str:
    """Which of the methods do, with their verb."""
    if len(names) == len(METHODS):
        return "every kind does"
    told = [_named(name) for name in names]
    return f"{listed(told)} do" if len(told) > 1 else f"only {told[0]} does" if told else "none does"


def verdict(pooled: pd.DataFrame) -> str:
    """Which intervals cover in the easiest and in the hardest cell."""
    least, most = pooled["n"].min(), pooled["n"].max()
    easy, hard = _at(pooled, EASY, most)["coverage"], _at(pooled, HARD, least)["coverage"].sort_values(ascending=False)
    right = [[name for name in METHODS if of[name] >= LEVEL - NEAR] for of in (easy, hard)]
    low, high = _percent(easy.min()), _percent(easy.max())
    span = low if low == high else f"{low} to {high}"
    told = ", ".join(f"{name} {_percent(share)}" for name, share in hard.items() if name != "Wald, transformed")
    doing = _doing(right[0])
    return (
        f"{doing[0].upper()}{doing[1:]}, to within {100 * NEAR:g} points, where components are {APART[EASY]:g} sds"
        f" apart ({span} at n = {most}); {_doing(right[1])} at {APART[HARD]:g} sds and n = {least} ({told})."
    )


def leaders(pooled: pd.DataFrame) -> pd.DataFrame:
    """Whose coverage is highest at each n where components overlap, who follows, and by how many standard errors."""
    rows = []
    for size in sorted(set(pooled["n"])):
        of = _at(pooled, HARD, size).sort_values("coverage", ascending=False, kind="stable")
        error = float(np.hypot(of["error"].iloc[0], of["error"].iloc[1]))
        lead = float(of["coverage"].iloc[0] - of["coverage"].iloc[1])
        rows.append({"n": size, "best": of.index[0], "next": of.index[1], "lead": lead / error if error else 0.0})
    return pd.DataFrame(rows)


def leading(pooled: pd.DataFrame) -> str:
    """The same in one sentence."""
    found = leaders(pooled)
    led = listed([f"{_named(row['best'])} at n = {row['n']}" for _, row in found.iterrows()])
    clear = int((found["lead"] > RESOLVED).sum())
    return (
        f"At {APART[HARD]:g} sds coverage is highest for {led}; over the next best method {clear or 'none'} of these"
        f" leads exceed{'s' if clear < 2 else ''} {RESOLVED:g} Monte Carlo standard errors."
    )


def chains_in_words(failures: pd.DataFrame) -> str:
    """How many posteriors of overlapping data rest on chains that disagree, and what is covered without them."""
    of = failures[failures["data"] == HARD]
    flagged, total = int(of[FLAGGED].sum()), int(of["data sets"].sum())
    if not flagged:
        return f"In none of these {total} posteriors do chains disagree (R-hat above {WANTED_R_HAT:g})."
    shares = [
        f"{_percent(row[UNFLAGGED])} at n = {row['n']}" for _, row in of.iterrows() if np.isfinite(row[UNFLAGGED])
    ]
    without = f"; without them the posterior's coverage is {listed(shares)}" if shares else ""
    return f"In {flagged} of these {total} posteriors chains disagree (R-hat above {WANTED_R_HAT:g}){without}."


def in_words(pooled: pd.DataFrame, failures: pd.DataFrame) -> str:
    """The answer."""
    bare = failures[failures["data"] == HARD]
    lost = int(bare["no fit"].sum() + bare["no SE"].sum())
    missing = (
        f" EM gave no usable fit or no standard error in {lost} of {int(bare['data sets'].sum())} data sets."
        if lost
        else ""
    )
    return f"{verdict(pooled)} {leading(pooled)} {chains_in_words(failures)}{missing}"


def posterior_path(pooled: pd.DataFrame, path: pd.DataFrame) -> str:
    """The posterior's coverage with rising n where components overlap, beside width and place of its intervals."""
    shares = [_percent(_at(pooled, HARD, size)["coverage"].iloc[POSTERIOR]) for size in path["n"]]
    misses, inward = int(path["misses"].sum()), int(path["inward"].sum())
    side = (
        f" Of the {misses} intervals that miss a mean, {inward} lie on the side of the other component: the two"
        " are put too close together."
        if 2 * inward > misses
        else f" Of the {misses} intervals that miss a mean, {inward} lie on the side of the other component."
    )
    return (
        f"The posterior's coverage of overlapping data is {listed(shares)} at n = {listed(list(map(str, path['n'])))}."
        f" Half the width of its intervals of the means is {listed([f'{v:.2f}' for v in path['half']])}, and their"
        f" middles lie {listed([f'{v:.2f}' for v in path['off']])} from the truth (medians): coverage falls wherever"
        f" intervals narrow faster than they come closer.{side if misses else ''}"
    )


def reading(pooled: pd.DataFrame) -> str:
    """What becomes of the difference as n grows."""
    lines = []
    for separation in dict.fromkeys(pooled["data"]):
        low = {m: row_of(pooled, separation, 0, m) for m in METHODS}
        high = {m: row_of(pooled, separation, -1, m) for m in METHODS}
        lines.append(
            f"*{separation}*: from n = {low['Wald']['n']} to {high['Wald']['n']} Wald's coverage goes from"
            f" {100 * low['Wald']['coverage']:.0f}% to {100 * high['Wald']['coverage']:.0f}%, the posterior's from"
            f" {100 * low['posterior']['coverage']:.0f}% to {100 * high['posterior']['coverage']:.0f}%; at the smaller"
            f" n the posterior's intervals of the means are {low['posterior']['width, means']:.2f} wide (median),"
            f" Wald's {low['Wald']['width, means']:.2f}"
        )
    return "; ".join(lines) + ". An interval may cover because it is placed well, or because it is wide."


def failing(failures: pd.DataFrame) -> str:
    """Failures in one paragraph."""
    total = int(failures["data sets"].sum())
    return (
        f"Of {total} data sets {failures['no fit'].sum()} had no usable fit from any start and"
        f" {failures['no SE'].sum()} an optimum without standard errors; in the worst cell"
        f" {100 * failures['outside'].max():.0f}% of Wald's intervals of weight and sds leave the parameter space, and"
        f" {100 * failures['replicates lost'].max():.0f}% of the bootstrap's replicates run away. Replicates that run"
        " away are left out of the percentiles, which makes the rest too regular."
    )


def claims(pooled: pd.DataFrame) -> tuple[Claim, ...]:
    """Theory at the largest n where components are separated; mistrust at the smallest where they overlap."""
    found = []
    for name, separation, place, method in (
        ("Wald", EASY, -1, "Wald"),
        ("posterior", EASY, -1, "posterior"),
        ("overlap", HARD, 0, "Wald"),
    ):
        row = row_of(pooled, separation, place, method)
        found.append(CLAIMS[name].against(float(row["coverage"]), error=float(row["error"])))
    return tuple(found)
