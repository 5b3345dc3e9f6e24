"""Every way to climb, from the same starts: passes over the data, seconds, and where they end."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import em
from em.moves import MOVES, Move
from mixture import GaussianMixture
from mixture.arrays import FloatArray

ROOT = Path(__file__).resolve().parents[1]
POSTERIORDB = ROOT.parent / "shared" / "posteriordb"
"""May stand beside a checkout: the collapse data are left out where it does not."""
CLOSE = 1e-8
"""Nats from its own optimum at which a climb has arrived."""
MAX_ITERATIONS = 20_000


@dataclass(frozen=True, eq=False)
class Case:
    """A data set, the model and the starts of all moves."""

    name: str
    x: FloatArray
    starts: tuple[GaussianMixture, ...]

    @classmethod
    def drawn(cls, name: str, x: FloatArray, n_components: int, structure: str, n_starts: int) -> "Case":
        """Starts by k-means++ and random partition in turn."""
        kinds = (em.kmeans_plus_plus, em.random_partition)
        starts = tuple(
            kinds[seed % 2](x, n_components, structure=structure, rng=np.random.default_rng(seed))
            for seed in range(n_starts)
        )
        return cls(f"{name}, K = {n_components}, {structure}", x, starts)


@dataclass(frozen=True)
class Ascent:
    """One move over all starts of one case.

    usable       climbs that converged and did not run away
    passes       median passes over the data until the loop stopped, and the most
    arrival      median passes until within 1e-8 nats of where the climb ended, and the most
    iterations   median steps
    seconds      median wall time of a climb
    same         climbs that ended within 1e-6 nats of where EM ended from the same start
    higher       climbs that ended higher than EM, at another optimum; lower: the other way round
    short        the most by which a usable climb ended below the best value of any move that ended at that optimum
    """

    case: str
    move: str
    usable: int
    n_starts: int
    passes: tuple[float, int]
    arrival: tuple[float, int]
    iterations: float
    seconds: float
    same: int
    higher: int
    lower: int
    short: float


def cases(n_starts: int = 20) -> Iterator[Case]:
    """Old Faithful in six structures, galaxies, the collapse data if they are there, and an easy simulated case."""
    faithful, galaxies = _columns("faithful"), _columns("galaxies") / 1000.0
    for structure in ("full", "tied", "diag", "tied_diag", "spherical", "tied_spherical"):
        yield Case.drawn("Old Faithful", faithful, 2, structure, n_starts)
    yield Case.drawn("Old Faithful", faithful, 3, "full", n_starts)
    yield Case.drawn("galaxies", galaxies, 3, "full", n_starts)
    yield Case.drawn("galaxies", galaxies, 3, "tied", n_starts)
    collapse = POSTERIORDB / "low_dim_gauss_mix_collapse.data.json"
    if collapse.exists():
        y = np.array(json.loads(collapse.read_text(encoding="utf-8"))["y"])[:, None]
        usual = GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [1.0, 1.0], "spherical")
        yield Case("collapse data, usual start", y, (usual,))
        yield Case.drawn("collapse data", y, 2, "spherical", n_starts)
    rng = np.random.default_rng(0)
    centres = 6.0 * rng.standard_normal((3, 4))
    easy = centres[rng.integers(0, 3, 5000)] + rng.standard_normal((5000, 4))
    yield Case.drawn("three far groups, N = 5000, D = 4", easy, 3, "full", n_starts)


def measure(case: Case, moves: Sequence[Move] = MOVES) -> tuple[Ascent, ...]:
    """A row for each move, EM first among them for comparison."""
    fits = {
        move.name: [em.fit(case.x, start, move=move, max_iterations=MAX_ITERATIONS) for start in case.starts]
        for move in moves
    }
    of_em = fits[em.moves.EM.name]
    ends = np.sort([fit.log_likelihood for each in fits.values() for fit in each if fit.status.usable])
    return tuple(_row(case.name, name, each, of_em, ends) for name, each in fits.items())


def _row(case: str, move: str, fits: list[em.EMFit], of_em: list[em.EMFit], ends: FloatArray) -> Ascent:
    usable = [fit for fit in fits if fit.status is em.Status.CONVERGED]
    gaps = [
        fit.log_likelihood - other.log_likelihood
        for fit, other in zip(fits, of_em, strict=True)
        if fit.status.usable and other.status.usable
    ]
    arrivals = [int(fit.passes[fit.values >= fit.value - CLOSE][0]) for fit in usable]
    shorts = [
        ends[(ends >= f.log_likelihood) & (ends < f.log_likelihood + 1e-6)].max() - f.log_likelihood for f in usable
    ]
    return Ascent(
        case=case,
        move=move,
        usable=len(usable),
        n_starts=len(fits),
        passes=_median_and_most([fit.n_passes for fit in usable]),
        arrival=_median_and_most(arrivals),
        iterations=float(np.median([fit.n_iterations for fit in usable])) if usable else float("nan"),
        seconds=float(np.median([fit.seconds for fit in usable])) if usable else float("nan"),
        same=sum(abs(gap) <= 1e-6 for gap in gaps),
        higher=sum(gap > 1e-6 for gap in gaps),
        lower=sum(gap < -1e-6 for gap in gaps),
        short=float(max(shorts, default=float("nan"))),
    )


def _median_and_most(counts: list[int]) -> tuple[float, int]:
    return (float(np.median(counts)), max(counts)) if counts else (float("nan"), 0)


def _columns(name: str) -> FloatArray:
    path = ROOT / "experiments" / "data" / f"{name}.csv"
    return np.loadtxt(path, delimiter=",", skiprows=1, ndmin=2)


def main() -> None:
    """Print the table."""
    print("Ways to climb: median (most) over the starts; seconds are wall time; another optimum is counted, not hidden")
    header = f"{'move':16} {'usable':>7} {'passes':>12} {'to 1e-8':>12} {'steps':>6} {'ms':>8}"
    print(f"{header} {'same':>5} {'higher':>6} {'lower':>5} {'short':>8}")
    for case in cases():
        print(case.name)
        for row in measure(case):
            print(
                f"{row.move:16} {row.usable:3}/{row.n_starts:3} {row.passes[0]:6.0f} {f'({row.passes[1]})':>7}"
                f" {row.arrival[0]:4.0f} {f'({row.arrival[1]})':>7} {row.iterations:6.0f} {1e3 * row.seconds:8.2f}"
                f" {row.same:5} {row.higher:6} {row.lower:5} {row.short:8.0e}"
            )


if __name__ == "__main__":
    main()
