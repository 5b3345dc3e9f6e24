"""What the report on relabelling methods declares: what to expect, the mathematics, what it does not show, claims."""

from bayesian.relabelling.sjw import LARGEST_K
from experiments.engine.experiment import Published
from experiments.reporting.report import Formula, Prose

PLANTED = "planted"
"""Stands among the methods for the labels that the draws were made with."""

BAR = "this project's own bar"
FULL = 0.99
"""Share of planted permutations from which they count as recovered."""

CLAIMS = {
    "apart": Published(
        "components furthest apart: least share of planted permutations that any method recovers",
        BAR,
        FULL,
        0.0,
        "at least",
    ),
    "agree": Published(
        "components furthest apart: least share of draws that two methods label alike", BAR, FULL, 0.0, "at least"
    ),
    "order": Published(
        "where not all methods recover all: share recovered by the best method, less that by ordering the first mean",
        "Celeux, Hurn & Robert (2000): ordering constraints do not isolate a mode",
        0.05,
        0.0,
        "at least",
    ),
}

EXPECT = (
    "Draws whose labels are known are given a random permutation each, and every method has to find it again. Where"
    " components are far apart this is easy and all methods should agree; which of them is the fastest is then all"
    " that matters. As components overlap, the clouds of draws run into each other, and methods should part by what"
    " they look at: one parameter, all parameters, allocations of the points, or probabilities of allocations, which"
    " say more than the allocations they are rounded to. Where the clouds are one, no method can be right, and none"
    " will be: there, single components should not be read at all."
)

MATHEMATICS: tuple[Prose, ...] = (
    "Each of the methods chooses for draw $t$ the permutation $\\nu_t$ that makes it most alike to a reference $a$,",
    Formula(
        r"\nu_t = \operatorname{arg\,min}_{\nu} \; \sum_{k=1}^{K} \ell\left( \theta^{(t)}_{\nu(k)}, \, a_k \right),",
        "nu t minimises over permutations the sum over components of the loss between component nu of k of draw t and"
        " the k-th reference",
    ),
    "which is an assignment problem, solved exactly in time $K^3$ in the place of $K!$. They differ in the loss and"
    " in where the reference comes from. ECR counts the points on whose allocation the draw and a pivot disagree; its"
    " iterative forms make the pivot from the relabelled draws themselves, as does Stephens' method, whose loss is"
    " the Kullback-Leibler divergence of the allocation probabilities $p_{ik} = P(z_i = k \\mid x_i, \\theta)$ from"
    " their mean $q$,",
    Formula(
        r"\sum_{t} \sum_{i} \sum_{k} p^{(t)}_{i \nu_t(k)} \log \frac{p^{(t)}_{i \nu_t(k)}}{q_{ik}}.",
        "the sum over draws, points and components of p times the logarithm of p over q",
    ),
    "PRA measures distances of parameters to a pivot draw, data-based relabelling those of the points to the running"
    " means of their labels, the point process clusters the components of all draws at once, and EM modes lets draws"
    " climb and gives those of one mode its labels. SJW alone is no assignment problem: its EM sums over all $K!$"
    " permutations.",
)

LIMITS = (
    "The components are equal but for their means, at the corners of a regular polygon in two features: unequal"
    " weights and shapes would give methods that look at them more to go by. Labels are known since each component"
    " has a prior of its own about its true mean; that holds the draws together more than an exchangeable prior"
    " would, so that at the same distance a real posterior is harder. Draws whose labels the prior does not fix well"
    " count as errors of every method. Seconds are those of this implementation on the machine of the run, in one"
    f" process. SJW refuses more than {LARGEST_K} components, since it would go through as many factorial permutations"
    " of each draw."
)

REFERENCES = (
    "Celeux, G., Hurn, M. & Robert, C. P. (2000). Computational and inferential difficulties with mixture posterior"
    " distributions. Journal of the American Statistical Association 95, 957-970. doi:10.1080/01621459.2000.10474285",
    "Stephens, M. (2000). Dealing with label switching in mixture models. Journal of the Royal Statistical Society B"
    " 62, 795-809. doi:10.1111/1467-9868.00265",
    "Papastamoulis, P. & Iliopoulos, G. (2010). An artificial allocations based solution to the label switching problem"
    " in Bayesian analysis of mixtures of distributions. Journal of Computational and Graphical Statistics 19, 313-331."
    " doi:10.1198/jcgs.2010.09008",
    "Marin, J.-M., Mengersen, K. & Robert, C. P. (2005). Bayesian modelling and inference on mixtures of distributions."
    " Handbook of Statistics 25, 459-507.",
    "Sperrin, M., Jaki, T. & Wit, E. (2010). Probabilistic relabelling strategies for the label switching problem in"
    " Bayesian mixture models. Statistics and Computing 20, 357-366. doi:10.1007/s11222-009-9129-8",
    "Rodriguez, C. E. & Walker, S. G. (2014). Label switching in Bayesian mixture models: deterministic relabeling"
    " strategies. Journal of Computational and Graphical Statistics 23, 25-45. doi:10.1080/10618600.2012.735624",
    "Frühwirth-Schnatter, S. (2006). Finite Mixture and Markov Switching Models. Springer.",
    "Yao, W. & Lindsay, B. G. (2009). Bayesian mixture labeling by highest posterior density. Journal of the American"
    " Statistical Association 104, 758-767. doi:10.1198/jasa.2009.0237",
    "Papastamoulis, P. (2016). label.switching: an R package for dealing with the label switching problem in MCMC"
    " outputs. Journal of Statistical Software 69. doi:10.18637/jss.v069.c01",
)
