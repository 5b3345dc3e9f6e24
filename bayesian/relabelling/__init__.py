"""Relabelling methods: each a pure function from arrays of draws to permutations (T, K), orders of the components."""

from bayesian.relabelling.ecr import ecr, ecr_cost
from bayesian.relabelling.order_by import order_by, order_by_cost
from bayesian.relabelling.stephens import stephens, stephens_cost

__all__ = ["ecr", "ecr_cost", "order_by", "order_by_cost", "stephens", "stephens_cost"]
