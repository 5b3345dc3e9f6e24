"""Where data enter: point weights and columns, refused by name."""

import numpy as np
import pandas as pd
import pytest

from mixture.arrays import TooFewPoints, as_component_count, as_point_weights, check_columns


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0, 1j, 2.0], "weights must be real numbers.*complex128"),
        ("abc", "weights must be real numbers.*text"),
        (["1", "2", "3"], "weights must be real numbers.*text"),
        (np.array(["1", "2", "3"], dtype=object), "weights must be real numbers.*text"),
        (pd.Series(["1", "2", "3"]), "weights must be real numbers.*text"),
        ({}, "weights must be real numbers.*dict"),
        ([1.0, None, object()], "weights must be real numbers"),
        ([[1.0], [1.0, 2.0]], "weights must be real numbers"),
        (np.array([1, 2, 3], dtype="m8[s]"), "weights must be real numbers.*timedelta"),
        (np.ma.masked_equal([1.0, 2.0, 3.0], 2.0), "weights hold masked values"),
        ([1.0, 2.0], r"weights must have shape \(3,\)"),
        (3.0, r"weights must have shape \(3,\)"),
        ([1.0, np.nan, 2.0], "row 1 has nan"),
        ([1.0, 2.0, -1.0], r"row 2 has -1\.0"),
        ([0, 0, 0], "all point weights are zero"),
    ],
)
def test_weights_that_are_none_are_refused_by_name(weights, message):
    with pytest.raises(ValueError, match=message):
        as_point_weights(weights, 3)


@pytest.mark.parametrize(
    "weights",
    [[1, 0, 2], (1.0, 0.0, 2.0), pd.Series([1, 0, 2]), np.array([1, 0, 2], dtype=object), np.float32([1, 0, 2])],
)
def test_weights_of_every_kind_of_number(weights):
    values = as_point_weights(weights, 3)
    assert values.dtype == np.float64
    np.testing.assert_array_equal(values, [1.0, 0.0, 2.0])
    assert as_point_weights(None, 3).size == 0
    assert as_point_weights([True, False, True], 3).tolist() == [1.0, 0.0, 1.0]


def test_weights_that_fit_are_not_copied():
    weights = np.ones(3)
    assert as_point_weights(weights, 3) is weights


def test_columns_are_judged_by_the_rows_that_count():
    x = np.array([[1.0, 5.0], [2.0, 5.0], [4.0, 5.0], [3.0, 9.0]])
    weights = np.array([1.0, 2.0, 1.0, 0.0])
    check_columns(x)
    check_columns(x, weights=np.empty(0))
    check_columns(x, weights=np.ones(4))
    with pytest.raises(ValueError, match=r"column 1 is constant \(5 in every row of positive weight\)"):
        check_columns(x, weights=weights)
    with pytest.raises(ValueError, match=r"column 1 is constant \(5 in every row\)"):
        check_columns(x[:3])
    with pytest.raises(ValueError, match="a single row of positive weight"):
        check_columns(x, weights=np.array([0.0, 1.0, 0.0, 0.0]))
    copies = np.array([[0.0, 0.0], [1.0, 2.0], [3.0, 6.0], [4.0, 1.0]])
    with pytest.raises(ValueError, match="columns 0 and 1 are the same"):
        check_columns(copies, weights=weights)


def test_more_components_than_points_is_an_error_of_its_own():
    assert as_component_count(3.0, 3) == 3
    with pytest.raises(TooFewPoints, match="4 components cannot be fitted to 3 points"):
        as_component_count(4, 3)
