"""What the experiment on k-means declares: expectation, mathematics, limits, references."""

from experiments.reporting.report import Formula, Prose

EXPECT = (
    "A mixture of equal spheres of standard deviation sigma allocates each point softly. As sigma shrinks the"
    " nearest mean takes all, and EM's step of the means becomes the step of k-means. As sigma grows all points"
    " belong to all means alike, and these meet in the centroid; between the two ends the means part one after the"
    " other. Where groups overlap a hard allocation cuts them apart, so that it must find means too far from each"
    " other and groups too narrow."
)
MATHEMATICS: tuple[Prose, ...] = (
    "With equal weights and one fixed $\\sigma$ the responsibilities are",
    Formula(
        r"r_{nk} = \frac{\exp(-|x_n - \mu_k|^2 / 2\sigma^2)}{\sum_j \exp(-|x_n - \mu_j|^2 / 2\sigma^2)},"
        r"\qquad \mu_k' = \frac{\sum_n r_{nk} x_n}{\sum_n r_{nk}},",
        "r n k is a softmax of minus the squared distance over two sigma squared, and the new mean is the average"
        " of the points weighted by it",
    ),
    "which tend to indicators of the nearest mean and to Lloyd's step (Lloyd 1982) as $\\sigma \\to 0$. What EM climbs"
    " is, up to constants, minus the free energy",
    Formula(
        r"F_\sigma(\mu) = -2\sigma^2 \sum_n \log \sum_k e^{-|x_n - \mu_k|^2 / 2\sigma^2}"
        r" \;\longrightarrow\; \sum_n \min_k |x_n - \mu_k|^2 .",
        "F sigma of mu equals minus two sigma squared times the sum of logs of sums, and tends to the k-means sum"
        " of squares",
    ),
    "Here $\\sigma$ is a temperature that somebody sets. All means in the centroid are a fixed point for every"
    " $\\sigma$; it is stable while $\\sigma^2$ exceeds the largest eigenvalue of the data's covariance (Rose, Gurewitz"
    " & Fox 1990). When $\\sigma$ is estimated instead, hard allocations give $\\hat\\sigma^2 = \\sum_n \\min_k |x_n -"
    " \\mu_k|^2 / (N D)$. On two equal unit normals at distance $\\delta$, cut in the middle, the means and variance"
    " found tend to those of $|x|$ with $x \\sim N(\\delta/2, 1)$ (Bryant & Williamson 1978).",
)
LIMITS = (
    "Spheres of one size only. Following the means from large to small sigma is deterministic annealing, which"
    " often finds a good partition and does not guarantee the best. The simulated groups are of equal size and in"
    " one dimension, every method starts at the truth, and the estimates by hard allocation with free weights have"
    " no theory here."
)
REFERENCES = (
    "Bryant, P. & Williamson, J. A. (1978). Asymptotic behaviour of classification maximum likelihood estimates."
    " Biometrika 65, 273-281. doi:10.1093/biomet/65.2.273",
    "Celeux, G. & Govaert, G. (1992). A classification EM algorithm for clustering and two stochastic versions."
    " Computational Statistics & Data Analysis 14, 315-332. doi:10.1016/0167-9473(92)90042-E",
    "Lloyd, S. P. (1982). Least squares quantization in PCM. IEEE Transactions on Information Theory 28, 129-137."
    " doi:10.1109/TIT.1982.1056489",
    "Rose, K., Gurewitz, E. & Fox, G. C. (1990). Statistical mechanics and phase transitions in clustering."
    " Physical Review Letters 65, 945-948. doi:10.1103/PhysRevLett.65.945",
)
