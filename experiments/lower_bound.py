"""Why EM works: the free energy under the log-likelihood, half step by half step and along one parameter."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

import em
from experiments.answers.lower_bound import CLAIMS, build_answer
from experiments.data.datasets import load
from experiments.engine.experiment import Budget, Case, Experiment, Results, Task
from experiments.reporting.report import Answer, Formula
from mixture import GaussianMixture
from mixture.arrays import FloatArray
from mixture.likelihood import log_joint

N_ITERATIONS = 40
N_SLICE, FIRST_MEAN, SECOND_MEAN = 60, 0.0, 2.5
"""Points of the slice, and its two means: the first is known, the second is found."""
SLICE_START, N_CURVES, SLICE_EDGES, N_GRID = -3.5, 6, (-4.5, 6.5), 221
N_ENUMERATED = 10
"""Points whose 2^N allocations are written out."""


@dataclass(frozen=True, eq=False)
class Stairs:
    """F, KL and log L after each half step (2T + 1,), E first; the rate of convergence at the optimum."""

    free_energies: FloatArray
    divergences: FloatArray
    log_likelihoods: FloatArray
    rate: float


@dataclass(frozen=True, eq=False)
class Slice:
    """One unknown mean: log L (G,) on a grid, and F(q_t, .) (C, G) with q_t the posterior of z at iterate t.

    iterates  (C + 1,) the mean after t iterations      touching  (C + 1,) log L there
    reached   (C,) F(q_t, .) at iterate t + 1
    """

    grid: FloatArray
    log_likelihoods: FloatArray
    bounds: FloatArray
    iterates: FloatArray
    touching: FloatArray
    reached: FloatArray


@dataclass(frozen=True, eq=False)
class Enumerated:
    """F, KL and log L of a few points for a q drawn at random: from their formulas, and from all allocations."""

    formulas: FloatArray
    sums: FloatArray


type Outcome = Stairs | Slice | Enumerated


def stairs() -> Stairs:
    """Old Faithful, K = 2, from two components that nearly coincide."""
    x = load("faithful").points()
    spread = np.cov(x, rowvar=False, bias=True)
    away = 0.2 * x.std(axis=0) * np.array([-1.0, 1.0])[:, None]
    start = GaussianMixture([0.5, 0.5], x.mean(axis=0) + away, np.array([spread, spread]))
    walked = em.staircase(x, start, N_ITERATIONS)
    rate = em.convergence_rate(x, walked.mixtures[-1]).rate
    return Stairs(walked.free_energies, walked.divergences, walked.log_likelihoods, rate)


def with_second_mean(mean: float) -> GaussianMixture:
    """0.5 N(0, 1) + 0.5 N(mean, 1)."""
    return GaussianMixture([0.5, 0.5], [[FIRST_MEAN], [mean]], np.ones((2, 1, 1)))


def one_mean(rng: np.random.Generator) -> Slice:
    """EM on one mean, mu' = mu + S1 / N, and the bound that each E step lays under the log-likelihood."""
    x, _ = with_second_mean(SECOND_MEAN).draw(N_SLICE, rng)
    grid = np.linspace(*SLICE_EDGES, N_GRID)
    iterates, bounds, reached = [SLICE_START], [], []
    for _ in range(N_CURVES):
        here = with_second_mean(iterates[-1])
        q = here.responsibilities(x)
        bounds.append([em.lower_bound(x, q, with_second_mean(mean)).free_energy for mean in grid])
        statistics = em.e_step(x, here)
        iterates.append(iterates[-1] + float(statistics.first[1, 0] / statistics.counts[1]))
        reached.append(em.lower_bound(x, q, with_second_mean(iterates[-1])).free_energy)
    return Slice(
        grid=grid,
        log_likelihoods=np.array([with_second_mean(mean).log_likelihood(x) for mean in grid]),
        bounds=np.array(bounds),
        iterates=np.array(iterates),
        touching=np.array([with_second_mean(mean).log_likelihood(x) for mean in iterates]),
        reached=np.array(reached),
    )


def enumerated(rng: np.random.Generator) -> Enumerated:
    """Sums over all allocations z of q(z) [log p(X, z) - log q(z)], of q(z) log q(z) / p(z | X), and log of p(X, z)."""
    mixture = GaussianMixture([0.4, 0.6], [[-1.0], [1.5]], [[[0.5]], [[2.0]]])
    x, _ = mixture.draw(N_ENUMERATED, rng)
    q = rng.dirichlet([1.0, 1.0], N_ENUMERATED)
    rows = np.arange(N_ENUMERATED)
    zs = np.array(list(itertools.product(range(2), repeat=N_ENUMERATED)))
    log_p = log_joint(x, mixture.weights, mixture.means, mixture.covariances)[rows, zs].sum(axis=1)
    log_q = np.log(q)[rows, zs].sum(axis=1)
    total = np.logaddexp.reduce(log_p)
    found = em.lower_bound(x, q, mixture)
    return Enumerated(
        formulas=np.array([found.free_energy, found.divergence, found.log_likelihood]),
        sums=np.array([np.exp(log_q) @ (log_p - log_q), np.exp(log_q) @ (log_q - log_p + total), total]),
    )


