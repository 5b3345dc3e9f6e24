"""Finished chains in a folder: what was written before a run broke is not drawn again.

The folder holds `run.json`, the fingerprint of the run, and `chain_<c>.npz` for each chain that ended, each written
whole or not at all. A chain depends on its own start and seed alone, so a resumed run equals one that never broke.
"""

import hashlib
import os
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bayesian.sampling.chain import Chain
from bayesian.sampling.problem import Problem
from bayesian.sampling.settings import Seeds, Settings
from bayesian.sampling.versions import versions
from mixture.arrays import FloatArray
from mixture.storage import read_json, write_json, write_whole

type Fingerprint = dict[str, str]
"""What a run belongs to: a word or a sha256 for each of data, prior, starts, seeds, settings, versions."""


def digest_of(arrays: Mapping[str, Any]) -> str:
    """A sha256 of arrays with their names, shapes and types."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape} ".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def fingerprint(problem: Problem, starts: Sequence[FloatArray], seeds: Seeds, settings: Settings) -> Fingerprint:
    """Of a run from these starts (n_dim,), one a chain."""
    hyperparameters = {name: values for name, values in problem.data.items() if name != "x_data"}
    return {
        "model": repr(problem.shape_class),
        "data": digest_of({"x": problem.x}),
        "prior": digest_of(hyperparameters),
        "starts": digest_of({str(chain): start for chain, start in enumerate(starts)}),
        "seeds": repr(seeds.chains),
        "draws": str(settings.draws),
        "tune": str(settings.tune),
        "target_accept": repr(settings.target_accept),
        **versions(),
    }


@dataclass(frozen=True)
class Store:
    """A folder that belongs to one run."""

    folder: Path

    @classmethod
    def of(cls, folder: str | os.PathLike[str], fingerprint: Fingerprint) -> "Store":
        """The folder, made if it is missing. Raises ValueError, saying what differs, if it holds another run."""
        store = cls(Path(folder))
        store.folder.mkdir(parents=True, exist_ok=True)
        if store._run.exists():
            known = read_json(store._run)
            names = known.keys() | fingerprint.keys()
            other = sorted(name for name in names if known.get(name) != fingerprint.get(name))
            if other:
                raise ValueError(
                    f"{store.folder} holds chains of another run (other {', '.join(other)}):"
                    " name another folder, or empty this one"
                )
        else:
            write_json(store._run, dict(fingerprint))
        for part in store.folder.glob(".*.part"):  # of a write that was cut short
            part.unlink(missing_ok=True)
        return store

    @property
    def _run(self) -> Path:
        return self.folder / "run.json"

    def _path(self, chain: int) -> Path:
        return self.folder / f"chain_{chain}.npz"

    def chains(self, count: int) -> dict[int, Chain]:
        """The chains that have ended, by number, of `count`; raises ValueError for a file that is no chain."""
        return {chain: self._read(chain) for chain in range(count) if self._path(chain).exists()}

    def _read(self, number: int) -> Chain:
        path = self._path(number)
        try:
            return Chain.from_bytes(path.read_bytes())
        except (zipfile.BadZipFile, ValueError, KeyError, EOFError) as error:
            raise ValueError(f"{path} holds no chain: remove it, and it will be drawn again") from error

    def keep(self, number: int, chain: Chain) -> None:
        """Write one chain that has ended."""
        write_whole(self._path(number), chain.to_bytes())
