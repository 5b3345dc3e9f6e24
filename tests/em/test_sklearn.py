"""The scikit-learn estimator: its own checks, its own mixture from the same start, and what stands on estimators."""

import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy import sparse
from scipy.linalg import eigh
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.mixture import GaussianMixture as SklearnMixture
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks
from support import ROOT, random_mixture, read_columns, sklearn_log_density
from threadpoolctl import threadpool_limits

import em
from em.sklearn import EMGaussianMixture
from mixture import GaussianMixture, structure_named
from mixture.covariance import FAMILIES

STEPS = {"random": 100, "iris": 400, "faithful": 150}
"""Enough for every climb below to come to rest, to rounding."""
TYPES = ("full", "tied", "diag", "spherical")


def measurements(name):
    if name == "iris":
        return (
            pd.read_csv(ROOT / "experiments" / "data" / "iris.csv").select_dtypes("number").to_numpy(np.float64)[:, :4]
        )
    if name == "faithful":
        return read_columns("faithful")
    rng = np.random.default_rng(8)
    return random_mixture("full", 3, 3, rng, separation=6.0, condition=5.0).draw(300, rng)[0]


def inverse(covariances, structure):
    return 1.0 / covariances if structure_named(structure).diagonal else np.linalg.inv(covariances)


def from_same_start(x, covariance_type, n_components, seed=3):
    start = em.kmeans_plus_plus(x, n_components, structure=covariance_type, rng=np.random.default_rng(seed))
    return {
        "n_components": n_components,
        "covariance_type": covariance_type,
        "weights_init": start.weights,
        "means_init": start.means,
        "precisions_init": inverse(start.covariances, covariance_type),
    }


def random_points():
    rng = np.random.default_rng(5)
    return np.concatenate([rng.normal(-4.0, 1.0, (60, 2)), rng.normal(4.0, 0.5, (40, 2))])


