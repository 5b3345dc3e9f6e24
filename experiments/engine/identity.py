"""What a stored result belongs to: the declaration, the seed, the data, the code, and the versions of libraries."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from platform import python_version
from typing import Any

from experiments.data import posteriordb
from experiments.data.datasets import load
from experiments.engine.code_identity import digest_of, digest_of_packages, reached
from experiments.engine.experiment import Budget, Case, Experiment, Task

ARVIZ = ("arviz", "arviz-base", "arviz-stats")
"""Released apart from each other."""

LIBRARIES = ("numpy", "scipy", "numba", "pymc", "pytensor", "nutpie", "xarray", "pandas") + ARVIZ
"""Libraries that a number may depend on; what draws is told in reports, and is none of these."""

OPTIONAL = ("scikit-learn",)
"""The same, where it is installed."""

PACKAGES = ("mixture", "em", "bayesian")


def versions() -> dict[str, str]:
    """The versions a stored number belongs to, by library."""
    installed = {name: metadata.version(name) for name in ("logsum", *LIBRARIES)}
    for name in OPTIONAL:
        try:
            installed[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            installed[name] = "none"
    return {"python": python_version(), **installed}


@dataclass(frozen=True)
class Identity:
    """A word or a sha256 for everything a result depends on, by what that is called."""

    parts: Mapping[str, str]

    @property
    def key(self) -> str:
        """What stands for it in a file name."""
        return hashlib.sha256(json.dumps(dict(self.parts), sort_keys=True).encode()).hexdigest()[:16]

    def differing(self, other: Mapping[str, str]) -> list[str]:
        """Names of the parts in which another result differs."""
        return sorted(name for name in self.parts.keys() | other.keys() if self.parts.get(name) != other.get(name))


def installation(run: Callable[[Task], Any], options: Mapping[str, str]) -> dict[str, str]:
    """What a result owes to where it is computed: code, libraries, a clone of posteriordb; as it is now."""
    code = reached(run) | reached(Task.rng)
    found = {
        "code of the experiment": digest_of(code),
        "code of mixture, em and bayesian": digest_of_packages(*PACKAGES),
        **{f"version of {name}": version for name, version in versions().items()},
    }
    if any(module == posteriordb.__name__ for module, _ in code):
        clone = posteriordb.Posteriordb.of(options)
        found["posteriordb"] = "none" if clone is None else clone.digest()
    return found


@dataclass(frozen=True)
class Belonging:
    """What all cases of one run of an experiment share: `of` adds what is a case's own."""

    experiment: Experiment[Any]
    seed: int
    shared: Mapping[str, str]

    @classmethod
    def of_run(cls, experiment: Experiment[Any], budget: Budget, seed: int, options: Mapping[str, str]) -> "Belonging":
        """From the declaration, the sources and the data as they are now; ValueError for data that are not there."""
        shared = {
            "experiment": experiment.name,
            "budget": json.dumps(asdict(budget), sort_keys=True),
            **{f"data set {name}": load(name).sha256 for name in experiment.data},
            **installation(experiment.run, options),
        }
        return cls(experiment, seed, shared)

    def of(self, case: Case) -> Identity:
        """The identity of the result of one case."""
        settings = json.dumps(case.settings, sort_keys=True)
        seed = str(self.experiment.seed_of(case, self.seed))
        return Identity({**self.shared, "case": case.name, "settings": settings, "seed": seed})
