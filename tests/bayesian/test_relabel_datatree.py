"""Trees of other programs: every layout they come in, planted label switching undone, and what is refused."""

import arviz as az
import numpy as np
import pymc as pm
import pytensor
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import bayesian
from bayesian.foreign.permuting import permute_tree
from mixture.likelihood import log_density

C, S, K = 2, 12, 3


def planted(d=2, seed=0, k=K, n_draws=S):
    """Draws about components at 0, 5, ... in each feature, their labels switched at random, as another program has
    them; and what they are with labels undone."""
    rng = np.random.default_rng(seed)
    shape = (C, n_draws, k)
    factors = np.tril(0.2 * rng.normal(size=(*shape, d, d)), -1) + np.eye(d) * np.exp(
        0.1 * rng.normal(size=(*shape, 1, d))
    )
    clean = {
        "w": rng.dirichlet(np.full(k, 40.0), shape[:2]),
        "mu": 5.0 * np.arange(k)[:, None] + 0.1 * rng.normal(size=(*shape, d)),
        "chol": factors,
        "rate": rng.normal(size=shape),
    }
    orders = rng.permuted(np.tile(np.arange(k), (C, n_draws, 1)), axis=2)
    switched = {name: permuted(values, orders) for name, values in clean.items()}
    means = 5.0 * np.arange(k)[:, None] + np.zeros(d)
    y = np.concatenate([rng.normal(mean, 1.0, size=(15, d)) for mean in means])
    return clean, switched, orders, y


def permuted(values, orders):
    return np.take_along_axis(values, orders.reshape(orders.shape + (1,) * (values.ndim - 3)), axis=2)


def stan_tree(draws, y, **more):
    """CmdStanPy through ArviZ: every variable has dimensions of its own, mu_dim_0 and so on."""
    return az.from_dict({"posterior": draws, "observed_data": {"y": y}, **more})


def named_tree(draws, y):
    """PyMC or NumPyro with coordinates."""
    features = {"mu": ["feature"], "chol": ["feature", "feature_other"], "sigma": ["feature"]}
    dims = {name: ["component", *features.get(name, [])] for name in draws}
    coords = {"component": ["a", "b", "c"]}
    return az.from_dict({"posterior": draws, "observed_data": {"y": y}}, dims=dims, coords=coords)


def covariance_forms(factors):
    covariances = factors @ factors.swapaxes(-1, -2)
    variances = np.diagonal(covariances, axis1=-2, axis2=-1)
    return {
        "scales": np.sqrt(variances),
        "variances": variances,
        "covariances": covariances,
        "precisions": np.linalg.inv(covariances),
        "cholesky": factors,
    }


FORMS = ("scales", "variances", "covariances", "precisions", "cholesky", "packed")


@pytest.mark.parametrize("method", ["ecr", "stephens", "order"])
@pytest.mark.parametrize("form", FORMS)
def test_planted_switching_is_undone_in_every_form_of_covariance(form, method):
    clean, switched, orders, y = planted(d=2)
    if form == "packed":
        spread, name = switched["chol"][..., *np.tril_indices(2)], "cholesky"
    else:
        spread, name = covariance_forms(switched["chol"])[form], form
    tree = stan_tree({"w": switched["w"], "mu": switched["mu"], "spread": spread, "rate": switched["rate"]}, y)
    dims = ("w_dim_0", "mu_dim_0", "spread_dim_0", "rate_dim_0")
    found = bayesian.relabel_datatree(tree, **{name: "spread"}, component_dim=dims, method=method)
    for variable in ("w", "mu", "rate"):
        np.testing.assert_array_equal(found["posterior"][variable].values, clean[variable])
    np.testing.assert_array_equal(
        permuted(orders, found["relabelling"]["permutation"].values), np.broadcast_to(range(K), orders.shape)
    )
    assert found["relabelling"]["valid"].values.all()
    assert found["relabelling"].attrs["method"] == method


