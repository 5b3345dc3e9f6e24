"""Many models side by side: numbers of components by covariance structures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from em.choosing.criteria import Criteria, criteria
from em.fit import MAX_ITERATIONS, TOLERANCE, EMFit, fit
from em.nesting import refit_above
from em.parallel import over_cores
from em.progress import telling
from em.restarts import NoUsableFit, Restarts, fit_best
from em.sources import InMemory
from mixture import FAMILIES, ConjugatePrior, GaussianMixture, structure_named
from mixture.arrays import FloatArray, as_component_count, check_columns

CRITERIA = ("bic", "aic", "icl")
"""What a choice can go by."""

SHOWN_MODELS = 3
"""Models that are printed."""

STARTS = ("hierarchical", "k-means++", "short runs")


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


@dataclass(frozen=True, repr=False)
class Choice:
    """All models that were fitted, and the one a criterion prefers. SMALLER IS BETTER; mclust prints -BIC and -ICL.

    cells      every model, in the order of structures, then K
    criterion  what `best` goes by: "bic", "aic" or "icl"
    """

    cells: tuple[Cell, ...]
    criterion: str

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
        which = _known(criterion or self.criterion)
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
        return "\n".join(lines)

    def summary(self) -> pd.DataFrame:
        """One row a model: log-likelihood, parameters, criteria, share of starts at the best, why it failed."""
        return pd.DataFrame([_row(cell) for cell in self.cells])


def choose(
    x: ArrayLike,
    n_components: int | Sequence[int] = range(1, 10),
    structures: str | Sequence[str] | None = None,
    *,
    criterion: str = "bic",
    starts: Sequence[Any] = STARTS,
    n_starts: int = 6,
    rng: np.random.Generator | int | None = None,
    tolerance: float = TOLERANCE,
    max_iterations: int = MAX_ITERATIONS,
    weights: ArrayLike | None = None,
    floor: float | None = None,
    prior: bool = False,
    n_jobs: int | None = None,
    progress: bool | Callable[[Cell], None] = False,
) -> Choice:
    """Fit every K with every covariance structure, and prefer the smallest BIC (or AIC, or ICL).

    x             (N, D) data in memory
    structures    names, ours or mclust's; default all fourteen (for one feature the two that differ: tied and full)
    prior         whether to climb with the prior of Fraley & Raftery (see `ConjugatePrior.fraley_raftery`); criteria
                  then are of the log-likelihood at the posterior mode, as in mclust
    progress      True for a bar on the terminal, or a function to call with each model

    No model is left below a simpler one that it contains (fewer components, or a structure inside its own): it is
    refitted from the simpler one. A model that cannot be fitted stays in the table with its reason.
    Other arguments as in `em.fit_best`. Raises ValueError for bad data and settings.
    Source: Fraley & Raftery 2002, JASA 97:611; Scrucca, Fop, Murphy & Raftery 2016, R Journal 8:289.
    """
    source = InMemory(x, weights)
    counts = [n_components] if isinstance(n_components, int) else list(n_components)
    counts = [as_component_count(k, source.n_samples) for k in counts]
    names = _structure_names(structures, source.n_features)
    if not counts or not names:
        raise ValueError("nothing to choose from: give at least one number of components and one structure")
    _known(criterion)
    check_columns(source.points, correlated=False)
    settings = {
        "tolerance": tolerance,
        "max_iterations": max_iterations,
        "weights": weights,
        "floor": floor,
    }
    fitter = _Fitter(source.points, tuple(starts), n_starts, prior, settings)
    pairs = [(name, k) for name in names for k in counts]
    tasks = list(zip(pairs, np.random.default_rng(rng).spawn(len(pairs)), strict=True))
    with telling(progress, "models", len(tasks)) as done:
        cells = over_cores(fitter, tasks, n_jobs=n_jobs, done=done)
    return Choice(_held_against_simpler(cells, source, fitter), criterion)


@dataclass(frozen=True)
class _Fitter:
    """Fits one model; called with (structure, K) and a generator, perhaps in another process."""

    points: FloatArray
    starts: tuple[Any, ...]
    n_starts: int
    with_prior: bool
    settings: dict[str, Any]

    def prior(self, n_components: int) -> ConjugatePrior | None:
        if not self.with_prior:
            return None
        return ConjugatePrior.fraley_raftery(self.points, n_components, weights=self.settings["weights"])

    def __call__(self, task: tuple[tuple[str, int], np.random.Generator]) -> Cell:
        (structure, k), rng = task
        try:
            restarts = fit_best(
                self.points,
                k,
                structure=structure,
                starts=self.starts,
                n_starts=self.n_starts,
                rng=rng,
                prior=self.prior(k),
                threads=1,
                n_jobs=1,
                **self.settings,
            )
        except ValueError as error:
            return Cell(structure, k, None, None, str(error))
        return self.cell(structure, k, restarts)

    def cell(self, structure: str, k: int, restarts: Restarts) -> Cell:
        try:
            best = restarts.best
        except NoUsableFit as nothing:
            return Cell(structure, k, restarts, None, str(nothing))
        return Cell(structure, k, restarts, criteria(self.points, best.mixture, weights=self.settings["weights"]))

    def climb(self, start: GaussianMixture, name: str) -> EMFit:
        prior = self.prior(start.n_components)
        return fit(self.points, start, start_name=name, prior=prior, threads=1, **self.settings)


def _held_against_simpler(cells: list[Cell], source: InMemory, fitter: _Fitter) -> tuple[Cell, ...]:
    """The cells, each at least as high as the simpler ones it contains; simple ones first."""
    if fitter.with_prior:  # densities with different priors do not nest
        return tuple(cells)
    held = {(cell.structure, cell.n_components): cell for cell in cells}
    d = source.n_features
    order = sorted(held, key=lambda key: (key[1], structure_named(key[0]).n_parameters(key[1], d)))
    for structure, k in order:
        cell, family = held[structure, k], structure_named(structure)
        if cell.criteria is None or cell.restarts is None:
            continue
        inside = [
            other.best.mixture
            for (name, count), other in held.items()
            if other.criteria is not None
            and (count, name) != (k, structure)
            and ((count == k and family.contains(structure_named(name))) or (count == k - 1 and family.name == name))
        ]
        refits = refit_above(fitter.climb, source, cell.best, inside, prior=None, directly_below=False)
        if refits:
            restarts = replace(cell.restarts, fits=cell.restarts.fits + refits)
            held[structure, k] = fitter.cell(structure, k, restarts)
    return tuple(held.values())


def _structure_names(structures: str | Sequence[str] | None, n_features: int) -> list[str]:
    if structures is None:
        return ["tied", "full"] if n_features == 1 else [family.name for family in FAMILIES]
    chosen = [structures] if isinstance(structures, str) else structures
    return list(dict.fromkeys(structure_named(name).name for name in chosen))


def _known(criterion: str) -> str:
    if criterion not in CRITERIA:
        raise ValueError(f"unknown criterion {criterion!r}; known are: {', '.join(CRITERIA)}")
    return criterion


def _row(cell: Cell) -> dict[str, Any]:
    found = cell.criteria
    return {
        "structure": cell.structure,
        "mclust": structure_named(cell.structure).mclust,
        "n_components": cell.n_components,
        "log_likelihood": None if found is None else found.log_likelihood,
        "n_parameters": None if found is None else found.n_parameters,
        "aic": None if found is None else found.aic,
        "bic": None if found is None else found.bic,
        "icl": None if found is None else found.icl,
        "share_at_best": None if found is None or cell.restarts is None else cell.restarts.share_at_best,
        "reason": cell.reason,
    }
