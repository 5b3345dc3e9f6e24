"""Where the likelihood of a mixture runs away: a component that shrinks onto points, and evidence under a cut-off."""

from collections.abc import Callable
from itertools import pairwise, product

import numpy as np
from scipy.integrate import quad
from scipy.special import betaln

from mixture import GaussianMixture
from mixture.arrays import FloatArray

TOP = 1e4
"""Upper end of sigma in the quadrature; beyond it the densities hold nothing."""
N_PIECES = 30
"""Pieces of the range of log sigma that are integrated apart."""


def shrinking(points: FloatArray, place: float, held: int, sigmas: FloatArray) -> FloatArray:
    """log L (S,) of the points (N, 1) under two components: one at `place` with weight held / N and each sigma (S,),
    the other the normal of all the data.
    """
    share = held / len(points)
    mean, variance = float(points.mean()), float(points.var())
    weights, means = np.array([1.0 - share, share]), np.array([[mean], [place]])
    return np.array(
        [
            GaussianMixture(weights, means, np.array([[variance], [sigma**2]]), "diag").log_likelihood(points)
            for sigma in sigmas
        ]
    )


def steepness(sigmas: FloatArray, values: FloatArray) -> float:
    """-d log L / d log sigma between the two smallest sigmas."""
    order = np.argsort(sigmas)[:2]
    return float(-np.diff(values[order])[0] / np.diff(np.log(sigmas[order]))[0])


def group_integral(x: FloatArray, density: Callable[[float], float], cutoff: float, tau: float) -> float:
    """Integral over sigma > cutoff and mu of p(sigma) N(mu | 0, tau) prod_n N(x_n | mu, sigma); 1 for no point.

    The integral over mu is closed: x ~ N(0, sigma^2 I + tau^2 J). That over log sigma is by quadrature, in pieces.
    """
    edges = np.linspace(np.log(cutoff), np.log(TOP), N_PIECES + 1)

    def integral(integrand: Callable[[float], float]) -> float:
        return float(sum(quad(integrand, a, b, limit=100)[0] for a, b in pairwise(edges)))

    if not x.size:
        return integral(lambda t: float(density(np.exp(t)) * np.exp(t)))
    m, mean = x.size, float(x.mean())
    scatter = float(np.square(x - mean).sum())

    def integrand(t: float) -> float:
        variance = np.exp(2.0 * t)
        across = variance + m * tau**2
        log_density = -0.5 * (
            m * np.log(2.0 * np.pi) + (m - 1) * 2.0 * t + np.log(across) + scatter / variance + m * mean**2 / across
        )
        return float(density(np.exp(t)) * np.exp(log_density + t))

    return integral(integrand)


def evidence_above(x: FloatArray, density: Callable[[float], float], cutoff: float, tau: float) -> float:
    """p(X) of two components in one feature, sigma_k > cutoff, weights uniform on the simplex: all 2^N allocations.

    sum_z B(1 + n_1, 1 + n_2) m(x in 1) m(x in 2), m the `group_integral`. x (N,).
    """
    known: dict[tuple[float, ...], float] = {}

    def integral(group: FloatArray) -> float:
        key = tuple(sorted(group.tolist()))
        if key not in known:
            known[key] = group_integral(group, density, cutoff, tau)
        return known[key]

    total = 0.0
    for allocation in product((False, True), repeat=len(x)):
        first = np.array(allocation)
        share = np.exp(betaln(1.0 + first.sum(), 1.0 + (~first).sum()))
        total += float(share) * integral(x[first]) * integral(x[~first])
    return total
