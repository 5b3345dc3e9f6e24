"""The prior in a report: what is drawn is the prior and the posterior, and every line of the prior is there."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats
from support import random_mixture

import bayesian
from bayesian import Posterior, Prior
from experiments.comparing.comparison import Subject
from experiments.comparing.sections.prior import prior_section
from experiments.figures.canvas import Drawn
from experiments.figures.comparison.prior_posterior import MOST_FEATURES, prior_beside_posterior


def case(structure, k, d):
    """What the section reads of a comparison: the data, the prior, relabelled draws about a mixture."""
    rng = np.random.default_rng(4)
    mixture = random_mixture(structure, k, d, rng)
    x = mixture.draw(60, rng)[0]
    weights = np.tile(mixture.weights, (2, 40, 1))
    means = mixture.means + 0.05 * rng.normal(size=(2, 40, k, d))
    covariances = np.exp(0.05 * rng.normal(size=(2, 40, 1, 1, 1))) * mixture.dense_covariances
    posterior = Posterior.from_arrays(weights, means, covariances, x, structure=structure)
    labels = tuple(f"feature {i} (mm)" for i in range(d))
    prior = Prior.weakly_informative(x, k, structure)
    return SimpleNamespace(prior=prior, relabelled=posterior, best=mixture, subject=Subject.of_array(x, labels))


def drawn_of(comparison, n=4000) -> Drawn:
    posterior = comparison.relabelled
    k, (n_samples, d) = posterior.n_components, posterior.data.shape
    draws = comparison.prior.draw(k, d, posterior.structure, n, 1)
    data = np.random.default_rng(1).normal(size=(50, n_samples, d))
    return prior_beside_posterior(draws, data, posterior, comparison.subject.labels)


def test_the_figure_holds_the_densities_of_the_prior_and_of_each_component():
    comparison = case("full", 3, 2)
    drawn = drawn_of(comparison)
    table = drawn.data["densities"]
    assert set(table["of"]) == {"prior", "1", "2", "3"}
    assert set(table["quantity"]) == {
        "weight",
        "correlation",
        *(f"{kind}, feature {i} (mm)" for kind in ("mean", "sd") for i in (0, 1)),
    }
    rows = table[(table["quantity"] == "mean, feature 1 (mm)") & (table["of"] == "prior")]
    middles = 0.5 * (rows["left"] + rows["right"])
    prior = comparison.prior.means
    expected = stats.norm(prior.location[1], prior.sd[1]).pdf(middles)
    np.testing.assert_allclose(rows["height"] / rows["height"].mean(), expected / expected.mean(), atol=0.35)
    spread = table[(table["quantity"] == "sd, feature 0 (mm)")]
    assert (spread["left"] > 0.0).all()
    data = drawn.data["data"]
    assert data[data["of"] == "data"].groupby("feature")["share"].max().eq(1.0).all()


@pytest.mark.parametrize(
    ("structure", "k", "d"), [("full", 1, 1), ("tied", 2, 2), ("diag", 8, 10), ("spherical", 3, 2)]
)
def test_panels_for_any_shape(structure, k, d):
    drawn = drawn_of(case(structure, k, d))
    shown = min(d, MOST_FEATURES)
    sds = 1 if structure == "spherical" else shown
    wanted = (k > 1) + shown + sds + (structure in ("full", "tied") and d == 2) + shown
    assert sum(ax.get_visible() and ax.axison for ax in drawn.figure.axes) == wanted
    legends = len(drawn.figure.legends) + sum(ax.get_legend() is not None for ax in drawn.figure.axes)
    assert legends == 1
    assert drawn.figure.get_size_inches()[1] < 9.2
    if structure == "tied":
        assert set(drawn.data["densities"]["of"]) == {"prior", "1", "2", "shared"}


def test_the_section_prints_all_of_the_prior():
    comparison = case("diag", 2, 2)
    comparison.prior = Prior.richardson_green(comparison.subject.points, 2, "diag")
    section = prior_section(comparison)
    text, picture = section.blocks
    assert text.startswith(r"**Richardson \& Green** (Richardson \& Green 1997")
    for part in ("Dirichlet(1)", "Normal(location", "InverseGamma(shape = 2, scale = b)", "Gamma(shape = 0.2, rate"):
        assert part in text
    assert picture.name == "prior"
    assert set(picture.data) == {"densities", "data"}
    comparison.prior = bayesian.Prior(bayesian.Normal(0.0, np.inf), scales=bayesian.LogNormal(0.0, 1.0))
    assert "nothing can be drawn" in prior_section(comparison).blocks[1]
