"""The report on coverage: how often each interval holds the truth, how wide it is, and where there is none."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from experiments.answers.interval_coverage_declared import CLAIMS, LEVEL
from experiments.figures.uncertainty.interval_coverage import coverage_by_n, intervals
from experiments.reporting.report import Answer, Claim, Picture, Section, Table
from experiments.studies.two_normals import WEIGHT

if TYPE_CHECKING:
    from experiments.interval_coverage import Batch
    from mixture.arrays import FloatArray

METHODS = ("Wald", "Wald, transformed", "bootstrap", "posterior")
KINDS: Mapping[str, slice] = {"weight": slice(0, 1), "means": slice(1, 3), "sds": slice(3, 5)}
SHOWN = ("Wald", "Wald, transformed", "posterior")
"""Methods whose intervals are drawn one by one."""
WANTED_R_HAT = 1.05
DRAWN = 3
"""Batches whose intervals are drawn one by one."""


def build_answer(batches: "Sequence[Batch]", truths: "Mapping[str, FloatArray]", *, n_replicates: int) -> Answer:
    """From batches of intervals and the true numbers (5,) of each kind of data."""
    long = coverage_table(batches, truths)
    failures = failure_table(batches)
    pooled = pooled_table(batches, truths)
    sizes = sorted({batch.n_samples for batch in batches})
    bad = [batch for batch in batches if batch.separation == "overlapping" and batch.n_samples == sizes[0]]
    listed = interval_list(bad[:DRAWN])
    first = coverage_by_n(long, LEVEL)
    second = intervals(listed, SHOWN, WEIGHT, "weight of the left component", (-0.3, 1.3))
    counts = long.groupby("method")["data sets"].max()
    caption = (
        f"Coverage of {100 * LEVEL:g}% intervals by n, with two Monte Carlo standard errors to either side; a missing"
        f" interval is a miss. {counts['posterior']} simulated data sets a point ({counts['bootstrap']} for the"
        " bootstrap)."
    )
    second_caption = (
        f"Intervals of the left component's weight in {len(listed) // len(METHODS)} data sets of n = {sizes[0]},"
        " means two sds apart, sorted by their middle. A cross marks a data set without an"
        " interval, an arrow an end beyond the axis."
    )
    setup = (
        f"Data sets of n = {', '.join(map(str, sizes))} come from two unit normals with weights {WEIGHT:g} and"
        f" {1 - WEIGHT:g}, five sds apart (*separated*) or two (*overlapping*). EM takes the highest optimum of a few"
        " starts that has not run away; the posterior has the default, weakly informative prior; labels are matched to"
        f" the truth. The bootstrap has {n_replicates} replicates from EM's optimum. A method that gives no interval"
        " has missed: it is counted so, not left out."
    )
    return Answer(
        words=in_words(pooled, failures),
        sections=(
            Section(
                "How often the truth is held",
                (
                    setup,
                    Picture("coverage", caption, caption, first.figure, first.data, "double"),
                    reading(pooled),
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
                    Picture("intervals", second_caption, second_caption, second.figure, second.data, "double"),
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
                            "R-hat > 1.05": "posteriors whose chains disagree in a relabelled parameter; kept",
                        },
                        decimals={"outside": 3, "replicates lost": 3},
                    ),
                ),
            ),
        ),
        claims=claims(pooled),
        result={"coverage": [{str(k): v for k, v in row.items()} for row in pooled.to_dict(orient="records")]},
    )


def held(batch: "Batch", truth: "FloatArray") -> "FloatArray":
    """(4, R, 5): 1 where an interval holds the truth, 0 where it does not or is missing."""
    return np.asarray((batch.lower <= truth) & (truth <= batch.upper), dtype=np.float64)


def cells(batches: "Sequence[Batch]") -> "dict[tuple[str, int], list[Batch]]":
    """Batches by kind of data and n, in the order of the cases."""
    found: dict[tuple[str, int], list[Batch]] = {}
    for batch in batches:
        found.setdefault((batch.separation, batch.n_samples), []).append(batch)
    return found


def error_of(hits: "FloatArray") -> float:
    """Monte Carlo standard error of the mean of hits (R, m) of m parameters in R data sets: sd over data sets / sqrt R.

    Hardly anything missed has hardly a spread: at least that of R m independent parameters at (hits + 2) / (R m + 4).
    """
    if len(hits) < 2:
        return float("nan")
    share = (hits.sum() + 2.0) / (hits.size + 4.0)
    spread = hits.mean(axis=1).std(ddof=1) / np.sqrt(len(hits))
    return float(max(spread, np.sqrt(share * (1.0 - share) / hits.size)))


def coverage_table(batches: "Sequence[Batch]", truths: "Mapping[str, FloatArray]") -> pd.DataFrame:
    """A row for each kind of data, kind of parameter, n and method."""
    rows = []
    for (separation, size), of in cells(batches).items():
        hits = np.concatenate([held(batch, truths[separation]) for batch in of], axis=1)
        tried = np.concatenate([batch.tried for batch in of], axis=1) > 0.0
        for i, method in enumerate(METHODS):
            count = int(tried[i].sum())
            for kind, places in KINDS.items():
                of_kind = hits[i, tried[i]][:, places]
                rows.append(
                    {
                        "data": separation,
                        "kind": kind,
                        "n": size,
                        "method": method,
                        "data sets": count,
                        "coverage": float(of_kind.mean()),
                        "error": error_of(of_kind),
                    }
                )
    return pd.DataFrame(rows)


def pooled_table(batches: "Sequence[Batch]", truths: "Mapping[str, FloatArray]") -> pd.DataFrame:
    """A row for each kind of data, n and method: coverage over all parameters, and median widths by kind."""
    rows = []
    for (separation, size), of in cells(batches).items():
        hits = np.concatenate([held(batch, truths[separation]) for batch in of], axis=1)
        lower, upper = (np.concatenate([getattr(batch, end) for batch in of], axis=1) for end in ("lower", "upper"))
        tried = np.concatenate([batch.tried for batch in of], axis=1) > 0.0
        for i, method in enumerate(METHODS):
            given = tried[i] & np.isfinite(lower[i]).all(axis=1)
            widths = (upper - lower)[i, given]
            rows.append(
                {
                    "data": separation,
                    "n": size,
                    "method": method,
                    "data sets": int(tried[i].sum()),
                    "coverage": float(hits[i, tried[i]].mean()),
                    "error": error_of(hits[i, tried[i]]),
                    "if given": float(hits[i, given].mean()) if given.any() else np.nan,
                    **{
                        f"width, {kind}": float(np.median(widths[:, places])) if given.any() else np.nan
                        for kind, places in KINDS.items()
                    },
                }
            )
    return pd.DataFrame(rows)


def failure_table(batches: "Sequence[Batch]") -> pd.DataFrame:
    """A row for each kind of data and n: what did not work."""
    rows = []
    for (separation, size), of in cells(batches).items():
        lower, upper = (np.concatenate([getattr(batch, end)[0] for batch in of]) for end in ("lower", "upper"))
        given = np.isfinite(lower).all(axis=1)
        below = (lower[given][:, [0, 3, 4]] < 0.0).ravel()
        above = (upper[given][:, 0] > 1.0).ravel()
        n_intervals = 3 * int(given.sum())
        lost = np.concatenate([batch.lost for batch in of])
        lost = lost[np.isfinite(lost)]
        rows.append(
            {
                "data": separation,
                "n": size,
                "data sets": len(lower),
                "no fit": sum(batch.no_fit for batch in of),
                "no SE": sum(batch.no_errors for batch in of),
                "outside": (int(below.sum()) + int(above.sum())) / n_intervals if n_intervals else np.nan,
                "replicates lost": float(lost.mean()) if lost.size else np.nan,
                "R-hat > 1.05": int(sum((batch.r_hats > WANTED_R_HAT).sum() for batch in of)),
            }
        )
    return pd.DataFrame(rows)


def interval_list(batches: "Sequence[Batch]") -> pd.DataFrame:
    """Every interval of the first parameter, the weight."""
    tables = [
        pd.DataFrame({"method": method, "lower": batch.lower[i, :, 0], "upper": batch.upper[i, :, 0]})
        for batch in batches
        for i, method in enumerate(METHODS)
    ]
    return pd.concat(tables, ignore_index=True)


def row_of(pooled: pd.DataFrame, separation: str, place: int, method: str) -> "pd.Series[float]":
    """The row of a kind of data and a method at the smallest (0) or the largest (-1) n."""
    of = pooled[(pooled["data"] == separation) & (pooled["method"] == method)]
    return of.sort_values("n").iloc[place]


def _told(pooled: pd.DataFrame, separation: str, place: int) -> str:
    rows = [row_of(pooled, separation, place, method) for method in METHODS]
    return ", ".join(f"{row['method']} {100 * row['coverage']:.0f}% (±{100 * row['error']:.0f})" for row in rows)


def in_words(pooled: pd.DataFrame, failures: pd.DataFrame) -> str:
    """The answer."""
    n_least, n_most = pooled["n"].min(), pooled["n"].max()
    hard = {method: float(row_of(pooled, "overlapping", 0, method)["coverage"]) for method in METHODS}
    best = max(hard, key=lambda method: hard[method])
    bare = failures[(failures["data"] == "overlapping") & (failures["n"] == n_least)].iloc[0]
    return (
        f"With separated components and n = {n_most}, coverage over all five parameters is"
        f" {_told(pooled, 'separated', -1)}; ± is one Monte Carlo standard error. With components two sds apart and n ="
        f" {n_least} it is {_told(pooled, 'overlapping', 0)}, the highest being that of the"
        f" {best} interval{'s' if best != 'bootstrap' else ''}; EM gave no usable fit or no standard error in"
        f" {bare['no fit'] + bare['no SE']} of {bare['data sets']} data sets."
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
        ("Wald", "separated", -1, "Wald"),
        ("posterior", "separated", -1, "posterior"),
        ("overlap", "overlapping", 0, "Wald"),
    ):
        row = row_of(pooled, separation, place, method)
        found.append(CLAIMS[name].against(float(row["coverage"]), error=float(row["error"])))
    return tuple(found)
