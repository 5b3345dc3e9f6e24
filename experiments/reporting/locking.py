"""Folders held against other runs. The system lets go of a lock when its run dies, however it dies."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

if sys.platform != "win32":  # where runs are kept apart by the unique names of their folders alone
    import fcntl


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold `folder` against every other run that asks."""
    if sys.platform == "win32":
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def try_lock(folder: Path) -> int | None:
    """A lock on a folder that no living run holds, to be released; None if one does."""
    if sys.platform == "win32":
        return None
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def release(lock: int | None) -> None:
    """Let go of a lock from `try_lock`."""
    if lock is not None:
        os.close(lock)
