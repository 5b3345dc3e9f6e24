"""What a run of NUTS is told, checked once."""

import os
import secrets
from dataclasses import dataclass

import numpy as np

from mixture.arrays import as_whole_number


@dataclass(frozen=True)
class Settings:
    """Lengths and numbers of chains; at most `cores` chains run at a time, by default as many as the machine has.

    Raises ValueError, naming the setting, for counts below 1 or an acceptance outside (0, 1).
    """

    draws: int = 1000
    tune: int = 1000
    chains: int = 4
    target_accept: float = 0.9
    cores: int | None = None
    progressbar: bool = True

    def __post_init__(self) -> None:
        for name in ("draws", "tune", "chains", "cores"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, as_whole_number(value, name, least=1))
        if not 0.0 < self.target_accept < 1.0:
            raise ValueError(f"target_accept must lie strictly between 0 and 1, not {self.target_accept}")

    @property
    def workers(self) -> int:
        """How many chains run at a time."""
        return min(self.chains, self.cores or os.cpu_count() or 1)


@dataclass(frozen=True)
class Seeds:
    """The randomness of a run: one generator for its starts, one seed a chain, and a text to repeat it by.

    text: the seed as given; for None the entropy that was drawn, which as a seed gives the same draws again.
    """

    starts: np.random.Generator
    chains: tuple[int, ...]
    text: str

    @classmethod
    def of(cls, random_seed: int | np.random.Generator | None, chains: int) -> "Seeds":
        """The same seed gives the same run."""
        text = "a generator" if isinstance(random_seed, np.random.Generator) else str(random_seed)
        if random_seed is None:
            random_seed = secrets.randbits(128)
            text = str(random_seed)
        start_rng, chain_rng = np.random.default_rng(random_seed).spawn(2)
        return cls(start_rng, tuple(int(seed) for seed in chain_rng.integers(2**31, size=chains)), text)
