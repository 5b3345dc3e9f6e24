"""The figure of who is together with whom, and the section around it, by what they show."""

from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from bayesian import Posterior, Verdict
from bayesian.label_free import coclustering_of_allocations
from experiments.comparing import partitions
from experiments.comparing.comparison import Subject
from experiments.comparing.sections.partition import partition_sections, references
from experiments.figures import canvas, style
from experiments.figures.comparison.coclustering import coclustering
from experiments.reporting.saving import figure_bytes
from mixture import GaussianMixture


def drawn_of(n_features, *, n_samples=12):
    rng = np.random.default_rng(0)
    em = np.repeat([0, 1], n_samples // 2)
    other = np.where(np.arange(n_samples) == 0, 7, 3 - em)  # the clusters the other way round, point 0 on its own
    labels = np.where(rng.random((30, n_samples)) < 0.2, 1 - em, em)
    data = rng.normal(size=(n_samples, n_features)) + 6.0 * em[:, None]
    names = [f"x{d}" for d in range(n_features)]
    matrix = coclustering_of_allocations(labels)
    return em, matrix, data, coclustering(matrix, {"EM": em, "other": other}, data, 10 * np.arange(n_samples), names)


@pytest.mark.parametrize("n_features", [1, 2, 3])
def test_clusters_bear_the_references_numbers(n_features):
    em, matrix, data, drawn = drawn_of(n_features)
    points = drawn.data["points"].set_index("row").sort_index()
    assert points.index.tolist() == list(range(1, 121, 10))
    assert (points["EM"] == em + 1).all()
    assert points["other"].tolist() == [3, *(em[1:] + 1)]
    assert points["x0"].to_numpy() == pytest.approx(data[:, 0])
    assert points.iloc[0]["together with its cluster"] == 1.0  # alone
    assert points.iloc[-1]["together with its cluster"] == pytest.approx(matrix[-1, 6:-1].mean())
    assert drawn.figure.get_figwidth() == style.DOUBLE_COLUMN


def test_the_picture_holds_the_matrix_in_order_and_circles_what_differs():
    _, matrix, data, drawn = drawn_of(2)
    ax, plane, _ = drawn.figure.axes
    image, first, last = (picture.get_array() for picture in ax.images)
    ordered = drawn.data["points"]
    order = (ordered["row"].to_numpy() - 1) // 10
    np.testing.assert_allclose(image, matrix[np.ix_(order, order)])
    np.testing.assert_allclose(drawn.data["matrix"].to_numpy()[:, 1:].astype(float), matrix[np.ix_(order, order)])
    for strip, name in ((first, "EM"), (last, "other")):
        colours = [to_rgb(canvas.component_colour(k - 1)) for k in ordered[name]]
        np.testing.assert_allclose(strip[:, 0], colours)
    np.testing.assert_allclose(plane.lines[-1].get_xydata(), data[:1])
    assert [text.get_text() for text in drawn.figure.legends[0].get_texts()] == [
        *(f"cluster {k}" for k in (1, 2, 3)),
        "partitions differ",
    ]


def test_equal_input_gives_equal_bytes():
    assert figure_bytes(drawn_of(2)[-1].figure, "png") == figure_bytes(drawn_of(2)[-1].figure, "png")


def test_many_points_are_tabled_in_blocks():
    assert drawn_of(1, n_samples=200)[-1].data["matrix"].shape == (60, 61)


@pytest.fixture(scope="module")
def overlapping():
    """What the section reads of a comparison: two overlapping clusters, draws scattered about the truth."""
    rng = np.random.default_rng(3)
    best = GaussianMixture([0.5, 0.5], [[0.0], [2.5]], [1.0, 1.0], "spherical")
    points = best.draw(120, rng)[0]
    means = best.means + 0.3 * rng.standard_normal((2, 60, 2, 1))
    posterior = Posterior.from_arrays(np.full((2, 60, 2), 0.5), means, np.ones((2, 60, 2, 1, 1)), points)
    posterior = posterior.permute(np.argsort(rng.random((2, 60, 2)), axis=-1))
    diagnosis = SimpleNamespace(verdict=Verdict.SWITCHING_ONLY)
    return SimpleNamespace(subject=Subject.of_array(points), best=best, posterior=posterior, diagnosis=diagnosis)


def test_the_section_compares_three_partitions(overlapping):
    [section] = partition_sections(overlapping)
    [frame] = [block.frame for block in section.blocks if hasattr(block, "frame")]
    assert frame["partition"].tolist() == ["EM", "VI", "Binder"]
    assert frame["adjusted Rand"][0] == 1.0
    assert frame["expected VI"][1] == frame["expected VI"].min()
    assert frame["expected Binder"][2] == frame["expected Binder"].min()
    [again] = partition_sections(overlapping)
    assert [str(block) for block in again.blocks[:2]] == [str(block) for block in section.blocks[:2]]


def test_the_section_samples_rows_of_large_data(overlapping, monkeypatch):
    monkeypatch.setattr(partitions, "MOST_POINTS", 40)
    [section] = partition_sections(overlapping)
    assert any("Of the 120 points 40, evenly spaced" in str(block) for block in section.blocks)
    picture = section.blocks[-1]
    assert picture.data["points"]["row"].max() == 120
    assert len(picture.data["points"]) == 40


def test_one_component_has_no_section(overlapping):
    one = SimpleNamespace(best=GaussianMixture([1.0], [[0.0]], [1.0], "spherical"))
    assert partition_sections(one) == references(one) == ()
    assert len(references(overlapping)) == 3
