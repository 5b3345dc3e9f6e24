"""The versions of what draws: another version may draw other numbers from the same seed."""

from collections.abc import Mapping
from functools import cache
from importlib.metadata import version

LIBRARIES = ("logsum", "pymc", "pytensor", "nutpie", "numba", "numpy")


@cache
def versions() -> Mapping[str, str]:
    """The version of each library by `<library>_version`."""
    return {f"{name}_version": version(name) for name in LIBRARIES}
