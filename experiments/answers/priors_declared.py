"""What the experiment on priors declares: its bars, expectation, mathematics, limits, references."""

from experiments.engine.experiment import Published
from experiments.reporting.report import Formula, Prose

LEVEL = 0.9
"""Of every interval and band."""
TAILS = (0.5 - 0.5 * LEVEL, 0.5, 0.5 + 0.5 * LEVEL)
N_SPARE = 6
"""Components of the mixture whose empty ones are counted: more than the data need."""
POSITION = 78
"""Place of the galaxy, in ascending order, in whose velocity the versions of the data differ."""

BAR = "this project's own bar"
CLAIMS = {
    "decided": Published(
        "largest over smallest posterior median of the sd of the smallest component, over five priors",
        BAR,
        1.5,
        0.0,
        kind="at least",
    ),
    "undecided": Published(
        "largest total variation distance between posterior predictive densities, over pairs of five priors",
        BAR,
        0.1,
        0.0,
        kind="at most",
    ),
    "mixed": Published("largest R-hat of relabelled parameters under five priors", BAR, 1.05, 0.0, kind="at most"),
}

EXPECT = (
    "A component that holds most of the points has its own evidence, and no sensible prior matters to it. A component"
    " that holds three galaxies cannot say what its sd is: there the prior answers. The density of the next galaxy is"
    " made of all components together and is held by all the data, so that it should move much less than the parameters"
    " do. A small Dirichlet concentration lets components be empty, a large one keeps them alike in weight."
)
LIMITS = (
    "One data set with three components given, in one of two versions of the data. Evidences, which"
    " depend on the prior even where no parameter does, and the number of components are other questions. Kernel"
    " density estimates smooth; intervals are of quantiles and do not. The concentration was varied under one prior of"
    " means and sds."
)
MATHEMATICS: tuple[Prose, ...] = (
    "The likelihood is the same everywhere; what differs is $p(\\theta)$ in",
    Formula(
        r"p(\theta \mid X) \propto p(\theta) \prod_n \sum_k \pi_k \mathcal N(x_n \mid \mu_k, \sigma_k^2)",
        "the posterior is proportional to the prior times the product over points of the mixture's density",
    ),
    "Given the allocations, the prior $\\sigma_k^{-2} \\sim \\operatorname{Gamma}(a, b)$ is worth $2a$ observations"
    " whose mean squared deviation is $b/a$: beside it, the $n_k$ galaxies of a component have the weight"
    " $n_k/(n_k + 2a)$. A Dirichlet prior $\\operatorname{Dir}(e_0, e_0, e_0)$ is worth $e_0$ points in each component."
    " The posterior *contraction* of a parameter is one minus the width of its central posterior interval over that"
    " of its prior: 1 where the data decide alone, 0 where the prior does. The posterior predictive density",
    Formula(
        r"p(x \mid X) = \int \sum_k \pi_k \mathcal N(x \mid \mu_k, \sigma_k^2) \, p(\theta \mid X) \, d\theta",
        "the density of a new point, averaged over the posterior",
    ),
    "needs no labels; two of them are compared by their total variation distance,"
    " $\\frac{1}{2} \\int |p - q| \\, dx$, which is the largest difference of the probabilities that they give to any"
    " event.",
)
REFERENCES = (
    "Roeder, K. (1990). Density estimation with confidence sets exemplified by superclusters and voids in the galaxies."
    " Journal of the American Statistical Association 85, 617-624. doi:10.1080/01621459.1990.10474918",
    "Chib, S. (1995). Marginal likelihood from the Gibbs output. Journal of the American Statistical Association 90,"
    " 1313-1321. doi:10.1080/01621459.1995.10476635",
    "Fraley, C. & Raftery, A. E. (2007). Bayesian regularization for normal mixture estimation and model-based"
    " clustering. Journal of Classification 24, 155-181. doi:10.1007/s00357-007-0004-5",
    "Rousseau, J. & Mengersen, K. (2011). Asymptotic behaviour of the posterior distribution in overfitted mixture"
    " models. Journal of the Royal Statistical Society B 73, 689-710. doi:10.1111/j.1467-9868.2011.00781.x",
)
