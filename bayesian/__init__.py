"""The posterior: priors, the marginalised mixture in PyMC, sampling, relabelling, diagnosis."""

from bayesian.diagnose import Diagnosis, diagnose
from bayesian.model import build
from bayesian.pieces import LKJ, HalfNormal, InverseGamma, InverseWishart, LogNormal, Normal
from bayesian.posterior import Posterior
from bayesian.prior import Prior
from bayesian.propriety import ImproperPosterior
from bayesian.relabel import Relabelling, relabel
from bayesian.relabelling import ecr, order_by, stephens
from bayesian.sample import sample
from bayesian.verdict import Verdict

__all__ = [
    "LKJ",
    "Diagnosis",
    "HalfNormal",
    "ImproperPosterior",
    "InverseGamma",
    "InverseWishart",
    "LogNormal",
    "Normal",
    "Posterior",
    "Prior",
    "Relabelling",
    "Verdict",
    "build",
    "diagnose",
    "ecr",
    "order_by",
    "relabel",
    "sample",
    "stephens",
]
