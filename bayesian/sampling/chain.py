"""One finished chain as plain arrays: read from the sampler's columns, written to bytes and read back equal."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow
from numpy.typing import NDArray

from mixture.arrays import FloatArray

STATS = {
    "logp": "lp",
    "energy": "energy",
    "energy_error": "energy_error",
    "max_energy_error": "max_energy_error",
    "mean_tree_accept": "acceptance_rate",
    "step_size": "step_size",
    "step_size_bar": "step_size_bar",
    "depth": "tree_depth",
    "maxdepth_reached": "reached_max_treedepth",
    "n_steps": "n_steps",
    "index_in_trajectory": "index_in_trajectory",
    "diverging": "diverging",
}
"""What nutpie says of each draw, and the name it has in sample_stats: ArviZ's and PyMC's."""


@dataclass(frozen=True, eq=False)
class Chain:
    """Draws after tuning: variables (draws, ...) of the model, also unconstrained ones, and stats (draws,)."""

    variables: Mapping[str, FloatArray]
    stats: Mapping[str, NDArray[Any]]

    @classmethod
    def from_trace(cls, trace: Any, shapes: Mapping[str, tuple[int, ...]]) -> "Chain":
        """The one chain of nutpie's raw trace; shapes of the variables of the model by name."""
        (draws,), (stats,) = trace.get_arrow_trace()
        kept = ~np.asarray(pyarrow.array(stats.column("tuning")).to_numpy(zero_copy_only=False), dtype=bool)
        variables = {}
        for name in draws.column_names:
            column = pyarrow.array(draws.column(name))
            values = (column.flatten() if shapes[name] else column).to_numpy()  # lists, or plain numbers
            variables[name] = values.reshape(kept.size, *shapes[name])[kept]
        columns = {
            ours: pyarrow.array(stats.column(theirs)).to_numpy(zero_copy_only=False)[kept]
            for theirs, ours in STATS.items()
        }
        signed = {
            name: values.astype(np.int64) if values.dtype == np.uint64 else values for name, values in columns.items()
        }
        return cls(variables, signed)

    def to_bytes(self) -> bytes:
        """All arrays as one npz archive, exact."""
        groups = {"variables": self.variables, "stats": self.stats}
        arrays: dict[str, Any] = {f"{group}.{name}": v for group, named in groups.items() for name, v in named.items()}
        file = io.BytesIO()
        np.savez(file, **arrays)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> "Chain":
        """What `to_bytes` wrote."""
        groups: dict[str, dict[str, NDArray[Any]]] = {"variables": {}, "stats": {}}
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            for key in archive.files:
                group, _, name = key.partition(".")
                groups[group][name] = archive[key]
        return cls(groups["variables"], groups["stats"])
