"""Voxel-wise agreement of two label images: one confusion table, seven ratios."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from radiorim.metrics.pair import Pair

__all__ = ["VoxelCounts", "ratio", "voxel_counts", "voxel_metrics"]


@dataclass(frozen=True)
class VoxelCounts:
    """Sums over the classes above background: shared, test, reference voxels; true background; classes."""

    shared: int
    test: int
    reference: int
    true_background: int
    classes: int


def ratio(numerator: float, denominator: float) -> float:
    """Divide, and 0 / 0 (or x / 0) is NaN."""
    return float(numerator / denominator) if denominator else float("nan")


def voxel_counts(pair: Pair) -> VoxelCounts:
    """Count over the whole grid, cropped or not: what lies outside the box is true background."""
    test, reference = pair.test, pair.reference
    either = np.count_nonzero((test != 0) | (reference != 0))
    shared = np.count_nonzero((test == reference) & (test != 0))
    return VoxelCounts(
        shared=int(shared),
        test=int(np.count_nonzero(test)),
        reference=int(np.count_nonzero(reference)),
        true_background=int(pair.grid_voxels - either),
        classes=max(1, pair.classes - 1),
    )


def voxel_metrics(counts: VoxelCounts) -> dict[str, float]:
    """Seven ratios of Anima's `-s`; 0 / 0 is NaN.

    With I shared, S test and R reference voxels, FP = S - I, FN = R - I, L classes:
    Jaccard J = I / (S + R - I), Dice = 2 J / (1 + J), Sensitivity = I / R, PPV = I / S,
    Specificity = TN / (TN + FP / L), NPV = TN / (TN + FN / L), and
    RelativeVolumeError = 100 (S - R) / R, signed, in percent.

    >>> voxel_metrics(VoxelCounts(shared=2, test=4, reference=2, true_background=6, classes=1))["Dice"]
    0.6666666666666666
    """
    shared, test, reference, rest = counts.shared, counts.test, counts.reference, counts.true_background
    jaccard = ratio(shared, test + reference - shared)
    return {
        "Jaccard": jaccard,
        "Dice": 2 * jaccard / (1 + jaccard),
        "Sensitivity": ratio(shared, reference),
        "Specificity": ratio(rest, rest + (test - shared) / counts.classes),
        "PPV": ratio(shared, test),
        "NPV": ratio(rest, rest + (reference - shared) / counts.classes),
        "RelativeVolumeError": 100 * ratio(test - reference, reference),
    }
