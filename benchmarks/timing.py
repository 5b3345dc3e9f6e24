"""Timing two things in turn, so that a machine whose speed drifts still gives a fair ratio."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Pair:
    """Seconds per call of ours and theirs: the fastest of the rounds, and the median of the round-by-round ratios."""

    ours: float
    theirs: float
    ratio: float


def seconds_of(call: Callable[[], object], repeats: int) -> float:
    """Wall seconds per call."""
    began = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - began) / repeats


def in_turn(
    ours: Callable[[], object], theirs: Callable[[], object], *, rounds: int = 7, repeats: tuple[int, int] = (1, 1)
) -> Pair:
    """ours, theirs, ours, theirs, ... after one call of each that is not counted."""
    ours()
    theirs()
    pairs = [(seconds_of(ours, repeats[0]), seconds_of(theirs, repeats[1])) for _ in range(rounds)]
    return Pair(
        min(pair[0] for pair in pairs),
        min(pair[1] for pair in pairs),
        statistics.median(pair[1] / pair[0] for pair in pairs),
    )
