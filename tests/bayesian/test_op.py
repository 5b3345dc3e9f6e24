"""The likelihood Op: value and gradients against scipy, finite differences and autodiff of a graph written by hand."""

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.gradient import NullTypeGradError
from scipy.special import logsumexp
from scipy.stats import multivariate_normal
from support import STRUCTURE_NAMES, random_mixture

from bayesian.ops.likelihood import STEPS, MixtureLogDensity, log_density
from mixture import GaussianMixture

PYTHON = "FAST_COMPILE"
"""Mode in which nothing is compiled but the kernel."""


def spread_of(mixture: GaussianMixture) -> np.ndarray:
    return mixture.covariances if mixture.structure in ("full", "tied") else np.sqrt(mixture.covariances)


def variables(structure: str) -> list:
    ndim = {"full": 3, "tied": 2, "diag": 2, "tied_diag": 1, "spherical": 1, "tied_spherical": 0}[structure]
    return [pt.dmatrix("x"), pt.dvector("w"), pt.dmatrix("m"), pt.tensor("s", dtype="float64", shape=(None,) * ndim)]


def dense_graph(structure: str, w, m, s):
    """Weights, means and dense covariances as a list per component, in stock PyTensor."""
    k, d = 3, 2
    identity = np.eye(d)
    rows = {
        "full": lambda i: s[i],
        "tied": lambda _: s,
        "diag": lambda i: identity * s[i] ** 2,
        "tied_diag": lambda _: identity * s**2,
        "spherical": lambda i: identity * s[i] ** 2,
        "tied_spherical": lambda _: identity * s**2,
    }[structure]
    return [(w[i], m[i], rows(i)) for i in range(k)]


def by_hand(structure: str, x, w, m, s):
    """log sum_k pi_k N(x | mu_k, Sigma_k) in D = 2 with determinant and inverse written out."""
    terms = []
    for weight, mean, matrix in dense_graph(structure, w, m, s):
        a, b, c, e = matrix[0, 0], matrix[0, 1], matrix[1, 0], matrix[1, 1]
        u, v = x[:, 0] - mean[0], x[:, 1] - mean[1]
        determinant = a * e - b * c
        form = (e * u**2 - (b + c) * u * v + a * v**2) / determinant
        terms.append(pt.log(weight) - pt.log(2 * np.pi) - 0.5 * pt.log(determinant) - 0.5 * form)
    return pt.logsumexp(pt.stack(terms), axis=0)


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
def test_value_and_gradient_at_random_parameters(structure):
    rng = np.random.default_rng(17)
    x, w, m, s = variables(structure)
    ours = log_density(x, w, m, s, structure)
    oracle = by_hand(structure, x, w, m, s)
    value = pytensor.function([x, w, m, s], [ours, *pt.grad(ours.sum(), [w, m, s])], mode=PYTHON)
    check = pytensor.function([x, w, m, s], [oracle, *pt.grad(oracle.sum(), [w, m, s])], mode=PYTHON)
    for _ in range(100):
        mixture = random_mixture(structure, 3, 2, rng, condition=1e4)
        points, _ = mixture.draw(20, rng)
        arguments = (points, mixture.weights, mixture.means, spread_of(mixture))
        found, wanted = value(*arguments), check(*arguments)
        scipy = logsumexp(
            [
                np.log(weight) + multivariate_normal(mean, matrix).logpdf(points)
                for weight, mean, matrix in zip(mixture.weights, mixture.means, mixture.dense_covariances, strict=True)
            ],
            axis=0,
        )
        np.testing.assert_allclose(found[0], scipy, rtol=1e-10, atol=1e-10)
        for ours_by, wanted_by in zip(found[1:], wanted[1:], strict=True):
            np.testing.assert_allclose(ours_by, wanted_by, rtol=1e-9, atol=1e-10 * np.abs(wanted_by).max())


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
def test_gradient_equals_finite_differences(structure):
    rng = np.random.default_rng(5)
    x, w, m, s = variables(structure)
    total = log_density(x, w, m, s, structure).sum()
    function = pytensor.function([x, w, m, s], [total, *pt.grad(total, [w, m, s])], mode=PYTHON)
    mixture = random_mixture(structure, 3, 2, rng, condition=1e2)
    points, _ = mixture.draw(50, rng)
    base = [mixture.weights, mixture.means, spread_of(mixture)]
    gradients = function(points, *base)[1:]
    for i, (array, gradient) in enumerate(zip(base, gradients, strict=True)):
        direction = rng.standard_normal(np.shape(array))
        if array.ndim >= 2 and i == 2 and structure in ("full", "tied"):
            direction = direction + np.swapaxes(direction, -1, -2)
        step = 1e-6 * np.abs(array).min()
        ahead, behind = (
            function(points, *[a + sign * step * direction if j == i else a for j, a in enumerate(base)])[0]
            for sign in (1.0, -1.0)
        )
        slope = (ahead - behind) / (2.0 * step)
        assert np.sum(direction * gradient) == pytest.approx(slope, rel=1e-6, abs=1e-6 * np.abs(gradient).max())


