"""What the report on label switching declares: what to expect, the mathematics, what it does not show, claims."""

import numpy as np

from experiments.engine.experiment import Published
from experiments.reporting.report import Formula, Prose

CASE_STUDY = "Betancourt (2017), Identifying Bayesian Mixture Models"
SYMMETRY = "the symmetry of an exchangeable posterior"

FLAGGED, FINE = 1.1, 1.01
"""R-hat from which chains were flagged when the case study was written, and below which they count as mixed today."""

FAITHFUL = 0.99
"""Share of draws labelled as by matching from which a labelling counts as right."""
PUBLISHED = {
    "mean 1": {"exchangeable": 56.48, "asymmetric": 49.94},
    "mean 2": {"exchangeable": 51.11, "asymmetric": 57.85},
    "weight 1": {"exchangeable": 7.52, "asymmetric": 7.29},
    "log posterior": {"asymmetric": 51.79},
}
"""Split R-hat as the case study prints it."""
PUBLISHED_DRAWS = 4000
"""Of its four chains together."""
KURTOSIS = {"mean 1": 3.0, "mean 2": 3.0, "weight 1": 3.0, "log posterior": 5.4}
"""Fourth over squared second central moment within a chain: of a normal; of the log density of a normal in five
dimensions, minus half a chi square."""


def r_hat_error(value: float, quantity: str, n_draws: int) -> float:
    """Monte Carlo standard error of R-hat where chains sit far apart: W of R^2 = B / W is a variance of n draws."""
    return 0.5 * value * float(np.sqrt((KURTOSIS[quantity] - 1.0) / n_draws))


def _published(prior: str, quantity: str, value: float) -> Published:
    """Tolerance: four standard errors of the difference of two runs of its length."""
    tolerance = round(4.0 * 2.0**0.5 * r_hat_error(value, quantity, PUBLISHED_DRAWS), 2)
    statement = f"{prior} prior, the case study's data: split R-hat of {NAMES[quantity]}"
    return Published(statement, CASE_STUDY, value, tolerance, optional=True)


NAMES = {
    "mean 1": "the raw mean 1",
    "mean 2": "the raw mean 2",
    "weight 1": "the raw weight 1",
    "log posterior": "the log posterior density",
}

CLAIMS = {
    **{
        f"{prior} {quantity}": _published(prior, quantity, value)
        for quantity, of in PUBLISHED.items()
        for prior, value in of.items()
    },
    "exchangeable density": Published(
        "exchangeable prior: split R-hat of the log posterior density (published: not flagged)",
        CASE_STUDY,
        FINE,
        0.0,
        "at most",
    ),
    "asymmetric density": Published(
        "asymmetric prior: split R-hat of the log posterior density (published: flagged)",
        CASE_STUDY,
        FLAGGED,
        0.0,
        "at least",
    ),
    "mixed": Published("draws in random orders: larger split R-hat of the raw means", SYMMETRY, FINE, 0.0, "at most"),
    "equal means": Published(
        "draws in random orders: difference of the two raw means, in its standard errors", SYMMETRY, 0.0, 4.0
    ),
    "half": Published("Gibbs sweeps with a random permutation: switches per 1000 draws, K = 2", SYMMETRY, 500.0, 10.0),
}

EXPECT = (
    "The likelihood does not know which component is called the first. Under a prior that treats components alike the"
    " posterior therefore has K! copies of each of its modes, and a chain may sit in any of them. Expect raw R-hat of"
    " means and weights to be huge where chains sit in different copies, while everything that needs no labels agrees;"
    " and expect the log density to disagree too where a prior tells the components apart, for then the copies are"
    " different modes. A constraint such as ordered means looks like a harmless way to choose a copy; where components"
    " are close in that parameter it should cut through the cloud of draws instead of between two clouds. Chains should"
    " switch more and more rarely as components move apart, which is no defect: all copies are known to be equal."
)

