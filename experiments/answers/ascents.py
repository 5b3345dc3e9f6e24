"""The report on ways to climb: passes, ends, and what the moves are."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from experiments.figures.gaps import gaps
from experiments.figures.passes import passes
from experiments.reporting.report import Answer, Claim, Picture, Section, Table

if TYPE_CHECKING:
    from em import EMFit
    from experiments.ascents import Climbs, Result

BAR = "this project's own bar"
EM, ACCELERATED, LBFGS, GRADIENT = "EM", "accelerated EM", "L-BFGS", "gradient ascent"
FEW_PASSES = 80
"""Passes that accelerated EM may take on overlapping data."""
ROUNDING = 1e-9
"""Nats by which one step may seem to fall."""

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


def build_answer(result: "Result", *, hard: str, easy: str) -> Answer:
    """The comparison of moves, structures and families; `hard` and `easy` name the problems of the first figure."""
    n_starts = len(result.climbs[0].problem.starts)
    table = pd.DataFrame([row for climbs in result.climbs for row in rows_of(climbs)])
    of = {climbs.problem.name: climbs for climbs in result.climbs}
    drawn = gaps(pd.concat([traces_of(of[place]) for place in (hard, easy)], ignore_index=True), (hard, easy))
    shown = passes(
        table.rename(columns={"data": "problem", "passes": "median", "worst": "most"})[
            ["problem", "move", "least", "median", "most"]
        ]
    )
    described = "; ".join(
        f"*{climbs.problem.name}*: {climbs.problem.words}, {f'K = {climbs.problem.n_components}'}"
        for climbs in of.values()
    )
    data = (
        f"{described}. Each move climbs from the same {n_starts} starts, k-means++ and random partition in turn, with"
        " one set of settings for all data. Passes are counted until a climb is within 10⁻⁸ nats of the best value"
        " that any climb found at the same optimum."
    )
    return Answer(
        words=answer(table, n_starts),
        sections=(
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
                    Picture(
                        "passes",
                        f"Passes until within 10⁻⁸ nats of the optimum: median over {n_starts} starts, lines from the"
                        " least to the most.",
                        "Median passes for each move and data set, on a logarithmic axis.",
                        shown.figure,
                        shown.data,
                        "double",
                    ),
                    moves_table(table, n_starts),
                ),
            ),
            Section(
                "Covariance structures",
                (
                    pair_table("structures", result.structures, ACCELERATED, "in six covariance structures"),
                    "Where the M step has no closed form, EM maximises Q by inner iterations, and generalised EM takes"
                    " one of them instead. A pass costs the same, its M step less.",
                    pair_table(
                        "families", result.families, "generalised EM", "in the families whose M step is iterative"
                    ),
                ),
            ),
        ),
        claims=claims(result, n_starts, hard),
        references=(
            "Jamshidian, M. & Jennrich, R. I. (1997). Acceleration of the EM algorithm by using quasi-Newton methods."
            " Journal of the Royal Statistical Society B 59, 569-587. doi:10.1111/1467-9868.00083",
            "Varadhan, R. & Roland, C. (2008). Simple and globally convergent methods for accelerating the convergence"
            " of any EM algorithm. Scandinavian Journal of Statistics 35, 335-353."
            " doi:10.1111/j.1467-9469.2007.00585.x",
            "Xu, L. & Jordan, M. I. (1996). On convergence properties of the EM algorithm for Gaussian mixtures. Neural"
            " Computation 8, 129-151. doi:10.1162/neco.1996.8.1.129",
        ),
        result={"moves": [{str(key): value for key, value in row.items()} for row in table.to_dict(orient="records")]},
    )


def kind(climbs: "Climbs") -> str:
    """The model that is fitted, in a few words."""
    return f"K = {climbs.problem.n_components}"


def converged(fits: Sequence["EMFit"]) -> list["EMFit"]:
    """The climbs that ended at an optimum."""
    return [fit for fit in fits if fit.status.name == "CONVERGED"]


def rows_of(climbs: "Climbs") -> list[dict[str, str | int | float]]:
    """A row for each move."""
    from experiments.ascents import SAME

    rows: list[dict[str, str | int | float]] = []
    for move, fits in climbs.fits.items():
        arrived = converged(fits)
        counts = [count for fit in arrived if (count := climbs.arrival(fit)) is not None]
        gap = [climbs.optimum(fit) - fit.log_likelihood for fit in arrived]
        rows.append(
            {
                "data": climbs.problem.name,
                "move": move,
                "optima": len(arrived),
                "at the best": sum(fit.log_likelihood >= climbs.best - SAME for fit in arrived),
                "least": min(counts, default=np.nan),
                "passes": float(np.median(counts)) if counts else np.nan,
                "worst": max(counts, default=np.nan),
                "stopped after": float(np.median([fit.n_passes for fit in arrived])) if arrived else np.nan,
                "steps": float(np.median([fit.n_iterations for fit in arrived])) if arrived else np.nan,
                "ms": 1e3 * float(np.median([fit.seconds for fit in arrived])) if arrived else np.nan,
                "gap": max(gap, default=np.nan),
            }
        )
    return rows


def traces_of(climbs: "Climbs") -> pd.DataFrame:
    """Gap by passes of every move, from the start where EM took its median number of passes."""
    candidates = [
        start
        for start in range(len(climbs.problem.starts))
        if all(converged(fits[start : start + 1]) for fits in climbs.fits.values())
    ] or [0]
    candidates.sort(key=lambda start: climbs.fits[EM][start].n_passes)
    start = candidates[len(candidates) // 2]
    tables = []
    for move, fits in climbs.fits.items():
        fit = fits[start]
        gap = (climbs.optimum(fit) if fit.status.name == "CONVERGED" else climbs.best) - fit.values
        tables.append(pd.DataFrame({"problem": climbs.problem.name, "move": move, "passes": fit.passes, "gap": gap}))
    return pd.concat(tables, ignore_index=True)


def moves_table(table: pd.DataFrame, n_starts: int) -> Table:
    """Every move on every problem."""
    return Table(
        "moves",
        f"Every way to climb, from {n_starts} starts: medians over the climbs that ended at an optimum.",
        table.drop(columns="least"),
        columns={
            "optima": f"climbs of {n_starts} that ended at an optimum, neither singular nor on a spike",
            "at the best": "those of them at the highest optimum that any move found",
            "passes": "passes until within 10⁻⁸ nats of the optimum; “worst”: the most",
            "stopped after": "passes until the loop knew it",
            "steps": "iterations until then",
            "ms": "milliseconds until then, by the clock",
            "gap": "nats below the optimum where it stopped, the largest",
        },
        decimals={"passes": 0, "worst": 0, "stopped after": 0, "steps": 0},
    )


def pair_table(name: str, found: Sequence["Climbs"], other: str, where: str) -> Table:
    """EM beside another move, a row for each covariance structure."""
    lines = []
    for climbs in found:
        of = {str(row["move"]): row for row in rows_of(climbs)}
        line: dict[str, str | int | float] = {"structure": climbs.problem.name, "log-likelihood": climbs.best}
        for move in (EM, other):
            line |= {
                f"{move}: passes": of[move]["passes"],
                f"{move}: worst": of[move]["worst"],
                f"{move}: ms": of[move]["ms"],
                f"{move}: at the best": of[move]["at the best"],
            }
        lines.append(line)
    n_starts = len(found[0].problem.starts)
    frame = pd.DataFrame(lines)
    whole = {str(column): 0 for column in frame if str(column).endswith(("passes", "worst"))}
    return Table(
        name,
        f"Old Faithful, K = 2, {where}: passes until within 10⁻⁸ nats of the optimum, median and worst over {n_starts}"
        " starts, milliseconds, and how many ended at the best optimum.",
        frame,
        decimals={"log-likelihood": 4, **whole},
    )


def answer(table: pd.DataFrame, n_starts: int) -> str:
    """Passes of the gradient, L-BFGS, EM and accelerated EM, where acceleration pays, and who ends where."""
    at = table.set_index(["data", "move"])["passes"].to_dict()
    places, moves = list(dict.fromkeys(table["data"])), list(dict.fromkeys(table["move"]))
    slowest = sum(max(moves, key=lambda move: at[place, move]) == GRADIENT for place in places)
    words = f"the slowest way on {slowest} of {len(places)} data sets"
    words = f"Because it is {words}" if 2 * slowest > len(places) else f"It is {words} only"
    told = (GRADIENT, LBFGS, EM, ACCELERATED)
    counts = (f"{place} {' / '.join(f'{at[place, move]:.0f}' for move in told)}" for place in places)
    words += (
        f". Median passes over the data to within 10⁻⁸ nats of the optimum, {' / '.join(told)}: {'; '.join(counts)}."
    )
    factors = {place: at[place, EM] / at[place, ACCELERATED] for place in places}
    pays = [f"{place} ({factor:.1f} times fewer)" for place, factor in factors.items() if factor > 1.0]
    costs = [place for place, factor in factors.items() if factor <= 1.0]
    words += f" Acceleration saves passes on {', '.join(pays) or 'none of them'}"
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


def claims(result: "Result", n_starts: int, hard: str) -> tuple[Claim, ...]:
    """Accelerated EM on overlapping data in at most 80 passes from every start; no move ever falls."""
    found = []
    for climbs in result.climbs:
        if climbs.problem.name in (hard, "collapse"):
            counts = [climbs.arrival(fit) for fit in converged(climbs.fits[ACCELERATED])]
            within = sum(count is not None and count <= FEW_PASSES for count in counts)
            statement = (
                f"{climbs.problem.name}: starts from which accelerated EM is within 10⁻⁸ nats in {FEW_PASSES} passes"
            )
            found.append(Claim(statement, BAR, n_starts, within, 0.0, kind="at least"))
    everything = (*result.climbs, *result.structures, *result.families)
    falls = [
        float(-np.diff(fit.values).min(initial=0.0))
        for climbs in everything
        for fits in climbs.fits.values()
        for fit in fits
        if fit.status.usable
    ]
    statement = f"largest fall of a step, {len(falls)} climbs of all moves"
    found.append(Claim(statement, "theory: no move may fall", 0.0, max(falls), ROUNDING, kind="at most", unit="nats"))
    return tuple(found)
