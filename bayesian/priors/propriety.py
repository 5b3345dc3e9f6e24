"""Is the posterior proper? Prior densities that are positive where the likelihood of a mixture runs away.

The empty component. With K >= 2 the likelihood of a mixture holds a term in which some component has no observation;
its parameters are then distributed as in the prior. An independent prior of component parameters that does not
integrate makes the posterior improper, whatever the data (Diebolt & Robert 1994, JRSS B 56:363).

A component that shrinks onto m observations with a standard deviation e across them has likelihood e^(-m);
integrating over its mean gives back one e per tight direction. The posterior mass near e = 0 is the integral of
a power of e, finite or not.

Scales. The density of an sd behaves as s^a for s -> 0 (half-normal, or uniform from 0: a = 0; the same on the variance:
a = 1; log-normal, inverse-gamma, uniform from above 0: faster than any power, always finite). m observations tied in
one feature (diag, full): the integral of s^(a - m + 1) ds, infinite if m >= a + 2. m identical observations
(spherical): of s^(a - D (m - 1)) ds.

Correlations. LKJ(eta) has density |R|^(eta - 1), which is e^(2 eta - 2) where a component flattens to thickness e
onto an oblique hyperplane; the direction across it must agree to order e in D - 1 angles, and the volume element of
an eigenvalue e^2 is e de. With m observations on the hyperplane: the integral of e^(2 eta + D - 1 - m) de, infinite
if m >= 2 eta + D, whatever the prior of the scales. Flats of lower dimension give the same bound. (Along an axis R
stays regular, and it is the scale that shrinks.)

Shared covariances, and K = 1. All N observations must lie on v <= K parallel flats: N - v takes the place of m - 1.

An inverse-Wishart or inverse-gamma density with a fixed scale falls faster than any power at zero: always proper.

Hierarchies. If the scale b of sigma_k^2 ~ InvGamma(a, b) has b ~ Gamma(g, h), b can follow the component down. With
b = e^2, c components shrunk with it onto groups of m_1, .., m_c tied observations, and the other K - c at their
scale, whose densities vanish as b^a each, the mass near 0 is the integral of

    b^(a (K - c) + g - 1 - sum_j D (m_j - 1) / 2) db            (D = 1 feature, or all of them if spherical)

Some component must hold the other observations, so c = K - 1 is the worst (single observations cost nothing): infinite
if D sum_j (m_j - 1) >= 2 (a + g), over the K - 1 largest groups. If the data have v <= K distinct values, or the
variance is shared, all may shrink: infinite if D (N - v) >= 2 g. Sigma_k ~ IW(nu, Psi), Psi ~ W(n, S) is the same with
nu = 2 a, n = 2 g and groups of observations on parallel hyperplanes: of one eigenvalue l -> 0 of Psi and its direction
the volume element is l^((D - 1)/2) dl, the Wishart density l^((n - D - 1)/2), each regular component l^(nu/2).

Means that are `ConjugateNormal` pull a shrinking component to their location: the location counts as one more
observation there, and elsewhere the conditions here are more than needed.
"""

from typing import TYPE_CHECKING

import numpy as np

from bayesian.priors.flats import collinear_points, crowded_lines, parallel_lines
from bayesian.priors.pieces import ConjugateNormal, Gamma, InverseGamma, Wishart
from mixture.arrays import FloatArray
from mixture.covariance import linear_structure_named

if TYPE_CHECKING:
    from bayesian.priors.prior import Prior


class ImproperPosterior(ValueError):
    """The prior and these data have no proper posterior; the message says why, and what to do."""


REMEDY = (
    "Take LogNormal scales, InverseGamma scales with a fixed scale (or an InverseWishart prior of the covariances"
    " with one)."
)


def check_prior(prior: "Prior", x: FloatArray, n_components: int, structure: str) -> None:
    """Raises ImproperPosterior if this prior, which fits the structure, has none for the data x (N, D)."""
    form = linear_structure_named(structure)
    shared = form.shared or n_components == 1
    n_features = x.shape[1]
    check_whole(prior, x, n_components, shared=shared, by_feature=not structure.endswith("spherical"))
    if isinstance(prior.means, ConjugateNormal):
        locations = np.broadcast_to(np.asarray(prior.means.location), (n_components, n_features))
        x = np.concatenate([x, np.unique(locations, axis=0)])
    by_feature = bool(form.element_shape(n_features))
    if prior.scales is not None:
        orders = np.broadcast_to(prior.scales.order_at_zero, _scales_shape(structure, n_components, n_features))
        lowest = orders.min(axis=0) if orders.ndim and not form.shared else orders
        each = np.broadcast_to(lowest, (n_features,) if by_feature else (1,))
        check_scales(x, n_components, each, shared=shared, by_feature=by_feature)
        hyper = prior.scales.scale if isinstance(prior.scales, InverseGamma) else None
        if isinstance(prior.scales, InverseGamma) and isinstance(hyper, Gamma):
            a, g = float(np.min(np.asarray(prior.scales.shape))), float(np.min(np.asarray(hyper.shape)))
            check_hierarchy(x, n_components, 2.0 * a, 2.0 * g, shared=shared, by_feature=by_feature)
    if prior.correlations is not None and n_features > 1:
        eta = float(np.min(np.asarray(prior.correlations.eta)))
        check_correlations(x, n_components, eta, shared=shared)
    if prior.covariances is not None and isinstance(prior.covariances.scale, Wishart):
        nu, n = float(np.min(np.asarray(prior.covariances.dof))), prior.covariances.scale.dof
        check_hierarchy(x, n_components, nu, n, shared=shared, by_feature=True)
        check_oblique_hierarchy(x, n_components, nu, n, shared=shared)