def cases(_: Budget) -> Sequence[Case]:
    """The staircase, the slice, the enumeration."""
    return Case("staircase"), Case("slice"), Case("enumeration")


def run(task: Task) -> Outcome:
    """One of the three."""
    if task.case.name == "staircase":
        return stairs()
    return one_mean(task.rng()) if task.case.name == "slice" else enumerated(task.rng())


def answer(results: Results[Outcome]) -> Answer:
    """The staircase, the slice and claims."""
    steps, section, few = results["staircase"], results["slice"], results["enumeration"]
    assert isinstance(steps, Stairs)
    assert isinstance(section, Slice)
    assert isinstance(few, Enumerated)
    slice_of = f"n = {N_SLICE} points of 0.5 N({FIRST_MEAN:g}, 1) + 0.5 N({SECOND_MEAN:g}, 1)"
    shape = load("faithful").points().shape
    return build_answer(steps, section, few, shape=shape, slice_of=slice_of, n_enumerated=N_ENUMERATED)


EXPERIMENT: Experiment[Outcome] = Experiment(
    name="lower_bound",
    title="Why EM works: a bound that is raised until it touches",
    question="Why does EM never make the likelihood worse?",
    summary="Jensen's bound on Old Faithful half step by half step, and along one mean; the identity to rounding",
    tags=("em", "theory", "real data"),
    expect=(
        "The log-likelihood has a sum inside the logarithm and is hard to climb; with the allocations known it would be"
        " easy. EM replaces it by a function that lies below it everywhere, touches it at the current parameters, and"
        " is as easy to maximise as if the allocations were known. The E step lays this bound, the M step goes to its"
        " top. Since the log-likelihood is above the bound there too, it has risen at least as much."
    ),
    mathematics=(
        "Let $q$ be any distribution over the unseen allocations $z$. Multiply and divide by it inside the logarithm;"
        " the logarithm of a mean is at least the mean of the logarithm (Jensen), so",
        Formula(
            r"\log p(X \mid \theta) = \log \sum_z q(z) \frac{p(X, z \mid \theta)}{q(z)} \geq"
            r" \sum_z q(z) \log \frac{p(X, z \mid \theta)}{q(z)} = F(q, \theta).",
            "the log-likelihood is the log of a sum over z, and at least F of q and theta",
        ),
        "$F$ is the *free energy*, or evidence lower bound (Neal & Hinton 1998; Bishop 2006, section 9.4). What"
        " Jensen's inequality gives away is known exactly:",
        Formula(
            r"\log p(X \mid \theta) - F(q, \theta) = \mathrm{KL}(q \,\|\, p(z \mid X, \theta)) \geq 0,",
            "the log-likelihood minus F is the Kullback-Leibler divergence of q from the posterior of z",
        ),
        "zero if and only if $q$ is the posterior of the allocations. The **E step** maximises $F$ over $q$: it sets"
        " $q(z) = p(z \\mid X, \\theta_t)$, the responsibilities, and $F$ touches. The **M step** maximises $F$ over"
        " $\\theta$; the entropy of $q$ does not depend on it, so this is the expected complete-data log-likelihood, a"
        " sum of logarithms of single Gaussians. Over one iteration",
        Formula(
            r"\log L(\theta_{t+1}) - \log L(\theta_t) = [F(q_t, \theta_{t+1}) - F(q_t, \theta_t)]"
            r" + \mathrm{KL}(q_t \,\|\, p(z \mid X, \theta_{t+1})),",
            "the gain of the log-likelihood is the gain of F in the M step plus the divergence that opens up",
        ),
        "two terms that are never negative. Near the optimum the second is the first times $\\lambda$, the fraction of"
        " missing information: what EM does not see of the gain is what the allocations would have told.",
    ),
    limits=(
        "That no step falls says nothing about how fast they rise, nor that the top they come to is the highest: see"
        " convergence and local_optima. The same bound, with a q that is restricted, is the one of variational"
        " inference, which does not touch; it is not used here."
    ),
    references=(
        "Dempster, A. P., Laird, N. M. & Rubin, D. B. (1977). Maximum likelihood from incomplete data via the EM"
        " algorithm. Journal of the Royal Statistical Society B 39, 1-38. doi:10.1111/j.2517-6161.1977.tb01600.x",
        "Neal, R. M. & Hinton, G. E. (1998). A view of the EM algorithm that justifies incremental, sparse, and other"
        " variants. In Learning in Graphical Models, 355-368. doi:10.1007/978-94-011-5014-9_12",
        "Bishop, C. M. (2006). Pattern Recognition and Machine Learning, section 9.4. Springer.",
    ),
    quick=Budget(),
    full=Budget(),
    cases=cases,
    run=run,
    answer=answer,
    claims=CLAIMS,
    stored=(Stairs, Slice, Enumerated),
    data=("faithful",),
    side_by_side=True,
    repeats=True,
)

if __name__ == "__main__":
    from experiments.engine.running import run_as_script

    run_as_script(EXPERIMENT)
