"""The whole: both answers on one data set, and the report that says so."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from support import ROOT, read_columns

import bayesian
import em
from experiments import cli, compare
from experiments.comparing.comparison import Subject, chain_starts, compare_subject
from experiments.comparing.optima import chain_optima
from experiments.engine.experiment import Budget
from experiments.own_data.errors import InputError
from experiments.own_data.prior_files import EXAMPLE, read_prior
from mixture import GaussianMixture


def test_the_same_seed_gives_the_same_numbers():
    subject = Subject.of_array(read_columns("galaxies") / 1000.0, ["velocity"])
    first, again = (
        compare_subject(subject, 2, budget=Budget(draws=50, tune=100, chains=2, n_starts=2), seed=5) for _ in range(2)
    )
    assert first.best == again.best
    np.testing.assert_array_equal(first.relabelled.means, again.relabelled.means)


def test_chains_start_at_distinct_optima_with_their_labels_shuffled():
    x = read_columns("galaxies") / 1000.0
    restarts = em.fit_best(x, 3, n_starts=12, rng=1)
    starts = chain_starts(chain_optima(restarts, x), 6, np.random.default_rng(0))
    likelihoods = [start.log_likelihood(x) for start in starts]
    assert max(likelihoods) == pytest.approx(restarts.best.log_likelihood)
    assert len(set(np.round(likelihoods, 3))) > 1
    assert min(likelihoods) > restarts.best.log_likelihood - 20.0
    faithful = read_columns("faithful")
    two = em.fit_best(faithful, 2, n_starts=1, rng=1)
    first, second = chain_starts(chain_optima(two, faithful), 2, np.random.default_rng(0))
    assert first == second.permute([1, 0])  # both labellings, never the same twice


@pytest.mark.parametrize(("structure", "k"), [("tied", 1), ("diag", 3), ("spherical", 2)])
def test_compare_reports_on_any_array(structure, k, tmp_path):
    x = read_columns("faithful")[:120]
    report = compare(
        x,
        k,
        structure=structure,
        features=["a <b>", "c $d$"],
        draws=60,
        tune=150,
        chains=2,
        n_starts=3,
        progressbar=False,
    )
    assert report.question.endswith("?")
    folder = report.write(tmp_path / "mine")
    page = (folder / "report.html").read_text()
    assert "a <b>" not in page
    assert "a &lt;b&gt;" in page
    assert "svg" in report._repr_html_()


def test_several_models_and_missing_cells_are_told():
    x = read_columns("faithful")[:100]
    x[[3, 50], 1] = np.nan
    frame = pd.DataFrame(x, columns=["eruptions", "waiting"]).assign(place="Yellowstone")
    settings = {"draws": 60, "tune": 150, "chains": 2, "n_starts": 3, "progressbar": False}
    report = compare(frame, [1, 2], structure=["full", "tied"], missing=True, **settings)
    models = {table.name: table for table in report.tables}["models"].frame
    assert len(models) == 4
    assert models["behind"].iloc[0] == 0.0
    assert models["behind"].is_monotonic_increasing
    chosen = GaussianMixture.from_dict(report.result["em"]["mixture"])
    assert f"BIC prefers K = {chosen.n_components} with {chosen.structure} covariances" in report.answer
    assert "2 of 200 cells are missing: EM used all 100 rows" in report.answer
    assert "the posterior the 98 complete rows" in report.answer
    assert "'place'" in report.sections[1].blocks[0]
    assert report.posterior.data.shape == (98, 2)
    assert report.result["em"]["log_likelihood"] == pytest.approx(em.criteria(x, chosen, missing=True).log_likelihood)
    comparison = {table.name: table for table in report.tables}["comparison"]
    assert "bootstrap" in comparison.columns["SE"]
    assert report.limits
    assert report.expect


def test_two_features_of_one_name_are_refused():
    with pytest.raises(ValueError, match="two are called 'x'"):
        Subject.of_array(read_columns("faithful"), ["x", "x"])


MEANS = "[means]\nlocation = 0.0\nsd = 1.0\n"
WISHART = "scale = { dof = 2.0, scale = [[1.0, 0.0], [0.0, 1.0]] }"


def test_a_prior_written_in_toml(tmp_path):
    path = tmp_path / "prior.toml"
    path.write_text(EXAMPLE)
    prior = read_prior(path)
    assert isinstance(prior.scales, bayesian.InverseGamma)
    assert "20" in str(prior)
    assert str(prior).startswith("mine (after Chib 1995)")
    assert str(prior).splitlines()[1:-1] == str(bayesian.Prior.chib()).splitlines()[1:]
    for family, kind, rest in [
        ("ConjugateNormal", bayesian.ConjugateNormal, "location = 0.0\nstrength = 0.01"),
        ("Uniform", bayesian.Uniform, "low = [0.0, 1.0]\nhigh = 2.0"),
    ]:
        path.write_text(f"[means]\nfamily = '{family}'\n{rest}\n[covariances]\ndof = 4.0\n{WISHART}")
        prior = read_prior(path)
        assert isinstance(prior.means, kind)
        assert isinstance(prior.covariances.scale, bayesian.Wishart)
        assert prior.name == "prior"
    path.write_text(f"{MEANS}[scales]\nfamily = 'InverseGamma'\nshape = 2.0\nscale = {{ shape = 0.2, rate = 0.5 }}")
    assert isinstance(read_prior(path).scales.scale, bayesian.Gamma)
    for text, message in [
        ("x = 1", "unknown entry 'x'"),
        ("[means]\nlocation = 0.0", r"\[means\] takes"),
        ("concentration = 1.0", r"\[means\] is missing"),
        ("[means]\nlocation = 0.0\nsd = -1.0\n[scales]\nfamily='HalfNormal'\nsd=1.0", "sd"),
        ("[means]\nlocation = 0.0\nsd = 1.0\n[scales]\nfamily='Cauchy'\nsd=1.0", "LogNormal, HalfNormal"),
        (f"{MEANS}[scales]\nfamily='InverseGamma'\nshape=2.0\nscale={{shape=1.0}}", r"\[scale\] takes shape, rate"),
        ("means = 3.0", "must be a table"),
        ("[means", "cannot read"),
    ]:
        path.write_text(text)
        with pytest.raises(InputError, match=message):
            read_prior(path)


def test_more_parameters_than_points_are_called_too_many():
    x = np.array([[1.0, 2.0], [3.0, 5.0], [4.0, 4.0], [9.0, 1.0], [2.0, 2.5]])
    report = compare(x, 1, draws=50, tune=100, chains=2, n_starts=3, progressbar=False)
    assert "The model has 5 parameters and the data 5 complete rows: too few" in report.answer


@pytest.mark.parametrize("draws", [1, 7])
def test_too_few_draws_are_refused_before_the_work(draws):
    with pytest.raises(ValueError, match="a diagnosis needs at least 8 draws of each chain"):
        compare(np.arange(9.0)[:, None], 1, draws=draws, progressbar=False)


def command(*arguments, folder):
    """The command line in a process of its own: exit status, and what it printed on the standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "experiments", *arguments, "--output", str(folder / "out")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


