"""Relabelling methods: each a pure function from arrays of draws to permutations (T, K), orders of the components."""

from bayesian.relabelling.data_based import data_based, data_based_cost
from bayesian.relabelling.ecr import ecr, ecr_cost
from bayesian.relabelling.ecr_iterative_1 import ecr_iterative_1, ecr_iterative_1_cost
from bayesian.relabelling.ecr_iterative_2 import ecr_iterative_2, ecr_iterative_2_cost
from bayesian.relabelling.em_modes import em_modes, em_modes_cost
from bayesian.relabelling.order_by import order_by, order_by_cost
from bayesian.relabelling.point_process import point_process, point_process_cost
from bayesian.relabelling.pra import pra, pra_cost
from bayesian.relabelling.result import Orders
from bayesian.relabelling.sjw import sjw, sjw_cost
from bayesian.relabelling.stephens import stephens, stephens_cost
from bayesian.relabelling.to_truth import to_truth, to_truth_cost

__all__ = [
    "Orders",
    "data_based",
    "data_based_cost",
    "ecr",
    "ecr_cost",
    "ecr_iterative_1",
    "ecr_iterative_1_cost",
    "ecr_iterative_2",
    "ecr_iterative_2_cost",
    "em_modes",
    "em_modes_cost",
    "order_by",
    "order_by_cost",
    "point_process",
    "point_process_cost",
    "pra",
    "pra_cost",
    "sjw",
    "sjw_cost",
    "stephens",
    "stephens_cost",
    "to_truth",
    "to_truth_cost",
]
