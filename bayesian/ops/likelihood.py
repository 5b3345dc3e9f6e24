"""The log-sum likelihood as a PyTensor Op: value and gradient from the one compiled pass over the data.

    log p(x_n | theta) = log sum_k pi_k N(x_n | mu_k, Sigma_k)

By Fisher's identity the gradient of sum_n c_n log p(x_n) is a function of the expected statistics N_k, S1_k,
S2_k of the points weighted by c_n (`mixture.kernels`):

    d/d pi_k = N_k / pi_k    d/d mu_k = Sigma_k^-1 S1_k    d/d Sigma_k = 1/2 Sigma_k^-1 (S2_k - N_k Sigma_k) Sigma_k^-1

and for sds, d/d s_kd = (S2_kd / s_kd^2 - N_k) / s_kd. Where the pointwise log densities are summed, as in a log
posterior, all c_n are one number, and value and gradient come from a single pass. Otherwise (a weighted sum of
log densities) the gradient is a second pass with the c_n as point weights. Second derivatives raise. Source:
Fisher's identity as in Louis 1982, JRSS B 44:226; matrix derivatives as in Magnus & Neudecker 2019, chapter 9.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Apply, Variable
from pytensor.scalar.basic import Second
from pytensor.tensor.basic import Alloc
from pytensor.tensor.elemwise import DimShuffle, Elemwise

from bayesian.ops import linear_algebra
from bayesian.ops.compiled_op import CompiledOp, Kernel, Shapes, compiled, is_connected, source_digest
from bayesian.ops.linear_algebra import cholesky, invert, sandwich
from mixture.arrays import FloatArray, IntArray
from mixture.kernels import SOURCE_DIGEST, dense_statistics, diagonal_statistics

DIGEST = source_digest(__file__, linear_algebra.__file__, salt=SOURCE_DIGEST)
LOG_2_PI = float(np.log(2.0 * np.pi))

STEPS: dict[str, tuple[int, int]] = {
    "full": (1, 0),
    "tied": (0, 0),
    "diag": (1, 1),
    "tied_diag": (0, 1),
    "spherical": (1, 0),
    "tied_spherical": (0, 0),
}
"""Whether the covariances (dense) or sds (diagonal) change with the component, and the sds with the feature."""


@compiled(DIGEST)
def dense(
    x: FloatArray,
    point_weights: FloatArray,
    weights: FloatArray,
    means: FloatArray,
    covariances: FloatArray,
    steps: IntArray,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """(log_density (N,), gradients of sum_n w_n log p(x_n) by weights (K,), means (K, D), covariances).

    covariances: (K, D, D), or one (D, D) for all.

    Where a covariance is not positive definite or a weight negative, all log densities are -inf and gradients zero.
    """
    n_components, n_features = means.shape
    matrices = covariances.reshape((-1, n_features, n_features))
    log_density = np.empty(x.shape[0])
    by_weight = np.zeros(n_components)
    by_mean = np.zeros((n_components, n_features))
    by_matrix = np.zeros(matrices.shape)
    constants = np.empty(n_components)
    factors = np.empty((n_components, n_features, n_features))
    root = np.empty((n_features, n_features))
    valid = True
    for k in range(n_components):
        valid = valid and weights[k] >= 0.0 and cholesky(matrices[k * steps[0]], root)
        if valid:
            invert(root, factors[k])
            constants[k] = np.log(weights[k]) - 0.5 * n_features * LOG_2_PI
            for d in range(n_features):
                constants[k] += np.log(factors[k, d, d])
    if not valid:
        for i in range(log_density.size):
            log_density[i] = -np.inf
        return log_density, by_weight, by_mean, by_matrix.reshape(covariances.shape)
    _, counts, first, second = dense_statistics(
        x,
        point_weights,
        constants,
        means,
        factors,
        log_density,
    )
    for d in range(n_features):
        for e in range(d):
            root[d, e] = 0.0
    middle = np.empty((n_features, n_features))
    outer = np.empty((n_features, n_features))
    for k in range(n_components):
        factor = factors[k]
        by_weight[k] = counts[k] / weights[k] if weights[k] > 0.0 else 0.0
        for d in range(n_features):
            total = 0.0
            for e in range(d + 1):
                total += factor[d, e] * first[k, e]
            for e in range(d + 1):
                by_mean[k, e] += factor[d, e] * total
        for d in range(n_features):
            for e in range(d + 1):
                root[e, d] = factor[d, e]
        sandwich(root, second[k], middle)
        for d in range(n_features):
            middle[d, d] -= counts[k]
        sandwich(factor, middle, outer)
        for d in range(n_features):
            for e in range(n_features):
                by_matrix[k * steps[0], d, e] += 0.5 * outer[d, e]
    return log_density, by_weight, by_mean, by_matrix.reshape(covariances.shape)


@compiled(DIGEST)
def diagonal(
    x: FloatArray,
    point_weights: FloatArray,
    weights: FloatArray,
    means: FloatArray,
    scales: FloatArray,
    steps: IntArray,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """As `dense`, with sds instead of covariances: (K, D), (D,), (K,) or (1,), read with the strides `steps`."""
    n_components, n_features = means.shape
    sds = scales.reshape(-1)
    by_feature = steps[1]
    by_component = steps[0] * (n_features if by_feature else 1)
    log_density = np.empty(x.shape[0])
    by_weight = np.zeros(n_components)
    by_mean = np.zeros((n_components, n_features))
    by_scale = np.zeros(sds.size)
    constants = np.empty(n_components)
    factors = np.empty((n_components, n_features))
    valid = True
    for k in range(n_components):
        valid = valid and weights[k] >= 0.0
        constants[k] = np.log(weights[k]) - 0.5 * n_features * LOG_2_PI if valid else 0.0
        for d in range(n_features):
            sd = sds[k * by_component + d * by_feature]
            valid = valid and sd > 0.0 and np.isfinite(sd)
            if valid:
                factors[k, d] = 1.0 / sd
                constants[k] -= np.log(sd)
    if not valid:
        for i in range(log_density.size):
            log_density[i] = -np.inf
        return log_density, by_weight, by_mean, by_scale.reshape(scales.shape)
    _, counts, first, second = diagonal_statistics(
        x,
        point_weights,
        constants,
        means,
        factors,
        log_density,
    )
    for k in range(n_components):
        by_weight[k] = counts[k] / weights[k] if weights[k] > 0.0 else 0.0
        for d in range(n_features):
            u = factors[k, d]
            by_mean[k, d] = u * u * first[k, d]
            by_scale[k * by_component + d * by_feature] += u * (u * u * second[k, d] - counts[k])
    return log_density, by_weight, by_mean, by_scale.reshape(scales.shape)


def common_scalar(variable: Variable) -> Variable | None:
    """The scalar c if the graph of a vector says that it is c repeated, as the gradient of a sum is; None otherwise."""
    if all(variable.type.broadcastable):
        return variable.squeeze()
    node = variable.owner
    if node is None:
        return None
    if isinstance(node.op, Elemwise) and isinstance(node.op.scalar_op, Second):
        return common_scalar(node.inputs[1])
    if isinstance(node.op, Alloc):
        return common_scalar(node.inputs[0])
    if isinstance(node.op, DimShuffle):
        return common_scalar(node.inputs[0])
    return None


class MixtureLogDensity(CompiledOp):
    """(x, point weights, weights, means, spread, steps) -> (log_density (N,), gradients by weights, means, spread).

    The gradients are of sum_n w_n log p(x_n), the log densities do not depend on the point weights w_n: (N,),
    or (0,) for ones. spread: dense covariances (K, D, D) or one (D, D) for all; or, if `diagonal`, sds of any
    diagonal structure.
    """

    __props__ = ("name", "digest")

    def __init__(self, diagonal_structure: bool) -> None:
        self.name = "diagonal" if diagonal_structure else "dense"
        self.kernel = diagonal if diagonal_structure else dense
        self.digest = DIGEST

    @property
    def interpreted(self) -> Kernel:
        return self.kernel

    def make_node(self, *inputs: Any) -> Apply:
        variables = [pt.as_tensor_variable(value) for value in inputs]
        return Apply(self, variables, [pt.dvector(), *(variable.type() for variable in variables[2:5])])

    def infer_shape(self, node: Apply, shapes: Shapes) -> Shapes:
        return [(shapes[0][0],), *shapes[2:5]]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True] * 4 for _ in node.inputs]

    def pullback(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], cotangents: Sequence[Variable]
    ) -> list[Variable]:
        if any(is_connected(cotangent) for cotangent in cotangents[1:]):
            return self.refuse(inputs, "second derivatives of the mixture likelihood are not implemented")
        gradients = self.refuse(inputs, "the data are constants of the model")
        cotangent = cotangents[0]
        scalar = common_scalar(cotangent)
        if scalar is not None and inputs[1].type.shape == (0,):
            gradients[2:5] = [scalar * output for output in outputs[1:]]
        else:
            gradients[2:5] = self(inputs[0], cotangent, *inputs[2:], return_list=True)[1:]
        return gradients


def log_density(x: Any, weights: Any, means: Any, spread: Any, structure: str) -> Any:
    """log p(x_n | theta), (N,), as a PyTensor expression. spread: covariances (full, tied) or sds, in the
    structure's shape.
    """
    op = MixtureLogDensity(structure not in ("full", "tied"))
    spread = pt.atleast_1d(spread)
    steps = np.array(STEPS[structure], dtype=np.int64)
    return op(x, np.empty(0), weights, means, spread, steps, return_list=True)[0]
