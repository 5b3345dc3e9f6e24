"""What each method costs, and how the cost grows with points, components and features."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec

import pandas as pd

from experiments.answers.cost import build_answer
from experiments.engine.experiment import Budget, Case, Experiment, Results, Task
from experiments.reporting.report import Answer, Formula
from experiments.studies.costing import Size, costs, scikit_learn, stock_pymc
from experiments.studies.machine import Machine

BASE = Size(1_000, 3, 2)
N_SAMPLES, N_COMPONENTS, N_FEATURES = (300, 3_000, 10_000), (2, 6), (1, 4, 8)
QUICK_SAMPLES, QUICK_COMPONENTS, QUICK_FEATURES = (3_000,), (2,), (1,)
ENOUGH = 300
"""Draws from which a budget has all sizes, and stock PyMC, whose compilation takes as long as all the rest."""
LARGEST_SMC = 1_000
"""Points up to which sequential Monte Carlo is run, the dearest method; by a small budget on the base alone."""
ONE_FEATURE = Size(1_000, 3, 1)
"""What stock PyMC is measured on."""


@dataclass(frozen=True, eq=False)
class Costs:
    """rows: method, seconds, on one size."""

    rows: pd.DataFrame
    machine: Machine


@dataclass(frozen=True, eq=False)
class Beside:
    """rows: method, ours, theirs, in seconds."""

    rows: pd.DataFrame


type Outcome = Costs | Beside


def sizes(budget: Budget) -> Iterator[Size]:
    """The base, then the others along one axis each."""
    whole = budget.draws >= ENOUGH
    yield BASE
    for n in N_SAMPLES if whole else QUICK_SAMPLES:
        yield Size(n, BASE.n_components, BASE.n_features)
    for k in N_COMPONENTS if whole else QUICK_COMPONENTS:
        yield Size(BASE.n_samples, k, BASE.n_features)
    for d in N_FEATURES if whole else QUICK_FEATURES:
        yield Size(BASE.n_samples, BASE.n_components, d)


def cases(budget: Budget) -> list[Case]:
    """A case for each size, and for each other program that is there."""
    found = [
        Case(
            f"n{size.n_samples}-k{size.n_components}-d{size.n_features}",
            {"n": size.n_samples, "k": size.n_components, "d": size.n_features},
            cost=5.0 + size.n_samples / 2_000,
        )
        for size in sizes(budget)
    ]
    if find_spec("sklearn") is not None:
        found.append(Case("scikit-learn", {}, cost=3.0))
    if budget.draws >= ENOUGH:
        found.append(Case("stock-pymc", {}, cost=15.0))
    return found


def run(task: Task) -> Outcome:
    """Every method on one size; or one pair of programs."""
    rng = task.rng()
    if task.case.name == "scikit-learn":
        return Beside(_frame(scikit_learn(BASE, rng)))
    if task.case.name == "stock-pymc":
        return Beside(_frame(stock_pymc(ONE_FEATURE, task.budget, rng)))
    size = Size(*(task.settings[name] for name in ("n", "k", "d")))
    machine = Machine.seen()
    smc = size.n_samples <= LARGEST_SMC if task.budget.draws >= ENOUGH else size == BASE
    return Costs(costs(size, task.budget, rng, smc=smc), machine)


def _frame(pairs: dict[str, tuple[float, float]]) -> pd.DataFrame:
    return pd.DataFrame([{"method": name, "ours": ours, "theirs": theirs} for name, (ours, theirs) in pairs.items()])


def answer(results: Results[Outcome]) -> Answer:
    """Costs in EM iterations, growth, other programs."""
    measured = {size: results[f"n{size.n_samples}-k{size.n_components}-d{size.n_features}"] for size in _asked(results)}
    rows = [
        each.rows.assign(N=size.n_samples, K=size.n_components, D=size.n_features)
        for size, each in measured.items()
        if isinstance(each, Costs)
    ]
    machines = [each.machine for each in measured.values() if isinstance(each, Costs)]
    beside = {name: each.rows for name, each in results.outcomes.items() if isinstance(each, Beside)}
    return build_answer(pd.concat(rows, ignore_index=True), beside, max(machines, key=lambda one: one.busy or 0.0))


def _asked(results: Results[Outcome]) -> list[Size]:
    """The sizes of a budget, each once."""
    return list(dict.fromkeys(sizes(results.budget)))


EXPERIMENT: Experiment[Outcome] = Experiment(
    name="cost",
    title="What each method costs",
    question="What does each method cost, and how does it grow?",
    summary="EM, standard errors, bootstrap, NUTS, Gibbs, relabelling, evidence: in EM iterations, by N, K and D",
    tags=("em", "posterior", "speed", "simulated data"),
    expect=(
        "All methods walk the data, so all grow with the number of points; they differ in how often they walk. A fit"
        " walks once for each iteration of the climb from each start; a bootstrap fits each replicate; NUTS takes a"
        " gradient, which costs what an E step costs, for each leapfrog step of a draw, and neighbouring draws resemble"
        " each other. A Gibbs sweep is one walk, but draws an allocation for each point. What is measured on few"
        " points is the cost of calls rather than of arithmetic, and then grows more slowly than the data do."
    ),
    mathematics=(
        "One pass over the data with full covariances takes of the order of $N K D^2$ operations. If the seconds $t$"
        " of a method follow a power of one size $s$, the others held,",
        Formula(
            r"t \propto s^{b}, \qquad b = \frac{\log t_2 - \log t_1}{\log s_2 - \log s_1},",
            "t is proportional to s to the power b, and b is the slope of log t against log s",
        ),
        "with more than two sizes the least-squares slope. The observed information adds products of scores, of the"
        " order of $N (K D^2)^2$; an effective draw costs the seconds of all draws over the number of independent ones"
        " that they are worth.",
    ),
    limits=(
        "Components are four standard deviations apart, so that EM takes few iterations and chains mix; overlapping"
        " ones cost more, each method in its own way (see convergence and relabelling). Chains start where the truth"
        " is. Seconds are of one core and of the processor's clock, compilation left out: it takes seconds for every"
        " new number of components or features, once. An effective draw is measured by the log-likelihood, which needs"
        " no labels. The tuning of the samplers counts as well as their draws; longer runs pay it off. The machine is"
        " shared, and other work slows down a method even by its own clock. How an EM iteration compares at more sizes"
        " stands in em_speed."
    ),
    references=(
        "Hoffman, M. D. & Gelman, A. (2014). The No-U-Turn sampler: adaptively setting path lengths in Hamiltonian"
        " Monte Carlo. Journal of Machine Learning Research 15, 1593-1623.",
        "Pedregosa, F. et al. (2011). Scikit-learn: machine learning in Python. Journal of Machine Learning Research"
        " 12, 2825-2830.",
        "Abril-Pla, O. et al. (2023). PyMC: a modern, and comprehensive probabilistic programming framework in Python."
        " PeerJ Computer Science 9, e1516. doi:10.7717/peerj-cs.1516",
    ),
    quick=Budget(draws=100, tune=100, chains=2),
    full=Budget(draws=300, tune=300, chains=2),
    cases=cases,
    run=run,
    answer=answer,
    stored=(Costs, Beside, Machine),
)

if __name__ == "__main__":
    from experiments.engine.running import run_as_script

    run_as_script(EXPERIMENT)
