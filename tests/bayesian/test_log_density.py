"""The compiled density, prior and likelihood apart: against the model's own log density and finite differences."""

import numpy as np
import pytest
from support import STRUCTURE_NAMES

from bayesian import LKJ, LogNormal, Normal, Prior, build
from bayesian.ops.log_density import compile_density

POINTS = np.random.default_rng(5).normal(size=(12, 2)) * [1.0, 3.0] + [0.0, 10.0]
CASES = [(structure, False) for structure in STRUCTURE_NAMES] + [("diag", True)]


def value_points(model, rows):
    """Rows of joined unconstrained values as the dictionaries PyMC takes."""
    shapes = {name: value.shape for name, value in model.initial_point().items()}
    edges = np.cumsum([0, *(int(np.prod(shape)) for shape in shapes.values())])
    for row in rows:
        yield {
            name: row[low:high].reshape(shape)
            for (name, shape), low, high in zip(shapes.items(), edges[:-1], edges[1:], strict=True)
        }


@pytest.mark.parametrize(("structure", "ordered"), CASES)
def test_prior_and_likelihood_are_those_of_the_model(structure, ordered):
    model = build(POINTS, 2, structure=structure, ordered=ordered)
    density = compile_density(model)
    rng = np.random.default_rng(8)
    rows = rng.normal(size=(5, density.n_dim))
    values = density.evaluate(rows)
    oracle = model.compile_logp(mode="FAST_COMPILE")
    prior = model.compile_logp(vars=model.free_RVs, mode="FAST_COMPILE")
    places = list(value_points(model, rows))
    assert values.log_posterior == pytest.approx([float(oracle(place)) for place in places], rel=1e-11)
    assert values.log_prior == pytest.approx([float(prior(place)) for place in places], rel=1e-11)
    step = 1e-5
    shifts = step * np.eye(density.n_dim)
    for row, by_prior, by_likelihood in zip(
        rows, values.log_prior_gradient, values.log_likelihood_gradient, strict=True
    ):
        above, below = density.evaluate(row + shifts), density.evaluate(row - shifts)
        slopes = (above.log_prior - below.log_prior) / (2.0 * step)
        assert by_prior == pytest.approx(slopes, rel=1e-5, abs=1e-5)
        slopes = (above.log_likelihood - below.log_likelihood) / (2.0 * step)
        assert by_likelihood == pytest.approx(slopes, rel=1e-5, abs=1e-4)


@pytest.fixture(scope="module")
def ordered_density():
    prior = Prior(Normal([0.0, 10.0], 4.0), 2.0, scales=LogNormal(0.0, 1.0), correlations=LKJ(3.0))
    return prior, compile_density(build(POINTS, 3, structure="tied", prior=prior, ordered=True))


def test_points_and_variables_are_inverse(ordered_density):
    _, density = ordered_density
    rows = np.random.default_rng(1).normal(size=(300, density.n_dim))
    variables = density.expand(rows)
    assert (np.diff(variables["means"][:, :, 0], axis=1) > 0.0).all()
    assert variables["covariances"].shape == (300, 3, 2, 2)
    assert density.unconstrain(variables) == pytest.approx(rows, rel=1e-9, abs=1e-9)


def test_new_data_and_hyperparameters_need_no_compilation(ordered_density):
    prior, density = ordered_density
    x = np.random.default_rng(3).normal(size=(31, 2))
    other = Prior(Normal([1.0, 0.0], 2.0), [1.0, 2.0, 3.0], scales=LogNormal(0.5, 0.5), correlations=LKJ(2.0))
    rows = np.random.default_rng(2).normal(size=(2, density.n_dim))
    moved = density.with_data(x_data=x, **other.arrays(3, 2, "tied"))
    model = build(x, 3, structure="tied", prior=other, ordered=True)
    expected = [float(model.compile_logp(mode="FAST_COMPILE")(place)) for place in value_points(model, rows)]
    assert moved.evaluate(rows).log_posterior == pytest.approx(expected, rel=1e-11)
    assert moved.address == density.address
    unmoved = density.with_data(**prior.arrays(3, 2, "tied"))
    assert (unmoved.log_likelihood(rows) == density.log_likelihood(rows)).all()


def test_threads_change_nothing(ordered_density):
    _, density = ordered_density
    rows = np.random.default_rng(4).normal(size=(1000, density.n_dim))
    one, many = density.evaluate(rows, threads=1), density.evaluate(rows, threads=3)
    assert (one.log_prior == many.log_prior).all()
    assert (one.log_likelihood_gradient == many.log_likelihood_gradient).all()


def test_a_point_off_the_scale_has_density_zero(ordered_density):
    _, density = ordered_density
    values = density.evaluate(np.full((1, density.n_dim), 1e6))
    assert values.log_posterior[0] == -np.inf
    assert not values.log_prior_gradient.any()


def test_bad_input_is_refused(ordered_density):
    _, density = ordered_density
    with pytest.raises(ValueError, match="shape"):
        density.log_prior(np.zeros(density.n_dim))
    with pytest.raises(ValueError, match="no data"):
        density.with_data(y=1.0)
    with pytest.raises(ValueError, match="needs"):
        density.with_data(x_data=np.zeros((3, 5)))
    with pytest.raises(ValueError, match="finite"):
        density.with_data(x_data=np.full((3, 2), np.nan))
    variables = density.expand(np.zeros((1, density.n_dim)))
    with pytest.raises(ValueError, match="no variable"):
        density.unconstrain({"weights": variables["weights"]})
    with pytest.raises(ValueError, match="edge"):
        density.unconstrain(variables | {"means": variables["means"][:, ::-1]})


def test_one_component():
    model = build(POINTS[:, :1], 1, structure="diag")
    density = compile_density(model)
    assert density.n_dim == 2
    (place,) = value_points(model, np.zeros((1, 2)))
    expected = float(model.compile_logp(mode="FAST_COMPILE")(place))
    assert density.evaluate(np.zeros((1, 2))).log_posterior[0] == pytest.approx(expected, rel=1e-12)