@pytest.mark.parametrize("d", [1, 2])
def test_dimensions_are_found_where_they_are_clear(d):
    clean, switched, _, y = planted(d=d)
    sds = covariance_forms(switched["chol"])["scales"]
    if d == 1:
        switched["mu"], clean["mu"], sds, y = switched["mu"][..., 0], clean["mu"][..., 0], sds[..., 0], y[:, 0]
    draws = {"w": switched["w"], "mu": switched["mu"], "sigma": sds}
    for tree in (
        stan_tree(draws, y),
        named_tree(draws, y)
        if d == 2
        else az.from_dict(
            {"posterior": draws, "observed_data": {"y": y}}, dims={name: ["component"] for name in draws}
        ),
    ):
        found = bayesian.relabel_datatree(tree)
        np.testing.assert_array_equal(found["posterior"]["mu"].values, clean["mu"])


def test_everything_else_stays_as_it_was():
    clean, switched, _, y = planted()
    tree = named_tree(switched, y)
    posterior = tree["posterior"].to_dataset()
    posterior["tau"] = (("chain", "draw"), np.ones((C, S)))
    posterior["transposed"] = (("component", "draw", "chain"), switched["rate"].transpose(2, 1, 0))
    posterior["mu"].attrs["units"] = "km"
    tree["posterior"] = xr.DataTree(posterior)
    tree["sample_stats"] = xr.DataTree(xr.Dataset({"diverging": (("chain", "draw"), np.zeros((C, S), dtype=bool))}))
    tree["posterior_predictive"] = xr.DataTree(xr.Dataset({"by": (("chain", "draw", "component"), switched["rate"])}))
    tree["prior"] = xr.DataTree(xr.Dataset({"by": (("chain", "draw", "component"), switched["rate"])}))
    tree["warmup_posterior"] = xr.DataTree(xr.Dataset({"w": (("chain", "draw", "component"), switched["w"])}))
    tree["unconstrained_posterior"] = xr.DataTree(xr.Dataset({"w_": (("chain", "draw"), np.ones((C, S)))}))
    tree.attrs["made by"] = "somebody"
    before = tree.copy(deep=True)
    found = bayesian.relabel_datatree(tree, cholesky="chol")
    xr.testing.assert_identical(tree, before)
    assert set(found.children) == set(tree.children) - {"unconstrained_posterior"} | {"relabelling"}
    assert found.attrs == tree.attrs
    for group in ("observed_data", "sample_stats", "prior", "warmup_posterior"):
        xr.testing.assert_identical(found[group].to_dataset(), tree[group].to_dataset())
    assert found["posterior"].attrs == tree["posterior"].attrs
    assert found["posterior"]["mu"].attrs == {"units": "km"}
    assert list(found["posterior"].coords["component"].values) == ["a", "b", "c"]
    np.testing.assert_array_equal(found["posterior"]["tau"], tree["posterior"]["tau"])
    np.testing.assert_array_equal(found["posterior"]["transposed"].values, clean["rate"].transpose(2, 1, 0))
    np.testing.assert_array_equal(found["posterior_predictive"]["by"].values, clean["rate"])
    assert set(found["relabelling"].attrs["permuted"].split(", ")) == {
        *(f"posterior/{name}" for name in ("w", "mu", "chol", "rate", "transposed")),
        "posterior_predictive/by",
    }


@pytest.mark.parametrize("first", [0, 1])
def test_sampled_allocations_take_the_inverse(first):
    _, switched, orders, y = planted(d=2)
    truth = np.repeat(np.arange(K), 15)
    old = np.take_along_axis(np.argsort(orders, axis=2), np.broadcast_to(truth, (C, S, len(y))), axis=2) + first
    tree = named_tree(switched, y)
    tree["posterior"] = xr.DataTree(tree["posterior"].to_dataset().assign(z=(("chain", "draw", "obs"), old)))
    found = bayesian.relabel_datatree(tree, cholesky="chol", allocations="z")
    np.testing.assert_array_equal(found["posterior"]["z"].values, np.broadcast_to(truth + first, old.shape))
    assert found["posterior"]["z"].dtype == old.dtype
    with pytest.raises(ValueError, match="must hold labels"):
        bayesian.relabel_datatree(tree, cholesky="chol", allocations="z", first_label=1 - first)
    tree["posterior"]["z"].values[:] = 1
    with pytest.raises(ValueError, match="first_label"):
        bayesian.relabel_datatree(tree, cholesky="chol", allocations="z")


