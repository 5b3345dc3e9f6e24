"""The log posterior of a PyMC model, prior and likelihood apart, at many unconstrained points at once.

    log p(y) = log p(theta(y)) + log |d theta / d y|         the prior, on the unconstrained scale
    log L(y) = sum_n log p(x_n | theta(y))                   the likelihood

What tempering (p x L^beta) and bridges need, and what no sampler gives. Beside them the maps between unconstrained
points and the variables of the model.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
from numpy.typing import ArrayLike
from pytensor.graph import rewrite_graph

from bayesian.ops.flat_function import FlatFunction, Words
from mixture.arrays import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class DensityValues:
    """At T points, in nats: log_prior and log_likelihood (T,); their gradients (T, n_dim) by the unconstrained point.

    Where the point cannot be told from the edge of the parameter space, both are -inf and the gradients zero.
    """

    log_prior: FloatArray
    log_likelihood: FloatArray
    log_prior_gradient: FloatArray
    log_likelihood_gradient: FloatArray

    @property
    def log_posterior(self) -> FloatArray:
        """log p(y) + log L(y), not normalised (T,)."""
        return self.log_prior + self.log_likelihood


@final
class _Functions:
    """The compiled functions of one model, each compiled when it is first asked for."""

    def __init__(self, model: pm.Model) -> None:
        self.model = model
        shapes = model.eval_rv_shapes()
        self.values = [model.rvs_to_values[rv] for rv in model.free_RVs]
        self.value_shapes = [tuple(int(size) for size in shapes[value.name]) for value in self.values]
        self.shapes = {rv.name: tuple(int(size) for size in shapes[rv.name]) for rv in model.free_RVs}

    @cached_property
    def density(self) -> FlatFunction:
        model = self.model
        prior = model.logp(vars=[*model.free_RVs, *model.potentials])
        likelihood = model.logp(vars=model.observed_RVs)
        parts = rewrite_graph([prior, likelihood], include=["canonicalize", "stabilize"])
        gradients = [slope for part in parts for slope in pt.grad(part, self.values, disconnected_inputs="ignore")]
        return FlatFunction(self.values, self.value_shapes, [*parts, *gradients])

    @cached_property
    def reported(self) -> tuple[list[str], list[tuple[int, ...]], FlatFunction]:
        """(names, shapes, function) of all variables of the model on their own scale."""
        own = {value.name for value in self.values}
        variables = [value for value in self.model.unobserved_value_vars if value.name not in own]
        sizes = pytensor.function(
            self.values,
            [pt.as_tensor(variable.shape) for variable in variables],
            mode="FAST_COMPILE",
            on_unused_input="ignore",
        )(*(np.zeros(shape) for shape in self.value_shapes))
        shapes = [tuple(int(size) for size in shape) for shape in sizes]
        return (
            [variable.name for variable in variables],
            shapes,
            FlatFunction(self.values, self.value_shapes, variables),
        )

    @cached_property
    def unconstrain(self) -> FlatFunction:
        given, points = [], []
        for rv in self.model.free_RVs:
            value = pt.tensor(dtype="float64", shape=(None,) * rv.type.ndim, name=rv.name)
            transform = self.model.rvs_to_transforms[rv]
            given.append(value)
            points.append(value if transform is None else transform.forward(value, *rv.owner.inputs))
        return FlatFunction(given, list(self.shapes.values()), points)


@final
class CompiledDensity:
    """log p(y) and log L(y) of one model, with gradients, at unconstrained points Y (T, n_dim).

    A point is the transformed free variables of the model, joined in the order of `model.free_RVs`. `address` and
    `words` are what compiled samplers call: `flat_function.call_flat` with n_out = 2 + 2 n_dim results, log p, log L,
    and their gradients.
    """

    def __init__(self, functions: _Functions, data: Mapping[str, FloatArray]) -> None:
        self._functions = functions
        self.data = dict(data)

    @cached_property
    def words(self) -> Words:
        """The data as the compiled density reads them."""
        return self._functions.density.words(self.data)

    @property
    def address(self) -> int:
        """Of the C callback of the density."""
        return self._functions.density.address

    @property
    def n_dim(self) -> int:
        """Unconstrained coordinates."""
        return sum(int(np.prod(shape)) for shape in self._functions.value_shapes)

    @property
    def free_shapes(self) -> dict[str, tuple[int, ...]]:
        """The random variables of the model, on their own scale."""
        return dict(self._functions.shapes)

    @property
    def blocks(self) -> dict[str, IntArray]:
        """Where the coordinates of each random variable stand in a point, in its unconstrained shape."""
        edges = np.cumsum([0, *(int(np.prod(shape)) for shape in self._functions.value_shapes)])
        return {
            name: np.arange(low, high).reshape(shape)
            for name, shape, low, high in zip(
                self.free_shapes, self._functions.value_shapes, edges[:-1], edges[1:], strict=True
            )
        }

    def with_data(self, **arrays: ArrayLike) -> "CompiledDensity":
        """The same compiled functions on other data: any `pm.Data` of the model by name (`x_data`, `prior_*`).

        Points may be of another number; hyperparameters keep their shape. Raises ValueError for an unknown name,
        another shape, or values that are not finite.
        """
        unknown = set(arrays) - set(self.data)
        if unknown:
            raise ValueError(f"the model has no data {sorted(unknown)}; it has {sorted(self.data)}")
        changed = {name: np.asarray(value, dtype=np.float64) for name, value in arrays.items()}
        for name, value in changed.items():
            free = 1 if name == "x_data" else 0
            if value.ndim != self.data[name].ndim or value.shape[free:] != self.data[name].shape[free:]:
                raise ValueError(f"{name} has shape {value.shape}, but this model needs {self.data[name].shape}")
            if not np.isfinite(value).all():
                raise ValueError(f"{name} must be finite")
        return CompiledDensity(self._functions, self.data | changed)

    def evaluate(self, points: ArrayLike, threads: int | None = None) -> DensityValues:
        """Both log densities and their gradients at points (T, n_dim)."""
        n = self.n_dim
        values = self.table(points, threads)
        return DensityValues(values[:, 0], values[:, 1], values[:, 2 : 2 + n], values[:, 2 + n :])

    def table(self, points: ArrayLike, threads: int | None = None) -> FloatArray:
        """What `evaluate` gives, as the callback lays it out: log p, log L and their gradients, (T, 2 + 2 n_dim)."""
        values = self._functions.density(self._rows(points, self.n_dim), self.words, threads)
        bad = ~np.isfinite(values).all(axis=1)
        values[bad] = 0.0
        values[bad, :2] = -np.inf
        return values

    def log_prior(self, points: ArrayLike) -> FloatArray:
        """log p(theta(y)) + log |d theta / d y| at points (T, n_dim): (T,) in nats."""
        return self.evaluate(points).log_prior

    def log_likelihood(self, points: ArrayLike) -> FloatArray:
        """sum_n log p(x_n | theta(y)) at points (T, n_dim): (T,) in nats."""
        return self.evaluate(points).log_likelihood

    def expand(self, points: ArrayLike) -> dict[str, FloatArray]:
        """The variables of the model at points (T, n_dim), derived ones included: name -> (T, *shape)."""
        names, shapes, function = self._functions.reported
        values = function(self._rows(points, self.n_dim), function.words(self.data))
        if not np.isfinite(values).all():
            raise ValueError("a point lies so far out that its variables are not finite")
        sizes = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]
        parts = np.split(values, sizes, axis=1)
        return {name: part.reshape(len(values), *shape) for name, shape, part in zip(names, shapes, parts, strict=True)}

    def unconstrain(self, variables: Mapping[str, ArrayLike]) -> FloatArray:
        """The points (T, n_dim) of draws of the random variables, name -> (T, *shape): the inverse of `expand`.

        Raises ValueError if a variable is missing, has another shape, or lies on the edge of its support.
        """
        parts = []
        for name, shape in self.free_shapes.items():
            if name not in variables:
                raise ValueError(f"the draws have no variable {name!r}; the model needs {sorted(self.free_shapes)}")
            value = np.asarray(variables[name], dtype=np.float64)
            if value.shape[1:] != shape:
                raise ValueError(f"draws of {name} have shape {value.shape}, not (draws, {', '.join(map(str, shape))})")
            parts.append(value.reshape(len(value), -1))
        function = self._functions.unconstrain
        points = function(np.concatenate(parts, axis=1), function.words(self.data))
        if not np.isfinite(points).all():
            raise ValueError("a draw lies on the edge of the parameter space: it has no finite coordinates")
        return points

    def _rows(self, points: ArrayLike, n: int) -> FloatArray:
        rows = np.asarray(points, dtype=np.float64)
        if rows.ndim != 2 or rows.shape[1] != n:
            raise ValueError(f"points must have shape (T, {n}), not {rows.shape}")
        return rows


def compile_density(model: pm.Model) -> CompiledDensity:
    """log prior and log likelihood of a model of `build` apart, compiled; cached on disk like the sampler's.

    Potentials count as prior. Raises TypeError if a datum of the model is not an array of float64.
    """
    data = {variable.name: np.asarray(variable.get_value()) for variable in model.data_vars}
    return CompiledDensity(_Functions(model), data)
