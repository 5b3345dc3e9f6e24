"""The shipped data: what they are, and that a changed file is refused."""

from pathlib import Path

import numpy as np
import pytest

from experiments.data import datasets

SHARED = Path(__file__).parents[3] / "shared" / "data" / "tests-only"


@pytest.mark.parametrize("name", datasets.names())
def test_every_data_set_loads_as_declared(name: str) -> None:
    data = datasets.load(name)
    points = data.points()
    assert points.shape == (len(data.frame), len(data.measurements))
    assert np.isfinite(points).all()
    assert data.source
    assert data.version
    assert data.citation
    assert len(data.sha256) == 64


def test_the_shapes_are_the_published_ones() -> None:
    shapes = {name: datasets.load(name).points().shape for name in datasets.names()}
    assert shapes == {
        "faithful": (272, 2),
        "galaxies": (82, 1),
        "galaxies_rg1997": (82, 1),
        "acidity": (155, 1),
        "iris": (150, 4),
        "diabetes": (145, 3),
        "thyroid": (215, 5),
    }


def test_velocities_are_in_thousands() -> None:
    galaxies = datasets.load("galaxies")
    assert galaxies.points()[0, 0] == 9.172
    assert galaxies.frame["velocity"][0] == 9172
    assert galaxies.units == {"velocity": "10³ km/s"}
    assert galaxies.columns[0].label == "velocity (10³ km/s)"


def test_the_galaxies_differ_in_the_one_documented_value() -> None:
    ours, theirs = (datasets.load(name).frame["velocity"] for name in ("galaxies", "galaxies_rg1997"))
    assert np.flatnonzero(ours != theirs).tolist() == [77]
    assert (ours[77], theirs[77]) == (26690, 26960)


def test_the_second_galaxies_are_the_ones_in_circulation() -> None:
    path = SHARED / "galaxies_rg1997.csv"
    if not path.exists():
        pytest.skip("shared/data/tests-only/galaxies_rg1997.csv is not beside this checkout")
    expected = np.loadtxt(path, skiprows=1)
    np.testing.assert_array_equal(datasets.load("galaxies_rg1997").frame["velocity"], expected)


def test_columns_can_be_chosen_and_groups_are_apart() -> None:
    iris = datasets.load("iris")
    np.testing.assert_array_equal(iris.points(["Petal.Width", "Sepal.Length"])[0], [0.2, 5.1])
    assert iris.groups().nunique() == 3
    with pytest.raises(ValueError, match="no numeric column"):
        iris.points(["Species"])
    with pytest.raises(ValueError, match="no known groups"):
        datasets.load("faithful").groups()


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown data set 'geyser'; known are faithful"):
        datasets.load("geyser")


def test_a_changed_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("datasets.toml", "galaxies.csv"):
        (tmp_path / name).write_bytes((datasets._DATA / name).read_bytes())
    path = tmp_path / "galaxies.csv"
    monkeypatch.setattr(datasets, "_DATA", tmp_path)
    assert len(datasets.load("galaxies").points()) == 82
    path.write_text(path.read_text().replace("26690", "26691"))
    for name in ("galaxies", "galaxies_rg1997"):
        with pytest.raises(ValueError, match=r"galaxies.csv is not the declared data: sha256"):
            datasets.load(name)
