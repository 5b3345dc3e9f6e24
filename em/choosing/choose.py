"""Fits of many models: numbers of components by covariance structures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from em.arguments import check_progress, check_switch
from em.choosing.choice import Cell, Choice, known_criterion
from em.choosing.criteria import criteria
from em.choosing.settings import (
    PriorOfK,
    as_counts,
    as_priors,
    as_start_names,
    as_structure_names,
)
from em.fit import MAX_ITERATIONS, TOLERANCE, EMFit, check_settings, fit
from em.nesting import refit_above
from em.parallel import over_cores
from em.progress import telling
from em.restarts import NoUsableFit, Restarts, fit_best
from em.sources import Incomplete, InMemory
from em.sources.patterns import as_cells
from em.starts import TooFewDistinctPoints
from em.steps import SingularComponent
from mixture import ConjugatePrior, GaussianMixture, structure_named
from mixture.arrays import FloatArray, as_component_count, as_whole_number, check_columns
from mixture.seeding import as_generator

STARTS = ("hierarchical", "k-means++", "short runs")


def choose(
    x: ArrayLike,
    n_components: int | Sequence[int] = range(1, 10),
    structures: str | Sequence[str] | None = None,
    *,
    criterion: str = "bic",
    starts: str | Sequence[str] = STARTS,
    n_starts: int = 6,
    rng: np.random.Generator | int | None = None,
    tolerance: float = TOLERANCE,
    max_iterations: int = MAX_ITERATIONS,
    weights: ArrayLike | None = None,
    missing: bool = False,
    floor: float | None = None,
    prior: PriorOfK = False,
    n_jobs: int | None = None,
    progress: bool | Callable[[Cell], None] = False,
) -> Choice:
    """Fit every K with every covariance structure, and prefer the smallest BIC (or AIC, or ICL).

    x             (N, D) data in memory
    n_components  K, or several
    structures    names, ours or mclust's; default all fourteen (for one feature the two that differ: tied and full)
    starts        names of `em.STARTS`, taken in turn for each model
    missing       whether NaN stands for a missing cell: each row then counts by its observed cells
    prior         True to climb with the prior of Fraley & Raftery (see `ConjugatePrior.fraley_raftery`), or a function
                  from K to a ConjugatePrior; criteria then are of the log-likelihood at the posterior mode, as in
                  mclust; not where cells are missing
    progress      True for a bar on the terminal, or a function to call with each model

    No model is left below a simpler one that it contains (fewer components, or a structure inside its own): it is
    refitted from the simpler one. A model that these data do not allow (too few points, linearly dependent columns,
    singular components) stays in the table with its reason.
    Other arguments as in `em.fit_best`. Raises ValueError for bad data and settings, before anything is fitted.
    Source: Fraley & Raftery 2002, JASA 97:611; Scrucca, Fop, Murphy & Raftery 2016, R Journal 8:289.
    """
    check_settings(tolerance, max_iterations, floor, threads=None)
    check_progress(progress)
    known_criterion(criterion)
    check_switch(missing, "missing")
    source: InMemory | Incomplete = InMemory(x, weights) if not missing else _perhaps_incomplete(x, weights)
    if isinstance(source, Incomplete) and prior is not False:
        raise ValueError("a prior is not taken where cells are missing: leave it out, or fit one model by em.fit_best")
    counts = as_counts(n_components)
    names = as_structure_names(structures, source.n_features)
    rows = _rows(source)
    check_columns(rows, correlated=False)
    fitter = _Fitter(
        source=source,
        rows=rows,
        starts=as_start_names(starts),
        n_starts=as_whole_number(n_starts, "n_starts", least=1),
        priors={}
        if isinstance(source, Incomplete)
        else as_priors(prior, [k for k in counts if k <= source.n_samples], source),
        settings={"tolerance": tolerance, "max_iterations": max_iterations, "floor": floor},
    )
    pairs = [(name, k) for name in names for k in counts]
    tasks = list(zip(pairs, as_generator(rng).spawn(len(pairs)), strict=True))
    with telling(progress, "models", len(tasks)) as done:
        cells = over_cores(fitter, tasks, n_jobs=n_jobs, done=done)
    return Choice(_held_against_simpler(cells, fitter), criterion, source.notes)


def _perhaps_incomplete(x: ArrayLike, weights: ArrayLike | None) -> InMemory | Incomplete:
    cells = as_cells(x)
    return Incomplete(cells, weights) if np.isnan(cells).any() else InMemory(x, weights)


def _rows(source: InMemory | Incomplete) -> FloatArray:
    """All rows, missing cells filled with observed ones of their column: what the columns are judged by."""
    if isinstance(source, InMemory):
        return source.points
    return source.sample(source.n_samples, np.random.default_rng(0)).points


@dataclass(frozen=True)
class _Fitter:
    """Fits one model; called with (structure, K) and a generator, perhaps in another process."""

    source: InMemory | Incomplete
    rows: FloatArray
    starts: tuple[str, ...]
    n_starts: int
    priors: dict[int, ConjugatePrior]
    settings: dict[str, Any]

    def __call__(self, task: tuple[tuple[str, int], np.random.Generator]) -> Cell:
        (structure, k), rng = task
        obstacle = self.obstacle(structure, k)
        if obstacle:
            return Cell(structure, k, None, None, obstacle)
        try:
            restarts = fit_best(
                self.source,
                k,
                structure=structure,
                starts=self.starts,
                n_starts=self.n_starts,
                rng=rng,
                prior=self.priors.get(k),
                threads=1,
                n_jobs=1,
                **self.settings,
            )
        except (SingularComponent, TooFewDistinctPoints) as error:
            return Cell(structure, k, None, None, str(error))
        return self.cell(structure, k, restarts)

    def obstacle(self, structure: str, k: int) -> str:
        """Why these data do not allow the model, as far as that is known before it is fitted; empty if they do."""
        weights = self.source.weights
        try:
            as_component_count(k, int(np.count_nonzero(weights)) if weights.size else self.source.n_samples)
            check_columns(self.rows, correlated=not structure_named(structure).diagonal)
        except ValueError as error:
            return str(error)
        return ""

    def cell(self, structure: str, k: int, restarts: Restarts) -> Cell:
        try:
            best = restarts.best
        except NoUsableFit as nothing:
            return Cell(structure, k, restarts, None, str(nothing))
        source = self.source
        weights = source.weights if source.weights.size else None
        cells = source.cells if isinstance(source, Incomplete) else source.points
        found = criteria(cells, best.mixture, weights=weights, missing=isinstance(source, Incomplete))
        return Cell(structure, k, restarts, found)

    def climb(self, start: GaussianMixture, name: str) -> EMFit:
        prior = self.priors.get(start.n_components)
        return fit(self.source, start, start_name=name, prior=prior, threads=1, **self.settings)


def _held_against_simpler(cells: list[Cell], fitter: _Fitter) -> tuple[Cell, ...]:
    """The cells, each at least as high as the simpler ones it contains; simple ones first."""
    if fitter.priors:  # densities with different priors do not nest
        return tuple(cells)
    held = {(cell.structure, cell.n_components): cell for cell in cells}
    d = fitter.source.n_features
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
        refits = refit_above(fitter.climb, fitter.source, cell.best, inside, prior=None, directly_below=False)
        if refits:
            restarts = replace(cell.restarts, refits=cell.restarts.refits + refits)
            held[structure, k] = fitter.cell(structure, k, restarts)
    return tuple(held.values())
