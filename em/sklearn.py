"""The mixture as a scikit-learn estimator: for pipelines, searches over K and structure, and code that stands on it.

Needs scikit-learn (extra `sklearn`). `import em` alone does not import it.
"""

import sys
import warnings
from numbers import Real
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike

from em.arguments import as_numbers
from em.choosing.criteria import Criteria, criteria
from em.fit import EMFit
from em.fit import fit as climb
from em.restarts import FailedStart, Restarts
from em.starts import Start, start_named
from em.status import Status
from em.steps import SingularComponent
from mixture import GaussianMixture, structure_named
from mixture.arrays import FloatArray, IntArray, as_component_count, as_point_weights, as_whole_number, check_columns

try:
    from sklearn.base import BaseEstimator, DensityMixin
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.utils import check_array, check_random_state
    from sklearn.utils.validation import check_is_fitted, validate_data
except ModuleNotFoundError as error:
    raise ImportError(
        f"em.sklearn needs scikit-learn, but {error}: pip install 'logsum[sklearn]', or from a checkout"
        " pip install -e '.[sklearn]'"
    ) from error

INIT_PARAMS = {"kmeans": "k-means", "random": "random partition", "random_from_data": "random points"}
"""scikit-learn's names of starts, where they differ from ours."""
AUTOMATIC_FLOOR = 1e-6
"""The floor of "auto" for linearly dependent columns; scikit-learn adds as much, in the units of the data, to all."""