@pytest.mark.parametrize("structure", ["full", "diag", "tied_spherical"])
def test_weighted_sums_take_the_second_pass(structure):
    rng = np.random.default_rng(11)
    x, w, m, s = variables(structure)
    a = pt.dvector("a")
    ours = pt.grad((a * log_density(x, w, m, s, structure)).sum(), [w, m, s])
    oracle = pt.grad((a * by_hand(structure, x, w, m, s)).sum(), [w, m, s])
    function = pytensor.function([a, x, w, m, s], [*ours, *oracle], mode=PYTHON)
    mixture = random_mixture(structure, 3, 2, rng, condition=1e3)
    points, _ = mixture.draw(40, rng)
    found = function(rng.standard_normal(40), points, mixture.weights, mixture.means, spread_of(mixture))
    for ours_by, wanted_by in zip(found[:3], found[3:], strict=True):
        np.testing.assert_allclose(ours_by, wanted_by, rtol=1e-9, atol=1e-10 * np.abs(wanted_by).max())


def count_passes(function) -> int:
    return sum(isinstance(node.op, MixtureLogDensity) for node in function.maker.fgraph.apply_nodes)


def test_value_and_gradient_of_a_sum_are_one_pass_over_the_data():
    x, w, m, s = variables("full")
    pointwise = log_density(x, w, m, s, "full")
    total = pointwise.sum()
    assert count_passes(pytensor.function([x, w, m, s], [total, *pt.grad(total, [w, m, s])], mode=PYTHON)) == 1
    tempered = 0.5 * pointwise.sum() + pt.sum(w)
    assert count_passes(pytensor.function([x, w, m, s], [tempered, *pt.grad(tempered, [w, m, s])], mode=PYTHON)) == 1
    squares = (pointwise**2).sum()
    assert count_passes(pytensor.function([x, w, m, s], [squares, *pt.grad(squares, [w, m, s])], mode=PYTHON)) == 2


def test_second_derivatives_raise():
    x, w, m, s = variables("full")
    gradient = pt.grad(log_density(x, w, m, s, "full").sum(), m)
    with pytest.raises((NullTypeGradError, NotImplementedError), match=r"[Nn]ot implemented|second"):
        pt.grad(gradient.sum(), m)
    pointwise = log_density(x, w, m, s, "full")
    with pytest.raises((NullTypeGradError, NotImplementedError), match=r"[Nn]ot implemented|second"):
        pt.grad(pt.grad((pointwise**2).sum(), w).sum(), w)


def test_parameters_without_a_density_give_minus_infinity_and_no_gradient():
    x, w, m, s = variables("full")
    pointwise = log_density(x, w, m, s, "full")
    function = pytensor.function([x, w, m, s], [pointwise, *pt.grad(pointwise.sum(), [w, m, s])], mode=PYTHON)
    singular = np.array([[[1.0, 1.0], [1.0, 1.0]], np.eye(2)])
    values = function(np.zeros((4, 2)), np.array([0.5, 0.5]), np.zeros((2, 2)), singular)
    assert (values[0] == -np.inf).all()
    assert all((gradient == 0.0).all() for gradient in values[1:])


def test_compiled_graph_agrees_with_the_interpreted_one():
    rng = np.random.default_rng(3)
    x, w, m, s = variables("tied")
    pointwise = log_density(x, w, m, s, "tied")
    outputs = [pointwise, *pt.grad(pointwise.sum(), [w, m, s])]
    mixture = random_mixture("tied", 3, 2, rng)
    points, _ = mixture.draw(30, rng)
    arguments = (points, mixture.weights, mixture.means, mixture.covariances)
    interpreted = pytensor.function([x, w, m, s], outputs, mode=PYTHON)(*arguments)
    compiled = pytensor.function([x, w, m, s], outputs, mode="NUMBA")(*arguments)
    for one, other in zip(interpreted, compiled, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-13)


@pytest.mark.slow
def test_gradient_equals_autodiff_of_the_stock_mixture():
    rng = np.random.default_rng(8)
    x, w, m, s = variables("full")
    stock = pm.logp(pm.Mixture.dist(w=w, comp_dists=pm.MvNormal.dist(mu=m, cov=s)), x)
    ours = log_density(x, w, m, s, "full")
    function = pytensor.function(
        [x, w, m, s], [stock, ours, *pt.grad(stock.sum(), [w, m]), *pt.grad(ours.sum(), [w, m])], mode=PYTHON
    )
    mixture = random_mixture("full", 3, 2, rng)
    points, _ = mixture.draw(30, rng)
    values = function(points, mixture.weights, mixture.means, mixture.covariances)
    for one, other in ((0, 1), (2, 4), (3, 5)):
        np.testing.assert_allclose(values[one], values[other], rtol=1e-10, atol=1e-10)


def test_every_structure_is_known():
    assert set(STEPS) == set(STRUCTURE_NAMES)
