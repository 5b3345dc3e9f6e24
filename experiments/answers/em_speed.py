"""The report on the speed of an EM iteration: ratios, the floor, growth, and the bars they are held against."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from experiments.engine.experiment import Published
from experiments.figures.canvas import power_of_ten
from experiments.figures.cost.growth import growth
from experiments.figures.cost.speeds import speeds
from experiments.reporting.report import Answer, Claim, Picture, Section, Table
from experiments.reporting.sentences import listed

if TYPE_CHECKING:
    from experiments.em_speed import Iterations

BAR = "this project's own bar"
FEW, MANY, LONG = 1_000, 100_000, 1_000_000
"""Points. The bars of speed count from MANY on: below, calls cost more than arithmetic, on both sides."""
MIDDLE = 5
"""Components of most cases."""
FULL_BARS = {1: 20.0, 2: 20.0, 4: 20.0, 10: 15.0, 32: 5.0}
OTHER_BARS = {1: 10.0, 2: 10.0, 4: 10.0, 10: 5.0, 32: 1.0}
"""How many times faster than scikit-learn, by dimension: nobody's result, but what this project set out for. Lower
where D is large, since there both programs spend their time in the same products; lower for the other structures, which
scikit-learn itself takes less time for."""
FLOOR_TIMES = 4.0
"""Times the floor at most: room for what the floor leaves out, maxima, logarithms, divisions, the movement of data."""
UNEVEN = 1.2
"""Time per point at its slowest over its fastest: growth in proportion, but for a fifth that caches may take."""
FLAT = 10.0
"""MB above the data at most: a tenth of one column of responsibilities at 10^7 points."""
LINEAR = math.log(UNEVEN) / math.log(LONG / MANY)
"""A power of N this close to 1 is told as linear: from MANY to LONG points it makes no more than UNEVEN of it."""

THREADS = {"1": "one thread", "all": "all cores"}
OTHERS = ("tied", "diag", "spherical")


def ten_to(n: int) -> str:
    """10⁵ for 100 000."""
    return power_of_ten(round(np.log10(n)))


def _bar(structures: tuple[str, ...], dimensions: tuple[int, ...], bars: Mapping[int, float]) -> tuple[str, float]:
    """Of which structures and dimensions, and how many times faster."""
    of = f"D ≤ {max(dimensions)}" if len(dimensions) > 1 else f"D = {dimensions[0]}"
    return f"{listed(structures)}, {of}", bars[dimensions[-1]]


HELD = [
    *((("full",), dimensions, FULL_BARS) for dimensions in ((1, 2, 4), (10,), (32,))),
    *((OTHERS, dimensions, OTHER_BARS) for dimensions in ((1, 2, 4), (10,))),
]
SPEEDS = {_bar(*held)[0]: (*held[:2], _bar(*held)[1]) for held in HELD}
UNEVENNESS = {
    threads: f"time per point, slowest over fastest, N from {ten_to(MANY)} to {ten_to(LONG)}, {words}"
    for threads, words in THREADS.items()
}
CLAIMS = {
    **{
        words: Published(
            f"scikit-learn's time over ours, least, {words}, N ≥ {ten_to(MANY)}", BAR, bar, 0.0, "at least"
        )
        for words, (_, _, bar) in SPEEDS.items()
    },
    "least": Published("scikit-learn's time over ours, least of all cases", BAR, 1.0, 0.0, "at least"),
    **{
        words: Published(
            f"our time over the floor, most, N ≥ {ten_to(MANY)}, {words}", BAR, FLOOR_TIMES, 0.0, "at most"
        )
        for words in THREADS.values()
    },
    **{
        statement: Published(statement, BAR, UNEVEN, 0.0, "at most", optional=True) for statement in UNEVENNESS.values()
    },
    "memory": Published("memory above the data, most of all N", BAR, FLAT, 0.0, "at most", "MB", optional=True),
}
"""Growth is measured, and held, where Linux tells the memory of a process; the rest on every machine."""


def bars() -> pd.DataFrame:
    """How many times faster than scikit-learn an iteration is to be, by structure and D, from 100 000 points on."""
    others = [(structure, d, bar) for structure in OTHERS for d, bar in OTHER_BARS.items()]
    return pd.DataFrame([("full", d, bar) for d, bar in FULL_BARS.items()] + others, columns=["structure", "D", "bar"])


def claims(rows: pd.DataFrame, grown: pd.DataFrame) -> tuple[Claim, ...]:
    """Each bar, held against the least favourable case it speaks of, one thread and all cores alike."""
    many = rows[rows["N"] >= MANY]
    found = []
    for words, (structures, dimensions, _) in SPEEDS.items():
        of = many[many["structure"].isin(structures) & many["D"].isin(dimensions)]
        found.append(CLAIMS[words].against(of["ratio"].min()))
    found.append(CLAIMS["least"].against(rows["ratio"].min()))
    for threads, words in THREADS.items():
        found.append(CLAIMS[words].against(many[many["threads"] == threads]["times floor"].max()))
    for threads, statement in UNEVENNESS.items():
        long = grown[(grown["N"] >= MANY) & (grown["threads"] == threads)] if len(grown) else grown
        if len(long):
            uneven = max(of["ns per point"].max() / of["ns per point"].min() for _, of in long.groupby("D"))
            found.append(CLAIMS[statement].against(uneven))
    if len(grown):
        found.append(CLAIMS["memory"].against(grown["MB above the data"].max()))
    return tuple(found)


def powers_of_n(grown: pd.DataFrame) -> list[float]:
    """d log time / d log N from MANY points on, one thread, for each D: 1 is linear."""
    long = grown[(grown["N"] >= MANY) & (grown["threads"] == "1")]
    return [
        float(np.polyfit(np.log(of["N"]), np.log(of["N"] * of["ns per point"]), 1)[0])
        for _, of in long.groupby("D")
        if len(of) > 1
    ]


def powers_of_d(rows: pd.DataFrame) -> pd.DataFrame:
    """d log time / d log D between one D and the next, a row for each structure; MANY points, one thread, MIDDLE K."""
    of = rows[(rows["N"] == MANY) & (rows["threads"] == "1") & (rows["K"] == MIDDLE)]
    wide = of.pivot_table(index="structure", columns="D", values="ours", sort=False).sort_index(axis=1)
    dimensions = wide.columns.to_numpy(np.float64)
    powers = np.diff(np.log(wide.to_numpy(np.float64)), axis=1) / np.diff(np.log(dimensions))
    names = [f"D = {low:.0f} to {high:.0f}" for low, high in pairwise(dimensions)]
    return pd.DataFrame(powers, index=wide.index, columns=names)


def answer(rows: pd.DataFrame, grown: pd.DataFrame, held: Sequence[Claim]) -> str:
    """How fast at the median and how it grows; least ratio, the small data, the floor, and the bars that are missed."""
    many, few = rows[rows["N"] >= MANY], rows[rows["N"] < MANY]
    least = many.iloc[int(many["ratio"].argmin())]
    in_d, in_n = powers_of_d(rows).loc["full"], powers_of_n(grown) if len(grown) else []
    linear = all(abs(power - 1.0) <= LINEAR for power in in_n)
    of_n = "linearly in N" if linear else f"as N to the power {min(in_n):.2f} to {max(in_n):.2f}"
    words = (
        f"From {ten_to(MANY)} points on an EM iteration is {many['ratio'].median():.0f} times as fast as scikit-learn's"
        f" (median); its time grows {f'{of_n} and ' if in_n else ''}as D to the power {in_d.iloc[0]:.1f} to"
        f" {in_d.iloc[-1]:.1f}. These powers are by point and component with full covariances, {in_d.index[0]}"
        f" and {in_d.index[-1]}. The ratio to scikit-learn goes from {many['ratio'].min():.1f} ({least['structure']}"
        f" covariances, D = {least['D']}, K = {least['K']}) to {many['ratio'].max():.0f}"
    )
    if len(few):
        words += f", with {few['N'].max()} points from {few['ratio'].min():.1f} to {few['ratio'].max():.0f}"
    one = many[many["threads"] == "1"]["times floor"]
    words += (
        f". On one thread an iteration takes {one.min():.1f} to {one.max():.1f} times the least time that its"
        " arithmetic needs"
    )
    if len(grown):
        words += (
            f"; above the data it needs {short_of(float(grown['MB above the data'].max()))} MB at most, up to"
            f" {ten_to(grown['N'].max())} points, whose responsibilities would take {responsibilities(grown):.0f} MB"
        )
    missed = [claim.statement for claim in held if not claim.passed]
    return f"{words}. " + (f"Missed: {'; '.join(missed)}." if missed else "Every bar set for it is cleared.")


def short_of(megabytes: float) -> str:
    """Megabytes to a tenth."""
    return f"{megabytes:.1f}" if megabytes >= 0.1 else "0.1"


def responsibilities(grown: pd.DataFrame) -> float:
    """MB of the N x K responsibilities of the most points."""
    return float((grown["N"] * grown["K"]).max()) * 8.0 / 2**20


def summary_table(rows: pd.DataFrame) -> Table:
    """Ratios and times the floor, by structure and D."""
    lines = []
    at = bars().set_index(["structure", "D"])["bar"].to_dict()
    for (structure, d), of in rows.groupby(["structure", "D"], sort=False):
        many, few = of[of["N"] >= MANY], of[of["N"] < MANY]
        lines.append(
            {
                "structure": structure,
                "D": d,
                "bar": at[str(structure), d],
                "least": many["ratio"].min(),
                "median": many["ratio"].median(),
                "most": many["ratio"].max(),
                "least, small N": few["ratio"].min(),
                "over floor, one thread": many[many["threads"] == "1"]["times floor"].max(),
                "over floor, all cores": many[many["threads"] == "all"]["times floor"].max(),
            }
        )
    return Table(
        "ratios",
        "scikit-learn's time for an EM iteration over ours, over all K,"
        f" N ≥ {ten_to(MANY)}, on one thread and on all cores; and"
        " how many times the floor ours takes at most.",
        pd.DataFrame(lines),
        columns={
            "bar": "the least ratio aimed at",
            "least, small N": f"the least ratio with {FEW} points",
            "over floor": "our time over the floor's at as many threads, the worst case",
        },
        decimals={
            "bar": 0,
            **dict.fromkeys(("least", "median", "most", "least, small N"), 1),
            **dict.fromkeys(("over floor, one thread", "over floor, all cores"), 1),
        },
    )


def growth_table(grown: pd.DataFrame) -> Table:
    """Nanoseconds per point by N, a column for each D and number of threads; and the most memory."""
    wide = grown.assign(
        column=[f"D = {d}, {'1 thread' if t == '1' else 'all'}" for d, t in grown[["D", "threads"]].values]
    )
    frame = wide.pivot_table(index="N", columns="column", values="ns per point", sort=False).rename_axis(columns=None)
    frame["MB above the data"] = grown.groupby("N")["MB above the data"].max()
    caption = (
        f"Nanoseconds per point of an EM iteration, K = {grown['K'].iloc[0]}, full covariances, and the most memory"
        " above the data."
    )
    return Table("growth", caption, frame.rename_axis("N").reset_index(), decimals={"MB above the data": 1})


def powers_table(rows: pd.DataFrame) -> Table:
    """The powers of D, by structure."""
    powers = powers_of_d(rows)
    return Table(
        "powers",
        "The power of D with which the time of an EM iteration per point and component grows from one D to the next:"
        f" N = {ten_to(MANY)}, K = {MIDDLE}, one thread. By the number of operations it tends to 2 for full and tied"
        " covariances and to 1 for the others.",
        powers.reset_index(),
        decimals=dict.fromkeys(map(str, powers.columns), 2),
    )


def build_answer(measured: Sequence["Iterations"], growths: Sequence[pd.DataFrame]) -> Answer:
    """The ratios, the floor and the growth."""
    rows = pd.concat([each.rows for each in measured], ignore_index=True)
    grown = pd.concat(growths, ignore_index=True) if growths else pd.DataFrame()
    machine = max((each.machine for each in measured), key=lambda seen: seen.busy or 0.0)
    held = claims(rows, grown)
    how = (
        "One iteration is an E step and an M step from given parameters, in float64, of points drawn from K unit"
        " Gaussians. Both programs run in turn in one process, and the fastest rounds are compared; on one thread"
        " seconds of the processor are counted, else of the clock, and both may use every core. scikit-learn's"
        " iteration (Pedregosa et al. 2011) is its `_e_step` and `_m_step`. The *floor* is what N K exponentials and"
        " the flops of the quadratic forms and expected statistics take at the speeds that this run measures for each"
        " (a product of large matrices), moving no data." + machine.words
    )
    measured_bars = bars()
    drawn = speeds(rows[rows["N"] >= MANY], measured_bars[measured_bars["D"].isin(rows["D"])], MANY)
    picture = Picture(
        "speeds",
        f"(a)–(d) An EM iteration on one thread with {ten_to(MANY)} points and K = {MIDDLE}, by dimension, for each"
        " covariance structure: time per point and component of ours, of scikit-learn's, and the floor. (e)–(h) How"
        f" many times longer scikit-learn takes, every case of at least {ten_to(MANY)} points; the shape tells K,"
        f" filled markers are of one thread and {ten_to(MANY)} points, open ones of all cores and as many, pale"
        f" ones of all cores and {ten_to(LONG)} points; short bars are what is aimed at.",
        "Time per point and component against dimension for each covariance structure, ours below scikit-learn's by a"
        f" factor of {rows['ratio'].min():.1f} to {rows['ratio'].max():.0f}, and these ratios.",
        drawn.figure,
        drawn.data,
        "double",
    )
    sections = [Section("Beside scikit-learn and the floor", (how, picture, summary_table(rows)))]
    if len(grown):
        pictured = growth(grown)
        per_point = grown["ns per point"]
        text = (
            "Each iteration walks the data once in blocks, so that time grows with N and memory does not: no array of"
            f" N × K responsibilities is ever made. Memory is the peak of the process above what it held with the data"
            f" after an iteration on a few points: {short_of(float(grown['MB above the data'].max()))} MB at most,"
            f" beside {responsibilities(grown):.0f} MB that the responsibilities of {ten_to(grown['N'].max())} points"
            f" would take. From {ten_to(MANY)} points on, on one thread, the time of an iteration grows as N to the"
            f" power {' and '.join(f'{power:.2f}' for power in powers_of_n(grown))} (D ="
            f" {' and '.join(str(d) for d in sorted(set(grown['D'])))})."
        )
        shown = Picture(
            "growing",
            f"Time per point of an EM iteration by number of points; K = {grown['K'].iloc[0]}, full covariances. The"
            " shape tells D; filled markers on solid lines are of one thread, open ones on dashed lines of all cores.",
            f"Time per point against the number of points, from {per_point.min():.0f} to {per_point.max():.0f} ns, a"
            " line for each D and number of threads.",
            pictured.figure,
            pictured.data,
        )
        sections.append(Section("As the data grow", (text, shown, growth_table(grown))))
    sections.append(Section("As the dimension grows", (powers_table(rows),)))
    return Answer(
        words=answer(rows, grown, held),
        sections=tuple(sections),
        claims=held,
        provenance={**machine.provenance, "scikit-learn": measured[0].scikit_learn},
        result={"cells": len(rows)},
    )
