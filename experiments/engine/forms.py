"""How mixtures, posteriors, frames and labelled arrays are taken apart into plain values and arrays."""

import tempfile
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from mixture import GaussianMixture

if TYPE_CHECKING:
    from bayesian import Posterior

_NUMBERS = "biufc"


class UnknownForm(TypeError):
    """A frame or labelled array with something in it that no file can hold."""


@dataclass(frozen=True)
class Form:
    """apart: from a value of the type of this name to plain values, arrays and other forms; together: back."""

    type: str
    name: str
    apart: Callable[[Any], Any]
    together: Callable[[Any], Any]


def _mixture_apart(mixture: GaussianMixture) -> list[Any]:
    return [mixture.weights, mixture.means, mixture.covariances, mixture.structure, mixture.pivots]


def _mixture_together(parts: list[Any]) -> GaussianMixture:
    return GaussianMixture.of_checked(*parts)


def _posterior_apart(posterior: "Posterior") -> np.ndarray:
    """Its netCDF file, as bytes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "posterior.nc"
        posterior.save(path)
        return np.frombuffer(path.read_bytes(), dtype=np.uint8)


def _posterior_together(content: np.ndarray) -> "Posterior":
    from bayesian import Posterior

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "posterior.nc"
        path.write_bytes(content.tobytes())
        return Posterior.load(path)


def _values_apart(values: Any) -> dict[str, Any]:
    """The values of a column or an index."""
    dtype = values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        held = pd.Categorical(values)
        categories = _values_apart(held.categories)
        return {"codes": np.array(held.codes), "categories": categories, "ordered": bool(held.ordered)}
    if isinstance(dtype, np.dtype) and dtype.kind in _NUMBERS:
        return {"dtype": str(dtype), "values": np.array(values)}
    if dtype == np.dtype(object) or isinstance(dtype, pd.StringDtype):
        return {"dtype": str(dtype), "values": list(values)}
    if pd.api.types.is_extension_array_dtype(dtype) and dtype.kind in _NUMBERS:
        return {"dtype": str(dtype), "values": values.to_numpy(dtype=object, na_value=None).tolist()}
    raise UnknownForm(f"it has a column of {dtype}")


def _values_together(parts: dict[str, Any]) -> Any:
    if "codes" in parts:
        categories = pd.Index(_values_together(parts["categories"]))
        return pd.Categorical.from_codes(parts["codes"], categories=categories, ordered=parts["ordered"])
    if isinstance(parts["values"], np.ndarray):
        return parts["values"]
    if parts["dtype"] == "object":
        held = np.empty(len(parts["values"]), dtype=object)
        held[:] = parts["values"]
        return held
    return pd.array(parts["values"], dtype=parts["dtype"])


def _index_apart(index: pd.Index) -> dict[str, Any]:
    if isinstance(index, pd.RangeIndex):
        return {"range": [index.start, index.stop, index.step], "name": index.name}
    if isinstance(index, pd.MultiIndex):
        levels = [_values_apart(index.get_level_values(level)) for level in range(index.nlevels)]
        return {"levels": levels, "names": list(index.names)}
    return {"values": _values_apart(index), "name": index.name}


def _index_together(parts: dict[str, Any]) -> pd.Index:
    if "range" in parts:
        start, stop, step = parts["range"]
        return pd.RangeIndex(start, stop, step, name=parts["name"])
    if "levels" in parts:
        return pd.MultiIndex.from_arrays([_values_together(level) for level in parts["levels"]], names=parts["names"])
    values = _values_together(parts["values"])
    return pd.Index(values, dtype=values.dtype, name=parts["name"])


def _frame_apart(frame: pd.DataFrame) -> dict[str, Any]:
    if frame.attrs:
        raise UnknownForm("it is a frame with attributes, which are not kept: hand them in beside it")
    columns = [_values_apart(frame.iloc[:, place]) for place in range(frame.shape[1])]
    return {"index": _index_apart(frame.index), "columns": _index_apart(frame.columns), "values": columns}


def _frame_together(parts: dict[str, Any]) -> pd.DataFrame:
    index = _index_together(parts["index"])
    columns = {place: _values_together(values) for place, values in enumerate(parts["values"])}
    frame = pd.DataFrame(columns, index=index)
    frame.columns = _index_together(parts["columns"])
    return frame


def _series_apart(series: "pd.Series[Any]") -> dict[str, Any]:
    return {"index": _index_apart(series.index), "values": _values_apart(series), "name": series.name}


def _series_together(parts: dict[str, Any]) -> "pd.Series[Any]":
    return pd.Series(_values_together(parts["values"]), index=_index_together(parts["index"]), name=parts["name"])


def _variable_apart(variable: xr.Variable) -> list[Any]:
    values = np.asarray(variable.values)
    held = values if values.dtype.kind in f"{_NUMBERS}UmM" else [values.shape, values.ravel().tolist()]
    return [list(variable.dims), held, dict(variable.attrs)]


def _variable_together(parts: list[Any]) -> tuple[list[Hashable], np.ndarray, dict[str, Any]]:
    dims, held, attrs = parts
    if isinstance(held, list):
        shape, words = held
        held = np.array(words, dtype=object).reshape(shape)
    return dims, held, attrs


def _dataset_apart(dataset: xr.Dataset) -> dict[str, Any]:
    for name, index in dataset.indexes.items():
        if isinstance(index, pd.MultiIndex):
            raise UnknownForm(f"its coordinate {name!r} has several levels")
    return {
        "variables": {name: _variable_apart(variable.variable) for name, variable in dataset.data_vars.items()},
        "coords": {name: _variable_apart(variable.variable) for name, variable in dataset.coords.items()},
        "attrs": dict(dataset.attrs),
    }


def _dataset_together(parts: dict[str, Any]) -> xr.Dataset:
    held = {
        kind: {name: _variable_together(variable) for name, variable in parts[kind].items()}
        for kind in ("variables", "coords")
    }
    return xr.Dataset(held["variables"], coords=held["coords"], attrs=parts["attrs"])


def _tree_apart(tree: xr.DataTree) -> dict[str, Any]:
    return {"groups": dict(tree.to_dict().items()), "name": tree.name}


def _tree_together(parts: dict[str, Any]) -> xr.DataTree:
    return xr.DataTree.from_dict(parts["groups"], name=parts["name"])


FORMS = (
    Form("mixture.gaussian_mixture.GaussianMixture", "mixture", _mixture_apart, _mixture_together),
    Form("bayesian.posterior.Posterior", "posterior", _posterior_apart, _posterior_together),
    Form("pandas.DataFrame", "frame", _frame_apart, _frame_together),
    Form("pandas.Series", "series", _series_apart, _series_together),
    Form("xarray.core.dataset.Dataset", "dataset", _dataset_apart, _dataset_together),
    Form("xarray.core.datatree.DataTree", "datatree", _tree_apart, _tree_together),
)