def test_one_variable_for_each_component():
    """As in `[pm.LKJCholeskyCov(f"chol_{k}", ...) for k in range(K)]`, with what PyMC adds to them."""
    clean, switched, _, y = planted(d=2)
    one_each = {f"chol_{k}": switched["chol"][:, :, k][..., *np.tril_indices(2)] for k in range(K)}
    stds = {f"chol_{k}_stds": np.sqrt(np.square(switched["chol"][:, :, k]).sum(axis=-1)) for k in range(K)}
    rates = {f"rate_{k}": switched["rate"][:, :, k] for k in range(K)}
    tree = stan_tree({"w": switched["w"], "mu": switched["mu"], **one_each, **stds, **rates}, y)
    found = bayesian.relabel_datatree(tree, cholesky=list(one_each), families=[list(rates)])
    for k in range(K):
        np.testing.assert_array_equal(
            found["posterior"][f"chol_{k}"].values, clean["chol"][:, :, k][..., *np.tril_indices(2)]
        )
        np.testing.assert_array_equal(found["posterior"][f"rate_{k}"].values, clean["rate"][:, :, k])
        np.testing.assert_allclose(
            found["posterior"][f"chol_{k}_stds"].values, np.sqrt(np.square(clean["chol"][:, :, k]).sum(axis=-1))
        )


def test_common_covariances_have_no_components():
    clean, switched, _, y = planted(d=2)
    for name, values in (("scales", 1.0), ("scales", [1.0, 2.0]), ("covariances", [[1.0, 0.3], [0.3, 1.0]])):
        common = np.broadcast_to(values, (C, S, *np.shape(values)))
        tree = stan_tree({"w": switched["w"], "mu": switched["mu"], "tied": common}, y)
        found = bayesian.relabel_datatree(tree, **{name: "tied"})
        np.testing.assert_array_equal(found["posterior"]["mu"].values, clean["mu"])
        np.testing.assert_array_equal(found["posterior"]["tied"].values, common)
        posterior = bayesian.posterior_of_datatree(tree, **{name: "tied"})
        expected = np.diag(np.square(np.broadcast_to(values, 2))) if name == "scales" else values
        np.testing.assert_allclose(posterior.covariances, np.broadcast_to(expected, (C, S, K, 2, 2)))


def test_densities_are_those_of_the_draws_and_what_is_read_can_be_diagnosed():
    _, switched, _, y = planted(d=2)
    lp = np.random.default_rng(0).normal(size=(C, S))
    tree = stan_tree(
        {"w": switched["w"].astype(np.float32), "mu": switched["mu"], "chol": switched["chol"]},
        y,
        sample_stats={"lp": lp},
    )
    dims = ("w_dim_0", "mu_dim_0", "chol_dim_0")
    posterior = bayesian.posterior_of_datatree(tree, cholesky="chol", component_dim=dims)
    np.testing.assert_array_equal(posterior.tree["sample_stats"]["lp"].values, lp)
    covariances = switched["chol"] @ switched["chol"].swapaxes(-1, -2)
    expected = log_density(y, posterior.weights[1, 3], switched["mu"][1, 3], covariances[1, 3]).sum()
    assert posterior.log_likelihood[1, 3] == pytest.approx(expected)
    assert bayesian.diagnose(posterior, bayesian.relabel(posterior)).raw["mean"].notna().all()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["ecr", "stephens", "order"]))
