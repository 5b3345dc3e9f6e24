"""Reports on disk: written whole or not at all, and never over anything that is not a report."""

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from experiments.reporting.locking import only_one, release, try_lock
from mixture.storage import umask, write_whole

_LITTER = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})


def check_target(target: Path) -> None:
    """Raise OSError unless a report can be written to `target`: called before the work, so that none is lost.

    The folder must not exist, be empty, or hold a report and nothing else; its parent must be writable.
    """
    target = target.resolve()
    with told(target):
        if not target.parent.exists():
            _require_creatable(target.parent)
            return
        with only_one(target.parent):
            _recover(target)
            _require_replaceable(target)
            draft, lock = _new_draft(target)
            draft.rmdir()
            release(lock)


def _require_creatable(folder: Path) -> None:
    """Raise OSError unless the missing `folder` could be made; it is not made yet: bad input leaves nothing."""
    nearest = next(parent for parent in folder.parents if parent.exists())
    if not nearest.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(nearest))
    Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=nearest)).rmdir()


def write_folder(
    target: Path, writer: Callable[[Path], None], *, before_swap: Callable[[], None] = lambda: None
) -> Path:
    """Let `writer` fill an empty folder beside `target`, then put that folder in its place; return `target`.

    `before_swap` is called when all is ready: what it raises leaves the report that was there.
    A run that is killed leaves the report that was there; what it left beside it is removed by the next one. Two runs
    into one folder do not mix: the later one stays. Raises OSError, in one line, where the folder cannot be
    written or holds anything that is not a report.
    """
    target = target.resolve()
    with told(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with only_one(target.parent):
            _recover(target)
            _require_replaceable(target)
            draft, lock = _new_draft(target)
        try:
            writer(draft)
            _flush(draft)
            with only_one(target.parent):
                _require_replaceable(target)
                before_swap()
                _swap(draft, target)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
            release(lock)
    return target


def _swap(draft: Path, target: Path) -> None:
    """Two renames; a run killed between them is made good by `_recover`."""
    previous = _beside(target, "previous") / "report"
    if target.exists():
        target.rename(previous)
    try:
        draft.rename(target)
    except OSError:
        if previous.exists():
            previous.rename(target)
        raise
    shutil.rmtree(previous.parent, ignore_errors=True)


def _recover(target: Path) -> None:
    """Put back the report of a run that was killed between two renames, and remove what dead runs left."""
    for leftover in target.parent.glob(f".{_glob_safe(target.name)}.previous-*"):
        if (leftover / "report").exists() and not target.exists():
            (leftover / "report").rename(target)
        shutil.rmtree(leftover, ignore_errors=True)
    for leftover in target.parent.glob(f".{_glob_safe(target.name)}.draft-*"):
        lock = try_lock(leftover)
        if lock is not None:
            shutil.rmtree(leftover, ignore_errors=True)
            release(lock)


def _require_replaceable(target: Path) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise FileExistsError(f"{target.name} is a file, not a folder: choose another --output")
    present = {path for path in target.rglob("*") if not path.is_dir() and path.name not in _LITTER}
    if not present:
        return
    known = {target / name for name in _files_of_report(target)}
    strangers = sorted(path.relative_to(target).as_posix() for path in present - known)
    if not known or strangers:
        what = f"it also holds {strangers[0]!r}" if known else "it is not a report"
        raise FileExistsError(f"the folder {target.name} is left as it is, since {what}: choose another --output")


def _files_of_report(folder: Path) -> tuple[str, ...]:
    """The files a report in `folder` consists of, as its results.json lists them; none if it is no report."""
    results = read_results(folder)
    if results is None or not (folder / "report.md").is_file():
        return ()
    files = results.get("files")
    return tuple(name for name in files if isinstance(name, str)) if isinstance(files, list) else ()


def read_results(folder: Path) -> dict[str, Any] | None:
    """The results.json of a report, or None if there is none that can be read."""
    try:
        content = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) and content.get("format") == 1 else None


def write_text(path: Path, text: str) -> None:
    """Write one file whole or not at all; OSError in one line."""
    with told(path):
        write_whole(path, text.encode())


@contextmanager
def told(target: Path) -> Iterator[None]:
    """Errors of the file system as one line that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno is None:  # raised here, with its own advice
            raise
        reason = error.strerror or str(error)
        raise OSError(f"cannot write to {target}: {reason}. Choose another --output or make room.") from error


def _beside(target: Path, purpose: str) -> Path:
    """A new folder of its own beside `target`."""
    return Path(tempfile.mkdtemp(prefix=f".{target.name}.{purpose}-", dir=target.parent))


def _new_draft(target: Path) -> tuple[Path, int | None]:
    """A new folder to write in, locked for as long as its run lives."""
    draft = _beside(target, "draft")
    draft.chmod(0o777 & ~umask())
    return draft, try_lock(draft)


def _flush(folder: Path) -> None:
    """Have the disk hold every file before the folder takes its place."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file, suppress(OSError):
                os.fsync(file.fileno())


def _glob_safe(name: str) -> str:
    return "".join(f"[{character}]" if character in "*?[" else character for character in name)
