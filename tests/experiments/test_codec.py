"""Outcomes taken apart and put together: equal, type by type, and nothing else is ever made."""

import dataclasses
import enum
import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from switched_draws import simulated

from experiments.engine.codec import Codec, Unstorable, type_name
from experiments.engine.common_types import COMMON
from mixture import GaussianMixture


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass(frozen=True, eq=False)
class Outcome:
    name: str
    values: np.ndarray
    colour: Colour = Colour.RED


@dataclasses.dataclass(frozen=True)
class Undeclared:
    value: int


@dataclasses.dataclass
class Thawed:
    value: int


CODEC = Codec((Outcome, Colour))


def again(outcome: Any, codec: Codec = CODEC) -> Any:
    """Through text, as a file has it."""
    skeleton, arrays = codec.encode(outcome)
    return codec.decode(json.loads(json.dumps(skeleton, allow_nan=False)), arrays)


def assert_equal(one: Any, other: Any) -> None:
    """The same types and, to the last bit, the same values."""
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert list(one) == list(other)
        assert [type(key) for key in one] == [type(key) for key in other]
        for key in one:
            assert_equal(one[key], other[key])
    elif isinstance(one, list | tuple):
        assert len(one) == len(other)
        for inner, its in zip(one, other, strict=True):
            assert_equal(inner, its)
    elif isinstance(one, np.ndarray | np.generic):
        assert one.dtype == other.dtype
        assert one.shape == other.shape
        assert one.tobytes() == other.tobytes()
    elif isinstance(one, pd.DataFrame):
        pd.testing.assert_frame_equal(one, other, check_exact=True)
    elif isinstance(one, pd.Series):
        pd.testing.assert_series_equal(one, other, check_exact=True)
    elif isinstance(one, xr.Dataset):
        xr.testing.assert_identical(one, other)
    elif dataclasses.is_dataclass(one):
        for field in dataclasses.fields(one):
            if not isinstance(getattr(one, field.name), xr.DataTree):
                assert_equal(getattr(one, field.name), getattr(other, field.name))
    else:
        assert one == other or (math.isnan(one) and math.isnan(other))


RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "n": [1, 2, 3],
        "x": [0.1, np.nan, np.inf],
        "word": ["a", "b", "ü"],
        "flag": [True, False, True],
        "mixed": [1, "two", None],
        "kind": pd.Categorical(["q", "p", "q"], categories=["q", "p"], ordered=True),
        "count": pd.array([1, None, 3], dtype="Int64"),
        7: [0.1 + 0.2, 1e-320, -0.0],
    }
)


@pytest.mark.parametrize(
    "outcome",
    [
        None,
        True,
        2**80,
        0.1 + 0.2,
        -0.0,
        math.nan,
        -math.inf,
        "ü \ud800 <script>",
        [1, [2.0, None], (3, "x", ())],
        {"a": 1, 2: "b", (1, "x"): {None: True}, 0.5: []},
        {"array": 3, "tuple": [1]},
        RNG.standard_normal((3, 4)),
        RNG.standard_normal((3, 4)).T,
        np.array(2.5),
        np.float32(0.1),
        np.bool_(True),
        np.array(["a", "bcd"]),
        np.arange(3, dtype=np.uint8),
        np.array([], dtype=np.int64),
        Outcome("one", np.arange(3.0)),
        {"of": [Outcome("two", np.zeros((0, 2))), Colour.RED]},
        GaussianMixture([0.3, 0.7], [[0.1], [2.0]], [0.5, 1.0], "spherical"),
        FRAME,
        FRAME.set_index("word"),
        FRAME[["n", "x"]].set_index(pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)], names=["p", None])),
        pd.DataFrame({"x": [1.0]}, index=pd.Index([5], name="row")),
        pd.DataFrame(index=pd.RangeIndex(2, 8, 3)),
        pd.DataFrame([[1.0, 2.0]], columns=pd.MultiIndex.from_tuples([("a", "b"), ("a", "c")])),
        pd.Series([1.5, 2.5], index=["a", "b"], name="s"),
        xr.Dataset(
            {"x": (("chain", "draw"), np.arange(6.0).reshape(2, 3)), "w": ("draw", ["p", "q", "r"])},
            coords={"chain": [0, 1], "name": ("chain", ["a", "b"])},
            attrs={"level": 0.9},
        ),
    ],
)
def test_what_is_read_is_what_was_written(outcome: Any) -> None:
    assert_equal(again(outcome), outcome)


def test_a_mixture_comes_back_to_the_last_bit() -> None:
    mixture = GaussianMixture([0.25, 0.75], RNG.standard_normal((2, 3)), np.stack([np.eye(3), 2.0 * np.eye(3)]))
    back = again({"best": mixture})["best"]
    assert back == mixture
    assert back.pivots.tobytes() == mixture.pivots.tobytes()
    assert not back.means.flags.writeable


def test_a_posterior_comes_back_as_its_file_has_it() -> None:
    posterior = simulated(2)[0]
    back = again(posterior)
    assert back.structure == posterior.structure
    for name, group in posterior.tree.children.items():
        xr.testing.assert_equal(back.tree[name].to_dataset(), group.to_dataset())


@pytest.mark.parametrize(
    ("outcome", "place"),
    [
        ({"a": [1, {"f": len}]}, r"outcome\['a'\]\[1\]\['f'\] cannot be stored: it is a builtins.builtin_function"),
        (Outcome("x", np.array([object()])), r"outcome.values cannot be stored: it is a ndarray of object"),
        ([Undeclared(1)], r"outcome\[0\] cannot be stored: it is a .*Undeclared.* listed in `stored`"),
        ((1, {2, 3}), r"outcome\[1\] cannot be stored: it is a builtins.set"),
        (1j, "outcome cannot be stored: it is a builtins.complex"),
        (pd.DataFrame({"t": pd.to_datetime(["2020-01-01"])}), "outcome cannot be stored: it has a column of datetime"),
        (np.ma.masked_array([1.0]), "outcome cannot be stored: it is a MaskedArray"),
    ],
)
def test_what_cannot_be_stored_is_named_with_its_place(outcome: Any, place: str) -> None:
    with pytest.raises(Unstorable, match=place):
        CODEC.encode(outcome)


def test_only_declared_types_are_ever_made() -> None:
    skeleton, arrays = Codec((Undeclared,)).encode(Undeclared(1))
    with pytest.raises(ValueError, match=r"it holds a .*Undeclared"):
        CODEC.decode(skeleton, arrays)
    for bad in ({"object": ["subprocess.Popen", {"args": "true"}]}, {"enum": ["os.name", "x"]}, {"eval": "1"}):
        with pytest.raises(ValueError, match="this is no stored outcome"):
            CODEC.decode(bad, [])
    for bad in ({"array": 3}, {"object": [type_name(Outcome), {"nothing": 1}]}, {"dict": 3}, {"tuple": None}):
        with pytest.raises(ValueError, match="this is no stored outcome"):
            CODEC.decode(bad, [])


def test_declared_types_are_frozen_dataclasses_and_enums() -> None:
    for kind in (Thawed, int):
        with pytest.raises(ValueError, match="neither a frozen dataclass nor an enum"):
            Codec((kind,))


def test_every_common_type_can_be_stored_under_its_name() -> None:
    assert len(set(COMMON)) == len(COMMON)
    for name in COMMON:
        kind = CODEC._named(name)
        assert type_name(kind) == name