def test_any_switching_leaves_invariants_alone_and_is_undone(seed, method):
    """Whatever the labels were, the draws come out the same; and relabelling twice changes nothing more."""
    clean, switched, _, y = planted(seed=seed % 7)
    orders = np.random.default_rng(seed).permuted(np.tile(np.arange(K), (C, S, 1)), axis=2)
    again = {name: permuted(values, orders) for name, values in switched.items()}
    first = bayesian.relabel_datatree(named_tree(again, y), cholesky="chol", method=method)
    np.testing.assert_array_equal(first["posterior"]["mu"].values, clean["mu"])
    second = bayesian.relabel_datatree(first, cholesky="chol", method=method)
    assert (second["relabelling"]["permutation"].values == np.arange(K)).all()
    raw = bayesian.posterior_of_datatree(named_tree(again, y), cholesky="chol")
    relabelled = bayesian.posterior_of_datatree(first, cholesky="chol")
    np.testing.assert_allclose(raw.log_likelihood, relabelled.log_likelihood, rtol=1e-12)


@pytest.mark.parametrize("method", ["ecr", "ecr_iterative_1", "ecr_iterative_2", "stephens"])
def test_stored_probabilities_are_used_in_place_of_normal_densities(method):
    """No spread, no data: the components could be of any family."""
    clean, switched, orders, _ = planted(d=1)
    sure = np.repeat(np.eye(K), 5, axis=0) * 0.9 + 0.1 / 3
    stored = np.take_along_axis(np.broadcast_to(sure, (C, S, *sure.shape)), orders[:, :, None, :], axis=3)
    rates = {"w": switched["w"], "mu": switched["mu"][..., 0], "p": stored}
    dims = {"w": ["component"], "mu": ["component"], "p": ["obs", "component"]}
    tree = az.from_dict({"posterior": rates, "sample_stats": {"lp": np.zeros((C, S))}}, dims=dims)
    found = bayesian.relabel_datatree(tree, probabilities="p", method=method)
    np.testing.assert_array_equal(found["posterior"]["mu"].values, clean["mu"][..., 0])
    np.testing.assert_allclose(found["posterior"]["p"].values, np.broadcast_to(sure, stored.shape))
    tree["posterior"]["p"].values[1, 2, 3] = 0.7
    with pytest.raises(ValueError, match="p leaves the simplex in 1 draws, the first in chain 1, draw 2"):
        bayesian.relabel_datatree(tree, probabilities="p", method=method)


def test_methods_that_look_at_parameters_alone_need_no_data():
    clean, switched, _, _ = planted(d=2)
    tree = az.from_dict(
        {"posterior": switched, "sample_stats": {"lp": np.zeros((C, S))}},
        dims={"w": ["k"], "mu": ["k", "f"], "chol": ["k", "f", "g"], "rate": ["k"]},
    )
    for arguments in ({"method": "pra"}, {"method": "point_process"}, {"method": "order"}):
        found = bayesian.relabel_datatree(tree, cholesky="chol", **arguments)
        np.testing.assert_array_equal(found["posterior"]["rate"].values, clean["rate"])
    by_rate = bayesian.relabel_datatree(tree, method="order", by="rate")
    assert (np.diff(by_rate["posterior"]["rate"].values, axis=2) > 0.0).all()
    with pytest.raises(ValueError, match="which variable holds the data"):
        bayesian.relabel_datatree(tree, cholesky="chol", method="ecr")


def test_draws_whose_components_are_no_permutation_are_marked():
    _, switched, _, y = planted(d=1, n_draws=40)
    switched["mu"][1, 7] = switched["mu"][1, 7, 0]  # all components of one draw at one place
    draws = {"w": switched["w"], "mu": switched["mu"][..., 0], "sigma": np.ones((C, 40))}
    found = bayesian.relabel_datatree(stan_tree(draws, y[:, 0]), method="point_process")
    assert np.argwhere(~found["relabelling"]["valid"].values).tolist() == [[1, 7]]


@pytest.mark.parametrize("k", [1, 2])
def test_one_component_and_one_draw_are_right(k):
    clean, switched, _, y = planted(d=1, k=k, n_draws=1)
    draws = {"w": switched["w"], "mu": switched["mu"][..., 0], "sigma": switched["chol"][..., 0, 0]}
    posterior = {name: (("chain", "draw", f"{name}_dim_0"), values[:1]) for name, values in draws.items()}
    found = bayesian.relabel_datatree(xr.DataTree.from_dict({"posterior": xr.Dataset(posterior)}), data=y)
    np.testing.assert_array_equal(found["posterior"]["mu"].values, clean["mu"][:1, ..., 0])


