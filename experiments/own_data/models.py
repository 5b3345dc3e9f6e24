"""Which models a comparison on one's own data is about: numbers of components and covariance structures, as typed."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from experiments.own_data.errors import InputError
from mixture import structure_named
from mixture.arrays import as_component_count
from mixture.covariance import linear_structure_named

MOST_MODELS = 60
"""Models in one run."""


@dataclass(frozen=True)
class Models:
    """Every number of components with every covariance structure."""

    n_components: tuple[int, ...]
    structures: tuple[str, ...]

    @classmethod
    def of(cls, n_components: int | Iterable[int], structures: str | Iterable[str], n_samples: int) -> "Models":
        """From one or several of each, structures by our names or mclust's; raises InputError for what fits no mixture.

        n_samples: complete rows, which each K is held against.
        """
        counts = list(n_components) if isinstance(n_components, Iterable) else [n_components]
        given = [structures] if isinstance(structures, str) else list(structures)
        if not counts or not given:
            raise InputError("name at least one number of components and one covariance structure")
        try:
            known = tuple(dict.fromkeys(as_component_count(k, n_samples) for k in counts))
            names = tuple(dict.fromkeys(linear_structure_named(structure_named(name).name).name for name in given))
        except ValueError as error:
            raise InputError(str(error)) from error
        if len(known) * len(names) > MOST_MODELS:
            raise InputError(f"{len(known) * len(names)} models are more than {MOST_MODELS}: name fewer")
        return cls(known, names)

    @property
    def pairs(self) -> Sequence[tuple[str, int]]:
        """Structure and K of every model."""
        return [(structure, k) for structure in self.structures for k in self.n_components]


def parse_components(text: str) -> tuple[int, ...]:
    """Numbers of components from "3", "1,2,4", "1-4" or "1-3,5"; raises InputError for anything else."""
    counts: list[int] = []
    for part in text.split(","):
        found = re.fullmatch(r"\s*(\d{1,4})\s*(?:(?:-|:|\.\.)\s*(\d{1,4})\s*)?", part)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if last < first:
            raise InputError(f"--components {text!r} is no number of components: write 3, or 1,2,4, or 1-4")
        if last - first >= MOST_MODELS:
            raise InputError(f"--components {text!r} are more than {MOST_MODELS} numbers: name fewer")
        counts += range(first, last + 1)
    return tuple(dict.fromkeys(counts))


def parse_structures(text: str) -> tuple[str, ...]:
    """Names between commas."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise InputError("no covariance structure was named")
    return names
