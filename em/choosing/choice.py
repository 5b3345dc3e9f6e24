"""Many models side by side, and the one a criterion prefers."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from em.choosing.criteria import Criteria
from em.fit import EMFit
from em.restarts import NoUsableFit, Restarts
from mixture import GaussianMixture, structure_named

CRITERIA = ("bic", "aic", "icl")
"""What a choice can go by."""

SHOWN_MODELS = 3
"""Models that are printed."""


@dataclass(frozen=True)
class Cell:
    """One model of the table.

    structure     name of the covariance structure
    n_components  K
    restarts      its climbs; None if there were none
    criteria      of the best one; None if there is no usable one
    reason        why there is none; empty otherwise
    """

    structure: str
    n_components: int
    restarts: Restarts | None
    criteria: Criteria | None
    reason: str = ""

    @property
    def best(self) -> EMFit:
        """Its highest usable fit; raises NoUsableFit if there is none."""
        if self.restarts is None:
            raise NoUsableFit(self.reason)
        return self.restarts.best

    @property
    def mixture(self) -> GaussianMixture:
        """The mixture of its highest usable fit; raises NoUsableFit if there is none."""
        return self.best.mixture


@dataclass(frozen=True, repr=False)
class Choice:
    """All models that were fitted, and the one a criterion prefers. SMALLER IS BETTER; mclust prints -BIC and -ICL.

    cells      every model, in the order of structures, then K
    criterion  what `best` goes by: "bic", "aic" or "icl"
    notes      what was done to the data on their way in
    """

    cells: tuple[Cell, ...]
    criterion: str
    notes: tuple[str, ...] = ()

    sign = "smaller is better (mclust prints the negative)"

    @property
    def fitted(self) -> tuple[Cell, ...]:
        """Models with a usable fit, the preferred first. Raises NoUsableFit if there is none."""
        usable = [cell for cell in self.cells if cell.criteria is not None]
        if not usable:
            raise NoUsableFit(f"no model could be fitted. The first reason: {self.cells[0].reason}")
        return tuple(sorted(usable, key=lambda cell: getattr(cell.criteria, self.criterion)))

    @property
    def best(self) -> Cell:
        """The model that the criterion prefers."""
        return self.fitted[0]

    @property
    def failed(self) -> tuple[Cell, ...]:
        """Models without a usable fit; `reason` says why."""
        return tuple(cell for cell in self.cells if cell.criteria is None)

    def table(self, criterion: str | None = None) -> pd.DataFrame:
        """The criterion by K (rows) and structure (columns: our name and mclust's); smaller is better.

        Models without a usable fit are missing values; `failed` explains each.
        """
        which = known_criterion(criterion or self.criterion)
        rows = [
            (cell.n_components, f"{cell.structure} ({structure_named(cell.structure).mclust})", cell.criteria)
            for cell in self.cells
        ]
        long = pd.DataFrame(
            {
                "n_components": [row[0] for row in rows],
                "structure": [row[1] for row in rows],
                which: [None if row[2] is None else getattr(row[2], which) for row in rows],
            }
        )
        order = list(dict.fromkeys(long["structure"]))
        long = long.astype({which: "float64"})
        return long.pivot_table(which, "n_components", "structure", dropna=False, sort=False)[order].sort_index()

    def __repr__(self) -> str:
        return f"Choice({len(self.cells)} models, {len(self.failed)} without a usable fit, by {self.criterion})"

    def __str__(self) -> str:
        lines = [f"{len(self.cells)} models by {self.criterion.upper()}, {self.sign}"]
        if len(self.failed) < len(self.cells):
            for cell in self.fitted[:SHOWN_MODELS]:
                value = getattr(cell.criteria, self.criterion)
                mclust = structure_named(cell.structure).mclust
                lines.append(f"  {cell.structure} ({mclust}), K = {cell.n_components}: {value:.4f}")
        lines += [f"  {cell.structure}, K = {cell.n_components} failed: {cell.reason}" for cell in self.failed]
        return "\n".join([*lines, *self.notes])

    def summary(self) -> pd.DataFrame:
        """One row a model: log-likelihood, parameters, criteria, how its best fit ended, why there is none.

        status          name of the best fit's `em.Status`
        remaining_gain  estimated gain still to come of that fit, in nats
        share_at_best   share of its starts that came to it
        reason          why there is no usable fit; empty otherwise
        """
        return pd.DataFrame([_row(cell) for cell in self.cells])


def known_criterion(criterion: str) -> str:
    """The criterion itself; raises ValueError listing the known ones."""
    if criterion not in CRITERIA:
        raise ValueError(f"unknown criterion {criterion!r}; known are: {', '.join(CRITERIA)}")
    return criterion


def _row(cell: Cell) -> dict[str, Any]:
    found = cell.criteria
    best = None if found is None else cell.best
    return {
        "structure": cell.structure,
        "mclust": structure_named(cell.structure).mclust,
        "n_components": cell.n_components,
        "log_likelihood": None if found is None else found.log_likelihood,
        "n_parameters": None if found is None else found.n_parameters,
        "aic": None if found is None else found.aic,
        "bic": None if found is None else found.bic,
        "icl": None if found is None else found.icl,
        "status": None if best is None else best.status.name,
        "remaining_gain": None if best is None else best.remaining_gain,
        "share_at_best": None if found is None or cell.restarts is None else cell.restarts.share_at_best,
        "reason": cell.reason,
    }
