"""Titles, labels, units and divisors from a small TOML; numbers of components and structures as they are typed."""

from pathlib import Path

import numpy as np
import pytest

from experiments.own_data.description import EXAMPLE, described, read_description
from experiments.own_data.errors import InputError
from experiments.own_data.models import Models, parse_components, parse_structures
from experiments.own_data.tables import NumericTable, read_table


@pytest.fixture
def table(tmp_path: Path) -> NumericTable:
    path = tmp_path / "lab.csv"
    path.write_text("TSH,serum T4,sex\n1000,2,m\n3000,5,f\n2500,,m\n4000,4,m\n")
    return read_table(path)


def said(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "said.toml"
    path.write_text(text)
    return path


def test_labels_units_divisors_and_title(table: NumericTable, tmp_path: Path) -> None:
    text = EXAMPLE + '[columns."serum T4"]\nunit = "nmol/l"\n[columns.sex]\nlabel = "not used"\n'
    new = described(table, read_description(said(tmp_path, text)))
    assert new.title == "Thyroid tests"
    assert new.labels == ("thyrotropin (mU/l)", "serum T4 (nmol/l)")
    assert new.columns == table.columns
    np.testing.assert_array_equal(new.cells, table.cells / [1000.0, 1.0])
    assert new.notes[-1] == "Column 'TSH' was divided by 1000."
    assert described(table, read_description(said(tmp_path, ""))).labels == table.columns


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[columns.TSJ]\nunit = 'x'", "describes a column 'TSJ'; did you mean 'TSH'"),
        ("[columns.TSH]\nunits = 'x'", "unknown entry of .columns.TSH.: 'units'; known are label, unit, divisor"),
        ("name = 'x'", "unknown entry: 'name'; known are title, columns"),
        ("[columns.TSH]\ndivisor = 0", "divisor of .columns.TSH. must be a number above zero, not 0"),
        ("[columns.TSH]\ndivisor = true", "must be a number above zero, not True"),
        ("[columns.TSH]\ndivisor = 'ten'", "must be a number above zero, not 'ten'"),
        ("[columns.TSH]\nlabel = 3", "the label of .columns.TSH. must be text"),
        ("title = 1", "title must be text"),
        ("columns = 3", "columns must be tables"),
        ("[columns]\nTSH = 3", "must be a table with label, unit, divisor"),
        ("[columns", "cannot read the description file said.toml"),
        ("[columns.TSH]\nlabel = 'serum T4'", "gives two columns the label 'serum T4'"),
    ],
)
def test_what_cannot_be_meant_is_one_line(table: NumericTable, tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        described(table, read_description(said(tmp_path, text)))
    assert "\n" not in " ".join(str(caught.value).split())
    with pytest.raises(InputError, match="there is no description file"):
        read_description(tmp_path / "nowhere.toml")


@pytest.mark.parametrize(
    ("text", "counts"), [("3", (3,)), ("1-4", (1, 2, 3, 4)), ("1, 2,5", (1, 2, 5)), ("2-3,3,1:2", (2, 3, 1))]
)
def test_numbers_of_components(text: str, counts: tuple[int, ...]) -> None:
    assert parse_components(text) == counts


@pytest.mark.parametrize("text", ["", "three", "4-1", "-2", "1-", "1.5", "1,,2", "1-100000"])
def test_no_numbers_of_components(text: str) -> None:
    with pytest.raises(InputError, match="--components"):
        parse_components(text)


def test_models_are_every_pair_once() -> None:
    models = Models.of((1, 2, 2), parse_structures("full, VVI,diag"), 10)
    assert models.pairs == [("full", 1), ("full", 2), ("diag", 1), ("diag", 2)]
    assert Models.of(3, "tied", 3).pairs == [("tied", 3)]
    for counts, structures, message in [
        (4, "full", "4 components cannot be fitted to 3 points"),
        (0, "full", "at least 1"),
        (2, "round", "unknown covariance structure"),
        ((), "full", "at least one number"),
        (range(1, 4), ["full"] * 0, "at least one number"),
    ]:
        with pytest.raises(InputError, match=message):
            Models.of(counts, structures, 3)
    with pytest.raises(InputError, match="name fewer"):
        Models.of(range(1, 100), "full", 1000)
