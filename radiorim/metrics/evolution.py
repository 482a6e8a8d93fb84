"""Two relatives of the judge: which lesions were detected, and how those of a newer visit came about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radiorim.errors import DataError
from radiorim.metrics.components import Components, fewest_voxels, find_components
from radiorim.metrics.detection import AnimaOptions, detected
from radiorim.metrics.pair import voxel_volume_mm3

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["EvolutionOptions", "detected_components", "lesion_evolution"]

SAME, NEW, GROWTH = 1, 2, 3


def detected_components(
    test: NDArray,
    reference: NDArray,
    spacing: Sequence[float],
    options: AnimaOptions | None = None,
    *,
    connectivity: int = 6,
) -> tuple[Components, NDArray[np.bool_]]:
    """Reference lesions and which of them were detected, as animaDetectedComponents flags them.

    The lesion test is the analyzer's; the minimal size is ceil(V / w), so a lesion of exactly V is kept
    here and dropped there, and any nonzero value is foreground. No reference lesion: no flag (the tool
    stops with an error). The tool's printed total of detections is wrong; sum the flags.
    """
    options = options or AnimaOptions()
    fewest = fewest_voxels(options.min_mm3, spacing, keep_equal=True)
    _one_grid(test, reference)
    truth, found = (
        find_components(mask, connectivity=connectivity, fewest=fewest) for mask in (reference, test)
    )
    return truth, detected(truth, found, options)


@dataclass(frozen=True)
class EvolutionOptions:
    """Thresholds of animaLesionEvolutionDetection, with its defaults (rule book, section 6).

    alpha: share of a lesion that may be old in a new lesion. beta: growth over old voxels that still
    counts as unchanged. gamma and gamma_mm3: growth over both of these makes a lesion new.
    """

    alpha: float = 0.0
    beta: float = 0.05
    gamma: float = 0.5
    gamma_mm3: float = 12.0
    min_mm3: float = 6.0
    connectivity: int = 6


def lesion_evolution(
    newer: NDArray, older: NDArray, spacing: Sequence[float], options: EvolutionOptions | None = None
) -> NDArray[np.uint8]:
    """Label the newer visit's lesions 1 = was there, 2 = new, 3 = growth of an old one; 0 elsewhere.

    The rule of animaLesionEvolutionDetection: each kept component of the newer mask (ceil(V / w) voxels
    or more) has o voxels over kept older components and u others; u <= ceil(V / w) or u / o <= beta is 1,
    o / (o + u) <= alpha or (u / o > gamma and u w > gamma_mm3) is 2, else see `_grown`. Empty: all 0.
    """
    options = options or EvolutionOptions()
    _one_grid(newer, older)
    fewest = fewest_voxels(options.min_mm3, spacing, keep_equal=True)
    new, old = (
        find_components(mask, connectivity=options.connectivity, fewest=fewest) for mask in (newer, older)
    )
    was = old.labels.ravel(order="F")[new.where] > 0
    kept = np.bincount(new.number[was], minlength=new.count + 1)
    out = np.zeros(np.shape(newer), dtype=np.uint8, order="F")
    flat, voxel_mm3 = out.ravel(order="F"), voxel_volume_mm3(spacing)
    for lesion, size in enumerate(new.sizes.tolist(), start=1):
        here = new.number == lesion
        verdict = _verdict(int(kept[lesion]), size - int(kept[lesion]), fewest, voxel_mm3, options)
        flat[new.where[here]] = verdict if verdict != GROWTH else SAME
        outside = new.where[here & ~was]
        if verdict == GROWTH and _grown(outside, out.shape, int(kept[lesion]), options):
            flat[outside] = GROWTH
    return out


def _verdict(old: int, extra: int, fewest: int, voxel_mm3: float, options: EvolutionOptions) -> int:
    """Same, new, or to be looked at for growth."""
    growth = extra / old if old else float("inf")
    if extra <= fewest or growth <= options.beta:
        return SAME
    if old / (old + extra) <= options.alpha:
        return NEW
    return NEW if growth > options.gamma and extra * voxel_mm3 > options.gamma_mm3 else GROWTH


def _grown(outside: NDArray[np.intp], shape: tuple[int, ...], old: int, options: EvolutionOptions) -> bool:
    """Growth is real if the smallest piece outside the older mask exceeds the share beta of the old part."""
    coordinates = np.stack(np.unravel_index(outside, shape, order="F"))
    coordinates -= coordinates.min(axis=1, keepdims=True)
    mask = np.zeros(coordinates.max(axis=1) + 1, dtype=bool, order="F")
    mask[tuple(coordinates)] = True
    pieces = find_components(mask, connectivity=options.connectivity)
    return bool(pieces.sizes[-1] / old > options.beta)


def _one_grid(first: NDArray, second: NDArray) -> None:
    if np.shape(first) != np.shape(second) or np.ndim(first) != 3:
        raise DataError(
            f"{np.shape(first)} and {np.shape(second)} must be 3-D arrays on one grid. "
            "Resample one onto the other first (nearest neighbour)."
        )