@parametrize_with_checks([EMGaussianMixture(), EMGaussianMixture(covariance_type="tied_diag", init_params="k-means++")])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_checks_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize(("name", "n_components"), [("random", 3), ("iris", 3), ("faithful", 2)])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_agrees_with_scikit_learn_from_the_same_start(covariance_type, name, n_components):
    x = measurements(name)
    given = from_same_start(x, covariance_type, n_components)
    ours = EMGaussianMixture(**given, tol=0.0, max_iter=STEPS[name]).fit(x)
    with threadpool_limits(1):
        theirs = SklearnMixture(**given, tol=0.0, reg_covar=0.0, max_iter=STEPS[name]).fit(x)
    for attribute in ("weights_", "means_", "covariances_", "precisions_", "precisions_cholesky_"):
        mine, expected = getattr(ours, attribute), getattr(theirs, attribute)
        assert mine.shape == expected.shape
        np.testing.assert_allclose(mine, expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max(), err_msg=attribute)
    np.testing.assert_allclose(ours.score_samples(x), theirs.score_samples(x), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(ours.predict_proba(x), theirs.predict_proba(x), atol=1e-6)
    np.testing.assert_array_equal(ours.predict(x), theirs.predict(x))
    for figure in ("score", "aic", "bic"):
        assert getattr(ours, figure)(x) == pytest.approx(getattr(theirs, figure)(x), rel=1e-9)
    assert ours.lower_bound_ == pytest.approx(theirs.lower_bound_, rel=1e-9)
    by_itself = EMGaussianMixture(**given).fit(x)
    assert by_itself.converged_
    assert by_itself.n_iter_ < STEPS[name]
    assert by_itself.lower_bound_ == pytest.approx(theirs.lower_bound_, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("steps", [1, 7])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_same_number_of_steps_gives_the_same_parameters(covariance_type, steps):
    x = measurements("iris")
    given = from_same_start(x, covariance_type, 3)
    ours = EMGaussianMixture(**given, tol=0.0, max_iter=steps).fit(x)
    theirs = SklearnMixture(**given, tol=0.0, reg_covar=0.0, max_iter=steps).fit(x)
    assert ours.n_iter_ == theirs.n_iter_ == steps == len(ours.lower_bounds_)
    np.testing.assert_allclose(ours.means_, theirs.means_, rtol=1e-8)
    np.testing.assert_allclose(ours.covariances_, theirs.covariances_, rtol=1e-7, atol=1e-9)
    # scikit-learn's bound belongs to the mixture before its last step, ours to the one after it.
    np.testing.assert_allclose(ours.lower_bounds_[:-1], theirs.lower_bounds_[1:], rtol=1e-9)


@pytest.mark.parametrize("structure", [family.name for family in FAMILIES])
def test_every_structure_by_either_name(structure):
    x = measurements("random")
    ours = EMGaussianMixture(3, covariance_type=structure, init_params="k-means++", random_state=1).fit(x)
    by_mclust = clone(ours).set_params(covariance_type=structure_named(structure).mclust).fit(x)
    assert by_mclust.mixture_ == ours.mixture_
    assert ours.mixture_.structure == structure
    np.testing.assert_allclose(ours.score_samples(x), sklearn_log_density(x, ours.mixture_), rtol=1e-9)
    np.testing.assert_allclose(ours.precisions_, inverse(ours.covariances_, structure), rtol=1e-8, atol=1e-10)
    if not structure_named(structure).diagonal:
        np.testing.assert_array_equal(ours.precisions_cholesky_, np.triu(ours.precisions_cholesky_))


def test_tolerance_is_the_remaining_gain_per_point():
    x = read_columns("faithful")
    given = from_same_start(x, "full", 2)
    loose = EMGaussianMixture(**given, tol=1e-4).fit(x)
    optimum = EMGaussianMixture(**given, tol=1e-14).fit(x)
    assert 0.0 <= optimum.lower_bound_ - loose.lower_bound_ < 1e-4
    assert loose.n_iter_ < optimum.n_iter_
    repeated = EMGaussianMixture(**given, tol=1e-4).fit(np.repeat(x, 5, axis=0))
    assert repeated.n_iter_ == loose.n_iter_


def test_stopping_at_max_iter_warns():
    x = read_columns("faithful")
    model = EMGaussianMixture(2, max_iter=1, random_state=0)
    with pytest.warns(ConvergenceWarning, match="max_iter = 1"):
        model.fit(x)
    assert not model.converged_
    start = EMGaussianMixture(2, max_iter=0, random_state=0).fit(x)
    assert start.n_iter_ == 0
    assert start.mixture_ == start.fit_.start


def test_weights_are_duplication():
    x = measurements("random")
    weights = np.random.default_rng(2).integers(0, 4, len(x))
    given = from_same_start(x, "full", 3)
    weighted = EMGaussianMixture(**given).fit(x, sample_weight=weights)
    repeated = EMGaussianMixture(**given).fit(np.repeat(x, weights, axis=0))
    np.testing.assert_allclose(weighted.means_, repeated.means_, rtol=1e-8)
    assert weighted.lower_bound_ == pytest.approx(repeated.lower_bound_, rel=1e-12)
    for figure in ("score", "aic", "bic"):
        expected = getattr(repeated, figure)(np.repeat(x, weights, axis=0))
        assert getattr(weighted, figure)(x, sample_weight=weights) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("unit", [1 / 272, 1e6])
def test_the_unit_of_weights_scales_the_likelihood_and_nothing_else(unit):
    x = read_columns("faithful")
    model = EMGaussianMixture(3, random_state=1)
    plain, scaled = clone(model).fit(x), clone(model).fit(x, sample_weight=np.full(len(x), unit))
    np.testing.assert_allclose(scaled.means_, plain.means_, rtol=1e-4)
    np.testing.assert_allclose(scaled.weights_, plain.weights_, rtol=1e-3)
    assert scaled.lower_bound_ == pytest.approx(plain.lower_bound_, rel=1e-9)
    assert scaled.fit_.log_likelihood == pytest.approx(unit * plain.fit_.log_likelihood, rel=1e-9)
    assert scaled.converged_


def test_weight_zero_leaves_a_row_out_of_the_starts_too():
    x = measurements("random")
    kept = np.random.default_rng(2).random(len(x)) < 0.7
    model = EMGaussianMixture(3, n_init=2, random_state=4)
    weighted = clone(model).fit(x, sample_weight=kept.astype(float))
    np.testing.assert_allclose(weighted.means_, model.fit(x[kept]).means_, rtol=1e-10)


@pytest.mark.parametrize("name", ["kmeans", "k-means++", "random", "random_from_data", "k-means", "random partition"])
def test_starts_by_either_name_are_reproducible(name):
    x = random_points()
    models = [EMGaussianMixture(2, init_params=name, n_init=3, random_state=7).fit(x) for _ in range(2)]
    assert models[0].mixture_ == models[1].mixture_
    assert models[0].restarts_.n_starts == 3
    assert models[0].fit_.log_likelihood == max(fit.log_likelihood for fit in models[0].restarts_.fits)
    np.testing.assert_allclose(np.sort(models[0].weights_), [0.4, 0.6], atol=1e-6)


def test_given_parts_replace_those_of_the_start():
    x = random_points()
    means = np.array([[4.0, 4.0], [-4.0, -4.0]])
    model = EMGaussianMixture(2, means_init=means.tolist(), random_state=0).fit(x)
    np.testing.assert_array_equal(model.fit_.start.means, means)
    assert (model.predict(x) == np.repeat([1, 0], [60, 40])).all()
    everything = EMGaussianMixture(
        2, n_init=5, weights_init=[0.5, 0.5], means_init=means, precisions_init=np.stack([np.eye(2)] * 2)
    ).fit(x)
    assert everything.restarts_.n_starts == 1
    assert everything.fit_.start == GaussianMixture([0.5, 0.5], means, np.stack([np.eye(2)] * 2))


def test_singular_fits_are_never_kept():
    x = np.concatenate([random_points(), np.full((3, 2), 30.0)])
    means = [[-4.0, -4.0], [4.0, 4.0], [30.0, 30.0]]
    with pytest.raises(ValueError, match=r"none of the 1 starts gave a usable fit.*component 2"):
        EMGaussianMixture(
            3, weights_init=[0.5, 0.4, 0.1], means_init=means, precisions_init=np.stack([np.eye(2)] * 3)
        ).fit(x)
    floored = EMGaussianMixture(3, means_init=means, floor=1e-4, random_state=0).fit(x)
    assert floored.converged_
    smallest = min(eigh(covariance, np.cov(x.T, bias=True))[0][0] for covariance in floored.covariances_)
    assert smallest == pytest.approx(1e-4, rel=1e-6)


def test_dependent_columns_get_a_floor_on_auto_only():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((40, 2)) @ rng.standard_normal((2, 3))
    model = EMGaussianMixture(2, random_state=0, n_init=5).fit(x)
    assert model.floor_ == 1e-6
    assert np.isfinite(model.score_samples(x)).all()
    with pytest.raises(ValueError, match="linearly dependent"):
        clone(model).set_params(floor=None).fit(x)
    for plain in (clone(model).set_params(covariance_type="diag").fit(x), clone(model).fit(random_points())):
        assert plain.floor_ is None


def test_failed_fits_leave_an_estimator_unfitted():
    model = EMGaussianMixture(3, means_init=np.zeros((3, 2)), floor=None)
    with pytest.raises(ValueError, match="constant"):
        model.fit(np.ones((10, 2)))
    with pytest.raises(NotFittedError):
        model.predict(random_points())


def test_warm_start_goes_on_from_the_previous_fit():
    x = read_columns("faithful")
    model = EMGaussianMixture(2, warm_start=True, tol=0.0, max_iter=5, random_state=0, n_init=4)
    with pytest.warns(ConvergenceWarning):
        model.fit(x)
    first = model.fit_
    with pytest.warns(ConvergenceWarning):
        model.fit(x)
    assert model.fit_.start == first.mixture
    assert model.restarts_.n_starts == 1
    with pytest.raises(ValueError, match="warm_start"):
        model.set_params(n_components=3).fit(x)


def test_verbose_accounts_for_every_start(capsys):
    x = read_columns("faithful")
    EMGaussianMixture(2, random_state=0).fit(x)
    assert capsys.readouterr().out == ""
    EMGaussianMixture(2, random_state=0, n_init=3, verbose=True).fit(x)
    assert capsys.readouterr().out.count("from k-means: ") == 3
    EMGaussianMixture(2, random_state=0, verbose=2, verbose_interval=2).fit(x)
    assert "  iteration 2: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"covariance_type": "round"}, r"'round'; known are: .*full"),
        ({"init_params": "clever"}, r"'clever'; known are: .*k-means"),
        ({"reg_covar": 1e-6}, r"reg_covar must be 0.*floor"),
        ({"tol": -1.0}, "tol must be"),
        ({"tol": np.nan}, "tol must be"),
        ({"tol": "a"}, "tol must be a number of nats per point, 0 or more, not 'a'"),
        ({"tol": None}, "tol must be"),
        ({"reg_covar": [0.0, 0.0]}, "reg_covar must be 0"),
        ({"floor": np.ones(2)}, "floor must be"),
        ({"covariance_type": ["full"]}, r"covariance_type must be a name, not \['full'\]"),
        ({"init_params": 3}, "init_params must be a name, not 3"),
        ({"max_iter": None}, "max_iter must be a whole number"),
        ({"verbose": "a"}, "verbose must be a whole number"),
        ({"weights_init": "abc"}, r"weights_init must be finite numbers of shape \(2,\): could not convert"),
        ({"means_init": {}}, "means_init must be finite numbers"),
        ({"precisions_init": np.full((2, 2, 2), 1j)}, "precisions_init must be .*complex"),
        ({"floor": 0.0}, "floor must be"),
        ({"floor": "low"}, "floor must be 'auto'"),
        ({"max_iter": -1}, "max_iter must be at least 0"),
        ({"n_init": 0}, "n_init must be at least 1"),
        ({"n_components": 0}, "n_components must be at least 1"),
        ({"n_components": 101}, "101 components"),
        ({"verbose_interval": 0}, "verbose_interval"),
        ({"weights_init": [1.0]}, r"weights_init must be finite numbers of shape \(2,\); it has shape \(1,\)"),
        ({"weights_init": [0.5, 0.6]}, "the weights sum to 1.1"),
        ({"means_init": np.zeros((3, 2))}, r"means_init must be .* of shape \(2, 2\); it has shape \(3, 2\)"),
        ({"means_init": [[np.nan, 0.0], [1.0, 1.0]]}, "means_init must be finite"),
        ({"precisions_init": np.eye(2)}, r"precisions_init must be .* of shape \(2, 2, 2\)"),
        ({"precisions_init": np.stack([np.diag([1.0, -1.0])] * 2)}, "precisions_init must be positive definite"),
        ({"precisions_init": [[[1.0, 0.5], [0.0, 1.0]]] * 2}, "precisions_init must be symmetric"),
    ],
)
def test_bad_parameters_are_refused_at_fit(parameters, message):
    model = EMGaussianMixture(**{"n_components": 2, "random_state": 0, **parameters})
    with pytest.raises(ValueError, match=message):
        model.fit(random_points())


