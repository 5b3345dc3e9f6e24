"""What stands before and after every comparison of EM with the posterior: its mathematics, expectations, limits."""

from experiments.reporting.report import Formula, Prose

MATHEMATICS: tuple[Prose, ...] = (
    r"Point $x_n$ comes from component $k$ with probability $\pi_k$; which one it was, $z_n$, is unseen. Summing over"
    r" the unseen allocations puts a sum inside the logarithm, and both methods work with this one function of"
    r" $\theta = (\pi, \mu, \Sigma)$:",
    Formula(
        r"\log p(X \mid \theta) = \sum_{n=1}^{N} \log \sum_{k=1}^{K} \pi_k \, \mathcal{N}(x_n \mid \mu_k, \Sigma_k)",
        "log p of X given theta is the sum over n of the logarithm of the sum over k of pi k times the normal density"
        " of x n with mean mu k and covariance Sigma k",
    ),
    r"EM looks for its highest point $\hat\theta$. Standard errors are square roots of the diagonal of"
    r" $I(\hat\theta)^{-1}$, with the exact observed information",
    Formula(
        r"I(\theta) = - \frac{\partial^2 \log p(X \mid \theta)}{\partial \theta \, \partial \theta^{T}}",
        "I of theta is minus the matrix of second derivatives of log p of X given theta",
    ),
    r"The posterior multiplies the same likelihood by a prior, and NUTS draws from the product:",
    Formula(
        r"p(\theta \mid X) \propto p(X \mid \theta) \, p(\theta)",
        "p of theta given X is proportional to p of X given theta times p of theta",
    ),
    r"Where $N$ is large against what the parameters ask of the data, the posterior is close to the normal distribution"
    r" $\mathcal{N}(\hat\theta, I(\hat\theta)^{-1})$ (Bernstein and von Mises): means near EM's estimates, standard"
    r" deviations near its standard errors. Exchanging components leaves $p(X \mid \theta)$ as it is, so each mode has"
    r" $K!$ copies: the draws are relabelled before any parameter of one component is summed up.",
)

EXPECT = (
    "Where components are well apart and hold many points, the two should agree: posterior means within a fraction of"
    " a posterior standard deviation of EM's estimates, and standard deviations close to standard errors. Where a"
    " component holds few points, or overlaps with another, the prior has a say, and the posterior is skewed; either"
    " takes its mean away from EM's estimate. Labels are a matter of convention: R-hat of the raw"
    " component parameters may be large although nothing is wrong."
)

LIMITS = (
    "Both methods assume that the components are Gaussian, that there are as many as stated, and that the points are"
    " independent; agreement between them is no evidence for any of these. The posterior is one under one prior, and"
    " the chains were started at EM's optima: a region that neither EM nor the chains came to stays unseen. Standard"
    " errors rest on a normal approximation at one optimum."
)
