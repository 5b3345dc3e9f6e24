"""Where the data of a climb come from: each source gives expected statistics, and the loop asks for nothing else."""

import numpy as np
from numpy.typing import ArrayLike

from em.arguments import check_switch
from em.sources.cluster import UnreachableCluster, connect
from em.sources.drawn_rows import DrawnRows
from em.sources.in_memory import InMemory
from em.sources.incomplete import Incomplete
from em.sources.mapped_array import mapping_of
from em.sources.memory_map import MemoryMap
from em.sources.patterns import as_cells
from em.sources.rows import check_width
from em.sources.source import Source


def source_of(
    x: ArrayLike | Source, weights: ArrayLike | None = None, *, missing: bool = False, n_features: int | None = None
) -> Source:
    """The source that reads `x`.

    x        a `Source`, which is returned; an np.memmap (`MemoryMap`), a Dask array (`DaskArray`), or numbers in memory
    weights  (N,) point weights, for a Dask array perhaps a Dask array; a `Source` has its own
    missing  whether NaN stands for a missing cell; data that have some become `Incomplete`

    Raises ValueError for bad data, weights or settings, and for missing cells in data that are not in memory.
    """
    check_switch(missing, "missing")
    if isinstance(x, Source):
        if weights is not None:
            raise ValueError("weights belong to the source: hand them in where it is made, not beside it")
        if missing and not isinstance(x, InMemory | Incomplete):
            raise ValueError(_NOT_IN_MEMORY)
        check_width(x.n_features, n_features)
        return x
    on_file = isinstance(x, np.memmap) and mapping_of(x) is not None
    on_dask = _is_dask(x)
    if missing and (on_file or on_dask):
        raise ValueError(_NOT_IN_MEMORY)
    if isinstance(x, np.memmap) and on_file:
        return MemoryMap(x, weights, n_features=n_features)
    if on_dask:
        from em.sources.dask_array import DaskArray

        return DaskArray(x, weights, n_features=n_features)
    if missing and np.isnan(as_cells(x)).any():
        return Incomplete(x, weights, n_features=n_features)
    return InMemory(x, weights, n_features=n_features)


_NOT_IN_MEMORY = "missing cells are taken from data in memory only: hand in np.array(x), or rows without NaN"


def _is_dask(x: object) -> bool:
    """Whether `x` is a Dask collection; Dask is not imported to find out."""
    return any(kind.__module__.partition(".")[0] in ("dask", "dask_expr") for kind in type(x).__mro__)


__all__ = ["DrawnRows", "InMemory", "Incomplete", "MemoryMap", "Source", "UnreachableCluster", "connect", "source_of"]
