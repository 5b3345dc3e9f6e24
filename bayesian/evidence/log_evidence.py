"""The log evidence of a Gaussian mixture, by methods of different kinds: `log_evidence`."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from bayesian.evidence.by_bridge import BridgeSettings, bridge_runs
from bayesian.evidence.conjugate import exact_log_evidence
from bayesian.evidence.result import Evidence
from bayesian.gibbs.sequential import SequentialSettings, run_sequentially
from bayesian.priors.prior import Prior
from bayesian.sampling.problem import Problem
from bayesian.sampling.settings import Seeds
from bayesian.target import Target
from bayesian.tempering.settings import SMCSettings
from bayesian.tempering.smc import temper_target
from mixture.arrays import FloatArray, as_whole_number

CORRELATED = 0.5
"""Correlation of the log likelihoods at both ends of the moves above which a temperature is said to mix badly."""

type Estimates = tuple[FloatArray, tuple[str, ...]]


@dataclass(frozen=True)
class Method:
    """A way to a log evidence: its name, the class of its settings (None if it has none), whether runs differ, and how
    it comes to one number per seed, with notes.
    """

    name: str
    settings: type | None
    random: bool
    estimate: Callable[[Problem, Any, Sequence[int]], Estimates]


def _by_smc(problem: Problem, settings: SMCSettings, seeds: Sequence[int]) -> Estimates:
    target = Target.of(problem)
    runs = [temper_target(target, settings, seed) for seed in seeds]
    worst = max((step.correlation for run in runs for step in run.record), default=0.0)
    note = (
        f"particles remember where they began (correlation {worst:.2f} at one temperature): raise `states` or"
        " `most_moves` of SMCSettings"
    )
    by_run = np.array([run.log_evidence for run in runs]) + target.log_copies
    return by_run, (note,) if worst > CORRELATED else ()


def _one_point_at_a_time(problem: Problem, settings: SequentialSettings, seeds: Sequence[int]) -> Estimates:
    runs = (run_sequentially(problem, settings, np.random.default_rng(seed)) for seed in seeds)
    return np.array([run.log_evidence for run in runs]), ()


def _exactly(problem: Problem, *_: Any) -> Estimates:
    value = exact_log_evidence(problem.x, problem.n_components, structure=problem.structure, prior=problem.prior)
    return np.full(1, value), ()


METHODS: tuple[Method, ...] = (
    Method("bridge", BridgeSettings, True, bridge_runs),
    Method("smc", SMCSettings, True, _by_smc),
    Method("sequential", SequentialSettings, True, _one_point_at_a_time),
    Method("exact", None, False, _exactly),
)


def log_evidence(
    x: ArrayLike,
    n_components: int,
    *,
    structure: str = "full",
    prior: Prior | None = None,
    method: str = "bridge",
    runs: int = 4,
    settings: BridgeSettings | SMCSettings | SequentialSettings | None = None,
    random_seed: int | np.random.Generator | None = None,
    allow_improper: bool = False,
) -> Evidence:
    """log p(X | K, structure, prior) = log of the integral of p(X | theta) p(theta), in nats, of x (N, D).

    Components are exchangeable: theta runs over all K! labellings, and the prior over all of them has mass one.

    method   "bridge"  draws of NUTS and a fitted proposal (`bayesian.evidence.by_bridge`); precise where chains mix
             "smc"     tempering from the prior (`bayesian.tempering.temper`); weighs modes that chains cannot join
             "sequential"  one point at a time, moved by Gibbs sweeps, for conjugate priors and some hundred points
             "exact"   conjugate priors: one component, or about a dozen points (`exact_log_evidence`)
    runs     independent, for the standard error (of at least two)
    settings BridgeSettings, SMCSettings or SequentialSettings, of the method

    Two methods of different kinds that agree (`Agreement.of`) are worth more than one with a small error. Raises
    ValueError for bad data, settings or an unknown method, ImproperPosterior as `build`, BridgeFailure where draws and
    proposal do not overlap.
    """
    known = {one.name: one for one in METHODS}
    if method not in known:
        raise ValueError(f"unknown method {method!r}; known are {', '.join(known)}")
    chosen = known[method]
    if settings is not None and (chosen.settings is None or not isinstance(settings, chosen.settings)):
        wanted = "none" if chosen.settings is None else chosen.settings.__name__
        raise ValueError(f"settings of method {method!r} must be {wanted}, not {type(settings).__name__}")
    count = as_whole_number(runs, "runs", least=2)
    problem = Problem.of(x, n_components, structure, prior, allow_improper=allow_improper)
    given = settings if settings is not None or chosen.settings is None else chosen.settings()
    began = time.process_time()
    by_run, notes = chosen.estimate(problem, given, Seeds.of(random_seed, count).chains)
    seconds = time.process_time() - began
    shape = (method, problem.n_components, problem.structure, seconds, notes)
    if not chosen.random:
        return Evidence(float(by_run[0]), 0.0, by_run, *shape)
    return Evidence.of_runs(by_run, *shape)