def test_a_messy_csv_from_the_command_line(tmp_path):
    x = read_columns("faithful")[:80]
    frame = pd.DataFrame({"name; of geyser": "Old Faithful", "eruptions": x[:, 0], "waiting": x[:, 1]})
    path = tmp_path / "my data (1).csv"
    path.write_text("\ufeff" + frame.to_csv(index=False, sep=";", decimal=","), encoding="utf-8")
    status, errors = command("compare", str(path), "--quick", "--draws", "50", "--tune", "150", folder=tmp_path)
    assert status == 0
    assert [line.split("was ")[1].split(":")[0] for line in errors.splitlines()] == [
        "left out",
        *["read with a decimal comma."] * 2,
    ]
    [report] = (tmp_path / "out").iterdir()
    assert json.loads((report / "results.json").read_text())["result"]["em"]["n_starts"] == 8


@pytest.mark.parametrize(
    ("content", "arguments", "words"),
    [
        ("a,b\n1,2\n3,inf\n5,7\n", (), "line 3"),
        ("a,b\n1,nan\n3,4\n5,nan\n", (), "1 is complete"),
        ("a,b\n1,2\n1,4\n1,5\n", (), "constant"),
        ("a,b\n1,2\n2,4\n3,6\n4,8\n", (), "same"),
        ("a\n1\n", (), "one row"),
        ("", (), "empty"),
        ("a\nx\ny\nz\n", (), "numbers"),
        ("a\n1\n2\n4\n", ("--components", "9"), "9 components"),
        ("a,b,c\n0,0,0\n1,0,1\n0,1,1\n2,1,3\n1,3,4\n", (), "linearly dependent"),
        ("a\n1\n2\n4\n", ("--components", "3"), "has no variance left in 'a'. Look for values far from"),
        ("a\n1\n2\n4\n", ("--components", "0"), "at least 1"),
        ("a\n1\n2\n4\n", ("--columns", "b"), "b"),
        ("a\n1\n2\n4\n", ("--structure", "round"), "known are"),
        ("a\n1\n2\n4\n", ("--prior", "no.toml"), "no.toml"),
    ],
)
def test_bad_input_is_one_line_exit_2_and_nothing_written(content, arguments, words, tmp_path, capsys):
    path = tmp_path / "data.csv"
    path.write_text(content)
    out = tmp_path / "out"
    assert cli.main(["compare", str(path), *arguments, "--output", str(out)]) == 2
    message = capsys.readouterr().err
    assert [line for line in message.splitlines() if not line.startswith("note: ")] == [message.splitlines()[-1]]
    assert words in message
    assert not out.exists()
