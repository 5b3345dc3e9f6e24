"""What the experiment on coverage declares: its bars, expectation, mathematics, limits, references."""

from statistics import NormalDist

from experiments.engine.experiment import Published
from experiments.reporting.report import Formula, Prose

LEVEL = 0.95
"""Of every interval."""
Z = NormalDist().inv_cdf(0.5 + 0.5 * LEVEL)
"""Normal quantile that belongs to it."""
WANTED_R_HAT = 1.05
"""Above this the chains of a posterior disagree."""

THEORY = "asymptotic theory; the tolerance, about four Monte Carlo errors, is this project's own"
BAR = "this project's own bar"
CLAIMS = {
    "Wald": Published("separated, largest n: coverage of Wald intervals over five parameters", THEORY, LEVEL, 0.05),
    "posterior": Published(
        "separated, largest n: coverage of credible intervals over five parameters", THEORY, LEVEL, 0.05
    ),
    "overlap": Published(
        "overlapping, smallest n: coverage of Wald intervals over five parameters (they are not to be trusted)",
        BAR,
        0.9,
        0.0,
        kind="at most",
    ),
}

EXPECT = (
    "All four intervals are right in the limit of many points. Before that, Wald's, symmetric about the estimate, may"
    " leave the parameter space and are too short where the likelihood is skewed; on a transformed scale they cannot"
    " leave it. A credible interval promises coverage on average over a prior, not at one truth, and yet it follows"
    " the skewness of the likelihood and is not misled by a spike. With few points of components that overlap, EM may"
    " end on a few close points or nowhere usable, and the interval is then wrong or missing."
)
LIMITS = (
    "Two truths, one model that is right, one prior. The number of components is known, and labels are matched to the"
    " truth, which nobody could do with data. The bootstrap was tried on a part of the data sets only, with few"
    " replicates for the tails of a distribution; bias-corrected and studentised bootstraps, profile likelihood and"
    " highest-density intervals are not compared."
)
MATHEMATICS: tuple[Prose, ...] = (
    "An interval $[L(X), U(X)]$ of level $1 - \\alpha$ has the coverage",
    Formula(
        r"C(\theta_0) = P(L(X) \le \theta_0 \le U(X) \mid \theta_0),",
        "the probability that the interval of random data holds the true value",
    ),
    "which ought to be $1 - \\alpha$ at every $\\theta_0$. Wald's interval is $\\hat\\theta \\pm z\\,"
    " \\operatorname{SE}$ with the exact observed information; the transformed one is the same for"
    " $\\log \\pi/(1-\\pi)$ and $\\log \\sigma$, with $\\operatorname{SE}/\\hat\\pi(1-\\hat\\pi)$ and"
    " $\\operatorname{SE}/\\hat\\sigma$ by the delta method, transformed back. The bootstrap's runs from one quantile"
    " of the refitted estimates to another, the credible interval from one posterior quantile to another. Of"
    " $\\theta_0$ drawn from a prior that was fixed before the data, the mean of $C(\\theta_0)$ for a credible interval"
    " is exactly $1 - \\alpha$, at any $n$. Nothing of the kind holds here: there is one truth, and the default prior"
    " takes its location and its scales from each data set. A coverage that is estimated from $R$ data sets has the"
    " Monte Carlo error $\\sqrt{C(1 - C)/R}$ for one parameter.",
)
REFERENCES = (
    "Brown, L. D., Cai, T. T. & DasGupta, A. (2001). Interval estimation for a binomial proportion. Statistical Science"
    " 16, 101-133. doi:10.1214/ss/1009213286",
    "Efron, B. & Tibshirani, R. J. (1993). An Introduction to the Bootstrap. Chapman & Hall.",
    "Rubin, D. B. (1984). Bayesianly justifiable and relevant frequency calculations for the applied statistician."
    " Annals of Statistics 12, 1151-1172. doi:10.1214/aos/1176346785",
)
