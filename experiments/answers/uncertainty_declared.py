"""What the experiment on standard errors declares: published numbers, expectation, mathematics, limits, references."""

from collections.abc import Mapping

from experiments.engine.experiment import Published
from experiments.reporting.report import Formula, Prose

REFERENCE_DRAWS = 10_000
REFERENCE = f"posteriordb, reference posterior low_dim_gauss_mix (Stan, {REFERENCE_DRAWS:,} draws)"
REFERENCE_MEANS = {
    "weight 1": (0.621549, 0.00015),
    "mean 1": (-2.733514, 0.00042),
    "mean 2": (2.869832, 0.00056),
    "sd 1": (1.028074, 0.00032),
    "sd 2": (1.023822, 0.00041),
}
"""Posterior means and their Monte Carlo errors."""
REFERENCE_SDS = {"weight 1": 0.0155, "mean 1": 0.0420, "mean 2": 0.0546, "sd 1": 0.0314, "sd 2": 0.0405}
WANTED_R_HAT = 1.05
"""Above this the chains of a posterior disagree."""

THEOREM = "Bernstein-von Mises theorem; the tolerance is this project's own"
MISSPECIFIED = "Kleijn & van der Vaart 2012; the tolerance is this project's own"

CLAIMS: Mapping[str, Published] = {
    **{
        f"mean of {name}": Published(
            f"posteriordb: posterior mean of {name}", REFERENCE, mean, 6.0 * error, optional=True
        )
        for name, (mean, error) in REFERENCE_MEANS.items()
    },
    **{
        f"sd of {name}": Published(f"posteriordb: posterior sd of {name}", REFERENCE, sd, 0.05 * sd, optional=True)
        for name, sd in REFERENCE_SDS.items()
    },
    "posteriordb": Published(
        "posteriordb: largest |SE / reference posterior sd − 1| over five parameters", THEOREM, 0.0, 0.03, optional=True
    ),
    "ratio": Published("separated, largest n: mean of posterior sd / SE", THEOREM, 1.0, 0.05),
    "distance": Published(
        "separated, largest n: mean of |posterior mean − EM| / posterior sd", THEOREM, 0.0, 0.15, kind="at most"
    ),
    "wrong model": Published("heavy tails: mean of posterior sd / SE by observed information", MISSPECIFIED, 1.0, 0.1),
    "sandwich": Published(
        "heavy tails: mean over both sds of sandwich SE / SE by observed information",
        "White 1982: they differ where the model is wrong; the bar is this project's own",
        1.2,
        0.0,
        kind="at least",
    ),
}

EXPECT = (
    "Where the model is right, components are far apart and data are many, all six kinds of standard errors and the"
    " posterior sd estimate the same number, and the posterior mean lies at EM's estimate. With few points, or with"
    " components that overlap, the likelihood is no parabola: the posterior is skewed, part of it belongs to other"
    " solutions, and a standard error from the curvature at the top describes neither. Where the model is wrong, the"
    " sandwich and the bootstraps that resample the data follow the data, while the observed information, the"
    " parametric bootstrap and the posterior believe the model."
)
LIMITS = (
    "One feature, two components, one prior: with more components labels are harder to undo and the approach is slower."
    " The posterior sd is that of relabelled draws, and relabelling decides what is left of it where components overlap"
    " so much that labels are not well defined. The sd over fresh data sets, which stands for the truth, is itself"
    " estimated, about the optimum that EM reaches from the truth."
)
MATHEMATICS: tuple[Prose, ...] = (
    "A standard error estimates how much the maximum likelihood estimate $\\hat\\theta$ moves from one data set to the"
    " next; a posterior sd says how unsure one is of $\\theta$ given these data. They are answers to two questions, and"
    " the Bernstein-von Mises theorem says when they are the same number: if the model is right, $\\theta_0$ is inside"
    " the parameter space and identified, and the prior is positive there, then in total variation",
    Formula(
        r"p(\theta \mid X) - \mathcal N(\theta \mid \hat\theta, I(\hat\theta)^{-1}) \to 0,"
        r" \qquad I(\theta) = -\nabla^2 \log p(X \mid \theta)",
        "the posterior of theta less the normal distribution at the estimate, with the inverse of the observed"
        " information as covariance, tends to nothing",
    ),
    "as $n$ grows. The prior drops out at the rate $1/n$, the skewness at the rate $1/\\sqrt n$. If the model is wrong,"
    " the estimate varies by the sandwich of White,",
    Formula(
        r"\operatorname{Cov}(\hat\theta) \approx I^{-1} J I^{-1}, \qquad J = \sum_n s_n s_n^{\top},"
        r" \qquad s_n = \nabla \log p(x_n \mid \hat\theta)",
        "the covariance of the estimate is I inverse times J times I inverse, J the sum of outer products of the"
        " scores",
    ),
    "while the posterior still contracts like $I^{-1}$ (Kleijn & van der Vaart). The bootstraps estimate"
    " $\\operatorname{Cov}(\\hat\\theta)$ by refitting: to data drawn from the fitted mixture (parametric), to rows"
    " drawn with replacement (nonparametric), to the same rows with random weights (weighted); the jackknife leaves out"
    " one row at a time.",
)
REFERENCES = (
    "van der Vaart, A. W. (1998). Asymptotic Statistics, section 10.2. Cambridge University Press."
    " doi:10.1017/CBO9780511802256",
    "Louis, T. A. (1982). Finding the observed information matrix when using the EM algorithm. Journal of the Royal"
    " Statistical Society B 44, 226-233. doi:10.1111/j.2517-6161.1982.tb01203.x",
    "White, H. (1982). Maximum likelihood estimation of misspecified models. Econometrica 50, 1-25."
    " doi:10.2307/1912526",
    "Kleijn, B. J. K. & van der Vaart, A. W. (2012). The Bernstein-von-Mises theorem under misspecification. Electronic"
    " Journal of Statistics 6, 354-381. doi:10.1214/12-EJS675",
    "O'Hagan, A., Murphy, T. B., Scrucca, L. & Gormley, I. C. (2019). Investigation of parameter uncertainty in"
    " clustering using a Gaussian mixture model via jackknife, bootstrap and weighted likelihood bootstrap."
    " Computational Statistics 34, 1779-1813. doi:10.1007/s00180-019-00897-9",
    "Magnusson, M., Torgander, J., Bürkner, P.-C., Zhang, L., Carpenter, B. & Vehtari, A. (2025). posteriordb: testing,"
    " benchmarking and developing Bayesian inference algorithms. AISTATS, PMLR 258.",
)