def test_the_data_may_be_anywhere():
    clean, switched, _, y = planted(d=2)
    bare = named_tree(switched, y)
    del bare["observed_data"]
    with pytest.raises(ValueError, match="no observed_data"):
        bayesian.relabel_datatree(bare, cholesky="chol")
    found = bayesian.relabel_datatree(bare, cholesky="chol", data=y)
    np.testing.assert_array_equal(found["posterior"]["mu"].values, clean["mu"])
    bare["constant_data"] = xr.DataTree(xr.Dataset({"x": (("n", "feature"), y), "n_obs": ((), len(y))}))
    np.testing.assert_array_equal(
        bayesian.relabel_datatree(bare, cholesky="chol", data="x")["posterior"]["mu"], clean["mu"]
    )
    for wrong, message in (("z", "no|neither"), (y[:, :1], "1 columns"), (np.full_like(y, np.nan), "NaN")):
        with pytest.raises(ValueError, match=message):
            bayesian.relabel_datatree(bare, cholesky="chol", data=wrong)


def changed(name, edit):
    def break_tree(tree):
        values = tree["posterior"][name].values.copy()
        edit(values)
        tree["posterior"][name] = tree["posterior"][name].copy(data=values)

    return break_tree


def set_to(where, value):
    def edit(values):
        values[where] = value

    return edit


@pytest.mark.parametrize(
    ("break_tree", "arguments", "message"),
    [
        (None, {"weights": "pi"}, "no variable 'pi'; it has: w, mu, chol, rate"),
        (None, {"means": "m"}, "no variable 'm'"),
        (None, {"cholesky": None}, "no variable 'sigma'"),
        (None, {"scales": None, "cholesky": None}, "name one of scales"),
        (None, {"covariances": "chol"}, "name one of"),
        (None, {"component_dim": "cluster"}, r"no dimension 'cluster'; its dimensions are: chain \(2\), draw \(12\)"),
        (None, {"component_dim": "feature"}, "one dimension along the components.*Other variables.*rate"),
        (None, {"component_dim": ("component", "feature")}, "differ in length"),
        (None, {"weights": "mu"}, "one dimension along the components"),
        (None, {"means": "tau"}, "no dimension along the components"),
        (None, {"cholesky": None, "covariances": "chol"}, "symmetric"),
        (None, {"cholesky": None, "scales": "chol"}, "the shape must be"),
        (None, {"cholesky": ["chol", "chol"]}, "2 variables for 3 components"),
        (None, {"method": "sorting"}, "no relabelling method"),
        (None, {"allocations": "rate"}, "whole numbers"),
        (changed("w", set_to((1, 2, 0), 0.99)), {}, "w leaves the simplex in 1 draws, the first in chain 1, draw 2"),
        (changed("w", set_to((0, 3, 0), np.nan)), {}, "w: 1 draws hold NaN.*chain 0, draw 3"),
        (changed("mu", set_to((1, 4), np.inf)), {}, "mu: 1 draws hold NaN or infinite"),
        (changed("chol", set_to((0, 5, 1, 0, 0), -1.0)), {}, "chol: its diagonal must be positive.*draw 5"),
        (changed("chol", set_to((0, 5, 1, 0, 1), 1.0)), {}, "lower triangular"),
    ],
)
def test_what_is_missing_or_wrong_is_said_with_what_there_is(break_tree, arguments, message):
    _, switched, _, y = planted(d=2)
    tree = named_tree(switched, y)
    tree["posterior"] = xr.DataTree(tree["posterior"].to_dataset().assign(tau=(("chain", "draw"), np.ones((C, S)))))
    if break_tree:
        break_tree(tree)
    with pytest.raises(ValueError, match=message):
        bayesian.relabel_datatree(tree, **({"cholesky": "chol"} | arguments))


