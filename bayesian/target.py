"""A posterior as a density on unconstrained coordinates: what bridges and tempering work on, and the way there.

log p(y) + log L(y) of the model of `build`, exchangeable or ordered
ordered: the density of one of the K! orders of the means, whose integral is p(X) / K! for an exchangeable prior
"""

import dataclasses
import math
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from bayesian.model import build
from bayesian.ops.log_density import CompiledDensity, compile_density
from bayesian.posterior import Posterior
from bayesian.sampling.problem import Problem
from bayesian.symmetry import asymmetric
from mixture.arrays import FloatArray, IntArray

LARGEST_CACHE = 16
"""How many shape classes stay compiled in a process; the one longest unused goes first."""

SMALLEST_WEIGHT = 1e-300
"""Weights are raised to it: the prior of a sparse mixture draws zeros, which have no finite coordinates."""

type Draws = Mapping[str, FloatArray]

_compiled: OrderedDict[Any, CompiledDensity] = OrderedDict()


@dataclass(frozen=True, eq=False)
class Target:
    """problem: data, prior and order; density: its log prior and log likelihood, compiled once per shape class."""

    problem: Problem
    density: CompiledDensity

    @classmethod
    def of(cls, problem: Problem) -> Self:
        """From the cache of this process, compiled if it is not there."""
        key = problem.shape_class
        density = _compiled.pop(key, None)
        if density is None:
            k, _, structure = problem.shape
            density = compile_density(
                build(
                    problem.x,
                    k,
                    structure=structure,
                    prior=problem.prior,
                    ordered=problem.ordered,
                    allow_improper=True,
                )
            )
        density = density.with_data(**{name: problem.data[name] for name in density.data})
        _compiled[key] = density
        while len(_compiled) > LARGEST_CACHE:
            _compiled.popitem(last=False)
        return cls(problem, density)

    @property
    def exchangeable(self) -> bool:
        """Whether the prior treats all components alike."""
        return not asymmetric(self.problem.data, self.problem.structure)

    @property
    def log_copies(self) -> float:
        """What the log of the integral of this density lacks of the log evidence: log K! if ordered, else 0."""
        return math.lgamma(self.problem.n_components + 1.0) if self.problem.ordered else 0.0

    @property
    def blocks(self) -> IntArray:
        """The coordinates of each component but for its weight: (K, m), in the same order for all; (0, 0) if ordered.

        Where the prior is exchangeable, these are exchangeable too.
        """
        if self.problem.ordered or not self.exchangeable:
            return np.empty((0, 0), dtype=np.int64)
        own = (
            ("means",)
            if self.problem.structure.startswith("tied")
            else ("means", "scales", "correlations", "covariances")
        )
        parts = [
            places.reshape(self.problem.n_components, -1) for name, places in self.density.blocks.items() if name in own
        ]
        return np.ascontiguousarray(np.concatenate(parts, axis=1))

    def in_order(self) -> "Target":
        """The same posterior restricted to ascending means of the first feature.

        Raises ValueError for a prior that differs by component: its K! regions are not copies of one another.
        """
        if not self.exchangeable:
            raise ValueError("the prior differs by component: its posterior in order is no copy of the others")
        return Target.of(dataclasses.replace(self.problem, ordered=True))

    def points(self, draws: Draws) -> FloatArray:
        """Unconstrained points (T, n_dim) of mixtures, sorted first if the target is ordered.

        draws: weights (T, K), means (T, K, D), dense covariances (T, K, D, D), and of a hierarchical prior scale_rate
        or covariance_scale (T, ..).
        """
        by_component = {name: draws[name] for name in ("weights", "means", "covariances")}
        if self.problem.ordered:
            orders = np.argsort(by_component["means"][:, :, 0], axis=1)
            by_component = {name: permuted(values, orders) for name, values in by_component.items()}
        return self.density.unconstrain(self._variables({**draws, **by_component}))

    def points_of(self, posterior: Posterior) -> FloatArray:
        """The points (C, S, n_dim) of a posterior's draws."""
        shape = (posterior.n_chains, posterior.n_draws)
        flat: dict[str, FloatArray] = {
            name: values.reshape(-1, *values.shape[2:])
            for name, values in (
                ("weights", posterior.weights),
                ("means", posterior.means),
                ("covariances", posterior.covariances),
            )
        }
        sampled = posterior.tree["posterior"].data_vars
        for name in ("scale_rate", "covariance_scale"):
            if name in self.density.free_shapes:
                if name not in sampled:
                    raise ValueError(f"the posterior has no draws of {name!r}, which its prior leaves unknown")
                values = np.asarray(sampled[name].transpose("chain", "draw", ...).values, dtype=np.float64)
                flat[name] = values.reshape(-1, *values.shape[2:])
        return self.points(flat).reshape(*shape, -1)

    def prior_points(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Points of n draws from the prior, (n, n_dim); raises ValueError if it is improper."""
        k, d, structure = self.problem.shape
        return self.points(self.problem.prior.draw(k, d, structure, n, rng))

    def _variables(self, draws: Draws) -> dict[str, FloatArray]:
        """The random variables of the model, each in the shape of the structure."""
        weights = np.maximum(draws["weights"], SMALLEST_WEIGHT)
        dense = draws["covariances"]
        sds = np.sqrt(np.diagonal(dense, axis1=2, axis2=3))
        structure = self.problem.structure
        shared = structure.startswith("tied")
        scales = sds[:, 0] if shared else sds
        if structure.endswith("spherical"):
            scales = scales[..., 0]
        stack = dense[:, 0] if shared else dense
        own = {
            "weights": weights / weights.sum(axis=1, keepdims=True),
            "means": draws["means"],
            "scales": scales,
            "covariances": stack,
            "covariance": stack,
        }
        needed = self.density.free_shapes
        if "correlations" in needed:
            own["correlations"] = stack / (scales[..., :, None] * scales[..., None, :])
        return {name: own[name] if name in own else draws[name] for name in needed}


def permuted(values: FloatArray, orders: IntArray) -> FloatArray:
    """New component k of draw t is its old component orders[t, k]; values (T, K, ..), orders (T, K)."""
    return np.take_along_axis(values, orders.reshape(*orders.shape, *(1,) * (values.ndim - 2)), axis=1)
