"""An experiment: one question, declared, with the cases that are run and the answer that is drawn from them."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from experiments.engine.progress import Progress, Silent
from experiments.reporting.report import Answer, Claim, Comparison, Json, Prose, require_name

if TYPE_CHECKING:
    import numpy as np

DEFAULT_SEED = 20_260


@dataclass(frozen=True)
class Budget:
    """How much to compute: posterior draws and tuning steps per chain, chains, EM starts, points of simulated data,
    simulated data sets.

    What an experiment has no use for stays at 1, and is not told in its report.
    """

    draws: int = 1
    tune: int = 1
    chains: int = 1
    n_starts: int = 1
    n_samples: int = 1
    n_simulations: int = 1

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} must be a whole number of at least 1, not {value!r}")

    @property
    def told(self) -> dict[str, int]:
        """What of it an experiment has a use for, by name."""
        return {name: value for name, value in asdict(self).items() if value > 1}


@dataclass(frozen=True)
class Case:
    """One piece of an experiment's work, computed and kept as a whole.

    name      unique within the experiment, and a file name: "separated-n50"
    settings  what is computed, in JSON's types: a result belongs to its case only while these are the same
    cost      the seconds it is expected to take on two cores: the progress bar weighs cases by it
    """

    name: str
    settings: Mapping[str, Json] = field(default_factory=dict)
    cost: float = 1.0

    def __post_init__(self) -> None:
        require_name(self.name)


@dataclass(frozen=True)
class Task:
    """What a case is run with.

    seed      belongs to this case alone: cases may run in any order, in any process
    n_jobs    processes and threads it may use: 1 where cases run side by side, None (all cores) where it is alone
    options   what the command line handed in for this experiment, by name
    """

    case: Case
    budget: Budget
    seed: int
    progress: Progress = field(default_factory=Silent)
    n_jobs: int | None = None
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings of the case."""
        return self.case.settings

    def rng(self) -> "np.random.Generator":
        """A generator at the start of this case's own stream."""
        import numpy as np

        return np.random.default_rng(self.seed)


@dataclass(frozen=True)
class Results[Outcome]:
    """The outcome of every case, by its name and in the order of the declaration; what they were run with."""

    outcomes: Mapping[str, Outcome]
    budget: Budget
    seed: int

    def __getitem__(self, case: str) -> Outcome:
        return self.outcomes[case]


@dataclass(frozen=True)
class Published:
    """A number from elsewhere that ours is held against; `against` makes the claim.

    "equal within": |ours - value| <= tolerance.   "at least": ours >= value - tolerance.
    "at most": ours <= value + tolerance.
    optional: it needs data that do not come with the project, and an answer without them leaves it out.
    """

    statement: str
    source: str
    value: float
    tolerance: float
    kind: Comparison = "equal within"
    unit: str = ""
    optional: bool = False

    def against(self, ours: float, error: float | None = None) -> Claim:
        """The claim with our number in it; error: the Monte Carlo standard error of ours, if it has one."""
        return Claim(self.statement, self.source, self.value, float(ours), self.tolerance, self.kind, self.unit, error)


@dataclass(frozen=True)
class Experiment[Outcome]:
    """One question, declared.

    name         command-line and folder name            title     of the report
    question     one sentence that ends with a question mark
    summary      one line for a list of experiments
    tags         words to choose experiments by
    expect       what a reader may expect before looking; prose without numbers that were computed
    mathematics  the few lines behind it: paragraphs with $...$, and `Formula`s
    limits       what the report does not show
    references   plain text, a DOI where there is one; the sources of `data` come by themselves
    quick, full  a budget of seconds, and the one whose report is published
    cases        budget -> the cases, in the order of the report
    run          task -> outcome of one case: computes, draws nothing, writes nothing
    answer       results -> Answer: reads the outcomes; what it computes of them takes seconds
    claims       numbers of others that the answer is held against, by a name of this experiment's own
    stored       the dataclasses and enums that outcomes are made of, beyond numbers, words, arrays, frames, mixtures
    data         names of the data sets it reads
    side_by_side whether cases run beside each other, one core each, here or on a cluster
    repeats      whether the same seed gives the same `result` on any machine, up to rounding
    """

    name: str
    title: str
    question: str
    summary: str
    tags: tuple[str, ...]
    expect: str
    limits: str
    quick: Budget
    full: Budget
    cases: Callable[[Budget], Sequence[Case]]
    run: Callable[[Task], Outcome]
    answer: Callable[[Results[Outcome]], Answer]
    mathematics: tuple[Prose, ...] = ()
    references: tuple[str, ...] = ()
    claims: Mapping[str, Published] = field(default_factory=dict)
    stored: tuple[type, ...] = ()
    data: tuple[str, ...] = ()
    side_by_side: bool = False
    repeats: bool = False

    def __post_init__(self) -> None:
        require_name(self.name)
        if not self.question.endswith("?"):
            raise ValueError(f"the question of {self.name} must end with a question mark: {self.question!r}")

    def budget(self, *, quick: bool) -> Budget:
        """The budget of that size."""
        return self.quick if quick else self.full

    def declared_cases(self, budget: Budget) -> tuple[Case, ...]:
        """The cases under this budget; ValueError where two have one name."""
        cases = tuple(self.cases(budget))
        names = [case.name for case in cases]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice or not cases:
            found = f"several cases called {', '.join(twice)}" if cases else "no case"
            raise ValueError(f"{self.name} has {found}")
        return cases

    def seed_of(self, case: Case, seed: int) -> int:
        """The seed of one case: a function of the run's seed and of both names, so that no case moves another's."""
        digest = hashlib.sha256(f"{self.name}/{case.name}/{seed}".encode()).digest()
        return int.from_bytes(digest[:4], "big") & 0x7FFF_FFFF
