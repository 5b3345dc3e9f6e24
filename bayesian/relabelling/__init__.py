"""Relabelling methods: each a pure function from arrays of draws to permutations (T, K), orders of the components."""

from bayesian.relabelling.ecr import ecr, ecr_cost
from bayesian.relabelling.ecr_iterative_1 import ecr_iterative_1, ecr_iterative_1_cost
from bayesian.relabelling.ecr_iterative_2 import ecr_iterative_2, ecr_iterative_2_cost
from bayesian.relabelling.order_by import order_by, order_by_cost
from bayesian.relabelling.pra import pra, pra_cost
from bayesian.relabelling.result import Orders
from bayesian.relabelling.stephens import stephens, stephens_cost

__all__ = [
    "Orders",
    "ecr",
    "ecr_cost",
    "ecr_iterative_1",
    "ecr_iterative_1_cost",
    "ecr_iterative_2",
    "ecr_iterative_2_cost",
    "order_by",
    "order_by_cost",
    "pra",
    "pra_cost",
    "stephens",
    "stephens_cost",
]
