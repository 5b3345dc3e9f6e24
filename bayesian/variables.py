"""The random variables of the model, each one node with its density, transform, random draws and starting point.

Each function declares one variable in the PyMC model it is called in; `given` holds the model's `pm.Data` by name.
"""

from collections.abc import Callable, Mapping

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from bayesian.ops import densities, densities_matrices, densities_scales, likelihood, transforms
from bayesian.ops.compiled_op import Field
from bayesian.priors import random_draws
from bayesian.priors.pieces import MeansPrior, ScalePrior, UniformScale
from mixture.arrays import FloatArray

type Data = Mapping[str, TensorVariable]

SCALE_DENSITIES: dict[str, Field] = {
    "LogNormal": densities_scales.lognormal,
    "HalfNormal": densities_scales.halfnormal,
    "InverseGamma": densities_scales.inversegamma,
    "UniformScale": densities_scales.uniformscale,
}


def weights(given: Data) -> TensorVariable:
    """pi (K,), by its contrasts."""
    return pm.CustomDist(
        "weights",
        given["prior_concentration"],
        logp=densities.dirichlet,
        random=random_draws.weights,
        support_point=lambda _, __, concentration: concentration / concentration.sum(),
        signature="(k)->(k)",
        class_name="Dirichlet",
        default_transform=transforms.simplex,
        dims="component",
    )


def means(
    prior: MeansPrior, given: Data, ordered: bool, structure: str, spread: TensorVariable | None = None
) -> TensorVariable:
    """mu (K, D); of a ConjugateNormal prior given the spread, covariances or sds as the likelihood takes them."""
    family = prior.family
    draw = random_draws.means(family, structure)
    parameters = {
        "Normal": ("location", "sd"),
        "Uniform": ("low", "high"),
        "ConjugateNormal": ("location", "unit", "strength"),
    }[family]
    inputs = [given[f"prior_means_{name}"] for name in parameters]
    signature = "(k,d),(k,d)->(k,d)"
    density: Callable[..., TensorVariable] = densities.uniform if family == "Uniform" else densities.normal
    if spread is not None:
        inputs.append(spread)
        axes = {0: "", 1: "i", 2: "i,j", 3: "i,j,l"}[spread.type.ndim]
        signature = f"(k,d),(k,d),(k),({axes})->(k,d)"
        conjugate = densities.conjugate_dense if structure in ("full", "tied") else densities.conjugate_diagonal
        steps = np.array(likelihood.STEPS[structure], dtype=np.int64)

        def given_spread(
            value: TensorVariable,
            location: TensorVariable,
            _: TensorVariable,
            strength: TensorVariable,
            spread: TensorVariable,
        ) -> TensorVariable:
            return conjugate(value, location, strength, pt.atleast_1d(spread), steps)

        density = given_spread

    bounded = family == "Uniform"
    transform = {
        (False, False): transforms.standard,
        (False, True): transforms.ordered,
        (True, False): transforms.bounded,
        (True, True): transforms.ordered_bounded,
    }[bounded, ordered]

    def dispersed(
        _: TensorVariable, __: object, first: TensorVariable, second: TensorVariable, *___: TensorVariable
    ) -> TensorVariable:
        """Spread over the prior: where all components agree, the posterior has a saddle and an ordered one no
        density.
        """
        n_components = first.shape[0]
        shares = (pt.arange(n_components) + 0.5) / n_components
        if bounded:
            return first + (second - first) * shares[:, None]
        return first + second * (shares - 0.5)[:, None]

    return pm.CustomDist(
        "means",
        *inputs,
        logp=density,
        random=random_draws.ordered(draw, family) if ordered else draw,
        support_point=dispersed,
        signature=signature,
        class_name=family,
        default_transform=transform,
        dims=("component", "feature"),
    )