def _scales_shape(structure: str, n_components: int, n_features: int) -> tuple[int, ...]:
    form = linear_structure_named(structure)
    return form.shape(n_components, n_features) if form.diagonal else (n_components, n_features)[form.shared :]


def check_whole(prior: "Prior", x: FloatArray, n_components: int, *, shared: bool, by_feature: bool) -> None:
    """Raises ImproperPosterior if the prior does not integrate, and so many observations do not mend that.

    One component, or a scale that all share: N observations have a likelihood of order t^(-N) for a scale t -> inf, a
    flat mean takes one of them, and the integral of t^(power - 1 - N) dt must end.
    """
    flat_scales = prior.scales is not None and not prior.scales.proper
    for what, improper in (("means", not prior.means.proper), ("scales", flat_scales and not shared)):
        if improper and n_components > 1:
            raise ImproperPosterior(
                f"the posterior is improper: a component may be empty, hold no observation, and then its parameters"
                f" keep their prior; that of the {what} does not integrate to one, whatever the data (Diebolt & Robert"
                f" 1994, JRSS B 56:363). Give the prior of the {what} a finite sd or finite bounds."
            )
    if flat_scales and prior.scales is not None:
        directions = 1 if by_feature else x.shape[1]
        bounded = directions * (len(x) - (0 if prior.means.proper else 1))
        if bounded <= prior.scales.power:
            raise ImproperPosterior(
                f"the posterior is improper: {len(x)} observations do not bound the scales from above, whose prior has"
                " no end. Give it a finite upper bound."
            )


def check_scales(x: FloatArray, n_components: int, orders: FloatArray, *, shared: bool, by_feature: bool) -> None:
    """Raises ImproperPosterior if scale densities of those orders at zero are improper under ties in the data x (N, D).

    by_feature: an sd per feature (full, tied, diag, tied_diag), orders (D,), or one for all (spherical), orders (1,).
    """
    n_samples = len(x)
    for d, (column, order) in enumerate(zip(_columns(x, by_feature), orders, strict=True)):
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
                f" {REMEDY}"
            )


def check_hierarchy(
    x: FloatArray, n_components: int, twice_a: float, twice_g: float, *, shared: bool, by_feature: bool
) -> None:
    """Raises ImproperPosterior if ties in the data x (N, D) make a hierarchy of that 2 a and 2 g improper."""
    for d, column in enumerate(_columns(x, by_feature)):
        _, counts = np.unique(column, axis=0, return_counts=True)
        where = f"feature {d}" if by_feature else "the data"
        if counts.size <= n_components and column.shape[1] * (len(x) - counts.size) >= twice_g:
            raise ImproperPosterior(
                f"the posterior is improper: {where} has only {counts.size} distinct values for {n_components}"
                f" components, and the scale that they share may go to zero with all of them. {REMEDY}"
            )
        largest = np.sort(counts)[::-1][: n_components - 1]
        if not shared and column.shape[1] * int((largest - 1).sum()) >= twice_a + twice_g:
            groups = ", ".join(str(count) for count in largest[:6]) + (", .." if largest.size > 6 else "")
            raise ImproperPosterior(
                f"the posterior is improper: {where} has groups of {groups} equal observations, onto which"
                f" {n_components - 1} components can shrink and take the scale that they share with the others to zero."
                f" {REMEDY}"
            )


def check_oblique_hierarchy(x: FloatArray, n_components: int, nu: float, n: float, *, shared: bool) -> None:
    """The same for IW(nu, Psi), Psi ~ W(n, S), and oblique lines in two features: a search if D > 2, no proof."""
    for d in range(x.shape[1]):
        for e in range(d):
            pair = x[:, [e, d]]
            lines = parallel_lines(pair, n_components)
            held = 0 if shared or n_components == 1 else crowded_lines(pair, n_components - 1, nu + n)
            if (lines is not None and len(x) - lines >= n) or held:
                raise ImproperPosterior(
                    f"the posterior is improper: in features {e} and {d}, so many observations lie on parallel oblique"
                    " lines that components can flatten onto them and take the scale that they share with the others"
                    f" along. {REMEDY}"
                )


def check_correlations(x: FloatArray, n_components: int, eta: float, *, shared: bool) -> None:
    """Raises ImproperPosterior if LKJ(eta), the smallest eta of all components, is improper for the data x (N, D).

    Exact for D = 2 (up to `flats.ANCHORS` distinct points). For D > 2 the hyperplanes looked at are those that leave
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


def _columns(x: FloatArray, by_feature: bool) -> list[FloatArray]:
    """The features one by one (N, 1), or all together (N, D)."""
    return [x[:, [d]] for d in range(x.shape[1])] if by_feature else [x]
