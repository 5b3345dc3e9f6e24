"""posteriordb's data and reference draws, from a clone that the reader has: nothing is fetched, nothing is bundled.

Source: Magnusson, M., Torgander, J., Bürkner, P.-C., Zhang, L., Carpenter, B. & Vehtari, A. (2025). posteriordb:
testing, benchmarking and developing Bayesian inference algorithms. AISTATS, PMLR 258. https://github.com/stan-dev/posteriordb
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mixture.arrays import FloatArray

OPTION = "posteriordb"
"""What the command line calls the folder: `--posteriordb DIR` becomes task.options[OPTION]."""

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "posteriordb"
"""Looked at where no folder is named; it may stand beside a checkout."""

MIXTURES = ("low_dim_gauss_mix", "low_dim_gauss_mix_collapse")
"""Its data sets for Gaussian mixtures; only the first has reference draws. Stored results are known by the contents of
these, so that no other can be read: one that an experiment wants is added here."""

_CLONE = ("posterior_database/data/data", "data/data")
"""Where a clone has its data, from its root or from the folder posterior_database."""


@dataclass(frozen=True)
class Posteriordb:
    """A folder with posteriordb's files, in one of two layouts.

    a clone   posterior_database/data/data/NAME.json.zip and
              posterior_database/reference_posteriors/draws/draws/POSTERIOR.json.zip
    flat      NAME.data.json and NAME.reference_draws.json.zip beside each other, where POSTERIOR is NAME-MODEL
    """

    folder: Path

    @classmethod
    def of(cls, options: Mapping[str, str]) -> "Posteriordb | None":
        """The folder that the options of a task name, or the one beside the checkout; None where there is none.

        Raises ValueError for a folder that was named and holds neither layout.
        """
        if OPTION not in options:
            return cls(BESIDE) if BESIDE.is_dir() else None
        found = cls(Path(options[OPTION]).expanduser())
        if found._database is None and not any(found.folder.glob("*.data.json")):
            raise ValueError(
                f"{found.folder} is no clone of posteriordb: it holds neither {_CLONE[0]} nor files NAME.data.json."
                " Clone https://github.com/stan-dev/posteriordb and name the folder of the clone."
            )
        return found

    def data(self, name: str) -> dict[str, Any]:
        """The data set `name` by variable, as its JSON has it.

        Raises ValueError if it is missing or cannot be read, or is none of `MIXTURES`.
        """
        database = self._database
        _require_known(name)
        path = self.folder / f"{name}.data.json" if database is None else database / "data/data" / f"{name}.json.zip"
        content = _read(path, name)
        if not isinstance(content, dict):
            raise ValueError(f"{path} holds no data: its JSON is a {type(content).__name__}, not an object")
        return content

    def reference_draws(self, posterior: str) -> dict[str, FloatArray]:
        """The reference draws of `posterior` ("low_dim_gauss_mix-low_dim_gauss_mix") by parameter: (chains, draws).

        Raises ValueError if they are missing, or are not chains of one length, or belong to none of `MIXTURES`.
        """
        database = self._database
        _require_known(posterior.partition("-")[0])
        if database is None:
            path = self.folder / f"{posterior.partition('-')[0]}.reference_draws.json.zip"
        else:
            path = database / "reference_posteriors/draws/draws" / f"{posterior}.json.zip"
        chains = _read(path, posterior)
        try:
            draws = {name: np.array([chain[name] for chain in chains], dtype=np.float64) for name in chains[0]}
        except (TypeError, KeyError, IndexError, ValueError) as error:
            raise ValueError(f"{path} holds no reference draws: they are a list of chains of one length") from error
        if any(values.ndim != 2 for values in draws.values()):
            raise ValueError(f"{path} holds no reference draws of numbers")
        return draws

    def digest(self) -> str:
        """A sha256 of the data sets `MIXTURES` and of their reference draws where there are some.

        In either layout the same.
        """
        found = hashlib.sha256()
        for name in MIXTURES:
            for content in (lambda name=name: self.data(name), lambda name=name: _drawn(self, name)):
                try:
                    text = json.dumps(content(), sort_keys=True)
                except ValueError:
                    text = "missing"
                found.update(f"{name} {text}\n".encode())
        return found.hexdigest()

    @property
    def _database(self) -> Path | None:
        """The folder posterior_database of a clone; None for the flat layout."""
        for place in _CLONE:
            if (self.folder / place).is_dir():
                return (self.folder / place).parents[1]
        return None


def _require_known(name: str) -> None:
    if name not in MIXTURES:
        raise ValueError(f"{name!r} is no data set that results are known by; those are {', '.join(MIXTURES)}")


def _drawn(database: Posteriordb, name: str) -> dict[str, list[list[float]]]:
    return {key: values.tolist() for key, values in database.reference_draws(f"{name}-{name}").items()}


def _read(path: Path, name: str) -> Any:
    """The JSON in a file, or in the one file of a zip archive."""
    try:
        content = path.read_bytes()
        if path.suffix == ".zip":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                content = archive.read(f"{name}.json")
        return json.loads(content)
    except FileNotFoundError as error:
        raise ValueError(f"posteriordb has no {path.name} in {path.parent}") from error
    except (OSError, KeyError, zipfile.BadZipFile, ValueError) as error:
        raise ValueError(f"{path} cannot be read: {error}. Restore it from posteriordb.") from error
