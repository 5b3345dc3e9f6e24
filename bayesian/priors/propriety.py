"""Is the posterior proper? Prior densities that are positive where the likelihood of a mixture runs away.

A component that shrinks onto m observations with a standard deviation e across them has likelihood e^(-m);
integrating over its mean gives back one e per tight direction. The posterior mass near e = 0 is the integral of
a power of e, finite or not.

Scales. The density of an sd behaves as s^a for s -> 0 (half-normal: a = 0, half-normal on the variance: a = 1;
log-normal and inverse-gamma: faster than any power, always finite). m observations tied in one feature (diag,
full): the integral of s^(a - m + 1) ds, infinite if m >= a + 2. m identical observations (spherical): of
s^(a - D (m - 1)) ds.

Correlations. LKJ(eta) has density |R|^(eta - 1), which is e^(2 eta - 2) where a component flattens to thickness e
onto an oblique hyperplane; the direction across it must agree to order e in D - 1 angles, and the volume element of
an eigenvalue e^2 is e de. With m observations on the hyperplane: the integral of e^(2 eta + D - 1 - m) de, infinite
if m >= 2 eta + D, whatever the prior of the scales. Flats of lower dimension give the same bound. (Along an axis R
stays regular, and it is the scale that shrinks.)

Shared covariances, and K = 1. All N observations must lie on v <= K parallel flats: N - v takes the place of m - 1.

An inverse-Wishart density falls faster than any power at a singular covariance: always proper.
"""

import numpy as np

from mixture.arrays import FloatArray, IntArray

ANCHORS = 3000
"""Up to so many distinct points every line through two is counted; beyond, those through evenly spaced anchors."""

SAME_DIRECTION = 1e-10
"""Radians, on standardised features: rounding of decimal data gives less, different lines of a table of data give
more.
"""


class ImproperPosterior(ValueError):
    """The prior and these data have no proper posterior; the message says why, and what to do."""


def check_scales(x: FloatArray, n_components: int, order: float, *, shared: bool, by_feature: bool) -> None:
    """Raises ImproperPosterior if a scale density of that order at zero is improper under ties in the data x (N, D).

    by_feature: an sd per feature (full, tied, diag, tied_diag) or one for all (spherical).
    """
    if np.isinf(order):
        return
    n_samples, n_features = x.shape
    columns = [x[:, [d]] for d in range(n_features)] if by_feature else [x]
    for d, column in enumerate(columns):
        _, counts = np.unique(column, axis=0, return_counts=True)
        excess = n_samples - counts.size if shared else int(counts.max()) - 1
        if shared and counts.size > n_components:
            continue
        if excess * column.shape[1] >= order + 1.0:
            ties = (
                f"only {counts.size} distinct values for {n_components} components"
                if shared
                else f"{counts.max()} equal observations"
            )
            where = f"feature {d} has {ties}" if by_feature else f"the data have {ties}"
            raise ImproperPosterior(
                f"the posterior is improper: {where}, and the prior of the scales does not vanish fast enough at zero."
                " Take LogNormal or InverseGamma scales (or an InverseWishart prior of the covariances)."
            )


def check_correlations(x: FloatArray, n_components: int, eta: float, *, shared: bool) -> None:
    """Raises ImproperPosterior if LKJ(eta), the smallest eta of all components, is improper for the data x (N, D).

    Exact for D = 2 (up to `ANCHORS` distinct points). For D > 2 the hyperplanes looked at are those that leave
    all features but two free: passing is no proof there, and InverseWishart is the safe choice.
    """
    n_samples, n_features = x.shape
    for d in range(n_features):
        for e in range(d):
            pair = x[:, [e, d]]
            if shared:
                lines = parallel_lines(pair, n_components)
                if lines is None:
                    continue
                held, excess = (
                    f"all {n_samples} observations lie on {lines} parallel oblique lines",
                    n_samples - lines + 1,
                )
            else:
                excess = collinear_points(pair)
                held = f"{excess} observations lie on one oblique line"
            if excess >= 2.0 * eta + n_features:
                raise ImproperPosterior(
                    f"the posterior is improper: in features {e} and {d}, {held}, which LKJ(eta = {eta:g}) allows"
                    f" only for eta > {(excess - n_features) / 2:g}. Take a larger eta, or an InverseWishart prior of"
                    " the covariances."
                )


def collinear_points(pair: FloatArray) -> int:
    """The largest number of observations (N, 2), repeated ones counted, on one line parallel to no axis."""
    points, counts = _distinct(pair)
    n = len(points)
    best = 1
    for i in np.unique(np.linspace(0, n - 1, min(n, ANCHORS)).astype(np.int64)):
        steps = points - points[i]
        oblique = (steps != 0.0).all(axis=1)
        if not oblique.any():
            continue
        angles = np.arctan(steps[oblique, 1] / steps[oblique, 0])
        order = np.argsort(angles)
        groups = np.concatenate([[0], np.cumsum(np.diff(angles[order]) > SAME_DIRECTION)])
        best = max(best, int(counts[i] + np.bincount(groups, weights=counts[oblique][order]).max()))
    return best


def parallel_lines(pair: FloatArray, n_lines: int) -> int | None:
    """The least number v <= n_lines of parallel oblique lines that hold all observations (N, 2); None if there is none.

    Of n_lines + 1 distinct points two share a line, so only the directions between those have to be tried.
    """
    points, _ = _distinct(pair)
    first = points[: n_lines + 1]
    fewest: int | None = None
    for i in range(len(first)):
        for j in range(i):
            step = first[i] - first[j]
            if (step == 0.0).any():
                continue
            across = np.sort(points @ np.array([step[1], -step[0]]) / np.hypot(*step))
            lines = 1 + int((np.diff(across) > SAME_DIRECTION).sum())
            if lines <= n_lines and (fewest is None or lines < fewest):
                fewest = lines
    return fewest


def _distinct(pair: FloatArray) -> tuple[FloatArray, IntArray]:
    """Distinct rows, standardised, and how often each occurs."""
    points, counts = np.unique(pair, axis=0, return_counts=True)
    spans = np.ptp(points, axis=0)
    return (points - points.mean(axis=0)) / np.where(spans > 0.0, spans, 1.0), counts
