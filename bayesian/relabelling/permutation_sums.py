"""Sums over all K! permutations without writing them down.

    Z = sum over permutations of exp( sum_k s[k, order[k]] ),    P(order[k] = j) under weights exp(...) / Z

Labels are given out one after the other; what matters of those before is only which components they took. Adding up
over sets of components, smallest first, takes K 2^K steps instead of K K! (Bellman 1962; Held & Karp 1962).
"""

from functools import cache

import numpy as np

from mixture.arrays import FloatArray, IntArray

CHUNK_VALUES = 2**20
"""How many sums over sets are held at a time: eight megabytes."""


def permutation_marginals(scores: FloatArray) -> FloatArray:
    """P(order[k] = j), (T, K, K), rows and columns on the simplex, from scores (T, K, K): [t, new label, component]."""
    n_draws, n_components, _ = scores.shape
    marginals = np.empty_like(scores)
    per_chunk = max(1, CHUNK_VALUES // 2**n_components)
    for start in range(0, n_draws, per_chunk):
        chunk = slice(start, start + per_chunk)
        marginals[chunk] = _marginals(np.ascontiguousarray(scores[chunk].transpose(1, 2, 0))).transpose(2, 0, 1)
    return marginals


def _marginals(scores: FloatArray) -> FloatArray:
    """The same with the draws last, (K, K, t)."""
    n_components, _, n_draws = scores.shape
    levels = _levels(n_components)
    before = np.full((2**n_components, n_draws), -np.inf)  # log sum over ways to give labels 0.. to a set
    after = np.full((2**n_components, n_draws), -np.inf)  # log sum over ways to give the remaining labels to the rest
    before[0] = after[-1] = 0.0
    for label, (sets, components, larger) in enumerate(levels):
        for source, component, target in zip(sets, components, larger, strict=True):
            np.logaddexp(before[target], before[source] + scores[label, component], out=before[target])
    for label, (sets, components, larger) in reversed(list(enumerate(levels))):
        for source, component, target in zip(sets, components, larger, strict=True):
            np.logaddexp(after[source], after[target] + scores[label, component], out=after[source])
    marginals = np.zeros_like(scores)
    for label, (sets, components, larger) in enumerate(levels):
        for source, component, target in zip(sets, components, larger, strict=True):
            marginals[label, component] += np.exp(
                before[source] + scores[label, component] + after[target] - before[-1]
            )
    return marginals


@cache
def _levels(n_components: int) -> tuple[tuple[IntArray, IntArray, IntArray], ...]:
    """For each label: the sets taken before it, the component it takes, the sets taken then; sets as bits."""
    levels = []
    for label in range(n_components):
        steps = [
            (taken, component, taken | 1 << component)
            for taken in range(2**n_components)
            if taken.bit_count() == label
            for component in range(n_components)
            if not taken >> component & 1
        ]
        sets, components, larger = np.array(steps, dtype=np.int64).T
        levels.append((sets, components, larger))
    return tuple(levels)
