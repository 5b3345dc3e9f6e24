"""posteriordb from a folder of the reader's: both layouts give the same, whatever is wrong is named."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from support import SHARED

from experiments.data import posteriordb
from experiments.data.posteriordb import Posteriordb

NAME = "low_dim_gauss_mix"
POSTERIOR = f"{NAME}-{NAME}"
DATA = {"N": 3, "y": [1.5, -2.25, 0.1]}
CHAINS = [{"mu[1]": [1.0, 2.0, 3.0], "theta": [0.1, 0.2, 0.3]}, {"mu[1]": [4.0, 5.0, 6.0], "theta": [0.4, 0.5, 0.6]}]


def zipped(path: Path, member: str, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, json.dumps(content))


def flat(folder: Path) -> Path:
    folder.mkdir()
    (folder / f"{NAME}.data.json").write_text(json.dumps(DATA))
    zipped(folder / f"{NAME}.reference_draws.json.zip", f"{POSTERIOR}.json", CHAINS)
    return folder


def clone(folder: Path) -> Path:
    database = folder / "posterior_database"
    zipped(database / "data" / "data" / f"{NAME}.json.zip", f"{NAME}.json", DATA)
    zipped(database / "reference_posteriors/draws/draws" / f"{POSTERIOR}.json.zip", f"{POSTERIOR}.json", CHAINS)
    return folder


def of(folder: Path) -> Posteriordb:
    found = Posteriordb.of({"posteriordb": str(folder)})
    assert found is not None
    return found


def test_both_layouts_hold_the_same(tmp_path: Path) -> None:
    one, other = flat(tmp_path / "flat"), clone(tmp_path / "clone")
    found = [of(folder) for folder in (one, other, other / "posterior_database")]
    for database in found:
        assert database.data(NAME) == DATA
        draws = database.reference_draws(POSTERIOR)
        assert set(draws) == {"mu[1]", "theta"}
        np.testing.assert_array_equal(draws["mu[1]"], [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    assert len({database.digest() for database in found}) == 1
    (one / f"{NAME}.data.json").write_text(json.dumps({**DATA, "N": 4}))
    assert of(one).digest() != found[1].digest()


def test_what_was_not_named_may_stand_beside_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posteriordb, "BESIDE", tmp_path / "beside")
    assert Posteriordb.of({}) is None
    assert of(flat(tmp_path / "beside")) == Posteriordb.of({})


def test_what_is_wrong_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is no clone of posteriordb"):
        of(tmp_path)
    folder = clone(tmp_path / "clone")
    with pytest.raises(ValueError, match=rf"posteriordb has no {NAME}_collapse\.json\.zip"):
        of(folder).data(f"{NAME}_collapse")
    with pytest.raises(ValueError, match="'other' is no data set that results are known by"):
        of(folder).data("other")
    with pytest.raises(ValueError, match="'other' is no data set that results are known by"):
        of(folder).reference_draws("other-model")
    draws = folder / "posterior_database/reference_posteriors/draws/draws" / f"{POSTERIOR}.json.zip"
    zipped(draws, f"{POSTERIOR}.json", [{"mu": [1.0, 2.0]}, {"mu": [1.0]}])
    with pytest.raises(ValueError, match="a list of chains of one length"):
        of(folder).reference_draws(POSTERIOR)
    zipped(draws, "another.json", CHAINS)
    with pytest.raises(ValueError, match="cannot be read"):
        of(folder).reference_draws(POSTERIOR)
    draws.write_bytes(b"no archive")
    with pytest.raises(ValueError, match="cannot be read"):
        of(folder).reference_draws(POSTERIOR)


def test_posteriordb_itself_where_it_stands_beside_the_checkout() -> None:
    if not (SHARED / "posteriordb").is_dir():
        pytest.skip("posteriordb does not stand beside this checkout")
    database = of(SHARED / "posteriordb")
    assert len(database.data(NAME)["y"]) == 1000
    assert {values.shape for values in database.reference_draws(POSTERIOR).values()} == {(10, 1000)}
