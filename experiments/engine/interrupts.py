"""Ctrl-C: heard where work is done, and waited for where something is put in its place."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C ends the work even where a sampler would make do with the draws it has.

    Only the main thread of a process hears it: elsewhere the work goes on.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        asked.append(number)
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
        if asked:
            raise KeyboardInterrupt


class Interrupts:
    """Ctrl-C as a request that waits for the next `check`, and counts no more once things are settled."""

    def __init__(self) -> None:
        self.asked = False
        self.settled = False

    def check(self) -> None:
        """KeyboardInterrupt if Ctrl-C was pressed."""
        if self.asked:
            raise KeyboardInterrupt

    def settle(self) -> None:
        """The last check: what is asked from here on comes too late."""
        self.settled = True  # first, so that nothing is asked between the check and what follows it
        self.check()


@contextmanager
def postponed_interrupts() -> Iterator[Interrupts]:
    """Ctrl-C is heard where the block checks for it: work that is put in its place is never said to be undone."""
    interrupts = Interrupts()

    def ask(_number: int, _frame: FrameType | None) -> None:
        interrupts.asked |= not interrupts.settled

    previous = signal.signal(signal.SIGINT, ask)
    try:
        yield interrupts
    finally:
        signal.signal(signal.SIGINT, previous)