def test_matrices_that_are_not_positive_definite_name_their_draw():
    _, switched, _, y = planted(d=2)
    covariances = covariance_forms(switched["chol"])["covariances"]
    covariances[1, 7, 2] = [[1.0, 2.0], [2.0, 1.0]]
    tree = named_tree({**switched, "sigma": covariances}, y)
    tree = az.from_dict(
        {"posterior": {**switched, "cov": covariances}, "observed_data": {"y": y}},
        dims={"w": ["c"], "mu": ["c", "f"], "cov": ["c", "f", "g"], "chol": ["c", "f", "g"], "rate": ["c"]},
    )
    with pytest.raises(ValueError, match=r"cov: matrices must be positive definite.*chain 1, draw 7"):
        bayesian.relabel_datatree(tree, covariances="cov")


def test_trees_without_draws_or_with_ambiguous_dimensions_are_refused():
    _, switched, _, y = planted(d=3)
    draws = {name: switched[name] for name in ("w", "mu", "chol")}
    with pytest.raises(ValueError, match=r"mu runs along.*not clear.*component_dim=\('w_dim_0', 'mu_dim_0', ...\)"):
        bayesian.relabel_datatree(stan_tree(draws, y), cholesky="chol")
    with pytest.raises(ValueError, match=r"mu has no dimension along the components.*w_dim_0"):
        bayesian.relabel_datatree(stan_tree(draws, y), cholesky="chol", component_dim="w_dim_0")
    with pytest.raises(ValueError, match="no group posterior; its groups are: prior"):
        bayesian.relabel_datatree(az.from_dict({"prior": draws}))
    stacked = xr.DataTree.from_dict({"posterior": xr.Dataset({"w": (("sample", "component"), np.ones((5, 2)) / 2)})})
    with pytest.raises(ValueError, match="no dimension 'chain'"):
        bayesian.relabel_datatree(stacked)


def test_variables_left_alone_are_pointed_out():
    _, switched, _, y = planted(d=2)
    tree = stan_tree({name: switched[name] for name in ("w", "mu", "rate")} | {"sigma": np.ones((C, S))}, y)
    with pytest.warns(UserWarning, match=r"rate \(rate_dim_0\).*component_dim"):
        bayesian.relabel_datatree(tree)


def test_a_tree_of_stock_pymc():
    """As PyMC's users write the marginalised mixture; a chain begun in either labelling, transformed values kept."""
    rng = np.random.default_rng(0)
    y = np.concatenate([rng.normal(-3.0, 1.0, 30), rng.normal(3.0, 1.0, 20)])
    with pytensor.config.change_flags(cxx=""), pm.Model():
        w = pm.Dirichlet("w", np.ones(2))
        mu = pm.Normal("mu", 0.0, 3.0, shape=2)
        sigma = pm.HalfNormal("sigma", 2.0, shape=2)
        pm.NormalMixture("y", w, mu, sigma, observed=y)
        tree = pm.sample(
            draws=30,
            tune=30,
            chains=2,
            cores=1,
            nuts_sampler="pymc",
            compile_kwargs={"mode": "FAST_COMPILE"},
            initvals=[{"mu": np.array([-3.0, 3.0])}, {"mu": np.array([3.0, -3.0])}],
            random_seed=1,
            progressbar=False,
            quiet=True,
            compute_convergence_checks=False,
            idata_kwargs={"include_transformed": True},
        )
    found = bayesian.relabel_datatree(tree)
    assert (np.diff(found["posterior"]["mu"].values, axis=-1) > 0.0).all()
    assert not {"w_simplex__", "sigma_log__"} & set(found["posterior"].data_vars)
    np.testing.assert_array_equal(np.sort(found["posterior"]["mu"].values), np.sort(tree["posterior"]["mu"].values))
    xr.testing.assert_identical(found["sample_stats"].to_dataset(), tree["sample_stats"].to_dataset())
    posterior = bayesian.posterior_of_datatree(tree)
    assert bayesian.diagnose(posterior, bayesian.relabel(posterior)).switches.between


