"""The report on ways to climb: passes, ends, constraints, and what the moves are."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from experiments.engine.experiment import Published
from experiments.figures.climbing.gaps import gaps
from experiments.figures.climbing.passes import passes
from experiments.reporting.formats import short
from experiments.reporting.report import Answer, Claim, Picture, Section, Table
from experiments.studies.climbs import Climbs
from experiments.studies.naive_gradient import ARRIVED, FATES, MAX_STEPS, Fates

EM, ACCELERATED, LBFGS, GRADIENT = "EM", "accelerated EM", "L-BFGS", "gradient ascent"
EASY, GEYSER, GALAXIES, HARD, COLLAPSE = "far apart", "Old Faithful", "galaxies", "overlapping", "collapse"
NAIVE = "naive"
FEW_PASSES = 80
"""Passes that accelerated EM may take on overlapping data."""
DESCRIBED = {
    EASY: "three Gaussians 8 sd apart, n = 1000, D = 4, K = 3",
    GEYSER: "n = 272, D = 2, K = 2",
    GALAXIES: "n = 82, D = 1, K = 3",
    HARD: "two normals 1.5 sd apart, n = 1000, D = 1, K = 2",
    COLLAPSE: "posteriordb's low_dim_gauss_mix_collapse, n = 1000, D = 1, K = 2",
}

THE_MOVES = (
    "Every move is a step θ → θ′ of one loop, which stops when the estimated gain still to come stays below"
    " 10⁻⁹ nats on three consecutive steps. One pass over the data gives L(θ) = Σₙ log Σₖ πₖ N(xₙ | μₖ, Σₖ)"
    " together with the expected statistics Nₖ = Σₙ rₙₖ, Σₙ rₙₖ xₙ and Σₙ rₙₖ xₙ xₙᵀ, where rₙₖ = P(zₙ = k | xₙ,"
    " θ). **EM** maximises the expected complete-data log-likelihood Q, a function of these statistics. By Fisher's"
    " identity, ∇L(θ) = ∇Q(θ′ | θ) at θ′ = θ, **the gradient is a function of them too**: every"
    " move here pays the same for a pass. A Hessian costs two passes more."
)
THE_COORDINATES = (
    "Gradients need coordinates z in which no step can leave the constraints: weights by softmax, π = softmax(V a) with"
    " the columns of V orthonormal and summing to zero; covariances by log-Cholesky factors, Σₖ = F Lₖ Lₖᵀ Fᵀ with Lₖ"
    " lower triangular and the logarithms of its diagonal as coordinates; F Fᵀ is the covariance of all the data, so"
    " that units do not matter. *Gradient ascent* goes z + t g. *Newton* goes z − t H⁻¹ g with the exact Hessian, made"
    " definite. *L-BFGS* learns H from the last steps, beginning with a multiple of the identity; *accelerated EM* does"
    " the same beginning with B, the information of the complete data, so that its first step is EM's to first order."
    " *SQUAREM* extrapolates from two steps of EM. All t come from a line search; where it finds nothing the step is"
    " EM's, so that L never falls."
)


def build_answer(
    problems: Mapping[str, Climbs],
    structures: Mapping[str, Climbs],
    naive: Fates,
    n_starts: int,
    published: Mapping[str, Published],
) -> Answer:
    """The comparison of moves, of structures, and the gradient in natural parameters."""
    table = pd.DataFrame([row for name, climbs in problems.items() for row in rows_of(name, climbs)])
    drawn = gaps(pd.concat([traces_of(name, problems[name]) for name in (HARD, EASY)], ignore_index=True), (HARD, EASY))
    shown = passes(
        table.rename(columns={"data": "problem", "passes": "median", "worst": "most"})[
            ["problem", "move", "least", "median", "most"]
        ]
    )
    data = (
        f"{'; '.join(f'*{name}*: {DESCRIBED[name]}' for name in problems)}. Each move climbs from the same {n_starts}"
        " starts, k-means++ and random partition in turn, with one set of settings for all data. Passes are counted"
        " until a climb is within 10⁻⁸ nats of the best value that any climb found at the same optimum."
    )
    return Answer(
        words=words(table, n_starts),
        sections=(
            Section(
                "The first thing one may write down",
                (
                    "Add to each parameter a small multiple t of its derivative. On Old Faithful the derivatives differ"
                    " by orders of magnitude in size and in unit, so no t suits them all: a t that is large enough to"
                    " get anywhere makes a weight negative or a covariance indefinite, and one that is small enough to"
                    " stay inside does not arrive. The gradient was even projected, so that weights sum to one.",
                    naive_table(naive),
                ),
            ),
            Section("The moves", (THE_MOVES, THE_COORDINATES)),
            Section(
                "Passes over the data",
                (
                    data,
                    Picture(
                        "gaps",
                        "Gap to the optimum by passes over the data, from the start at which EM's number of passes is"
                        " its median. A marker ends each climb; gaps below 10⁻¹⁰ nats are drawn there.",
                        "Curves of the gap against passes, one for each move, on both data sets.",
                        drawn.figure,
                        drawn.data,
                        "double",
                    ),
                    "Where groups overlap EM and SQUAREM crawl along a ridge that methods with a memory of curvature"
                    " cross in a few steps; where groups are far apart EM is the one that arrives at once, since hardly"
                    " any information is missing.",
                    Picture(
                        "passes",
                        f"Passes until within 10⁻⁸ nats of the optimum: median over {n_starts} starts, lines from the"
                        " least to the most. No marker: never so close.",
                        "Median passes for each move and data set, on a logarithmic axis.",
                        shown.figure,
                        shown.data,
                        "double",
                    ),
                    moves_table(table, n_starts),
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
        arrived, counts = climbs.arrived(move), climbs.arrivals(move)
        rows.append(
            {
                "data": name,
                "move": move,
                "optima": len(arrived),
                "at the best": climbs.at_the_best(move),
                "least": min(counts, default=np.nan),
                "passes": float(np.median(counts)) if counts else np.nan,
                "worst": max(counts, default=np.nan),
                "stopped after": float(np.median([end.passes for end in arrived])) if arrived else np.nan,
                "steps": float(np.median([end.iterations for end in arrived])) if arrived else np.nan,
                "ms": 1e3 * float(np.median([end.seconds for end in arrived])) if arrived else np.nan,
                "gap": max((end.gap for end in arrived), default=np.nan),
            }
        )
    return rows


def traces_of(name: str, climbs: Climbs) -> pd.DataFrame:
    """Gap by passes of every move, from the start where EM took its median number of passes."""
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
        "Old Faithful, K = 2, θ ← θ + t ∇log L in weights, means and covariances: how the climbs end, by step length.",
        frame,
        columns={
            ARRIVED: f"within 10⁻⁸ nats of the optimum in {MAX_STEPS} steps at most",
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
            "passes": "until within 10⁻⁸ nats of the optimum; a dash where the loop stopped before; “worst”: the most",
            "stopped after": "passes until the loop knew it",
            "steps": "iterations until then",
            "ms": "milliseconds until then, by the clock",
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
        "Old Faithful, K = 2, in six covariance structures: passes until within 10⁻⁸ nats of the optimum, median and"
        f" worst over {n_starts} starts, milliseconds, and how many ended at the best optimum.",
        frame,
        decimals={"log-likelihood": 4, **whole},
    )


def words(table: pd.DataFrame, n_starts: int) -> str:
    """Passes of the gradient, L-BFGS, EM and accelerated EM, where acceleration pays, and who ends where."""
    at = table.set_index(["data", "move"])["passes"].fillna(np.inf).to_dict()
    places, moves = list(dict.fromkeys(table["data"])), list(dict.fromkeys(table["move"]))
    slowest = sum(at[place, GRADIENT] == max(at[place, move] for move in moves) for place in places)
    words = f"the slowest way, or among those that never came close enough, on {slowest} of {len(places)} data sets"
    words = f"Because it is {words}" if 2 * slowest > len(places) else f"It is {words} only"
    told = (GRADIENT, LBFGS, EM, ACCELERATED)
    counts = (f"{place} {' / '.join(_passes(at[place, move]) for move in told)}" for place in places)
    words += (
        f". Median passes over the data to within 10⁻⁸ nats of the optimum, {' / '.join(told)}: {'; '.join(counts)}."
    )
    pays = [place for place in places if at[place, ACCELERATED] < at[place, EM]]
    costs = [place for place in places if place not in pays]
    told_pays = [
        f"{place} ({at[place, EM] / at[place, ACCELERATED]:.1f} times fewer)" if np.isfinite(at[place, EM]) else place
        for place in pays
    ]
    words += f" Acceleration saves passes on {', '.join(told_pays) or 'none of them'}"
    words += f", and saves none on {', '.join(costs)}." if costs else "."
    ends = []
    for place in places:
        reached = table[table["data"] == place].set_index("move")["at the best"]
        if len(set(reached)) > 1:
            ends.append(f"{place} ({', '.join(f'{move} {count}' for move, count in reached.items())})")
    if ends:
        return (
            f"{words} How many of {n_starts} climbs end at the best optimum depends on the move too: {'; '.join(ends)}."
        )
    return f"{words} All moves end at the best optimum from as many starts."


def _passes(count: float) -> str:
    return f"{count:.0f}" if np.isfinite(count) else "not reached"


def claims(
    problems: Mapping[str, Climbs], structures: Mapping[str, Climbs], n_starts: int, published: Mapping[str, Published]
) -> tuple[Claim, ...]:
    """Accelerated EM on overlapping data in few passes from every start; no move ever falls."""
    hard = [climbs for name, climbs in problems.items() if name in (HARD, COLLAPSE)]
    within = [sum(count <= FEW_PASSES for count in climbs.arrivals(ACCELERATED)) / n_starts for climbs in hard]
    falls = [fall for climbs in (*problems.values(), *structures.values()) for fall in climbs.falls]
    return (published["falls"].against(max(falls)), published["few"].against(min(within)))
