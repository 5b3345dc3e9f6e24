"""What relabelling functions are handed: bad input is named, one component is one, early stops are said."""

import numpy as np
import pytest
from switched_draws import simulated

from bayesian.relabelling import (
    data_based,
    ecr,
    ecr_iterative_1,
    ecr_iterative_2,
    em_modes,
    order_by,
    point_process,
    pra,
    sjw,
    stephens,
    stephens_cost,
    to_truth,
)


@pytest.mark.parametrize(
    "method",
    [
        lambda p: stephens(p, max_iterations=1),
        lambda p: data_based(p.argmax(axis=2), np.arange(10.0), 3, max_iterations=1),
        lambda p: point_process(p[:, :3], max_iterations=1),
    ],
)
def test_a_method_says_when_it_was_stopped_early(method):
    with pytest.warns(RuntimeWarning, match="max_iterations"):
        method(np.random.default_rng(0).dirichlet(np.ones(3), (500, 10)))


NAN = np.full((2, 2, 2), np.nan)
TWO = np.zeros((2, 2, 2))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: order_by([[1.0, np.nan]]), "NaN"),
        (lambda: order_by([1.0, 2.0]), "shape"),
        (lambda: ecr([[0, 1]], [0, 1, 1], 2), "3 points"),
        (lambda: ecr([[0, 2]], [0, 1], 2), "labels 0 to 1"),
        (lambda: ecr([[0, 1]], [0, -1], 2), "pivot must be labels"),
        (lambda: ecr([[0.0, np.nan]], [0, 1], 2), "whole numbers"),
        (lambda: ecr([[0.5, 1.0]], [0, 1], 2), "whole numbers"),
        (lambda: ecr([0, 1], [0, 1], 2), "shape"),
        (lambda: ecr_iterative_1([[0.0, np.nan]], 2), "whole numbers"),
        (lambda: ecr_iterative_1([[0, 1]], 2, max_iterations=0), "max_iterations"),
        (lambda: ecr_iterative_2([[0, 1]], np.full((2, 2, 2), 0.5)), "those of"),
        (lambda: ecr_iterative_2([[0, 2]], np.full((1, 2, 2), 0.5)), "labels 0 to 1"),
        (lambda: ecr_iterative_2([[0, 1]], NAN[:1]), "sum to 1"),
        (lambda: stephens(NAN), "sum to 1"),
        (lambda: stephens(np.full((2, 3, 2), 0.4)), "draw 0, point 0"),
        (lambda: stephens(np.tile([1.5, -0.5], (2, 3, 1))), "at least 0"),
        (lambda: stephens(np.ones((3, 1))), "shape"),
        (lambda: stephens(np.ones((2, 3, 1)), max_iterations=0), "max_iterations"),
        (lambda: stephens_cost(np.full((2, 3, 2), 0.5), [[0, 0], [0, 1]]), "no permutation"),
        (lambda: pra(NAN, TWO[0]), "2 draws hold NaN"),
        (lambda: pra(TWO, NAN[0]), "pivot must be finite"),
        (lambda: pra(TWO, np.zeros((3, 2))), "pivot must be finite and have shape"),
        (lambda: pra(TWO, TWO[0], scale=[1.0, 0.0]), "above 0"),
        (lambda: pra(TWO, TWO[0], scale=[1.0, 1.0, 1.0]), "one for each of 2 parameters"),
        (lambda: pra(np.zeros(3), TWO[0]), "parameters must have shape"),
        (lambda: data_based([[0, 1]], [0.0, 1.0, 2.0]), "data are 3"),
        (lambda: data_based([[0, np.nan]], [0.0, 1.0]), "whole numbers"),
        (lambda: data_based([[0, 1]], [0.0, np.nan]), "NaN"),
        (lambda: sjw([[0, 1]], TWO, lambda _: TWO[0]), "1 draws of allocations, but 2"),
        (lambda: sjw([[0, 1]], np.zeros((1, 11, 1)), lambda _: TWO[0]), "at most 10"),
        (lambda: sjw([[0, 1]], NAN[:1], lambda _: TWO[0]), "NaN"),
        (lambda: point_process(NAN), "NaN"),
        (lambda: em_modes(NAN, lambda _: TWO[0]), "NaN"),
        (lambda: em_modes(TWO, lambda _: NAN[0]), "climbs failed"),
        (lambda: em_modes(TWO, lambda _: np.zeros((3, 2))), "shape"),
        (lambda: em_modes(TWO, lambda _: TWO[0], n_groups=0), "n_groups"),
        (lambda: to_truth(NAN, np.zeros((2, 2, 2, 2)), simulated(2)[1]), "NaN"),
        (lambda: to_truth(TWO, TWO, simulated(2)[1]), "as the truth has"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_place_of_a_bad_row_is_said():
    p = np.full((300, 50, 2), 0.5)
    p[271, 33] = [0.9, 0.2]
    with pytest.raises(ValueError, match="draw 271, point 33"):
        stephens(p)


def test_one_component_has_one_order_and_any_integers_are_labels():
    labels = np.zeros((4, 5), dtype=np.uint64)
    free = (stephens(np.ones((4, 5, 1))), ecr_iterative_1(labels, 1), data_based(labels, np.arange(5.0)))
    for found in (*free, ecr(labels, np.zeros(5), 1), order_by(np.ones((4, 1))), point_process(np.ones((4, 1, 2)))):
        assert (found.permutations == 0).all()
    assert (ecr(labels.astype(np.uint8), np.zeros(5), 2).permutations == [0, 1]).all()