def test_packed_factors_are_those_of_pymc():
    with pytensor.config.change_flags(cxx=""):
        packed = np.arange(1.0, 7.0)
        factor = pm.math.expand_packed_triangular(3, packed).eval(mode="FAST_COMPILE")
    rng = np.random.default_rng(0)
    y = rng.normal(size=(20, 3))
    draws = {"w": np.full((1, 2, 2), 0.5), "mu": rng.normal(size=(1, 2, 2, 3)), "chol": np.tile(packed, (1, 2, 2, 1))}
    posterior = bayesian.posterior_of_datatree(stan_tree(draws, y), cholesky="chol")
    np.testing.assert_allclose(posterior.covariances[0, 0, 0], factor @ factor.T)


def test_permuting_along_several_dimensions():
    """A matrix of components by components, such as a transition matrix."""
    values = np.arange(9.0).reshape(1, 1, 3, 3)
    tree = xr.DataTree.from_dict({"posterior": xr.Dataset({"p": (("chain", "draw", "i", "j"), values)})})
    found, names = permute_tree(tree, np.array([[[2, 0, 1]]]), ["i", "j"])
    np.testing.assert_array_equal(found["posterior"]["p"].values[0, 0], values[0, 0][np.ix_([2, 0, 1], [2, 0, 1])])
    assert names == ["posterior/p"]


@pytest.mark.slow
@pytest.mark.parametrize("method", ["ecr", "stephens", "point_process"])
def test_a_million_draws(method):
    clean, switched, _, y = planted(d=1, n_draws=500_000)
    draws = {"w": switched["w"], "mu": switched["mu"][..., 0], "sigma": switched["chol"][..., 0, 0]}
    dims = {name: ["component"] for name in draws}
    tree = az.from_dict({"posterior": draws, "observed_data": {"y": y[:, 0]}}, dims=dims)
    found = bayesian.relabel_datatree(tree, method=method)
    np.testing.assert_array_equal(found["posterior"]["mu"].values, clean["mu"][..., 0])


@pytest.mark.slow
def test_a_multivariate_tree_of_stock_pymc():
    """A list of MvNormal, each with its LKJCholeskyCov: packed factors, one variable a component."""
    rng = np.random.default_rng(0)
    y = np.concatenate([rng.normal(-3.0, 1.0, (25, 2)), rng.normal(3.0, 1.0, (25, 2))])
    coords = {"component": range(2), "feature": ["a", "b"]}
    with pytensor.config.change_flags(cxx=""), pm.Model(coords=coords):
        w = pm.Dirichlet("w", np.ones(2), dims="component")
        mu = pm.Normal("mu", 0.0, 5.0, dims=("component", "feature"))
        sds = pm.HalfNormal.dist(2.0)
        factors = [pm.LKJCholeskyCov(f"chol_{k}", n=2, eta=2, sd_dist=sds)[0] for k in range(2)]
        pm.Mixture("y", w, [pm.MvNormal.dist(mu[k], chol=factors[k]) for k in range(2)], observed=y)
        one = np.array([[-3.0, -3.0], [3.0, 3.0]])
        tree = pm.sample(
            draws=10,
            tune=20,
            chains=2,
            cores=1,
            nuts_sampler="pymc",
            compile_kwargs={"mode": "FAST_COMPILE"},
            initvals=[{"mu": one}, {"mu": one[::-1]}],
            random_seed=1,
            progressbar=False,
            quiet=True,
            compute_convergence_checks=False,
        )
    found = bayesian.relabel_datatree(tree, cholesky=["chol_0", "chol_1"])
    posterior, raw = found["posterior"], tree["posterior"]
    assert (posterior["mu"].values[..., 0, :] < posterior["mu"].values[..., 1, :]).all()
    for name in ("chol_{}", "chol_{}_stds", "chol_{}_corr"):
        values = [raw[name.format(k)].values for k in (0, 1)]
        np.testing.assert_array_equal(posterior[name.format(0)].values, np.stack([values[0][0], values[1][1]]))
    read = bayesian.posterior_of_datatree(tree, cholesky=["chol_0", "chol_1"])
    sds = np.sqrt(np.diagonal(read.covariances[:, :, 0], axis1=-2, axis2=-1))
    np.testing.assert_allclose(sds, raw["chol_0_stds"].values)