def test_bad_data_are_refused():
    x = random_points()
    model = EMGaussianMixture(2, random_state=0)
    with pytest.raises(TypeError, match="dense data is required"):
        model.fit(sparse.csr_array(x))
    with pytest.raises(ValueError, match="Input X contains NaN"):
        model.fit(np.where(x == x[3, 1], np.nan, x))
    with pytest.raises(ValueError, match="not negative; row 2"):
        model.fit(x, sample_weight=np.where(np.arange(100) == 2, -1.0, 1.0))
    with pytest.raises(ValueError, match="all point weights are zero"):
        model.fit(x, sample_weight=np.zeros(100))
    with pytest.raises(ValueError, match="shape"):
        model.fit(x, sample_weight=np.ones(99))
    for no_weights in ("abc", {}, ["a"] * 100, np.full(100, 1j)):
        with pytest.raises(ValueError, match="sample_weight must be numbers"):
            model.fit(x, sample_weight=no_weights)
    with pytest.raises(ValueError, match="columns 0 and 1"):
        model.fit(x[:, [0, 0]])
    with pytest.raises(ValueError, match="n_samples must be at least 1"):
        model.fit(x).sample(0)
    with pytest.raises(ValueError, match="expecting 2 features"):
        model.predict(x[:, :1])


def test_float32_is_fitted_as_float64():
    x = random_points().astype(np.float32)
    single, double = (EMGaussianMixture(2, random_state=0).fit(points) for points in (x, x.astype(np.float64)))
    assert single.mixture_ == double.mixture_
    assert single.score_samples(x).dtype == np.float64


