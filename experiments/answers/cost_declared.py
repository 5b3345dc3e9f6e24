"""What the report on costs declares: what to expect, the mathematics, what it does not show, claims."""

from experiments.engine.experiment import Published
from experiments.reporting.report import Formula, Prose
from experiments.studies.programs import AS_THEY_COME, MATCHED

BAR = "this project's own bar"
NAMES = {"scikit-learn": "scikit-learn", "stock-pymc": "stock PyMC"}
"""Other programs, by their cases."""
PAIRS = (
    ("scikit-learn", "EM iteration"),
    ("scikit-learn", AS_THEY_COME),
    ("scikit-learn", MATCHED),
    ("stock-pymc", "NUTS draw"),
    ("stock-pymc", "NUTS effective draw"),
)
"""Everything that is measured beside another program."""
CLAIMS = {
    **{
        f"{program}, {method}": Published(
            f"{NAMES[program]}'s time over ours, {method}", BAR, 1.0, 0.0, "at least", optional=True
        )
        for program, method in PAIRS
    },
    "log-likelihood": Published(
        f"log-likelihood of our fit less scikit-learn's, least of all data sets, {MATCHED}",
        BAR,
        0.0,
        1e-6,
        "at least",
        unit="nats",
        optional=True,
    ),
}
"""No program is to be faster; one that is not installed is not held against ours."""

EXPECT = (
    "All methods walk the data, so all grow with the number of points; they differ in how often they walk. A fit"
    " walks once for each iteration of the climb from each start; a bootstrap fits each replicate; NUTS takes a"
    " gradient, which costs what an E step costs, for each leapfrog step of a draw, and neighbouring draws resemble"
    " each other. A Gibbs sweep is one walk, but draws an allocation for each point. What is measured on few"
    " points is the cost of calls rather than of arithmetic, and then grows more slowly than the data do."
)

MATHEMATICS: tuple[Prose, ...] = (
    "One pass over the data with full covariances takes of the order of $N K D^2$ operations. If the seconds $t$"
    " of a method follow a power of one size $s$, the others held,",
    Formula(
        r"t \propto s^{b}, \qquad b = \frac{\log t_2 - \log t_1}{\log s_2 - \log s_1},",
        "t is proportional to s to the power b, and b is the slope of log t against log s",
    ),
    "with more than two measurements the least-squares slope, whose standard error comes from what the line leaves"
    " over. The observed information adds products of scores, of the order of $N (K D^2)^2$; an effective draw costs"
    " the seconds of all draws over the number of independent ones that they are worth.",
)

LIMITS = (
    "Components are four standard deviations apart; where they overlap EM takes more iterations and chains mix more"
    " slowly, each method in its own way (see convergence and relabelling). Chains start where the truth is. Seconds"
    " are of one core and of the processor's clock, compilation left out: it takes seconds for every new number of"
    " components or features, once. Passes are counted by the program and hold on any machine; seconds do not, nor do"
    " ratios of seconds, since calls and arithmetic need not speed up alike. An effective draw is measured by the"
    " log-likelihood, which needs no labels, and is itself estimated from as many draws as the budget has. The tuning"
    " of the samplers counts as well as their draws; longer runs pay it off. The machine is shared, and other work"
    " slows down a method even by its own clock. How an EM iteration compares at more sizes stands in em_speed."
)

REFERENCES = (
    "Hoffman, M. D. & Gelman, A. (2014). The No-U-Turn sampler: adaptively setting path lengths in Hamiltonian"
    " Monte Carlo. Journal of Machine Learning Research 15, 1593-1623.",
    "Pedregosa, F. et al. (2011). Scikit-learn: machine learning in Python. Journal of Machine Learning Research"
    " 12, 2825-2830.",
    "Abril-Pla, O. et al. (2023). PyMC: a modern, and comprehensive probabilistic programming framework in Python."
    " PeerJ Computer Science 9, e1516. doi:10.7717/peerj-cs.1516",
)
