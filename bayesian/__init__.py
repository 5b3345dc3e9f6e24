"""The posterior: priors, the marginalised mixture in PyMC, sampling, relabelling, diagnosis."""

from bayesian.diagnosis.diagnose import Diagnosis, diagnose
from bayesian.diagnosis.verdict import Verdict
from bayesian.foreign.relabel_datatree import posterior_of_datatree, relabel_datatree
from bayesian.model import build
from bayesian.posterior import Posterior
from bayesian.priors.pieces import LKJ, HalfNormal, InverseGamma, InverseWishart, LogNormal, Normal
from bayesian.priors.prior import Prior
from bayesian.priors.propriety import ImproperPosterior
from bayesian.relabelling import ecr, order_by, stephens
from bayesian.relabelling.methods import Relabelling, relabel
from bayesian.sampling import sample

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
    "posterior_of_datatree",
    "relabel",
    "relabel_datatree",
    "sample",
    "stephens",
]
