"""The report on ways to climb: passes, ends, constraints, and what the moves are."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from experiments.answers.ascents_words import (
    ACCELERATED,
    COLLAPSE,
    EASY,
    EM,
    FEW_PASSES,
    FINE,
    HARD,
    THE_COORDINATES,
    THE_MOVES,
    described,
    ends_of,
    naive_words,
    slow_and_fast,
    the_start,
    who_ends_where,
    words,
)
from experiments.engine.experiment import Published
from experiments.figures.climbing.gaps import LEAST, gaps
from experiments.figures.climbing.passes import passes
from experiments.reporting.formats import short
from experiments.reporting.report import Answer, Claim, Picture, Section, Table
from experiments.studies.climbs import CLOSE, Climbs
from experiments.studies.naive_gradient import ARRIVED, FATES, MAX_STEPS, Fates


def build_answer(
    problems: Mapping[str, Climbs],
    structures: Mapping[str, Climbs],
    naive: Fates,
    n_starts: int,
    published: Mapping[str, Published],
) -> Answer:
    """The comparison of moves, of structures, and the gradient in natural parameters."""
    table = pd.DataFrame([row for name, climbs in problems.items() for row in rows_of(name, climbs)])
    traces = pd.concat([traces_of(name, problems[name]) for name in (HARD, EASY)], ignore_index=True)
    drawn = gaps(traces, (HARD, EASY), CLOSE)
    shown = passes(
        table.rename(columns={"data": "problem", "passes": "median", "worst": "most"})[
            ["problem", "move", "least", "median", "most"]
        ]
    )
    data = (
        f"{'; '.join(f'*{name}*: {described(name, climbs)}' for name, climbs in problems.items())}. Each move climbs"
        f" from the same {n_starts} starts, k-means++ and random partition in turn, with one set of settings for all"
        f" data. Passes are counted until a climb is within {short(CLOSE)} nats of the best value that any climb found"
        " at the same optimum: when a loop stops is another matter."
    )
    return Answer(
        words=words(table, naive),
        sections=(
            Section("The first thing one may write down", (naive_words(naive), naive_table(naive))),
            Section("The moves", (THE_MOVES, THE_COORDINATES)),
            Section(
                "Passes over the data",
                (
                    data,
                    Picture(
                        "gaps",
                        f"Gap to the optimum by passes over the data, (a) {HARD}: {described(HARD, problems[HARD])};"
                        f" (b) {EASY}: {described(EASY, problems[EASY])}. {the_start(traces)} A marker ends each climb;"
                        f" thin line: {short(CLOSE)} nats, where a climb has arrived; gaps below {short(LEAST)} nats"
                        " are drawn there. The broader curve is EM's.",
                        "Curves of the gap against passes, one for each move, on both data sets: "
                        + "; ".join(f"{place}, {ends_of(traces, place)}" for place in (HARD, EASY))
                        + ".",
                        drawn.figure,
                        drawn.data,
                        "double",
                    ),
                    slow_and_fast(table),
                    Picture(
                        "passes",
                        f"Passes until within {short(CLOSE)} nats of the optimum: marker, the median over {n_starts}"
                        " starts (those that ended at an optimum); line, from the least to the most. No marker: never"
                        " so close.",
                        f"Median passes of {table['move'].nunique()} moves on {len(problems)} data sets, from"
                        f" {table['passes'].min():.0f} to {table['passes'].max():.0f}, on a logarithmic axis.",
                        shown.figure,
                        shown.data,
                        "double",
                    ),
                    moves_table(table, n_starts),
                    who_ends_where(table, n_starts),
                ),
            ),
            Section("Covariance structures", (pair_table(structures, n_starts),)),
        ),
        claims=claims(problems, structures, n_starts, published),
        result={"log_likelihood": {name: climbs.best for name, climbs in (*problems.items(), *structures.items())}},
    )


def rows_of(name: str, climbs: Climbs) -> list[dict[str, str | int | float]]:
    """A row for each move."""
    rows: list[dict[str, str | int | float]] = []
    for move in climbs.ended:
        arrived, counts, seconds = climbs.arrived(move), climbs.arrivals(move), climbs.seconds_to_arrive(move)
        rows.append(
            {
                "data": name,
                "move": move,
                "optima": len(arrived),
                "at the best": climbs.at_the_best(move),
                "least": min(counts, default=np.nan),
                "passes": float(np.median(counts)) if counts else np.nan,
                "worst": max(counts, default=np.nan),
                "ms": 1e3 * float(np.median(seconds)) if seconds else np.nan,
                "ms a pass": 1e3
                * float(np.median([end.seconds / end.passes for end in arrived or climbs.ended[move]])),
                "stopped after": float(np.median([end.passes for end in arrived])) if arrived else np.nan,
                "steps": float(np.median([end.iterations for end in arrived])) if arrived else np.nan,
                "gap": max((end.gap for end in arrived), default=np.nan),
            }
        )
    return rows


def traces_of(name: str, climbs: Climbs) -> pd.DataFrame:
    """Gap by passes of every move, from one start."""
    tables = [
        pd.DataFrame({"problem": name, "move": move, "passes": trace[:, 0], "gap": trace[:, 1]})
        for move, trace in climbs.traces.items()
    ]
    return pd.concat(tables, ignore_index=True)


def naive_table(naive: Fates) -> Table:
    """How the naive gradient ends, by step length."""
    frame = pd.DataFrame(
        [
            {"t": short(length), **dict(zip(FATES, counts, strict=True)), "nats left": gap}
            for length, counts, gap in zip(naive.lengths, naive.counts, naive.gaps, strict=True)
        ]
    )
    return Table(
        "naive",
        "Old Faithful, K = 2, θ ← θ + t ∇log L in weights, means and covariances: how the climbs from"
        f" {sum(naive.counts[0])} starts end, by step length.",
        frame,
        columns={
            ARRIVED: f"within {short(CLOSE)} nats of the optimum in {MAX_STEPS} steps at most",
            "nats left": "below the optimum, median of the climbs that went on to the end",
        },
    )


def moves_table(table: pd.DataFrame, n_starts: int) -> Table:
    """Every move on every problem."""
    return Table(
        "moves",
        f"Every way to climb, from {n_starts} starts: medians over the climbs that ended at an optimum.",
        table.drop(columns="least"),
        columns={
            "optima": f"climbs of {n_starts} that ended at an optimum, neither singular nor on a spike",
            "at the best": "those of them at the highest optimum that any move found",
            "passes": f"until within {short(CLOSE)} nats of the optimum; a dash where the loop stopped before;"
            " “worst”: the most",
            "ms": "milliseconds until then, by the clock: those of the whole climb by its share of the passes",
            "stopped after": "passes until the loop knew it",
            "steps": "iterations until then",
            "gap": "nats below the optimum where it stopped, the largest",
        },
        decimals={"passes": 0, "worst": 0, "stopped after": 0, "steps": 0},
    )


def pair_table(structures: Mapping[str, Climbs], n_starts: int) -> Table:
    """EM beside accelerated EM, a row for each covariance structure."""
    lines = []
    for name, climbs in structures.items():
        of = {str(row["move"]): row for row in rows_of(name, climbs)}
        line: dict[str, str | int | float] = {"structure": name, "log-likelihood": climbs.best}
        for move in (EM, ACCELERATED):
            line |= {f"{move}: {what}": of[move][what] for what in ("passes", "worst", "ms", "at the best")}
        lines.append(line)
    frame = pd.DataFrame(lines)
    whole = {str(column): 0 for column in frame if str(column).endswith(("passes", "worst"))}
    return Table(
        "structures",
        f"Old Faithful, K = 2, in {len(structures)} covariance structures: passes until within {short(CLOSE)} nats of"
        f" the optimum, median and worst over {n_starts} starts, milliseconds, and how many ended at the best optimum.",
        frame,
        decimals={"log-likelihood": 4, **whole},
    )


def claims(
    problems: Mapping[str, Climbs], structures: Mapping[str, Climbs], n_starts: int, published: Mapping[str, Published]
) -> tuple[Claim, ...]:
    """Accelerated EM on overlapping data in few passes from every start; no move ever falls."""
    hard = [climbs for name, climbs in problems.items() if name in (HARD, COLLAPSE)]
    within = [
        sum(end.passes <= FEW_PASSES and end.gap <= FINE for end in climbs.arrived(ACCELERATED)) / n_starts
        for climbs in hard
    ]
    falls = [fall for climbs in (*problems.values(), *structures.values()) for fall in climbs.falls]
    return (published["falls"].against(max(falls)), published["few"].against(min(within)))
