"""An array of which rows are read and given back: if it lies in a file, its pages leave memory again."""

import mmap
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds
from numpy.typing import NDArray

from mixture.arrays import IntArray


class MappedArray:
    """Rows of an array, or of any view of a memory map.

    Pages are given back to the system where it offers that and where it loses nothing: not those of a copy-on-write
    map, which holds changes that no file does.
    """

    def __init__(self, array: NDArray[Any]) -> None:
        self.array = array
        self._file = mapping_of(array)
        frees = hasattr(mmap, "MADV_DONTNEED") and not _is_copy_on_write(array)
        self._mapping = self._file if frees else None
        if self._mapping is not None:
            self._address = np.frombuffer(self._mapping, dtype=np.uint8).__array_interface__["data"][0]

    def read(self, rows: slice, within: IntArray | None = None) -> NDArray[Any]:
        """A copy of these rows, or of those `within` them; raises ValueError if the file has lost its end."""
        if self._file is not None and self._file.size() < len(self._file):
            raise ValueError("the file under the memory map has become shorter than the map: open it again")
        view = self.array[rows]
        copy = np.array(view if within is None else view[within])
        if self._mapping is not None:
            low, high = byte_bounds(view)
            start = (low - self._address) // mmap.PAGESIZE * mmap.PAGESIZE
            self._mapping.madvise(mmap.MADV_DONTNEED, start, high - self._address - start)
        return copy


def mapping_of(array: NDArray[Any]) -> mmap.mmap | None:
    """The memory map that an np.memmap, or a view of one, lies in; None if it lies in memory."""
    owners = list(_owners(array))
    if any(isinstance(owner, np.memmap) for owner in owners):
        return next((owner for owner in owners if isinstance(owner, mmap.mmap)), None)
    return None


def _is_copy_on_write(array: NDArray[Any]) -> bool:
    return any(isinstance(owner, np.memmap) and owner.mode == "c" for owner in _owners(array))


def _owners(array: NDArray[Any]) -> Iterator[object]:
    """The array, what it is a view of, and so on."""
    owner: object = array
    while owner is not None:
        yield owner
        owner = owner.base if isinstance(owner, np.ndarray) else None
