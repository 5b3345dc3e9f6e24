"""Dask, imported only when it is asked for."""

from typing import Any

NEEDED = "Dask is not installed: install logsum with its extra `dask`"


def dask() -> Any:
    """The module `dask`; raises ImportError saying what to install."""
    try:
        import dask
    except ImportError as error:
        raise ImportError(NEEDED) from error
    return dask


def dask_array() -> Any:
    """The module `dask.array`; raises ImportError saying what to install."""
    try:
        import dask.array
    except ImportError as error:
        raise ImportError(NEEDED) from error
    return dask.array


def distributed() -> Any:
    """The module `distributed`; raises ImportError saying what to install."""
    try:
        import distributed
    except ImportError as error:
        raise ImportError(NEEDED) from error
    return distributed