def scales(prior: ScalePrior, given: Data, dims: tuple[str, ...], rate_dims: tuple[str, ...]) -> TensorVariable:
    """sds with those dims; where the scale of an InverseGamma is unknown, `scale_rate` with rate_dims too."""
    hierarchical = "prior_scale_rate_shape" in given
    density = densities_scales.inversegamma_hierarchy if hierarchical else SCALE_DENSITIES[prior.family]
    power = np.array([prior.power], dtype=np.int64)
    inputs = [given[f"prior_scales_{name}"] for name in prior.names if f"prior_scales_{name}" in given]
    axes = ",".join(dim[0] for dim in dims)
    signature = [axes] * len(inputs)
    if hierarchical:
        inputs.append(_scale_rate(given, rate_dims))
        signature.append(",".join(dim[0] for dim in rate_dims))

    def logp(value: TensorVariable, *parameters: TensorVariable) -> TensorVariable:
        others = [pt.atleast_1d(parameter) for parameter in parameters]
        return density(pt.atleast_1d(value), others[0], others[-1], power)

    def typical(_: TensorVariable, __: object, *parameters: TensorVariable) -> TensorVariable:
        first, second = parameters[0], parameters[-1]
        target = {
            "LogNormal": lambda: pt.exp(first),
            "HalfNormal": lambda: first,
            "InverseGamma": lambda: second / (first + 1.0),
            "UniformScale": lambda: pt.switch(pt.isinf(second), first + 1.0, 0.5 * (first + second)),
        }[prior.family]()
        return target ** (1.0 / prior.power)

    transform = transforms.positive
    if isinstance(prior, UniformScale):
        transform = transforms.bounded if prior.power == 1 else transforms.bounded_variance
    return pm.CustomDist(
        "scales",
        *inputs,
        logp=logp,
        random=random_draws.scales(prior.family, prior.power),
        support_point=typical,
        signature=f"{','.join(f'({part})' for part in signature)}->({axes})",
        class_name=prior.family,
        default_transform=transform,
        dims=dims,
    )


def _scale_rate(given: Data, dims: tuple[str, ...]) -> TensorVariable:
    def logp(value: TensorVariable, shape: TensorVariable, rate: TensorVariable) -> TensorVariable:
        return densities_scales.gamma(pt.atleast_1d(value), pt.atleast_1d(shape), pt.atleast_1d(rate))

    axes = ",".join(dim[0] for dim in dims)
    return pm.CustomDist(
        "scale_rate",
        given["prior_scale_rate_shape"],
        given["prior_scale_rate_rate"],
        logp=logp,
        random=random_draws.scale_rate,
        support_point=lambda _, __, shape, rate: shape / rate,
        signature=f"({axes}),({axes})->({axes})",
        class_name="Gamma",
        default_transform=transforms.positive,
        dims=dims,
    )


def correlations(given: Data, identity: FloatArray, dims: tuple[str, ...]) -> TensorVariable:
    """R (K, D, D) or (D, D)."""
    axes = "c,d,e" if identity.ndim == 3 else "d,e"
    return pm.CustomDist(
        "correlations",
        given["prior_correlations_eta"],
        identity,
        logp=lambda value, eta, _: densities_matrices.lkj(value, eta),
        random=random_draws.correlations,
        support_point=lambda *inputs: inputs[-1],
        signature=f"(c),({axes})->({axes})",
        class_name="LKJ",
        default_transform=transforms.correlation,
        dims=dims,
    )


def covariances(given: Data, name: str, dims: tuple[str, ...]) -> TensorVariable:
    """Sigma (K, D, D) or (D, D); where the scale of the InverseWishart is unknown, `covariance_scale` (D, D) too.

    Coordinates are in units of the scale, or of that of its Wishart prior.
    """
    axes = "c,d,e" if len(dims) == 3 else "d,e"
    if "prior_covariances_scale" in given:
        inputs = [given["prior_covariances_scale"]]
        density, transform, scale_axes = densities_matrices.inverse_wishart, transforms.matrix, f"({axes})"
    else:
        inputs = [_covariance_scale(given), given["prior_covariance_scale_scale"]]
        density, transform = densities_matrices.inverse_wishart_hierarchy, transforms.matrix_in_unit
        scale_axes = "(d,e),(d,e)"

    def typical(
        _: TensorVariable, __: object, dof: TensorVariable, scale: TensorVariable, *___: object
    ) -> TensorVariable:
        if len(dims) == 3 and scale.type.ndim == 2:
            return pt.ones_like(dof)[:, None, None] * scale
        return scale

    return pm.CustomDist(
        name,
        given["prior_covariances_dof"],
        *inputs,
        logp=lambda value, dof, scale, *_: density(value, dof, scale),
        random=random_draws.covariances(shared=len(dims) == 2),
        support_point=typical,
        signature=f"(c),{scale_axes}->({axes})",
        class_name="InverseWishart",
        default_transform=transform,
        dims=dims,
    )


def _covariance_scale(given: Data) -> TensorVariable:
    return pm.CustomDist(
        "covariance_scale",
        given["prior_covariance_scale_dof"],
        given["prior_covariance_scale_scale"],
        logp=densities_matrices.wishart,
        random=random_draws.covariance_scale,
        support_point=lambda _, __, dof, scale: dof[0] * scale,
        signature="(c),(d,e)->(d,e)",
        class_name="Wishart",
        default_transform=transforms.matrix,
        dims=("feature", "feature_other"),
    )
