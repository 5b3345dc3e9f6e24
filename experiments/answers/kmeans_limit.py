"""The report on k-means as a limit: the path in sigma, Lloyd's step, hard against soft estimates."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from experiments.engine.experiment import Published
from experiments.figures.models.hardening import UNSURE, hardening, softness
from experiments.figures.models.overlap_bias import overlap_bias
from experiments.reporting.formats import number
from experiments.reporting.report import Answer, Claim, Picture, Section, Table
from experiments.studies.soft_kmeans import cut_in_the_middle

if TYPE_CHECKING:
    from experiments.kmeans_limit import Agreement, Bias, Path

SHOWN = (0.95, 0.45, 0.05)
"""Multiples of the critical sigma at which allocations are drawn."""
ROWS = (1.02, 0.98, 0.7, 0.5, 0.3, 0.2, 0.1, 0.05, 0.01)
METHODS = ("EM", "k-means", "classification EM")


def build_answer(
    paths: Mapping[str, "Path"], steps: "Agreement", biases: Sequence["Bias"], published: Mapping[str, Published]
) -> Answer:
    """Limit, agreement, bias."""
    table = bias_table(biases)
    iris, faithful = paths["iris"], paths["faithful"]
    parted, critical = parting(iris)
    return Answer(
        words=words(paths, steps, biases),
        sections=(
            Section(
                "From one centre to hard groups",
                (
                    "Start with sigma above the critical value and all means in the centroid, lower sigma a little, let"
                    " EM move the means until they stand still, and go on from there. On the irises the three means"
                    f" part at {parted / critical:.2f} times the critical sigma, where theory puts it at 1; below, one"
                    " more group splits off, and the means run into those of k-means.",
                    path_picture(iris),
                    softness_picture(faithful),
                    path_table(iris),
                ),
            ),
            Section(
                "Lloyd's step",
                (
                    f"From {steps.n_starts} random triples of seeds on the irises one step of EM at sigma = 0.001 cm"
                    f" and one of Lloyd's differ by at most {number(steps.step)} cm. Classification EM, which allocates"
                    " each point wholly to its likeliest component before it estimates, is k-means when the covariances"
                    f" are one sphere and the weights equal: {steps.points} points differ over all starts. Like EM it"
                    " finds local optima only: the sums of squares at which these starts end run from"
                    f" {number(float(steps.squares.min()))} to {number(float(steps.squares.max()))} cm²,"
                    f" {int((steps.squares < steps.squares.min() + 1e-6).sum())} of them at the lowest.",
                ),
            ),
            Section(
                "Hard against soft estimates",
                (
                    "k-means estimates sigma too, by the mean squared distance to the nearest centre, but this is not"
                    " the standard deviation of any component: a boundary halfway between two overlapping normals gives"
                    " each group the tail of the other one and takes its own away. The estimates tend to the mean and"
                    " the variance of a normal folded at the boundary, however many points there are. EM, which weighs"
                    " each point by its responsibility, has no such bias, and pays with a larger spread:"
                    f" {spread(biases)} sd for the estimated distance where the means are {biases[0].distance:g} sd"
                    " apart.",
                    bias_picture(biases),
                    table,
                ),
            ),
        ),
        claims=claims(paths, steps, biases, published),
        result={
            "critical": {name: path.critical for name, path in paths.items()},
            "squares": {name: path.lloyd_squares for name, path in paths.items()},
            "free_energy": {name: path.free_energies.tolist() for name, path in paths.items()},
            "separation": {
                f"{bias.distance:g}": dict(zip(METHODS, bias.separations.mean(axis=0).tolist(), strict=True))
                for bias in biases
            },
        },
    )


def spread(biases: Sequence["Bias"]) -> str:
    """Standard deviations of the estimated distance at the first, of EM and k-means."""
    soft, hard = biases[0].separations.std(axis=0, ddof=1)[:2]
    return f"{number(soft)} against {number(hard)}"


def parting(path: "Path") -> tuple[float, float]:
    """Halfway between the smallest sigma with all means together and the largest with them apart; the critical one."""
    from experiments.kmeans_limit import TOGETHER

    spread = np.abs(path.means - path.points.mean(axis=0)).max(axis=(1, 2)) / path.critical
    apart = int((spread > TOGETHER).argmax())
    return float(0.5 * (path.sigmas[apart - 1] + path.sigmas[apart])), path.critical


def words(paths: Mapping[str, "Path"], steps: "Agreement", biases: Sequence["Bias"]) -> str:
    """The limit, and what it costs."""
    near = min(biases, key=lambda bias: bias.distance)
    differing = sum(int((path.partition != path.lloyd).sum()) for path in paths.values())
    soft, hard = near.separations.mean(axis=0)[:2]
    sds = near.sds.mean(axis=0)
    return (
        "It is the limit of a mixture of equal spheres with equal weights whose sigma goes to zero: responsibilities"
        f" become 0 or 1 and EM's step of the means becomes Lloyd's (they differ by {number(steps.step)} cm on the"
        f" irises at sigma = 0.001 cm), and the smallest sigma allocates {differing} points otherwise than k-means. In"
        " that limit sigma is a temperature, not an estimate. Taken as a method of estimation k-means cuts overlapping"
        f" groups apart: where the means are {near.distance:g} sd apart it puts them {number(hard)} sd apart on average"
        f" and finds {number(sds[1])} for the sd of 1; EM finds {number(soft)} and {number(sds[0])}."
    )


def path_table(path: "Path") -> Table:
    """Some of the path."""
    rows = []
    for multiple in ROWS:
        at = int(np.abs(np.log(path.sigmas / (multiple * path.critical))).argmin())
        means = path.means[at]
        squares = np.square(path.points[:, None] - means).sum(axis=2).min(axis=1).sum()
        rows.append(
            {
                "sigma": path.sigmas[at],
                "of critical": path.sigmas[at] / path.critical,
                "free energy": path.free_energies[at],
                "sum of squares": float(squares),
                "unsure points": int((path.responsibilities[at].max(axis=1) < UNSURE).sum()),
                "farthest from k-means": float(np.abs(means - path.lloyd_means).max()),
            }
        )
    return Table(
        "fixed_points",
        "Irises, K = 3, four features in cm: where the means come to rest as sigma falls.",
        pd.DataFrame(rows),
        columns={
            "free energy": "minus two sigma squared times what EM climbs, in cm²; tends to the sum of squares",
            "sum of squares": "of the distances to the nearest mean, in cm²",
            "unsure points": "of 150, no responsibility above 0.95",
            "farthest from k-means": "largest difference between the means and those of k-means, in cm",
        },
        decimals={"sigma": 3, "of critical": 3},
    )


def path_picture(path: "Path") -> Picture:
    """The tree of means, and how allocations harden."""
    drawn = hardening(
        path.sigmas,
        path.means[:, :, path.feature],
        path.responsibilities,
        path.lloyd_means[:, path.feature],
        path.critical,
        path.labels[path.feature],
        "sigma (cm)",
    )
    return Picture(
        "path",
        "Irises, K = 3: (a) one feature of the three means as sigma falls from right to left, the means of k-means at"
        " the left end; (b) the share of points whose allocation is in doubt, and the mean entropy of the"
        " responsibilities as a share of its largest value, log K. The dotted line is the critical sigma.",
        "Left: one line that splits into two and then three as sigma falls. Right: two curves that fall from one to"
        " zero as sigma falls.",
        drawn.figure,
        drawn.data,
        "double",
    )


def softness_picture(path: "Path") -> Picture:
    """Old Faithful at three temperatures."""
    at = [int(np.abs(np.log(path.sigmas / (multiple * path.critical))).argmin()) for multiple in SHOWN]
    drawn = softness(path.points, path.sigmas[at], path.means[at], path.responsibilities[at], path.labels)
    return Picture(
        "softness",
        "Old Faithful, K = 2, each feature divided by its sd: responsibilities of the component with the longer"
        " waiting times at three values of sigma. Crosses: means; circles: one sigma about them.",
        "Three panels of the same points, coloured by responsibility: nearly one colour, two colours with a soft"
        " border, two colours with a sharp border.",
        drawn.figure,
        drawn.data,
        "double",
    )


def bias_rows(biases: Sequence["Bias"]) -> pd.DataFrame:
    """Mean, standard error of the mean, by distance, method and quantity."""
    rows = []
    for bias in biases:
        for j, method in enumerate(METHODS):
            for quantity, values in (("separation", bias.separations), ("sd", bias.sds)):
                rows.append(
                    {
                        "distance": bias.distance,
                        "method": method,
                        "quantity": quantity,
                        "mean": float(values[:, j].mean()),
                        "error": float(values[:, j].std(ddof=1) / np.sqrt(len(values))),
                    }
                )
    return pd.DataFrame(rows)


def bias_picture(biases: Sequence["Bias"]) -> Picture:
    """Bias of separation and sd against distance, with the theory of k-means."""
    fine = np.linspace(min(b.distance for b in biases), max(b.distance for b in biases), 60)
    theory = pd.DataFrame([(d, *cut_in_the_middle(float(d))) for d in fine], columns=["distance", "separation", "sd"])
    rows = bias_rows(biases)
    drawn = overlap_bias(rows[rows["method"] != METHODS[2]], theory)
    return Picture(
        "bias",
        f"Two unit normals of equal weight, n = 1000, {len(biases[0].sds)} data sets at each distance: mean estimate"
        " minus truth of (a) the distance between the means and (b) sigma, with two standard errors of the mean, and"
        " the limits of k-means for many points.",
        "Two panels: the estimates of EM lie at zero; k-means overstates the distance and understates sigma, the more"
        " so the closer the means are, along the curves of theory.",
        drawn.figure,
        drawn.data,
        "double",
    )


def bias_table(biases: Sequence["Bias"]) -> Table:
    """Separation, sd and the smaller weight by method."""
    rows = []
    for bias in biases:
        limit = cut_in_the_middle(bias.distance)
        row: dict[str, float] = {"distance": bias.distance}
        for j, method in enumerate(METHODS):
            row |= {
                f"{method}: distance": float(bias.separations[:, j].mean()),
                f"{method}: sigma": float(bias.sds[:, j].mean()),
            }
        row |= {
            "limit: distance": limit[0],
            "limit: sigma": limit[1],
            "EM: spread": float(bias.separations[:, 0].std(ddof=1)),
            "k-means: spread": float(bias.separations[:, 1].std(ddof=1)),
        }
        rows.append(row)
    frame = pd.DataFrame(rows)
    return Table(
        "estimates",
        "Means over the simulated data sets; the truth is the distance in the first column and a sigma of 1.",
        frame,
        columns={
            "classification EM": "hard allocations, weights estimated; k-means keeps them equal",
            "limit": "what k-means tends to for many points, by theory",
            "spread": "standard deviation of the estimated distance over the data sets",
        },
        decimals={str(column): 3 for column in frame.columns[1:]} | {"distance": 1},
    )


def claims(
    paths: Mapping[str, "Path"], steps: "Agreement", biases: Sequence["Bias"], published: Mapping[str, Published]
) -> tuple[Claim, ...]:
    """The transition, the limit, Lloyd's step, and the bias that theory gives."""
    from experiments.kmeans_limit import TESTED_DISTANCE

    iris = paths["iris"]
    parted, critical = parting(iris)
    at = next(bias for bias in biases if bias.distance == TESTED_DISTANCE)
    root = np.sqrt(len(at.sds))
    return (
        published["critical"].against(parted / critical),
        published["partition"].against(sum(int((path.partition != path.lloyd).sum()) for path in paths.values())),
        published["step"].against(steps.step),
        published["classification"].against(steps.points),
        published["squares"].against(iris.lloyd_squares),
        published["separation"].against(
            float(at.separations[:, 1].mean()), float(at.separations[:, 1].std(ddof=1) / root)
        ),
        published["sd"].against(float(at.sds[:, 1].mean()), float(at.sds[:, 1].std(ddof=1) / root)),
    )
