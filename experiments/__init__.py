"""Experiments: one question a file, and `compare` and `load` for use from a notebook.

Names are looked up when they are used, so that the command line answers `--help` without loading a sampler.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from experiments.data.datasets import load
    from experiments.own_data.compare import compare
    from experiments.reporting.report import Report

__all__ = ["Report", "compare", "load"]

_HOME = {
    "Report": "experiments.reporting.report",
    "compare": "experiments.own_data.compare",
    "load": "experiments.data.datasets",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'experiments' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
