"""The report on the speed of an EM iteration: ratios, the floor, growth, and the bars they are held against."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from experiments.engine.experiment import Published
from experiments.figures.canvas import power_of_ten
from experiments.figures.cost.growth import growth
from experiments.figures.cost.speeds import speeds
from experiments.reporting.report import Answer, Claim, Picture, Section, Table

if TYPE_CHECKING:
    from experiments.em_speed import Iterations

BAR = "this project's own bar"
MANY = 100_000
"""Points from which the bars of speed count: below, calls cost more than arithmetic, on both sides."""
FULL_BARS = {1: 20.0, 2: 20.0, 4: 20.0, 10: 15.0, 32: 5.0}
OTHER_BARS = {1: 10.0, 2: 10.0, 4: 10.0, 10: 5.0, 32: 1.0}
"""How many times faster than scikit-learn, by dimension."""
FLOOR_TIMES = 4.0
UNEVEN = 1.2
FLAT = 10.0
"""MB above the data at most: a tenth of one column of responsibilities at 10^7 points."""

THREADS = {"1": "one thread", "all": "all cores"}
OTHERS = ("tied", "diag", "spherical")
SPEEDS: dict[str, tuple[tuple[str, ...], tuple[int, ...], float]] = {
    "full, D ≤ 4": (("full",), (1, 2, 4), FULL_BARS[4]),
    "full, D = 10": (("full",), (10,), FULL_BARS[10]),
    "full, D = 32": (("full",), (32,), FULL_BARS[32]),
    "tied, diag and spherical, D ≤ 4": (OTHERS, (1, 2, 4), OTHER_BARS[4]),
    "tied, diag and spherical, D = 10": (OTHERS, (10,), OTHER_BARS[10]),
}
CLAIMS = {
    **{
        words: Published(f"scikit-learn's time over ours, least, {words}, N ≥ 10⁵", BAR, bar, 0.0, "at least")
        for words, (_, _, bar) in SPEEDS.items()
    },
    "least": Published("scikit-learn's time over ours, least of all cases", BAR, 1.0, 0.0, "at least"),
    **{
        words: Published(f"our time over the floor, most, N ≥ 10⁵, {words}", BAR, FLOOR_TIMES, 0.0, "at most")
        for words in THREADS.values()
    },
}
"""Held on every machine; growth is measured, and held, where Linux tells the memory of a process."""


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
    for threads, words in THREADS.items():
        long = grown[(grown["N"] >= MANY) & (grown["threads"] == threads)] if len(grown) else grown
        if len(long):
            uneven = max(of["ns per point"].max() / of["ns per point"].min() for _, of in long.groupby("D"))
            power = power_of_ten(round(np.log10(long["N"].max())))
            statement = f"time per point, slowest over fastest, N from 10⁵ to {power}, {words}"
            found.append(Claim(statement, BAR, UNEVEN, float(uneven), 0.0, kind="at most"))
    if len(grown):
        statement, most = "memory above the data, most of all N", float(grown["MB above the data"].max())
        found.append(Claim(statement, BAR, FLAT, most, 0.0, kind="at most", unit="MB"))
    return tuple(found)


def answer(rows: pd.DataFrame, grown: pd.DataFrame, held: Sequence[Claim]) -> str:
    """Least and median ratio, the small data, growth, and the bars that are missed."""
    many, few = rows[rows["N"] >= MANY], rows[rows["N"] < MANY]
    least = many.iloc[int(many["ratio"].argmin())]
    words = (
        f"From 10⁵ points on an EM iteration is {many['ratio'].min():.1f} to {many['ratio'].max():.0f} times as fast as"
        f" scikit-learn's, at the median {many['ratio'].median():.0f} times (least: {least['structure']} covariances,"
        f" D = {least['D']}, K = {least['K']})"
    )
    if len(few):
        words += f", with {few['N'].max()} points {few['ratio'].min():.1f} to {few['ratio'].max():.0f} times"
    one = many[many["threads"] == "1"]["times floor"]
    words += (
        f". On one thread it takes {one.min():.1f} to {one.max():.1f} times the least time that its arithmetic needs"
    )
    if len(grown):
        most = grown["MB above the data"].max()
        memory = f"at most {most:.0f} MB" if most >= 1.0 else "less than 1 MB"
        words += f"; above the data it needs {memory}, up to {power_of_ten(round(np.log10(grown['N'].max())))} points"
    missed = [claim.statement for claim in held if not claim.passed]
    return f"{words}. " + (f"Missed: {'; '.join(missed)}." if missed else "Every bar set for it is cleared.")


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
        "scikit-learn's time for an EM iteration over ours, over all K, N ≥ 10⁵, on one thread and on all cores; and"
        " how many times the floor ours takes at most.",
        pd.DataFrame(lines),
        columns={
            "bar": "the least ratio aimed at",
            "least, small N": "the least ratio with 1000 points",
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
    caption = "Nanoseconds per point of an EM iteration, K = 5, full covariances, and the most memory beside the data."
    return Table("growth", caption, frame.rename_axis("N").reset_index(), decimals={"MB above the data": 1})


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
        " iteration is its `_e_step` and `_m_step`. The *floor* is what N K exponentials and the flops of the quadratic"
        " forms and expected statistics take at the speeds that this run measures for each (a matrix product of"
        " 512 × 512), moving no data." + machine.words
    )
    drawn = speeds(rows[rows["N"] >= MANY], bars(), MANY)
    picture = Picture(
        "speeds",
        "Above: an EM iteration on one thread with 100 000 points and"
        f" {sorted(set(rows['K']))[len(set(rows['K'])) // 2]} components, by dimension and covariance structure. Below:"
        " how many times longer scikit-learn takes, every case of at least 100 000 points; short bars are what is"
        " aimed at.",
        "Time per point and component against dimension for each covariance structure, and ratios of the two programs.",
        drawn.figure,
        drawn.data,
        "double",
    )
    sections = [Section("Beside scikit-learn and the floor", (how, picture, summary_table(rows)))]
    if len(grown):
        pictured = growth(grown)
        text = (
            "Each iteration walks the data once in blocks, so that time grows with N and memory does not: no"
            " array of N × K responsibilities is ever made. Memory is the peak of the process above what it held with"
            " the data."
        )
        shown = Picture(
            "growing",
            "(a) Time per point and (b) memory above the data by number of points; K = 5, full covariances.",
            "Time per point and memory above the data against the number of points, and the size of the data.",
            pictured.figure,
            pictured.data,
            "double",
        )
        sections.append(Section("As the data grow", (text, shown, growth_table(grown))))
    return Answer(
        words=answer(rows, grown, held),
        sections=tuple(sections),
        claims=held,
        provenance={**machine.provenance, "scikit-learn": measured[0].scikit_learn},
        result={"cells": len(rows)},
    )