MATHEMATICS: tuple[Prose, ...] = (
    "For every permutation $\\sigma$ of the labels, with $\\theta_\\sigma$ the components of $\\theta$ in another"
    " order,",
    Formula(
        r"p(X \mid \theta_\sigma) = \prod_n \sum_k \pi_{\sigma(k)} \, N(x_n \mid \mu_{\sigma(k)}, \Sigma_{\sigma(k)})"
        r" = p(X \mid \theta),",
        "the likelihood of the permuted parameters equals that of the parameters, since a sum does not depend on the"
        " order of its terms",
    ),
    "so that under a prior with $p(\\theta_\\sigma) = p(\\theta)$ the posterior is the same too. All components then"
    " have one and the same marginal posterior, and $E[\\mu_1 \\mid X] = \\ldots = E[\\mu_K \\mid X]$: the raw mean of"
    " a component says nothing of any component. Three ways out are exact. Quantities $f$ with $f(\\theta_\\sigma) ="
    " f(\\theta)$ need no labels. A relabelling chooses for each draw $t$ the permutation that brings it closest to"
    " the others by some loss,",
    Formula(
        r"\sigma_t = \operatorname{arg\,min}_{\sigma} \; \ell\left( \theta^{(t)}_\sigma, \, a \right),",
        "sigma t is the permutation that minimises the loss between the permuted draw t and a reference a",
    ),
    "where $a$ is a reference such as an allocation of the points. And a permutation drawn at random for each draw"
    " leaves the posterior as it is and mixes its labels perfectly: two successive draws then differ in their labels"
    " with probability $1 - 1/K!$. An ordering constraint $\\mu_1 < \\ldots < \\mu_K$ is a relabelling as well, by one"
    " parameter, whose loss is blind to all others.",
)

LIMITS = (
    "Close means and the components that are moved apart are ideal data: points at the quantiles of the mixture, so"
    " that no chance of sampling enters. The case study's own points come with a clone of posteriordb; without one,"
    " quantiles of the mixture that they were drawn from stand for them, and its published values are not held against"
    " ours. Its chains found their labellings by themselves; ours begin with one of four alone, as its R-hats imply."
    " Switches are counted for two equal components of a fixed number of points; more points make switches"
    " rarer at the same distance. That chains which stay put lose nothing holds for copies of one mode only: modes"
    " that differ by more than their labels have weights, which neither relabelling nor random permutation can find."
    " Where components overlap so much that no labelling is right, all that is said of single components depends on"
    " the method; how the methods compare is a question of its own."
)

REFERENCES = (
    "Betancourt, M. (2017). Identifying Bayesian Mixture Models. Stan case studies."
    " https://mc-stan.org/users/documentation/case-studies/identifying_mixture_models.html",
    "Magnusson, M., Torgander, J., Bürkner, P.-C., Zhang, L., Carpenter, B. & Vehtari, A. (2025). posteriordb: testing,"
    " benchmarking and developing Bayesian inference algorithms. AISTATS, PMLR 258.",
    "Celeux, G., Hurn, M. & Robert, C. P. (2000). Computational and inferential difficulties with mixture posterior"
    " distributions. Journal of the American Statistical Association 95, 957-970. doi:10.1080/01621459.2000.10474285",
    "Stephens, M. (2000). Dealing with label switching in mixture models. Journal of the Royal Statistical Society B"
    " 62, 795-809. doi:10.1111/1467-9868.00265",
    "Frühwirth-Schnatter, S. (2001). Markov chain Monte Carlo estimation of classical and dynamic switching and mixture"
    " models. Journal of the American Statistical Association 96, 194-209. doi:10.1198/016214501750333063",
    "Papastamoulis, P. & Iliopoulos, G. (2010). An artificial allocations based solution to the label switching problem"
    " in Bayesian analysis of mixtures of distributions. Journal of Computational and Graphical Statistics 19, 313-331."
    " doi:10.1198/jcgs.2010.09008",
    "Vehtari, A., Gelman, A., Simpson, D., Carpenter, B. & Bürkner, P.-C. (2021). Rank-normalization, folding, and"
    " localization: an improved R-hat for assessing convergence of MCMC. Bayesian Analysis 16, 667-718."
    " doi:10.1214/20-BA1221",
)
