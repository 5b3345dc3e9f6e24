"""Files written whole or not at all."""

import json
import os
import tempfile
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, Self


def write_whole(path: str | Path, content: bytes, *, draft: str | Path | None = None) -> None:
    """Write `content` to `path` so that a reader, or a crash, sees the old file or the new one, never a part.

    draft: the folder of the unfinished file, on the same file system; beside `path` if left out. A crash leaves it
    there, as .*.part. Raises OSError if a folder is missing or cannot be written; the old file is then untouched.
    """
    target = Path(path)
    handle, unfinished = tempfile.mkstemp(dir=draft or target.parent, prefix=f".{target.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(unfinished).chmod(0o666 & ~umask())
        Path(unfinished).replace(target)
    finally:
        Path(unfinished).unlink(missing_ok=True)


def umask() -> int:
    """The permissions that new files of this process do not get."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_json(path: str | Path, content: dict[str, Any]) -> None:
    """Write plain data as JSON, whole or not at all; raises ValueError for NaN and infinite numbers."""
    write_whole(path, (json.dumps(content, indent=1, allow_nan=False) + "\n").encode())


def read_json(path: str | Path) -> dict[str, Any]:
    """Read a JSON object; raises ValueError, naming the file, if it is not one."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not a JSON file: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} holds a JSON {type(content).__name__}, not an object")
    return content


class Stored(ABC):
    """What can be written down as plain data and read back equal."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Plain lists, numbers and strings; exact in JSON, where Python writes digits that read back equal."""

    @classmethod
    @abstractmethod
    def from_dict(cls, content: dict[str, Any]) -> Self:
        """What `to_dict` wrote; raises ValueError if a field is missing or wrong."""

    def save(self, path: str | Path) -> None:
        """Write to a JSON file, whole or not at all."""
        write_json(path, self.to_dict())

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote, equal to it; raises ValueError, naming what is wrong, for another file."""
        return cls.from_dict(read_json(path))
