"""Results on disk: kept whole, found by what they belong to, refused otherwise, and not for ever more of them."""

import errno
import os
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import made_up
import numpy as np
import pytest

from experiments.engine import identity as identities
from experiments.engine import store as stores
from experiments.engine.codec import Codec
from experiments.engine.experiment import Budget, Case, Experiment
from experiments.engine.identity import Belonging, Identity
from experiments.engine.store import KEPT, Store, packed, unpacked

CODEC = Codec(())
PARTS = {"experiment": "made", "case": "one", "budget": "full", "seed": "1"}


def identity(**parts: str) -> Identity:
    return Identity({**PARTS, **parts})


def keep(store: Store, outcome: object, **parts: str) -> Path:
    belongs = identity(**parts)
    store.keep(belongs, packed(CODEC, outcome, belongs, 1.5))
    return store.path(belongs)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.of(tmp_path, "made")


def test_what_is_kept_is_read(store: Store) -> None:
    outcome = {"x": np.arange(3.0), "y": [1, None]}
    keep(store, outcome)
    found = store.read(identity(), CODEC)
    assert found is not None
    assert found.seconds == 1.5
    np.testing.assert_array_equal(found.outcome["x"], outcome["x"])
    assert store.has(identity())
    assert not store.has(identity(seed="2"))
    assert store.read(identity(seed="2"), CODEC) is None


def test_the_same_outcome_is_the_same_bytes() -> None:
    one, other = (packed(CODEC, {"x": np.arange(3.0)}, identity(), 1.0) for _ in range(2))
    assert one == other


def test_a_file_under_another_name_is_not_believed(store: Store) -> None:
    path = keep(store, 1)
    path.rename(store.path(identity(seed="2")))
    assert not store.has(identity(seed="2"))
    assert store.read(identity(seed="2"), CODEC) is None


@pytest.mark.parametrize("damage", ["cut short", "a byte", "empty", "text", "pickle"])
def test_a_damaged_file_is_no_result(store: Store, damage: str) -> None:
    path = keep(store, {"x": np.arange(1000.0)})
    content = path.read_bytes()
    if damage == "pickle":
        array = np.array([object()], dtype=object)
        with zipfile.ZipFile(path, "w") as archive:
            with zipfile.ZipFile(stores.io.BytesIO(content)) as old:
                for name in ("header.json", "outcome.json"):
                    archive.writestr(name, old.read(name))
            with archive.open("0.npy", "w") as file:
                np.lib.format.write_array(file, array, allow_pickle=True)
        with pytest.raises(ValueError, match="allow_pickle"):
            unpacked(CODEC, path.read_bytes())
    else:
        middle = len(content) // 2
        changed = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        path.write_bytes({"cut short": content[:-100], "a byte": changed, "empty": b"", "text": b"no"}[damage])
        assert not store.has(identity())
    assert store.read(identity(), CODEC) is None


def test_only_the_results_used_last_are_kept(store: Store) -> None:
    paths = [keep(store, place, seed=str(place)) for place in range(KEPT)]
    other = keep(store, 0, case="two")
    for place, path in enumerate(paths):
        os.utime(path, ns=(place, place))
    store.read(identity(seed="0"), CODEC)  # the oldest, but used now
    newest = keep(store, 9, seed="9")
    assert {path for path in paths if path.exists()} == {paths[0], *paths[2:]}
    assert newest.exists()
    assert other.exists()
    store.forget_all_but(["two"])
    assert [path.name.partition(".")[0] for path in store.folder.glob("*.zip")] == ["two"]


def test_what_was_kept_just_now_stays_where_the_clock_was_set_back(store: Store) -> None:
    for place in range(KEPT):
        os.utime(keep(store, place, seed=str(place)), (9e9, 9e9))
    assert keep(store, "new", seed="new").exists()
    assert len(list(store.folder.glob("*.zip"))) == KEPT


def test_seconds_of_before_are_those_of_the_same_budget(store: Store) -> None:
    assert store.latest("one") is None
    keep(store, 1, seed="7")
    timed = store.latest("one", identity())
    assert timed is not None
    assert timed.seconds == 1.5
    assert identity().differing(timed.parts) == ["seed"]
    assert store.latest("one", identity(budget="quick")) is None


def test_parts_of_killed_runs_are_removed(store: Store) -> None:
    store.check()
    (store.folder / ".one.zip.abc.part").write_text("half")
    store.check()
    assert list(store.folder.iterdir()) == []


def test_a_full_disk_is_one_line_and_what_was_kept_stays(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(store, 1)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"cannot write to .*made: No space left on device\. Choose another") as caught:
        keep(store, 2)
    assert "\n" not in str(caught.value)
    with pytest.raises(OSError, match="No space left"):
        keep(store, 2, seed="2")
    monkeypatch.undo()
    found = store.read(identity(), CODEC)
    assert found is not None
    assert found.outcome == 1
    assert len(list(store.folder.iterdir())) == 1


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / ".results").write_text("a file")
    with pytest.raises(OSError, match=r"cannot write to .*Choose another --output"):
        Store.of(tmp_path, "made").check()


def parts_of(experiment: Experiment[made_up.Outcome], **changes: object) -> Mapping[str, str]:
    """The identity of the first case, with budget, seed, options or case changed."""
    settings: dict[str, object] = {"budget": experiment.full, "seed": 1, "options": {}, **changes}
    case = settings.pop("case", made_up.cases(experiment.full)[0])
    assert isinstance(case, Case)
    return Belonging.of_run(experiment, **settings).of(case).parts  # type: ignore[arg-type]


def test_a_result_belongs_to_all_it_depends_on(monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = made_up.EXPERIMENTS[0]
    first = Identity(parts_of(experiment))
    assert first.key == Identity(parts_of(experiment)).key
    settings = Case("case-0", {"place": 9})
    for changed, part in (
        (parts_of(experiment, budget=Budget(n_samples=3)), "budget"),
        (parts_of(experiment, seed=2), "seed"),
        (parts_of(experiment, case=settings), "settings"),
        (parts_of(replace(experiment, data=("galaxies",))), "data set galaxies"),
        (parts_of(replace(experiment, run=made_up.run_otherwise)), "code of the experiment"),
    ):
        assert first.differing(changed) == [part]
        assert Identity(changed).key != first.key
    monkeypatch.setattr(identities, "digest_of_packages", lambda *_: "other")
    assert first.differing(parts_of(experiment)) == ["code of mixture, em and bayesian"]
    monkeypatch.undo()
    monkeypatch.setattr(identities.metadata, "version", lambda name: "9" if name == "numpy" else "1")
    assert "version of numpy" in first.differing(parts_of(experiment))


def test_words_claims_and_budgets_that_are_not_used_do_not_count() -> None:
    experiment = made_up.EXPERIMENTS[0]
    reworded = replace(experiment, question="Is it otherwise?", quick=Budget(n_samples=7), tags=("x",))
    assert parts_of(reworded) == parts_of(experiment)
    assert parts_of(experiment, options={"posteriordb": "nowhere"}) == parts_of(experiment)  # it cannot use one
