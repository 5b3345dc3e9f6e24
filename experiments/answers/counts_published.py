"""What the report on the number of components declares: what it is held against, its prior, mathematics, references."""

from experiments.engine.experiment import Published
from experiments.reporting.report import Formula, Prose

OVERFITTED, CONCENTRATION = 10, 0.01
"""Components of the sparse mixture, of which most stay empty, and the Dirichlet prior of its weights."""
GROUPS = 3
"""Components that the fixed scale of its prior is made for: as the report on the irises has it."""

RICHARDSON_GREEN = {3: 0.061, 4: 0.128, 5: 0.182, 6: 0.199, 7: 0.160, 8: 0.109}
"""P(K | X) for K = 3..8 among all K."""
PUBLISHED_K = {k: share / sum(RICHARDSON_GREEN.values()) for k, share in RICHARDSON_GREEN.items()}

_RG = "Richardson & Green 1997, as the vignette of R's sBIC quotes it; renormalised"
_MCLUST = "mclust (R), its vignette"
CLAIMS = {
    "acidity L": Published("acidity, equal variances, K = 2: log-likelihood", _MCLUST, -185.9493, 2e-4, unit="nats"),
    "acidity BIC": Published("acidity: least BIC of equal and unequal variances", _MCLUST, 392.0723, 2e-4),
    "faithful BIC": Published(
        "Old Faithful: least BIC of six structures", "mclust 6.0.0, EEE, K = 3, converged", 2314.2957, 1e-3
    ),
    "faithful K": Published("Old Faithful: components at the least BIC of six structures", _MCLUST, 3.0, 0.0),
    **{
        f"galaxies {k}": Published(f"galaxies: P(K = {k} | X), 3 ≤ K ≤ 8", _RG, round(share, 4), 0.02)
        for k, share in PUBLISHED_K.items()
    },
}

EXPECT = (
    "No single number, because the methods do not ask one question. AIC and leave-one-out ask which model predicts"
    " new data best; a component that improves the density a little is worth keeping, whether or not it is a"
    " group. BIC and the evidence ask which model the data make most probable; they charge more for a parameter,"
    " and the evidence charges what the prior says. ICL asks for groups that hardly overlap, and so takes fewer."
    " The test asks whether K can be refuted. A mixture with more components than needed, and a prior that empties"
    " the superfluous ones, answers how many are filled."
)

MATHEMATICS: tuple[Prose, ...] = (
    "With $p$ free parameters, $n$ points and the responsibilities $r_{nk}$ at EM's best fit, smaller being better,",
    Formula(
        r"\mathrm{AIC} = -2 \log L + 2 p, \quad \mathrm{BIC} = -2 \log L + p \log n, \quad"
        r" \mathrm{ICL} = \mathrm{BIC} - 2 \sum_n \log \max_k r_{nk} .",
        "AIC is minus twice the log-likelihood plus two p; BIC has p log n in its place; ICL adds to BIC minus twice"
        " the sum of the logarithms of each point's largest responsibility",
    ),
    "ICL's last term is zero where every point belongs to one component, and grows where components overlap. The"
    " *likelihood ratio* of K + 1 to K components has no chi-squared distribution, since under K the larger model is"
    " not identified; its distribution is found by fitting both to data drawn from the K-component fit. The"
    " *evidence* integrates the likelihood over the prior, and with each K as probable as any other before,",
    Formula(
        r"p(X \mid K) = \int p(X \mid \theta, K) \, p(\theta \mid K) \, d\theta, \qquad"
        r" P(K \mid X) = \frac{p(X \mid K)}{\sum_j p(X \mid j)} .",
        "the evidence of K is the integral of the likelihood times the prior; the probability of K is its evidence over"
        " the sum of all",
    ),
    r"*Leave-one-out* adds $\log p(x_n \mid X \text{ without } x_n)$ over the points. The *filled components* of a"
    r" mixture with more than enough components and weights $\pi \sim \mathrm{Dirichlet}(e_0, \ldots, e_0)$, $e_0$"
    r" small, are those that hold a point in a draw of the allocations.",
)

LIMITS = (
    "One covariance structure is followed through all methods; the table of structures shows how much the answer"
    " depends on it. The evidence and the filled components belong to their priors, and other priors give other"
    " answers. With few replicates a p value tells little more than whether the data's statistic is above"
    " all of theirs, and tests in a row are not corrected for being several. Where chains disagree, evidence and"
    " leave-one-out stand on draws that do not cover the posterior; the tables say where. No data set has a"
    " known number of components: Gaussians approximate whatever the groups look like, and with enough data every"
    " criterion that asks for a density will add components to mend the shape."
)

REFERENCES = (
    "Akaike, H. (1974). A new look at the statistical model identification. IEEE Transactions on Automatic Control 19,"
    " 716-723. doi:10.1109/TAC.1974.1100705",
    "Schwarz, G. (1978). Estimating the dimension of a model. Annals of Statistics 6, 461-464."
    " doi:10.1214/aos/1176344136",
    "Biernacki, C., Celeux, G. & Govaert, G. (2000). Assessing a mixture model for clustering with the integrated"
    " completed likelihood. IEEE Transactions on Pattern Analysis and Machine Intelligence 22, 719-725."
    " doi:10.1109/34.865189",
    "McLachlan, G. J. (1987). On bootstrapping the likelihood ratio test statistic for the number of components in a"
    " normal mixture. Applied Statistics 36, 318-324. doi:10.2307/2347790",
    "Malsiner-Walli, G., Frühwirth-Schnatter, S. & Grün, B. (2016). Model-based clustering based on sparse finite"
    " Gaussian mixtures. Statistics and Computing 26, 303-324. doi:10.1007/s11222-014-9500-2",
    "Drton, M. & Plummer, M. (2017). A Bayesian information criterion for singular models. Journal of the Royal"
    " Statistical Society B 79, 323-380. doi:10.1111/rssb.12187. The vignette on Gaussian mixtures of the R package"
    " sBIC: doi:10.32614/CRAN.package.sBIC",
    "Scrucca, L., Fop, M., Murphy, T. B. & Raftery, A. E. (2016). mclust 5: clustering, classification and density"
    " estimation using Gaussian finite mixture models. The R Journal 8, 289-317. doi:10.32614/RJ-2016-021. The vignette"
    " “A quick tour of mclust” of the R package: doi:10.32614/CRAN.package.mclust",
    "Vehtari, A., Gelman, A. & Gabry, J. (2017). Practical Bayesian model evaluation using leave-one-out"
    " cross-validation and WAIC. Statistics and Computing 27, 1413-1432. doi:10.1007/s11222-016-9696-4",
)
