"""How many components, and which covariance structure."""

from em.choosing.choice import CRITERIA, Cell, Choice
from em.choosing.choose import choose
from em.choosing.criteria import Criteria, criteria
from em.choosing.likelihood_ratio import LikelihoodRatioTest, likelihood_ratio_test, likelihood_ratio_tests

__all__ = [
    "CRITERIA",
    "Cell",
    "Choice",
    "Criteria",
    "LikelihoodRatioTest",
    "choose",
    "criteria",
    "likelihood_ratio_test",
    "likelihood_ratio_tests",
]
