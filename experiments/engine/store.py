"""Results on disk: one file for each case, whole or not at all, found again by what it belongs to."""

import io
import json
import os
import zipfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments.engine.codec import Codec
from experiments.engine.identity import Identity
from experiments.reporting.locking import only_one
from experiments.reporting.writing import told
from mixture.storage import write_whole

FOLDER = ".results"
"""The folder of results inside the folder of reports."""

KEPT = 4
"""Results kept of one case, those used last: a quick and a full one, and those of before a change."""

FORMAT = 1
_MOMENT = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Timed:
    """What a stored file says of itself: what it belongs to, and the seconds it took."""

    parts: Mapping[str, str]
    seconds: float


@dataclass(frozen=True)
class Result[Outcome]:
    """The outcome of one case, and the seconds it took."""

    outcome: Outcome
    seconds: float


def packed(codec: Codec, outcome: object, identity: Identity, seconds: float) -> bytes:
    """A zip file: header.json, outcome.json and the arrays; raises Unstorable for what cannot be stored."""
    skeleton, arrays = codec.encode(outcome)
    header = {"format": FORMAT, "parts": dict(identity.parts), "seconds": seconds}
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(zipfile.ZipInfo("header.json", _MOMENT), json.dumps(header))
        archive.writestr(zipfile.ZipInfo("outcome.json", _MOMENT), json.dumps(skeleton, allow_nan=False))
        for place, array in enumerate(arrays):
            with archive.open(zipfile.ZipInfo(f"{place}.npy", _MOMENT), "w", force_zip64=True) as file:
                np.lib.format.write_array(file, array, allow_pickle=False)
    return held.getvalue()


def unpacked(codec: Codec, content: bytes) -> Result[Any]:
    """What `packed` wrote; raises ValueError for anything else."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            header = json.loads(archive.read("header.json"))
            skeleton = json.loads(archive.read("outcome.json"))
            n_arrays = sum(name.endswith(".npy") for name in archive.namelist())
            arrays = [
                np.lib.format.read_array(io.BytesIO(archive.read(f"{place}.npy")), allow_pickle=False)
                for place in range(n_arrays)
            ]
    except (zipfile.BadZipFile, KeyError, EOFError) as error:
        raise ValueError(f"this is no stored result: {error}") from error
    return Result(codec.decode(skeleton, arrays), float(header["seconds"]))


@dataclass(frozen=True)
class Store:
    """The results of one experiment: FOLDER/<experiment>/<case>.<identity>.zip."""

    folder: Path

    @classmethod
    def of(cls, output: Path, experiment: str) -> "Store":
        """The store beside the reports in `output`; nothing is made yet."""
        return cls(output / FOLDER / experiment)

    def path(self, identity: Identity) -> Path:
        """Where the result that belongs to `identity` stands, or would."""
        return self.folder / f"{identity.parts['case']}.{identity.key}.zip"

    def check(self) -> None:
        """Raise OSError, in one line, unless results can be written here: called before the work."""
        with told(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            with only_one(self.folder):
                for part in self.folder.glob(".*.part"):  # of a run that was killed while it wrote
                    part.unlink(missing_ok=True)
                write_whole(self.folder / ".writable", b"")
                (self.folder / ".writable").unlink()

    def keep(self, identity: Identity, content: bytes) -> None:
        """Write one result, and let go of the oldest of its case; raises OSError in one line."""
        with told(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            with only_one(self.folder):
                write_whole(self.path(identity), content)
                others = [path for path in self._of_case(identity.parts["case"]) if path != self.path(identity)]
                for old in others[KEPT - 1 :]:
                    old.unlink(missing_ok=True)

    def has(self, identity: Identity) -> bool:
        """Whether the result that belongs to `identity` is here, whole."""
        path = self.path(identity)
        header = _header(path)
        if header is None or dict(header.parts) != dict(identity.parts):
            return False
        try:
            with zipfile.ZipFile(path) as archive:
                return archive.testzip() is None
        except (OSError, zipfile.BadZipFile):
            return False

    def read(self, identity: Identity, codec: Codec) -> Result[Any] | None:
        """The result that belongs to `identity`, None where there is none that can be read."""
        path = self.path(identity)
        header = _header(path)
        if header is None or dict(header.parts) != dict(identity.parts):
            return None
        try:
            found = unpacked(codec, path.read_bytes())
        except (OSError, ValueError):
            return None
        with suppress(OSError):
            os.utime(path)  # used now
        return found

    def latest(self, case: str, identity: Identity | None = None) -> Timed | None:
        """What the result of a case that was used last says of itself; with the budget of `identity`, if given."""
        for path in self._of_case(case):
            header = _header(path)
            same = identity is None or (header is not None and header.parts.get("budget") == identity.parts["budget"])
            if header is not None and same:
                return header
        return None

    def forget_all_but(self, cases: Iterable[str]) -> None:
        """Remove results of cases that are declared no more."""
        declared = set(cases)
        with suppress(OSError):
            for path in self.folder.glob("*.zip"):
                if path.name.partition(".")[0] not in declared:
                    path.unlink(missing_ok=True)

    def _of_case(self, case: str) -> list[Path]:
        """The files of a case, the one used last first."""
        found = []
        for path in self.folder.glob(f"{case}.*.zip"):
            with suppress(OSError):
                found.append((path.stat().st_mtime_ns, path))
        return [path for _, path in sorted(found, reverse=True)]


def _header(path: Path) -> Timed | None:
    """The header of a stored file, None where there is none that can be read."""
    try:
        with zipfile.ZipFile(path) as archive:
            header = json.loads(archive.read("header.json"))
        if header["format"] != FORMAT:
            return None
        return Timed(dict(header["parts"]), float(header["seconds"]))
    except (OSError, zipfile.BadZipFile, KeyError, TypeError, ValueError, EOFError):
        return None
