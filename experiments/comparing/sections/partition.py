"""The section of a comparison's report on what needs no labels: who is together with whom, and in which partition."""

import numpy as np
import pandas as pd

from bayesian import expected_loss
from experiments.comparing import findings
from experiments.comparing.comparison import Comparison
from experiments.comparing.partitions import BINDER, EM, MEANINGS, VI, Partitions, partitions_of
from experiments.comparing.sections.pictured import data_named
from experiments.figures.comparison.coclustering import coclustering
from experiments.reporting.report import Picture, Section, Table
from experiments.reporting.sentences import listed
from mixture.partitions import adjusted_rand

REFERENCES = (
    "Binder, D. A. (1978). Bayesian cluster analysis. Biometrika 65, 31-38. doi:10.1093/biomet/65.1.31",
    "Wade, S. & Ghahramani, Z. (2018). Bayesian cluster analysis: point estimation and credible balls. Bayesian"
    " Analysis 13, 559-626. doi:10.1214/17-BA1073",
    "Dahl, D. B., Johnson, D. J. & Mueller, P. (2022). Search algorithms and loss functions for Bayesian clustering."
    " Journal of Computational and Graphical Statistics 31, 1189-1201. doi:10.1080/10618600.2022.2069779",
)


def partition_sections(comparison: Comparison, found: Partitions | None = None) -> tuple[Section, ...]:
    """One section, or none where there is one component: everything is together then.

    found: the partitions, where they are known already.
    """
    return (_section(comparison, found or partitions_of(comparison)),) if comparison.best.n_components > 1 else ()


def references(comparison: Comparison) -> tuple[str, ...]:
    """What the section rests on; nothing where there is none."""
    return REFERENCES if comparison.best.n_components > 1 else ()


def _section(comparison: Comparison, found: Partitions) -> Section:
    x, rows, drawn, matrix = comparison.subject.points, found.rows, found.drawn, found.matrix
    partitions, best = found.of, found.of[EM]
    frame = pd.DataFrame(
        [
            {
                "partition": name,
                "clusters": len(np.unique(partition)),
                "expected VI": expected_loss(partition, drawn, "vi"),
                "expected Binder": expected_loss(partition, drawn, "binder", coclustering=matrix),
                "adjusted Rand": adjusted_rand(partition, best),
            }
            for name, partition in partitions.items()
        ]
    )
    picture = coclustering(
        matrix, {EM: best, BINDER: partitions[BINDER], VI: partitions[VI]}, x[rows], rows, comparison.subject.labels
    )
    some = (
        "" if len(rows) == len(x) else f" Of the {len(x)} points {len(rows)}, evenly spaced over the rows, take part."
    )
    text = (
        "Which points are together does not depend on labels, so nothing here was relabelled. P(zₙ = zₘ | X) is the"
        f" mean product of allocation probabilities over {len(drawn)} draws. Two partitions sum it up, each the"
        " one found to have the least expected loss: under the variation of information (VI), and under Binder's loss,"
        f" which counts pairs wrongly together or apart. EM's most probable allocation is judged by the same losses."
        f"{some}"
    )
    warning = findings.warning(comparison)
    place = (
        " in the two features that part the clusters best"
        if x.shape[1] > 1
        else " against the mean probability of being together with the rest of their cluster"
    )
    caption = (
        f"{data_named(comparison)} (a) Posterior probability that two points are together, points ordered by the"
        " cluster of the VI estimate and along the first principal axis; strips at the left show the clusters of the"
        f" partitions. (b) The points{place}, marked by cluster of the VI estimate; rings where a partition differs"
        " from EM's allocation."
    )
    counts = [
        f"{name} {listed([str(n) for n in np.unique(of, return_counts=True)[1]])}" for name, of in partitions.items()
    ]
    sizes = f"Points in the clusters: {'; '.join(counts)}."
    table = Table(
        "partitions",
        f"{data_named(comparison)} Partitions of the points: EM's most probable allocation beside two estimates from"
        " the posterior.",
        frame,
        columns={
            "partition": "; ".join(f"{name}: {meaning}" for name, meaning in MEANINGS.items()),
            "expected VI": "expected variation of information to a draw's partition, in nats",
            "expected Binder": "expected number of pairs of points wrongly put together or apart",
            "adjusted Rand": "agreement with EM's allocation: 1 where the same, about 0 where unrelated",
        },
        decimals={"expected VI": 4, "expected Binder": 1, "adjusted Rand": 3},
    )
    return Section(
        "Without labels",
        (
            *([f"**{warning}**"] if warning else []),
            text,
            table,
            _in_words(partitions, frame),
            Picture("coclustering", caption, f"{caption} {sizes}", picture.figure, picture.data, "double"),
        ),
    )


def _in_words(partitions: dict[str, np.ndarray], frame: pd.DataFrame) -> str:
    """How far EM's allocation is from being the posterior's own choice."""
    rand = dict(zip(frame["partition"], frame["adjusted Rand"], strict=True))
    losses = dict(zip(frame["partition"], frame["expected VI"], strict=True))
    same = [name for name in (VI, BINDER) if rand[name] == 1.0]
    if len(same) == 2:
        return "Both estimates are EM's most probable allocation."
    words = []
    for name in (VI, BINDER):
        clusters = len(np.unique(partitions[name]))
        words.append(
            f"the {name} estimate is EM's allocation"
            if name in same
            else f"the {name} estimate has {clusters} cluster{'s' if clusters > 1 else ''} and an adjusted Rand index"
            f" of {rand[name]:.3f} with EM's allocation"
        )
    sentence = " and ".join(words)
    return (
        f"{sentence[0].upper()}{sentence[1:]}. Taking EM's allocation in the place of the VI estimate costs"
        f" {losses[EM] - losses[VI]:.3g} nats of expected VI."
    )