def test_samples_follow_the_mixture():
    model = EMGaussianMixture(2, random_state=0).fit(random_points())
    points, components = model.sample(4000)
    assert points.shape == (4000, 2)
    np.testing.assert_allclose(np.bincount(components) / 4000, model.weights_, atol=0.04)
    for k in range(2):
        np.testing.assert_allclose(points[components == k].mean(axis=0), model.means_[k], atol=0.15)
    np.testing.assert_array_equal(model.sample(5)[0], model.sample(5)[0])


def test_scikit_learns_parameters_are_ours():
    ours = EMGaussianMixture().get_params()
    assert ours.keys() - SklearnMixture().get_params().keys() == {"floor"}
    moved = EMGaussianMixture(**SklearnMixture(2, reg_covar=0.0, tol=1e-6, random_state=0).get_params())
    assert moved.fit(random_points()).converged_


def test_clone_and_pickle():
    x = random_points()
    model = EMGaussianMixture(2, covariance_type="tied", random_state=0, floor=1e-5).fit(x)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(x), model.predict_proba(x))
    assert again.fit_ == model.fit_
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    assert not hasattr(copy, "mixture_")
    assert (model.fit_predict(x) == model.predict(x)).all()


def test_grid_search_over_components_and_structure_in_a_pipeline():
    rng = np.random.default_rng(0)
    x = rng.permutation(random_points()) * [1.0, 100.0]
    pipeline = Pipeline([("scale", StandardScaler()), ("mixture", EMGaussianMixture(random_state=0, n_init=2))])
    grid = {"mixture__n_components": [1, 2, 3], "mixture__covariance_type": ["tied_spherical", "spherical", "full"]}
    search = GridSearchCV(pipeline, grid, cv=3, error_score="raise").fit(x)
    assert search.best_params_["mixture__n_components"] == 2
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert set(search.predict(x)) == {0, 1}
    by_bic = GridSearchCV(
        EMGaussianMixture(random_state=0),
        {"n_components": [1, 2]},
        scoring=lambda model, held_out: -model.bic(held_out),
    )
    assert by_bic.fit(x).best_params_ == {"n_components": 2}


