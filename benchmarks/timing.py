"""Timing two things in turn, so that a machine whose speed drifts still gives a fair ratio."""

import math
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

    @property
    def ratio_of_fastest(self) -> float:
        """Their fastest round over ours: what remains when other processes disturb most rounds."""
        return self.theirs / self.ours


SHORTEST = 2e-3
"""Seconds that shorter calls are repeated for; the processor's clock is not to be trusted on less."""

type Clock = Callable[[], float]
"""`time.perf_counter`, or `time.process_time` for one thread on a machine that is not idle: what others take is out."""


def clock_for(threads: int | None) -> Clock:
    """Seconds of the processor where one thread works, which then are wall seconds of an idle machine; else wall."""
    return time.process_time if threads == 1 else time.perf_counter


def seconds_of(call: Callable[[], object], repeats: int, clock: Clock = time.perf_counter) -> float:
    """Seconds per call."""
    began = clock()
    for _ in range(repeats):
        call()
    return (clock() - began) / repeats


def fastest(
    call: Callable[[], object], *, seconds: float = 0.2, rounds: int = 3, clock: Clock = time.perf_counter
) -> float:
    """Seconds per call in the fastest of at least `rounds` rounds within `seconds`, after one call more."""
    repeats = max(1, math.ceil(SHORTEST / max(seconds_of(call, 1), 1e-9)))
    least, began, done = float("inf"), time.perf_counter(), 0
    while done < rounds or time.perf_counter() - began < seconds:
        least, done = min(least, seconds_of(call, repeats, clock)), done + 1
    return least


def in_turn(
    ours: Callable[[], object], theirs: Callable[[], object], *, rounds: int = 7, repeats: tuple[int, int] = (1, 1)
) -> Pair:
    """ours, theirs, ours, theirs, ... after one call of each that is not counted."""
    ours()
    theirs()
    pairs = [(seconds_of(ours, repeats[0]), seconds_of(theirs, repeats[1])) for _ in range(rounds)]
    return _pair(pairs)


def fastest_in_turn(
    ours: Callable[[], object],
    theirs: Callable[[], object],
    *,
    seconds: float,
    rounds: int,
    clock: Clock = time.perf_counter,
) -> Pair:
    """The same with the fastest of several of our calls in each round: as many as last as long as one of theirs.

    Rounds go on until `seconds` have passed, at least `rounds`.
    """
    ours()
    theirs()
    pairs: list[tuple[float, float]] = []
    began = time.perf_counter()
    while len(pairs) < rounds or time.perf_counter() - began < seconds:
        spent = seconds_of(theirs, 1, clock)
        pairs.append((fastest(ours, seconds=min(spent, 0.1), clock=clock), spent))
    return _pair(pairs)


def _pair(pairs: list[tuple[float, float]]) -> Pair:
    return Pair(
        min(pair[0] for pair in pairs),
        min(pair[1] for pair in pairs),
        statistics.median(pair[1] / pair[0] for pair in pairs),
    )
