"""BraTS 2023 lesion-wise scores: near truths are one lesion, every miss and false lesion costs the worst."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radiorim.metrics.components import find_components
from radiorim.metrics.distances import surface_metrics
from radiorim.metrics.pair import Pair, voxel_volume_mm3
from radiorim.metrics.rules import LesionScores
from radiorim.metrics.voxel import ratio

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Brats"]

WORST_MM = 374.0  # diagonal of the 240 x 240 x 155 grid at 1 mm that the challenge assumes


@dataclass(frozen=True)
class Brats:
    """`lesion_dice`, `lesion_hd95_mm`: means over truths above min_mm3 plus all false lesions.

    Truth is dilated (18 neighbours, `dilations` times) so that near components are one lesion, all
    26-connected. All finds that touch a truth's dilation are its prediction. A truth without one and a
    find without a truth score Dice 0 and HD95 374 mm. min_mm3 (<= is left out) removes truths, never
    false lesions: the challenge's 50 for glioma with 3 dilations, 2 for metastases with 1 (default).
    HD95 is by voxel centres. Neither side: 1 and 0.
    """

    dilations: int = 1
    min_mm3: float = 2.0
    name: str = "brats"

    def __call__(self, pair: Pair) -> LesionScores:
        """Score each truth with all that touches it."""
        from scipy.ndimage import find_objects

        # Room for the dilation, and for contours at the edge of the box.
        room = self.dilations + 1
        reference, test = (np.pad(side != 0, room) for side in (pair.reference, pair.test))
        near = find_components(_dilated(reference, self.dilations), connectivity=26).labels
        found = find_components(test, connectivity=26).labels
        windows = find_objects(found)
        touching: set[int] = set()
        lesions = []
        for group, window in enumerate(find_objects(near), start=1):
            inside = near[window] == group
            finds = np.setdiff1d(found[window][inside], 0).tolist()
            touching.update(finds)
            if (reference[window] & inside).sum() * voxel_volume_mm3(pair.spacing) > self.min_mm3:
                around = _union([window, *(windows[find - 1] for find in finds)])
                truth = reference[around] & (near[around] == group)
                lesions.append(_agreement(truth, np.isin(found[around], finds), pair.spacing))
        return self._scores(lesions, finds=len(windows), false=len(windows) - len(touching))

    def _scores(self, lesions: list[tuple[float, float, bool]], *, finds: int, false: int) -> LesionScores:
        values = np.array([line[:2] for line in lesions] + [(0.0, WORST_MM)] * false).reshape(-1, 2)
        dice, distance = values.mean(axis=0).tolist() if len(values) else (1.0, 0.0)
        hits = sum(hit for _, _, hit in lesions)
        scores = {
            "lesion_dice": dice,
            "lesion_hd95_mm": distance,
            "sensitivity": ratio(hits, len(lesions)),
            "false_lesions": float(false),
        }
        return LesionScores(self.name, 26, self.min_mm3, len(lesions), finds, hits, finds - false, scores)


def _agreement(
    truth: NDArray, found: NDArray, spacing: tuple[float, float, float]
) -> tuple[float, float, bool]:
    """Dice, HD95, and whether anything was found, of one truth and its finds."""
    if not found.any():
        return 0.0, WORST_MM, False
    dice = 2 * (truth & found).sum() / (truth.sum() + found.sum())
    return float(dice), surface_metrics(np.pad(found, 1), np.pad(truth, 1), spacing)["hd95_mm"], True


def _union(windows: list[tuple[slice, ...]]) -> tuple[slice, ...]:
    sides = zip(*windows, strict=True)
    return tuple(slice(min(s.start for s in side), max(s.stop for s in side)) for side in sides)


def _dilated(mask: NDArray, times: int) -> NDArray:
    """Dilate by the 18-neighbour element; the foreground must stay `times` voxels away from the edge."""
    from scipy.ndimage import generate_binary_structure

    out = np.asfortranarray(mask)
    around = np.stack(np.nonzero(generate_binary_structure(3, 2)), axis=1) - 1
    steps = around @ np.array([1, mask.shape[0], mask.shape[0] * mask.shape[1]])
    for _ in range(times):
        # Lesions are sparse: visiting their voxels is many times faster than filtering the grid.
        where = np.flatnonzero(out.ravel(order="F"))
        out = out.copy(order="F")
        out.ravel(order="F")[(where[:, None] + steps).ravel()] = True
    return out