def test_pandas_in_a_pipeline_with_pandas_between():
    frame = pd.DataFrame(random_points(), columns=["width", "height"])
    pipeline = make_pipeline(StandardScaler(), EMGaussianMixture(2, random_state=0)).set_output(transform="pandas")
    labels = pipeline.fit_predict(frame)
    assert pipeline[-1].feature_names_in_.tolist() == ["width", "height"]
    assert (labels == pipeline.predict(frame)).all()
    with pytest.raises(ValueError, match="feature names"):
        pipeline[-1].predict(frame.rename(columns={"width": "depth"}))


def test_sample_weights_are_routed():
    x = random_points()
    weights = np.repeat([3.0, 0.0], [60, 40])
    with sklearn.config_context(enable_metadata_routing=True):
        mixture = EMGaussianMixture(1).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        order = np.random.default_rng(1).permutation(100)
        search = GridSearchCV(make_pipeline(mixture), {"emgaussianmixture__covariance_type": ["diag"]}, cv=2)
        search.fit(x[order], sample_weight=weights[order])
        best = search.best_estimator_[-1]
    np.testing.assert_allclose(best.means_[0], x[:60].mean(axis=0))


def run(code):
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)


def test_em_does_not_import_scikit_learn():
    outcome = run("import em, sys; assert not [name for name in sys.modules if name.split('.')[0] == 'sklearn']")
    assert outcome.returncode == 0, outcome.stderr


def test_without_scikit_learn_the_error_names_the_extra():
    outcome = run("import sys; sys.modules['sklearn'] = None; import em.sklearn")
    assert "ImportError: em.sklearn needs scikit-learn" in outcome.stderr
    assert "pip install -e '.[sklearn]'" in outcome.stderr
