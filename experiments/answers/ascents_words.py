"""What the report on ways to climb says: the data, the moves, and sentences that the results choose."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from em.moves.newton import HESSIAN_PASSES
from em.stopping import STEPS_HELD
from experiments.reporting.formats import short
from experiments.reporting.sentences import listed
from experiments.studies.climbs import CLOSE, SAME, TOLERANCE, Climbs
from experiments.studies.naive_gradient import (
    ARRIVED,
    FATES,
    FELL,
    LEFT_SIMPLEX,
    MAX_STEPS,
    NOT_DEFINITE,
    SHORT,
    Fates,
)

EM, ACCELERATED, LBFGS, GRADIENT = "EM", "accelerated EM", "L-BFGS", "gradient ascent"
EASY, GEYSER, GALAXIES, HARD, COLLAPSE = "far apart", "Old Faithful", "galaxies", "overlapping", "collapse"
NAIVE = "naive"
FINE, FEW_PASSES = 1e-8, 80
"""Nats and passes within which accelerated EM is to have stopped on overlapping data."""
MANY_TIMES = 10
"""A move that takes more than so many times the passes of the quickest is said to crawl."""
FEW_MILLISECONDS = 10.0
"""Below, a decimal is told."""
N_SIMULATED = 1000
"""Points of each simulated data set."""
OVERLAP, APART = 1.5, 8.0
"""Standard deviations between the means of the overlapping groups, and of those far apart."""
DESCRIBED = {
    EASY: f"Gaussians {APART:g} sd from each other",
    GEYSER: "eruptions and waiting times",
    GALAXIES: "velocities",
    HARD: f"two normals {OVERLAP:g} sd apart",
    COLLAPSE: "posteriordb's low_dim_gauss_mix_collapse",
}

THE_MOVES = (
    "Every move is a step θ → θ′ of one loop, which stops when the estimated gain still to come stays below"
    f" {short(TOLERANCE)} nats on {STEPS_HELD} consecutive steps. One pass over the data gives L(θ) ="
    " Σₙ log Σₖ πₖ N(xₙ | μₖ, Σₖ) together with the expected statistics Nₖ = Σₙ rₙₖ, Σₙ rₙₖ xₙ and"
    " Σₙ rₙₖ xₙ xₙᵀ, where rₙₖ = P(zₙ = k | xₙ, θ). **EM** maximises the expected"
    " complete-data log-likelihood Q, a function of these statistics. By Fisher's identity, ∇L(θ) = ∇Q(θ′ | θ) at"
    " θ′ = θ, **the gradient is a function of them too**: one pass gives value, M step and gradient alike. A Hessian"
    f" costs {HESSIAN_PASSES} passes more. What a move computes between two passes is its own affair, and with data as"
    " small as these may take longer than the pass."
)
THE_COORDINATES = (
    "Gradients need coordinates z in which no step can leave the constraints: weights by softmax, π = softmax(V a) with"
    " the columns of V orthonormal and summing to zero; covariances by log-Cholesky factors, Σₖ = F Lₖ Lₖᵀ Fᵀ with Lₖ"
    " lower triangular and the logarithms of its diagonal as coordinates; F Fᵀ is the covariance of all the data, so"
    " that units do not matter. *Gradient ascent* goes z + t g. *Newton* goes z − t H⁻¹ g with the exact Hessian, made"
    " definite. *L-BFGS* learns H from the last steps, beginning with a multiple of the identity; *accelerated EM* does"
    " the same beginning with B, the information of the complete data, so that its first step is EM's to first order"
    " (Jamshidian & Jennrich 1997). *SQUAREM* extrapolates from two steps of EM (Varadhan & Roland 2008). All t come"
    " from a line search; where it finds nothing the step is EM's, so that L never falls."
)


def described(name: str, climbs: Climbs) -> str:
    """What the data are, n, D and K."""
    return f"{DESCRIBED[name]}, n = {climbs.n_points}, D = {climbs.n_features}, K = {climbs.n_components}"


def words(table: pd.DataFrame, naive: Fates) -> str:
    """Who needs the most passes, the gradient beside EM, and where methods that learn the curvature are faster."""
    at = table.set_index(["data", "move"])["passes"].fillna(np.inf).to_dict()
    ms = table.set_index(["data", "move"])["ms"].to_dict()
    places, moves = list(dict.fromkeys(table["data"])), list(dict.fromkeys(table["move"]))

    def told(place: str, move: str) -> str:
        found = at[place, move]
        return f"{found:.0f} ({_milliseconds(ms[place, move])} ms)" if np.isfinite(found) else "not reached"

    def most(move: str) -> list[str]:
        others = [other for other in moves if other != move]
        return [place for place in places if at[place, move] > max(at[place, other] for other in others)]

    slowest, of_em = len(most(GRADIENT)), most(EM)
    counts = "; ".join(f"{place} {' / '.join(told(place, move) for move in (EM, GRADIENT))}" for place in places)
    fewer = [place for place in places if at[place, ACCELERATED] < at[place, EM]]
    sooner = [place for place in fewer if not ms[place, ACCELERATED] >= ms[place, EM]]
    arrived = np.sum(naive.counts, axis=0)[FATES.index(ARRIVED)]
    text = (
        "Because the gradient must be told how far to go and how to stay inside the constraints, which EM's step knows;"
        f" {'' if 2 * slowest > len(places) else 'yet '}on {slowest} of {len(places)} data sets it takes the most"
        f" passes. Median passes to within {short(CLOSE)} nats of the optimum, EM / gradient ascent with a line search:"
        f" {counts}. Without line search, in weights, means and covariances, {arrived or 'none'} of"
        f" {np.sum(naive.counts)} climbs arrived."
    )
    if of_em:
        quick = "; ".join(f"{place} {told(place, ACCELERATED)}" for place in of_em)
        text += f" EM itself takes the most on {listed(of_em)}, where accelerated EM takes: {quick}."
    return (
        f"{text} Acceleration saves passes on {listed(fewer) or 'none of them'}, and time on"
        f" {listed(sooner) or 'none of them'}."
    )


def slow_and_fast(table: pd.DataFrame) -> str:
    """Moves that crawl and moves that do not, where groups overlap; all of them where groups are far apart."""
    hard, easy = (
        table[table["data"] == place].set_index("move")["passes"].fillna(np.inf).to_dict() for place in (HARD, EASY)
    )
    slow = {move: count for move, count in hard.items() if count > MANY_TIMES * min(hard.values())}
    fast = [count for move, count in hard.items() if move not in slow]
    crawl = (
        f"On *{HARD}* {', '.join(f'{move} ({_passes(count)})' for move, count in slow.items())} crawl along a ridge"
        f" that the others cross in {_range(fast)} passes."
        if slow
        else f"On *{HARD}* no move takes more than {MANY_TIMES} times the passes of the quickest."
    )
    others = [count for move, count in easy.items() if move != GRADIENT]
    return (
        f"{crawl} On *{EASY}*, where hardly any information is missing, EM takes {_passes(easy[EM])} passes and every"
        f" move but the gradient {_range(others)} (medians): there is little left to"
        " learn."
    )


def who_ends_where(table: pd.DataFrame, n_starts: int) -> str:
    """Whether the move decides which optimum a climb ends at."""
    ends = []
    for place in dict.fromkeys(table["data"]):
        reached = table[table["data"] == place].set_index("move")["at the best"]
        if len(set(reached)) > 1:
            ends.append(f"{place} ({', '.join(f'{move} {count}' for move, count in reached.items())})")
    if not ends:
        return "All moves end at the best optimum from as many starts."
    return f"How many of {n_starts} climbs end at the best optimum depends on the move too: {'; '.join(ends)}."


def the_start(traces: pd.DataFrame) -> str:
    """Which start is drawn, and whether all ended at one optimum."""
    lower = [
        f"{move} on {place}"
        for (place, move), of in traces.groupby(["problem", "move"], sort=False)
        if of["gap"].iloc[-1] > SAME
    ]
    start = (
        "All climb from one start, of those from which they end at the fewest different optima the one at which EM's"
        " number of passes is the median, and gaps are measured from the best end there"
    )
    return f"{start}; at a lower one: {', '.join(lower)}." if lower else f"{start}."


def ends_of(traces: pd.DataFrame, place: str) -> str:
    """Passes after which each curve ends."""
    last = traces[traces["problem"] == place].groupby("move", sort=False)["passes"].max()
    return ", ".join(f"{move} ends after {count:.0f}" for move, count in last.items())


def _milliseconds(value: float) -> str:
    return f"{value:.0f}" if value >= FEW_MILLISECONDS else f"{value:.1f}"


def _range(counts: Sequence[float]) -> str:
    least, most = _passes(min(counts)), _passes(max(counts))
    return least if least == most else f"{least} to {most}"


def _passes(count: float) -> str:
    return f"{count:.0f}" if np.isfinite(count) else "not reached"


def naive_words(naive: Fates) -> str:
    """What becomes of one step length for all parameters."""
    ends = dict(zip(FATES, np.sum(naive.counts, axis=0).tolist(), strict=True))
    told = {
        LEFT_SIMPLEX: "came to a weight below zero",
        NOT_DEFINITE: "came to a covariance that is not positive definite",
        FELL: "fell",
        SHORT: f"stayed inside and were still below the optimum after {MAX_STEPS} steps",
    }
    others = "; ".join(f"{ends[fate]} {what}" for fate, what in told.items() if ends[fate])
    return (
        "Add to each parameter a small multiple t of its derivative. On Old Faithful the derivatives differ by orders"
        " of magnitude in size and in unit, so no t suits them all, and nothing but the length of the step keeps it"
        f" within the constraints. Of {sum(ends.values())} climbs, over {len(naive.lengths)} step lengths,"
        f" {ends[ARRIVED] or 'none'} arrived{f'; {others}' if others else ''}. The gradient was even projected, so that"
        " weights sum to one."
    )
