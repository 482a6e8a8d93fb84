"""The primary test of two recipes: swap their scores within whole people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from radiorim.metrics.classification import why_undefined
from radiorim.metrics.compare import Comparison, Paired, below, undefined

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["swap_test"]


def swap_test(paired: Paired, *, n: int = 9999, seed: int = 0) -> Comparison:
    """Permutation test that swaps the two recipes' scores within whole people; the primary test.

    Scores are first replaced by their ranks within each recipe, so that different scales do not matter
    (Venkatraman 1996); p = (1 + #|D*| >= |D|) / (n + 1) over n random swaps. NaN with one class only.

    The difference of the swapped AUCs is odd in the swap signs and a sum over pairs of lesions, hence
    linear in them: D* = sum_i s_i w_i with s_i = +-1, and no AUC is computed twice.
    """
    name = f"patient-swap permutation, {n} swaps"
    if why_undefined(paired.y):
        return undefined(paired, name, why_undefined(paired.y))
    weights = _swap_weights(paired)
    observed = abs(weights.sum())
    generator, extreme = np.random.default_rng(seed), 0
    for size in _chunks(n, weights.size):
        swapped = generator.integers(0, 2, size=(size, weights.size), dtype=np.int8) @ (2 * weights)
        extreme += int(np.sum(np.abs(swapped - weights.sum()) >= observed - 1e-12))
    areas = paired.placements()[0].mean(axis=1)
    return Comparison(name, *map(float, (*areas, areas[0] - areas[1], np.nan)), (1 + extreme) / (n + 1))


def _swap_weights(paired: Paired) -> NDArray[np.float64]:
    """w_i of `swap_test`: what person i's sign adds to the AUC difference."""
    y, people = paired.y, paired.persons.max() + 1
    ranks = [below(score, np.sort(score)) for score in (paired.first, paired.second)]
    positives, negatives = [rank[y] for rank in ranks], [rank[~y] for rank in ranks]
    total = 2.0 * y.sum() * (~y).sum()
    # k[s][t]: kernel of positives scored by s against negatives scored by t, summed over the other side.
    own = sum(
        sign * below(positives[s], np.sort(negatives[t])) for s, sign in ((0, 1), (1, -1)) for t in (0, 1)
    )
    other = sum(
        sign * (y.sum() - below(negatives[t], np.sort(positives[s])))
        for t, sign in ((0, 1), (1, -1))
        for s in (0, 1)
    )
    return (
        np.bincount(paired.persons[y], weights=own, minlength=people)
        + np.bincount(paired.persons[~y], weights=other, minlength=people)
    ) / total


def _chunks(n: int, people: int) -> list[int]:
    """Split n swaps so that one sign matrix stays within a few tens of megabytes."""
    size = max(1, 20_000_000 // max(1, people))
    return [min(size, n - start) for start in range(0, n, size)]
