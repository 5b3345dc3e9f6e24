"""Along which dimensions of somebody's tree the components run.

Programs name them differently: one dimension for all (`component`), or one for each variable (`mu_dim_0`), or no
dimension at all but one variable for each component (`chol_0`, `chol_1`, ...).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from bayesian.permuting import SAMPLE_DIMS

type Source = str | Sequence[str]
"""A variable by its name, or one variable for each component by their names."""


COMPONENT = "__component__"
"""What the component dimension is called once a variable has been read."""


@dataclass(frozen=True)
class Layout:
    """Where the components of a tree's group posterior are.

    posterior: the group. n_components: K. dims: the dimensions said or found so far that run along components.
    said: whether they were said, so that none may be guessed. features: dimensions known to run along features.
    """

    posterior: xr.Dataset
    n_components: int
    dims: tuple[str, ...]
    said: bool
    features: tuple[str, ...] = ()

    @classmethod
    def of(cls, tree: xr.DataTree, weights: Source, component_dim: Source | None) -> "Layout":
        """The layout that the weights show: their only dimension besides chain and draw, unless it is said.

        Raises ValueError if there is no group posterior with chain and draw, no such dimension, or more than one.
        """
        if "posterior" not in tree.children:
            raise ValueError(f"the tree has no group posterior; its groups are: {_listed(tree.children)}")
        posterior = tree["posterior"].to_dataset()
        lacking = [name for name in SAMPLE_DIMS if name not in posterior.dims]
        if lacking:
            raise ValueError(
                f"the group posterior has no dimension {lacking[0]!r}; its dimensions are: {_sizes(posterior)}."
                " Unstack the draws: (chain, draw, ...) is ArviZ's layout"
            )
        if 0 in (posterior.sizes["chain"], posterior.sizes["draw"]):
            raise ValueError("the group posterior holds no draws")
        said = () if component_dim is None else _names(component_dim)
        for name in said:
            if name not in posterior.dims:
                raise ValueError(
                    f"the group posterior has no dimension {name!r}; its dimensions are: {_sizes(posterior)}"
                )
        sizes = {posterior.sizes[name] for name in said}
        if len(sizes) > 1:
            raise ValueError(f"the dimensions said to run along components differ in length: {_sizes(posterior, said)}")
        if not isinstance(weights, str):
            found = len(weights)
            if not found:
                raise ValueError("no variable is named for the weights")
            if sizes and sizes != {found}:
                raise ValueError(f"{found} weights are named, but {_sizes(posterior, said)} was said")
            return cls(posterior, found, said, bool(said))
        variable = variable_of(posterior, weights)
        free = _free(variable)
        along = [name for name in free if name in said] if said else free
        if len(along) != 1 or len(free) != 1:
            raise ValueError(
                f"{weights} must have chain, draw and one dimension along the components"
                f"{f' ({_listed(said)}, as said)' if said else ''}, but its dimensions are:"
                f" {_sizes(posterior, map(str, variable.dims))}.{_alternatives(posterior, weights)}"
            )
        return cls(posterior, variable.sizes[along[0]], said or (along[0],), bool(said))

    def read(self, source: Source, *, shared: bool) -> "tuple[xr.DataArray, Layout]":
        """A variable as (chain, draw, COMPONENT, ...), and the layout with what it taught; `shared`: whether the
        variable may do without components, being common to them."""
        if not isinstance(source, str):
            return self._family(source), self
        variable = variable_of(self.posterior, source)
        dim = self._dimension(variable, source)
        if dim is None:
            if not shared:
                raise ValueError(
                    f"{source} has no dimension along the components: none of its dimensions"
                    f" ({_sizes(self.posterior, map(str, variable.dims))}) is"
                    f" {f'among those said ({_listed(self.dims)})' if self.said else f'{_listed(self.dims)} or'}"
                    f"{'' if self.said else f' has the length {self.n_components} of the weights'}."
                    " Name all that run along components in component_dim, a sequence if they are several"
                )
            return variable.transpose(*SAMPLE_DIMS, ...), self
        dims = self.dims if dim in self.dims else (*self.dims, dim)
        renamed = variable.rename({dim: COMPONENT}).transpose(*SAMPLE_DIMS, COMPONENT, ...)
        return renamed, Layout(self.posterior, self.n_components, dims, self.said, self.features)

    def with_features(self, dims: Sequence[str]) -> "Layout":
        """The layout that knows these dimensions to run along features."""
        return Layout(self.posterior, self.n_components, self.dims, self.said, tuple(dims))

    def _family(self, names: Sequence[str]) -> xr.DataArray:
        if len(names) != self.n_components:
            raise ValueError(f"{_listed(names)}: {len(names)} variables for {self.n_components} components")
        members = [variable_of(self.posterior, name).transpose(*SAMPLE_DIMS, ...) for name in names]
        if len({member.shape for member in members}) > 1:
            shapes = ", ".join(f"{name} {member.shape}" for name, member in zip(names, members, strict=True))
            raise ValueError(f"the variables of the components differ in shape: {shapes}")
        values = np.stack([member.values for member in members], axis=2)
        rest = [f"__axis_{i}__" for i in range(values.ndim - 3)]
        return xr.DataArray(values, dims=(*SAMPLE_DIMS, COMPONENT, *rest))

    def _dimension(self, variable: xr.DataArray, name: str) -> str | None:
        """The dimension of a variable that runs along components: one that is known, else the only one of length K."""
        free = _free(variable)
        known = [dim for dim in free if dim in self.dims]
        if len(known) > 1:
            raise ValueError(f"{name} has several dimensions along components ({_listed(known)}): say only one of them")
        if known or self.said:
            return known[0] if known else None
        fitting = [dim for dim in free if self.posterior.sizes[dim] == self.n_components and dim not in self.features]
        if self.n_components == 1:
            fitting = fitting[:1]
        as_many_features = any(self.posterior.sizes[dim] == self.n_components for dim in self.features)
        if len(fitting) > 1 or (fitting and as_many_features and self.n_components > 1):
            raise ValueError(
                f"which dimension of {name} runs along the components is not clear, K and D being equal:"
                f" {_sizes(self.posterior, free)}. Say it: component_dim=({', '.join(map(repr, self.dims))},"
                f" {fitting[0]!r}, ...), all dimensions that do"
            )
        return fitting[0] if fitting else None


def variable_of(posterior: xr.Dataset, name: str) -> xr.DataArray:
    """A variable of the group with numbers for every chain and draw; raises ValueError naming what there is."""
    if name not in posterior.data_vars:
        raise ValueError(
            f"the group posterior has no variable {name!r}; it has: {_listed(map(str, posterior.data_vars))}"
        )
    variable = posterior[name]
    if not set(SAMPLE_DIMS) <= set(variable.dims):
        raise ValueError(f"{name} has no draws: its dimensions are {_sizes(posterior, map(str, variable.dims))}")
    if variable.dtype.kind not in "biuf":
        raise ValueError(f"{name} holds {variable.dtype}, not real numbers")
    return variable


def _free(variable: xr.DataArray) -> list[str]:
    return [str(dim) for dim in variable.dims if dim not in SAMPLE_DIMS]


def _names(source: Source) -> tuple[str, ...]:
    return (source,) if isinstance(source, str) else tuple(source)


def _listed(names: Iterable[object]) -> str:
    return ", ".join(map(str, names))


def _sizes(posterior: xr.Dataset, dims: Iterable[str] | None = None) -> str:
    names = [str(name) for name in (posterior.dims if dims is None else dims)]
    return ", ".join(f"{name} ({posterior.sizes[name]})" for name in names)


def _alternatives(posterior: xr.Dataset, weights: str) -> str:
    others = [str(n) for n, v in posterior.data_vars.items() if n != weights and len(_free(v)) == 1]
    return f" Other variables with one such dimension: {_listed(others)}" if others else ""
