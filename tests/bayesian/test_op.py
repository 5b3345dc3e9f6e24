"""The likelihood Op in a graph: passes over the data, second derivatives, parameters without a density, cache keys.

That its values and gradients are right is the matter of `test_one_likelihood`.
"""

import hashlib
import importlib.util
from pathlib import Path

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.gradient import NullTypeGradError
from pytensor.graph.fg import FunctionGraph
from pytensor.link.numba.cache import CACHED_SRC_FUNCTIONS
from pytensor.link.numba.dispatch.basic import numba_funcify_and_cache_key
from support import STRUCTURE_NAMES, random_mixture

from bayesian.model import build
from bayesian.ops import compiled_op, likelihood, linear_algebra
from bayesian.ops.compiled_op import source_digest
from bayesian.ops.likelihood import STEPS, MixtureLogDensity, log_density
from mixture import kernels

PYTHON = "FAST_COMPILE"
"""Mode in which nothing is compiled but the kernel."""


def variables(structure: str) -> list:
    ndim = 3 if structure == "full" else 2
    return [pt.dmatrix("x"), pt.dvector("w"), pt.dmatrix("m"), pt.tensor("s", dtype="float64", shape=(None,) * ndim)]


def count_kernel_calls(graph: FunctionGraph) -> int:
    return sum(isinstance(node.op, MixtureLogDensity) for node in graph.apply_nodes)


def count_passes(function) -> int:
    return count_kernel_calls(function.maker.fgraph)


def test_value_and_gradient_of_a_sum_are_one_pass_over_the_data():
    x, w, m, s = variables("full")
    pointwise = log_density(x, w, m, s, "full")
    total = pointwise.sum()
    assert count_passes(pytensor.function([x, w, m, s], [total, *pt.grad(total, [w, m, s])], mode=PYTHON)) == 1
    tempered = 0.5 * pointwise.sum() + pt.sum(w)
    assert count_passes(pytensor.function([x, w, m, s], [tempered, *pt.grad(tempered, [w, m, s])], mode=PYTHON)) == 1
    squares = (pointwise**2).sum()
    assert count_passes(pytensor.function([x, w, m, s], [squares, *pt.grad(squares, [w, m, s])], mode=PYTHON)) == 2


@pytest.mark.parametrize("mode", [PYTHON, "NUMBA"])
@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
def test_log_posterior_of_the_model_and_its_gradient_are_one_kernel_call(structure, mode):
    model = build(np.random.default_rng(0).normal(size=(30, 2)), 3, structure=structure)
    graph = FunctionGraph(outputs=[model.logp(), model.dlogp()], clone=True)
    pytensor.compile.mode.get_mode(mode).optimizer.rewrite(graph)
    assert count_kernel_calls(graph) == 1


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


def changed_copy(file: str, folder: Path) -> str:
    """The same source with one more comment."""
    path = folder / Path(file).name
    path.write_text(Path(file).read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    return str(path)


def digest_of_kernels(file: str) -> str:
    """SOURCE_DIGEST as the module in that file computes it."""
    spec = importlib.util.spec_from_file_location("kernels_copy", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.SOURCE_DIGEST


@pytest.mark.parametrize("changed", ["none", "kernels", "likelihood", "linear_algebra", "compiled_op"])
def test_a_changed_source_changes_the_cache_key(changed, tmp_path, monkeypatch):
    """PyTensor's key of the Op, and the name under which the machine code of its kernel is kept."""
    monkeypatch.setattr(compiled_op, "linked", lambda kernel, *_: kernel)  # a key needs no compilation
    x, w, m, s = variables("full")

    def key() -> str:
        node = log_density(x, w, m, s, "full").owner
        return numba_funcify_and_cache_key(node.op, node=node)[1]

    own, other = key(), MixtureLogDensity(False)
    modules = {"kernels": kernels, "likelihood": likelihood, "linear_algebra": linear_algebra}
    files = {name: module.__file__ for name, module in modules.items()}
    if changed in files:
        files[changed] = changed_copy(files[changed], tmp_path)
    elif changed == "compiled_op":
        monkeypatch.setattr(compiled_op, "__file__", changed_copy(compiled_op.__file__, tmp_path))
    salt = digest_of_kernels(files["kernels"])
    assert salt == hashlib.sha256(Path(files["kernels"]).read_bytes()).hexdigest()
    monkeypatch.setattr(likelihood, "DIGEST", source_digest(files["likelihood"], files["linear_algebra"], salt=salt))
    assert (key() == own) == (changed == "none")
    assert (MixtureLogDensity(False) == other) == (changed == "none")
    assert (CACHED_SRC_FUNCTIONS[likelihood.dense.py_func] == f"dense_{likelihood.DIGEST}") == (changed == "none")


def test_every_structure_is_known():
    assert set(STEPS) == set(STRUCTURE_NAMES)