class EMGaussianMixture(DensityMixin, BaseEstimator):
    """p(x | theta) = sum_k pi_k N(x | mu_k, Sigma_k), fitted by EM: scikit-learn's interface to `em.fit`.

    Parameters are those of `sklearn.mixture.GaussianMixture`. What differs:

    covariance_type  "full", "tied", "diag", "spherical" and every other structure of `mixture`, by our name or mclust's
    tol              on the *estimated remaining gain* of the mean log-likelihood, in nats per point, as `lower_bound_`:
                     all that further steps would still add, where scikit-learn looks at what the last step added and
                     stops early on slow climbs. `em.fit` is given tol times the sum of the point weights. 0 takes
                     exactly max_iter steps. The default is 1e-10, with max_iter = 10_000
    reg_covar        0: nothing is ever added to a covariance, since EM would then climb no likelihood. Any other value
                     is refused; take `floor`
    floor            Sigma_k >= floor S in the Loewner order, S the covariance of all the data (see `em.fit`). None sets
                     none: plain maximum likelihood, and an error if the columns are linearly dependent, as no maximum
                     exists. "auto" is None, but 1e-6 where they are; `floor_` is what was taken
    n_init           starts; the highest is kept, singular ones never. Given starts and K = 1 need no more than one
    init_params      a start of `em.starts` by our name, or scikit-learn's: "kmeans" ("k-means"), "k-means++", "random"
                     ("random partition": hard, not soft) and "random_from_data" ("random points")
    weights_init, means_init, precisions_init
                     (K,), (K, D), and precisions in the shape of the structure's covariances; each replaces its part of
                     the start, all three together replace it
    warm_start       start from the mixture of the previous fit, which must have the same K, D and structure
    verbose          1 writes a line per start to standard output, 2 also its log-likelihood at each `verbose_interval`
                     iterations

    Fitted: weights_ (K,), means_ (K, D), covariances_ (shape of the structure: scikit-learn's for its four),
    precisions_ (the same shape) = P P^T with precisions_cholesky_ = P, upper triangular, or 1/sd without correlations;
    mixture_ (GaussianMixture), fit_ (the EMFit kept), restarts_ (all of them); converged_, n_iter_ (M steps),
    lower_bound_ = log p(X | theta) / sum_n w_n at the fitted mixture (scikit-learn gives the one before its last step),
    lower_bounds_ (n_iter_,) after each M step; n_features_in_, and feature_names_in_ if the columns have names.

    Data are dense, numeric and complete; float32 and integers are converted to float64. Rows of weight 0 are left out.
    Raises ValueError for bad data or parameters, and NoUsableFit (one too) if every start became singular. Warns of
    ConvergenceWarning if the fit kept stopped at max_iter.
    """

    def __init__(
        self,
        n_components: int = 1,
        *,
        covariance_type: str = "full",
        tol: float = 1e-10,
        reg_covar: float = 0.0,
        floor: float | Literal["auto"] | None = "auto",
        max_iter: int = 10_000,
        n_init: int = 1,
        init_params: str = "kmeans",
        weights_init: ArrayLike | None = None,
        means_init: ArrayLike | None = None,
        precisions_init: ArrayLike | None = None,
        random_state: int | np.random.RandomState | None = None,
        warm_start: bool = False,
        verbose: int = 0,
        verbose_interval: int = 10,
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.tol = tol
        self.reg_covar = reg_covar
        self.floor = floor
        self.max_iter = max_iter
        self.n_init = n_init
        self.init_params = init_params
        self.weights_init = weights_init
        self.means_init = means_init
        self.precisions_init = precisions_init
        self.random_state = random_state
        self.warm_start = warm_start
        self.verbose = verbose
        self.verbose_interval = verbose_interval

    def fit(self, X: ArrayLike, y: object = None, sample_weight: ArrayLike | None = None) -> Self:
        """Climb sum_n w_n log p(x_n | theta); X (N, D), sample_weight w (N,) >= 0, where 2 counts a row twice.

        y is ignored. Returns self; see the class for what is set and raised.
        """
        points = validate_data(self, X, dtype=np.float64, order="C", ensure_min_samples=2)
        weights = _sample_weight(sample_weight, len(points))
        if weights is not None and not weights.all():
            points, weights = points[weights > 0.0], weights[weights > 0.0]
        total_weight = float(len(points) if weights is None else weights.sum())
        self._check_parameters(points)
        floor = self._floor_for(points)
        restarts = self._climb(points, self.tol * total_weight, weights=weights, floor=floor)
        self._set_fitted(restarts.best, total_weight)
        self.restarts_, self.floor_ = restarts, floor
        if not self.converged_ and self.max_iter > 0:
            message = f"EM {self.fit_.message} (max_iter = {self.max_iter}, tol = {self.tol:g})"
            warnings.warn(message, ConvergenceWarning, stacklevel=2)
        return self

    def fit_predict(self, X: ArrayLike, y: object = None, sample_weight: ArrayLike | None = None) -> IntArray:
        """`fit`, then `predict` of the same X: (N,)."""
        return self.fit(X, sample_weight=sample_weight).predict(X)

    def predict(self, X: ArrayLike) -> IntArray:
        """argmax_k P(z_n = k | x_n, theta), (N,)."""
        return self.predict_proba(X).argmax(axis=1)

    def predict_proba(self, X: ArrayLike) -> FloatArray:
        """P(z_n = k | x_n, theta) = pi_k N(x_n | mu_k, Sigma_k) / p(x_n | theta), (N, K)."""
        return self._fitted().responsibilities(self._points(X))

    def score_samples(self, X: ArrayLike) -> FloatArray:
        """log p(x_n | theta), (N,), in nats."""
        return self._fitted().log_density(self._points(X))

    def score(self, X: ArrayLike, y: object = None, sample_weight: ArrayLike | None = None) -> float:
        """sum_n w_n log p(x_n | theta) / sum_n w_n: larger is better. y is ignored."""
        log_density = self.score_samples(X)
        return float(np.average(log_density, weights=_sample_weight(sample_weight, len(log_density))))

    def aic(self, X: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """-2 log L + 2 p, p free parameters: smaller is better, as scikit-learn has it."""
        return self._criteria(X, sample_weight).aic

    def bic(self, X: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """-2 log L + p log sum_n w_n, p free parameters: smaller is better, as scikit-learn has it."""
        return self._criteria(X, sample_weight).bic

    def sample(self, n_samples: int = 1) -> tuple[FloatArray, IntArray]:
        """Points (n_samples, D) drawn from the mixture, and their components (n_samples,), not sorted by component."""
        return self._fitted().draw(as_whole_number(n_samples, "n_samples", least=1), self._generator())

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "mixture_")

    def _fitted(self) -> GaussianMixture:
        check_is_fitted(self)
        return self.mixture_

    def _points(self, X: ArrayLike) -> FloatArray:
        points: FloatArray = validate_data(self, X, reset=False, dtype=np.float64, order="C")
        return points

    def _criteria(self, X: ArrayLike, sample_weight: ArrayLike | None) -> Criteria:
        mixture, points = self._fitted(), self._points(X)
        return criteria(points, mixture, weights=_sample_weight(sample_weight, len(points)))

    def _generator(self) -> np.random.Generator:
        return np.random.default_rng(check_random_state(self.random_state).randint(2**31, size=4))

    def _check_parameters(self, points: FloatArray) -> None:
        as_component_count(self.n_components, len(points))
        for name, least in (("n_init", 1), ("max_iter", 0), ("verbose_interval", 1)):
            as_whole_number(getattr(self, name), name, least=least)
        if not (isinstance(self.tol, Real) and 0.0 <= self.tol < np.inf):
            raise ValueError(f"tol must be a number of nats per point, 0 or more, not {self.tol!r}")
        for name in ("covariance_type", "init_params"):
            if not isinstance(getattr(self, name), str):
                raise ValueError(f"{name} must be a name, not {getattr(self, name)!r}")
        as_whole_number(int(self.verbose) if isinstance(self.verbose, bool) else self.verbose, "verbose", least=0)
        if not (isinstance(self.reg_covar, Real) and self.reg_covar == 0.0):
            raise ValueError(
                f"reg_covar must be 0, not {self.reg_covar}: adding to the covariances leaves the maximum of the"
                " likelihood. To keep them from collapsing set `floor`, a bound relative to the data's covariance"
            )

    def _floor_for(self, points: FloatArray) -> float | None:
        named = self.floor is None or (isinstance(self.floor, str) and self.floor == "auto")
        if not named and not (isinstance(self.floor, Real) and 0.0 < self.floor < 1.0):
            raise ValueError(f"floor must be 'auto', None or between 0 and 1, not {self.floor!r}")
        correlated = not structure_named(self.covariance_type).diagonal
        check_columns(points, correlated=correlated and self.floor is None)
        if self.floor != "auto":
            return self.floor
        try:
            check_columns(points, correlated=correlated)
        except ValueError:
            return AUTOMATIC_FLOOR
        return None

    def _climb(self, points: FloatArray, tolerance: float, **data: Any) -> Restarts:
        kind = start_named(INIT_PARAMS.get(self.init_params, self.init_params))
        warm = self.warm_start and hasattr(self, "mixture_")
        given = warm or not any(part is None for part in (self.weights_init, self.means_init, self.precisions_init))
        name = "given" if given else kind.name
        once = given or self.n_components == 1 or kind.is_deterministic(len(points))
        fits: list[EMFit] = []
        failures: list[FailedStart] = []
        for rng in self._generator().spawn(1 if once else self.n_init):
            try:
                start = self._previous(points) if warm else self._start(points, kind, rng=rng, **data)
            except SingularComponent as singular:
                failures.append(FailedStart(name, str(singular)))
                continue
            steps = self.max_iter
            fits.append(climb(points, start, tolerance=tolerance, max_iterations=steps, start_name=name, **data))
            if self.verbose:
                _report(fits[-1], self.verbose_interval if self.verbose > 1 else steps + 1)
        return Restarts(tuple(fits), tuple(failures))

    def _start(self, points: FloatArray, kind: Start, **settings: Any) -> GaussianMixture:
        k, d = self.n_components, points.shape[1]
        structure = structure_named(self.covariance_type)
        pi = _given("weights_init", self.weights_init, (k,))
        means = _given("means_init", self.means_init, (k, d))
        precisions = _given("precisions_init", self.precisions_init, structure.shape(k, d))
        covariances = None if precisions is None else _inverse(precisions, structure.diagonal)
        if pi is None or means is None or covariances is None:
            made = kind.make(points, k, structure=structure.name, **settings)
            pi = made.weights if pi is None else pi
            means = made.means if means is None else means
            covariances = made.covariances if covariances is None else covariances
        return GaussianMixture(pi, means, covariances, structure.name)

    def _previous(self, points: FloatArray) -> GaussianMixture:
        mixture = self._fitted()
        before = (mixture.n_components, mixture.n_features, mixture.structure)
        now = (self.n_components, points.shape[1], structure_named(self.covariance_type).name)
        if before != now:
            raise ValueError(f"warm_start needs a fit of K, D, structure = {now}, not {before}: set it to False")
        return mixture

    def _set_fitted(self, fit: EMFit, total_weight: float) -> None:
        mixture, structure = fit.mixture, fit.mixture.covariance_structure
        self.fit_, self.mixture_ = fit, mixture
        self.weights_, self.means_, self.covariances_ = mixture.weights, mixture.means, mixture.covariances
        if structure.diagonal:
            self.precisions_cholesky_ = 1.0 / np.sqrt(mixture.covariances)
            self.precisions_ = 1.0 / mixture.covariances
        else:
            upper = np.swapaxes(mixture.precision_factors, 1, 2)
            self.precisions_cholesky_ = upper[0] if structure.shared else upper
            self.precisions_ = self.precisions_cholesky_ @ np.swapaxes(self.precisions_cholesky_, -1, -2)
        self.converged_, self.n_iter_ = fit.status is Status.CONVERGED, fit.n_iterations
        self.lower_bounds_ = fit.log_likelihoods[1:] / total_weight
        self.lower_bound_ = fit.log_likelihood / total_weight


def _sample_weight(sample_weight: ArrayLike | None, n_samples: int) -> FloatArray | None:
    if sample_weight is None:
        return None
    try:
        values = check_array(sample_weight, dtype=np.float64, ensure_2d=False, input_name="sample_weight")
    except (TypeError, ValueError) as error:
        raise ValueError(f"sample_weight must be numbers, one per row of X: {error}") from error
    return as_point_weights(values, n_samples)


def _given(name: str, values: ArrayLike | None, shape: tuple[int, ...]) -> FloatArray | None:
    return None if values is None else as_numbers(values, name, shape)


def _inverse(precisions: FloatArray, diagonal: bool) -> FloatArray:
    asymmetry = 0.0 if diagonal else np.abs(precisions - np.swapaxes(precisions, -1, -2)).max()
    if asymmetry > 1e-8 * np.abs(precisions).max():
        raise ValueError("precisions_init must be symmetric")
    smallest = (precisions if diagonal else np.linalg.eigvalsh(precisions)).min()
    if not smallest > 0.0:
        raise ValueError(f"precisions_init must be positive definite, but has an eigenvalue of {smallest:g}")
    inverse = 1.0 / precisions if diagonal else np.linalg.inv(precisions)
    return inverse if diagonal else 0.5 * (inverse + np.swapaxes(inverse, -1, -2))


def _report(fit: EMFit, every: int) -> None:
    for i in range(every, fit.n_iterations + 1, every):
        sys.stdout.write(f"  iteration {i}: {fit.log_likelihoods[i]:.6f} nats\n")
    sys.stdout.write(f"from {fit.start_name}: {fit.log_likelihood:.6f} nats, {fit.message}\n")
