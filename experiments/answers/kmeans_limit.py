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
METHODS = ("EM", "k-means", "classification EM", "EM, equal weights")


def build_answer(
    paths: Mapping[str, "Path"], steps: "Agreement", biases: Sequence["Bias"], published: Mapping[str, Published]
) -> Answer:
    """Limit, agreement, bias."""
    table = bias_table(biases)
    iris, faithful = paths["iris"], paths["faithful"]
    below, above = parting(iris)
    return Answer(
        words=words(paths, steps, biases),
        sections=(
            Section(
                "From one centre to hard groups",
                (
                    "Start with sigma above the critical value and all means in the centroid, lower sigma a little, let"
                    " EM move the means until they stand still, and go on from there. On the irises the three means"
                    f" part between {below:.2f} and {above:.2f} times the critical sigma, where theory puts it at 1"
                    " (Rose, Gurewitz & Fox 1990); at the smallest sigma they are"
                    f" {number(float(np.abs(iris.means[-1] - iris.lloyd_means).max()))} cm from those of k-means.",
                    path_picture(iris),
                    softness_picture(faithful),
                    path_table(iris),
                ),
            ),
            Section(
                "Lloyd's step",
                (
                    f"From {steps.n_starts} random triples of seeds on the irises one step of EM at"
                    f" sigma = {small_sigma():g} cm"
                    f" and one of Lloyd's differ by at most {number(steps.step)} cm. Classification EM (Celeux &"
                    " Govaert 1992), which allocates each point wholly to its likeliest component before it estimates,"
                    f" is k-means when the covariances are one sphere and the weights equal: {steps.points} points"
                    " differ over all starts. Like EM it finds local optima only: the sums of squares at which these"
                    f" starts end run from {number(float(steps.squares.min()))} to {number(float(steps.squares.max()))}"
                    f" cm², {int((steps.squares < steps.squares.min() + 1e-6).sum())} of them at the lowest.",
                ),
            ),
            Section(
                "Hard against soft estimates",
                (
                    "k-means estimates sigma too, by the mean squared distance to the nearest centre, but this is not"
                    " the standard deviation of any component: a boundary halfway between two overlapping normals gives"
                    " each group the tail of the other one and takes its own away. The estimates tend to the mean and"
                    " the variance of a normal folded at the boundary, however many points there are (Bryant &"
                    " Williamson 1978). EM weighs each point by its responsibility and is consistent. It estimates the"
                    " weights too, which k-means holds equal; for a fair comparison of spreads EM was run once more"
                    f" with equal weights. {spread(biases[0])}",
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


def small_sigma() -> float:
    """That of the comparison with Lloyd's step, in cm."""
    from experiments.kmeans_limit import SMALL_SIGMA

    return SMALL_SIGMA


def spread(near: "Bias") -> str:
    """Standard deviations of the estimated distance at the smallest distance, by method."""
    spreads = dict(zip(METHODS, near.separations.std(axis=0, ddof=1), strict=True))
    return (
        f"Where the means are {near.distance:g} sd apart the estimated distance has a standard deviation of"
        f" {number(spreads['EM'])} by EM, {number(spreads['EM, equal weights'])} by EM with equal weights and"
        f" {number(spreads['k-means'])} by k-means, over {len(near.separations)} data sets."
    )


def parting(path: "Path") -> tuple[float, float]:
    """The largest sigma with the means apart and the smallest with all of them together, in units of the critical."""
    from experiments.kmeans_limit import TOGETHER

    spread = np.abs(path.means - path.points.mean(axis=0)).max(axis=(1, 2)) / path.critical
    apart = int((spread > TOGETHER).argmax())
    return float(path.sigmas[apart] / path.critical), float(path.sigmas[apart - 1] / path.critical)


def words(paths: Mapping[str, "Path"], steps: "Agreement", biases: Sequence["Bias"]) -> str:
    """The limit, and what it costs."""
    near = min(biases, key=lambda bias: bias.distance)
    differing = sum(int((path.partition != path.lloyd).sum()) for path in paths.values())
    separations, sds = (dict(zip(METHODS, of.mean(axis=0), strict=True)) for of in (near.separations, near.sds))
    return (
        "It is the limit of a mixture of equal spheres with equal weights as their sigma goes to zero: responsibilities"
        f" become 0 or 1, and EM's step becomes Lloyd's. On the irises the two steps differ by {number(steps.step)} cm"
        f" at sigma = {small_sigma():g} cm, and at the smallest sigma of each path {differing} points are allocated"
        " otherwise than by k-means. In that limit sigma is a temperature, not an estimate. Taken as a method of"
        " estimation k-means cuts overlapping groups apart: where the means of two unit normals are"
        f" {near.distance:g} sd apart it puts them {number(separations['k-means'])} sd apart on average and finds"
        f" {number(sds['k-means'])} for the sd of 1; EM finds {number(separations['EM'])} and {number(sds['EM'])}, with"
        f" equal weights {number(separations['EM, equal weights'])} and {number(sds['EM, equal weights'])}."
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
            "unsure points": f"of {len(path.points)}, no responsibility above {UNSURE:g}",
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
        f"Irises (n = {len(path.points)}), K = 3: (a) one feature of the three means as sigma falls from right to left,"
        " the means of k-means at the left end; (b) the share of points without a responsibility above"
        f" {UNSURE:g} (dash-dotted), and the mean entropy of the responsibilities as a share of its largest value, log"
        " K (dashed). The dotted line is the critical sigma.",
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
        f"Old Faithful (n = {len(path.points)}), K = 2, each feature divided by its sd: responsibilities of the"
        " component with the longer waiting times, at three values of sigma. Plus signs: means; circles: one sigma"
        " about them.",
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
        f"Two unit normals of equal weight, n = {n_points()}, {len(biases[0].sds)} data sets at each distance: mean"
        " estimate minus truth of (a) the distance between the means and (b) sigma, with two standard errors of the"
        " mean, and the limits of k-means for many points.",
        "Two panels: the estimates of EM lie about zero; k-means overstates the distance and understates sigma, the"
        " more so the closer the means are, along the curves of theory.",
        drawn.figure,
        drawn.data,
        "double",
    )


def n_points() -> int:
    """Of each simulated data set."""
    from experiments.kmeans_limit import N_POINTS

    return N_POINTS


def bias_table(biases: Sequence["Bias"]) -> Table:
    """Distance and sigma, a row for each true distance and method."""
    rows = []
    for bias in biases:
        limit = cut_in_the_middle(bias.distance)
        for j, method in enumerate(METHODS):
            of_limit = limit if method == "k-means" else (np.nan, np.nan)
            rows.append(
                {
                    "true distance": bias.distance,
                    "method": method,
                    "distance": float(bias.separations[:, j].mean()),
                    "its spread": float(bias.separations[:, j].std(ddof=1)),
                    "limit of distance": of_limit[0],
                    "sigma": float(bias.sds[:, j].mean()),
                    "limit of sigma": of_limit[1],
                }
            )
    frame = pd.DataFrame(rows)
    return Table(
        "estimates",
        f"Means over {len(biases[0].sds)} simulated data sets of n = {n_points()} at each distance; true sigma 1.",
        frame,
        columns={
            "method": "classification EM: hard allocations, weights estimated; k-means: hard, weights equal",
            "limit of distance": "what k-means tends to for many points, by theory; so the limit of sigma",
            "its spread": "standard deviation over the data sets",
        },
        decimals={str(column): 3 for column in frame.columns[2:]} | {"true distance": 1},
    )


def claims(
    paths: Mapping[str, "Path"], steps: "Agreement", biases: Sequence["Bias"], published: Mapping[str, Published]
) -> tuple[Claim, ...]:
    """The transition, the limit, Lloyd's step, and the bias that theory gives."""
    from experiments.kmeans_limit import TESTED_DISTANCE

    iris = paths["iris"]
    at = next(bias for bias in biases if bias.distance == TESTED_DISTANCE)
    root = np.sqrt(len(at.sds))
    return (
        published["critical"].against(max(abs(end - 1.0) for end in parting(iris))),
        published["partition"].against(sum(int((path.partition != path.lloyd).sum()) for path in paths.values())),
        published["step"].against(steps.step),
        published["classification"].against(steps.points),
        published["squares"].against(iris.lloyd_squares),
        published["separation"].against(
            float(at.separations[:, 1].mean()), float(at.separations[:, 1].std(ddof=1) / root)
        ),
        published["sd"].against(float(at.sds[:, 1].mean()), float(at.sds[:, 1].std(ddof=1) / root)),
    )
