"""The posterior: priors, the marginalised mixture in PyMC, sampling, relabelling, diagnosis."""

from bayesian.diagnosis.diagnose import Diagnosis, diagnose
from bayesian.diagnosis.verdict import Verdict
from bayesian.evidence import (
    Agreement,
    BridgeSettings,
    Evidence,
    HeldOut,
    Loo,
    exact_log_evidence,
    held_out_log_density,
    log_evidence,
    loo,
)
from bayesian.filled import FilledComponents, filled_components
from bayesian.foreign.posterior_of_datatree import posterior_of_datatree
from bayesian.foreign.relabel_datatree import relabel_datatree
from bayesian.gibbs.sampler import gibbs
from bayesian.label_free import (
    Bands,
    PartitionEstimate,
    coclustering_matrix,
    coclustering_of_allocations,
    expected_loss,
    joint_bands,
    partition_estimate,
    predictive_bands,
)
from bayesian.mixture_draws import MixtureDraws
from bayesian.model import build
from bayesian.modes.visits import VisitedModes, visited_modes
from bayesian.modes.weights import ModeWeights, mode_weights
from bayesian.posterior import Posterior
from bayesian.prior_predictive import prior_predictive
from bayesian.priors.pieces import (
    LKJ,
    ConjugateNormal,
    Gamma,
    HalfNormal,
    InverseGamma,
    InverseWishart,
    LogNormal,
    Normal,
    Uniform,
    UniformScale,
    Wishart,
)
from bayesian.priors.prior import Prior
from bayesian.priors.propriety import ImproperPosterior
from bayesian.relabelling import (
    Orders,
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
    to_truth,
)
from bayesian.relabelling.compare import RelabellingComparison, compare_relabellings
from bayesian.relabelling.methods import Relabelling, relabel
from bayesian.sampling import CompiledPosterior, sample
from bayesian.symmetry import permute_at_random
from bayesian.tempering import Particles, SMCSettings, smc

__all__ = [
    "LKJ",
    "Agreement",
    "Bands",
    "BridgeSettings",
    "CompiledPosterior",
    "ConjugateNormal",
    "Diagnosis",
    "Evidence",
    "FilledComponents",
    "Gamma",
    "HalfNormal",
    "HeldOut",
    "ImproperPosterior",
    "InverseGamma",
    "InverseWishart",
    "LogNormal",
    "Loo",
    "MixtureDraws",
    "ModeWeights",
    "Normal",
    "Orders",
    "Particles",
    "PartitionEstimate",
    "Posterior",
    "Prior",
    "Relabelling",
    "RelabellingComparison",
    "SMCSettings",
    "Uniform",
    "UniformScale",
    "Verdict",
    "VisitedModes",
    "Wishart",
    "build",
    "coclustering_matrix",
    "coclustering_of_allocations",
    "compare_relabellings",
    "data_based",
    "diagnose",
    "ecr",
    "ecr_iterative_1",
    "ecr_iterative_2",
    "em_modes",
    "exact_log_evidence",
    "expected_loss",
    "filled_components",
    "gibbs",
    "held_out_log_density",
    "joint_bands",
    "log_evidence",
    "loo",
    "mode_weights",
    "order_by",
    "partition_estimate",
    "permute_at_random",
    "point_process",
    "posterior_of_datatree",
    "pra",
    "predictive_bands",
    "prior_predictive",
    "relabel",
    "relabel_datatree",
    "sample",
    "sjw",
    "smc",
    "stephens",
    "to_truth",
    "visited_modes",
]
