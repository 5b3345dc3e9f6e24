"""A PyMC model as machine code for nutpie, without what `nutpie.compile_pymc_model` pays again in every process.

nutpie wraps the compiled graph in two C callbacks: log density with gradient, and the map from an unconstrained
point to all variables of the trace. Its own callbacks hold a copy of the whole graph, optimised anew each time.
Those made here call the graph, which PyTensor keeps on disk, by name. What comes out is nutpie's own compiled
model, with its `with_data`.
"""

import dataclasses
from collections.abc import Callable
from functools import cache
from typing import Any

import numba
import numpy as np
import nutpie
import pymc as pm
import xarray as xr
from numba import carray, types
from nutpie.compile_pymc import CompiledPyMCModel, _make_functions, _prepare_dims_and_coords, make_user_data
from pymc.initial_point import make_initial_point_fn

from bayesian.ops.graph_calls import VECTOR, flat_callback, graph_caller, readonly
from bayesian.ops.linker import WHOLE_GRAPH
from mixture.arrays import FloatArray

LOGP = types.int64(types.uint64, VECTOR, VECTOR, VECTOR, types.CPointer(types.int64))


def compile_model(model: pm.Model) -> CompiledPyMCModel:
    """The model compiled for `nutpie.sample`; the same data shapes and structure compile once per machine.

    `.with_data(name=array)` exchanges any `pm.Data` of the model, of any length, without compiling. Raises
    TypeError if a shared variable is not an array of float64.
    """
    n_dim, n_expanded, logp, expand, initial_point_func, shape_info, reparameterized = _make_functions(
        model, mode=WHOLE_GRAPH, compute_grad=True, join_expanded=True, pymc_initial_point_fn=_initial_point(model)
    )
    keys: dict[Any, str] = {}
    for function in (logp, expand):
        for variable in function.get_shared():
            keys.setdefault(variable, f"shared_{len(keys)}")
    data = {key: readonly(variable.get_value()) for variable, key in keys.items()}
    user_data = make_user_data(keys, data)
    dims, coords = _prepare_dims_and_coords(model, shape_info, reparameterized)
    return CompiledPyMCModel(
        _n_dim=n_dim,
        dims=dims,
        _coords=coords,
        _shapes={name: tuple(shape) for name, _, shape in zip(*shape_info, strict=True)},
        compiled_logp_func=_log_density_callback(logp, keys, n_dim),
        compiled_expand_func=flat_callback(expand, keys, n_dim, n_expanded),
        initial_point_func=initial_point_func,
        shared_data=data,
        shared_var_keys=keys,
        user_data=user_data,
        n_expanded=n_expanded,
        shape_info=shape_info,
        logp_func=logp,
        expand_func=expand,
        reparameterized_names=reparameterized,
    )


def _initial_point(model: pm.Model) -> Callable[[Any], dict[str, FloatArray]]:
    """PyMC's jittered initial point, compiled when it is first asked for: chains of `sample_chain` never ask."""

    @cache
    def function() -> Any:
        return make_initial_point_fn(model=model, jitter_rvs=set(model.free_RVs), return_transformed=True)

    return lambda seed: function()(seed)


def sample_chain(
    compiled: CompiledPyMCModel, start: FloatArray, *, jitter: float = 0.0, seed: int, **settings: Any
) -> Any:
    """One chain of nutpie from `start` (n_dim,) on the unconstrained scale, plus U(-jitter, jitter) in each coordinate.

    settings: of `nutpie.sample` (draws, tune, progress_bar, save_warmup, target_accept, ..). With
    blocking=False a handle comes back at once whose `.wait()` gives the DataTree: so several chains run side by
    side. Raises ValueError for a start of another length.
    """
    if start.shape != (compiled.n_dim,):
        raise ValueError(f"the start of a chain must have shape ({compiled.n_dim},), not {start.shape}")

    def initial_point(chain_seed: Any = None) -> FloatArray:
        noise = np.random.default_rng(chain_seed).uniform(-jitter, jitter, compiled.n_dim)
        return np.ascontiguousarray(start + noise)

    model = dataclasses.replace(compiled, initial_point_func=initial_point)
    return nutpie.sample(model, chains=1, cores=1, seed=seed, **settings)


def constant_data(model: pm.Model) -> xr.Dataset:
    """The data of a model, hyperparameters included, as the group constant_data of a DataTree.

    Posterior predictive draws look there whether the data of the model are still those of the draws.
    """
    variables = {}
    for variable in model.data_vars:
        value = variable.get_value()
        dims = model.named_vars_to_dims.get(variable.name, tuple(f"{variable.name}_{i}" for i in range(value.ndim)))
        variables[variable.name] = (dims, value)
    return xr.Dataset(variables)


def _log_density_callback(function: Any, keys: dict[Any, str], n_dim: int) -> Any:
    graph = graph_caller(function, keys)
    n_words = 1  # only the address matters

    def logp(dim: int, x: Any, gradient: Any, value: Any, words: Any) -> int:
        if dim != n_dim:
            return -1
        try:
            log_density, slope = graph(carray(x, (n_dim,)), carray(words, (n_words,)))
        except Exception:  # the one form numba compiles; the code tells nutpie, which stops and says so
            return 1
        total = log_density[()]
        value[0] = total
        finite = True
        for i in range(n_dim):
            gradient[i] = slope[i]
            finite = finite and np.isfinite(slope[i])
        if not finite:
            return 3
        return 0 if np.isfinite(total) else 4

    return numba.cfunc(LOGP)(logp)
