"""Where each lesion lies: in the scan, in the brain, and beside other lesions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radiorim.errors import DataError, UsageError
from radiorim.features.naming import Dictionary, chosen, entry
from radiorim.features.regions import Region, feature_frame, line_ends, regions
from radiorim.volume import Volume, require_same_grid

if TYPE_CHECKING:
    import pandas as pd

    from radiorim.case import Case
    from radiorim.lesions import Lesions

__all__ = ["Location"]

_PREFIX = "mask_location_"
_AXES = ("right", "anterior", "superior")
_ALWAYS = "always defined"
_OUTSIDE = "0 for voxels outside the brain mask"
_ENTRIES = {
    **{
        f"{axis}_mm": entry(
            f"centre of mass, RAS coordinate towards {axis}", "mm", span="any", degenerate=_ALWAYS
        )
        for axis in _AXES
    },
    "nearest_lesion_mm": entry(
        "smallest distance between a voxel centre of the lesion and one of another lesion, at most `far_mm`",
        "mm",
        span="0 or more",
        degenerate="`far_mm` where there is no other lesion",
    ),
    "lesion_count": entry(
        "number of lesions of the case, this one included", "1", span="1 or more", degenerate=_ALWAYS
    ),
}
_BRAIN_ENTRIES = {
    "depth_mm": entry(
        "mean over the lesion's voxels of the distance from a voxel's centre to the nearest voxel centre "
        "outside the brain mask",
        "mm",
        span="0 or more",
        degenerate=_OUTSIDE,
    ),
    "depth_min_mm": entry("smallest of these distances", "mm", span="0 or more", degenerate=_OUTSIDE),
    **{
        f"relative_{axis}": entry(
            f"centre of mass in the brain's bounding box along RAS, 0 to 1 towards {axis}",
            "1",
            span="0 to 1",
            degenerate="0 or 1 outside the box",
        )
        for axis in _AXES
    },
    "relative_lateral": entry(
        "|2 relative_right - 1|: 0 in the middle, 1 at the side of the box",
        "1",
        span="0 to 1",
        degenerate="1 outside the box",
    ),
}


@dataclass(frozen=True)
class Location:
    """Position, distance to the nearest other lesion and, with `brain`, depth and place in the brain.

    `brain=True` needs the mask `brain` and raises `DataError` where a case has none: a column that is empty
    for some people would teach a judge who has a mask. `far_mm` caps distances between lesions.
    """

    brain: bool = False
    far_mm: float = 100.0

    needs = ()

    def __post_init__(self) -> None:
        if not self.far_mm > 0:
            raise UsageError(f"far_mm must be positive, not {self.far_mm!r}.")

    def __call__(self, case: Case, lesions: Lesions) -> pd.DataFrame:
        """One row for each lesion, nothing undefined."""
        parts = list(regions(lesions))
        nearest = _nearest_other_mm([_surface_mm(part, lesions.labels) for part in parts], self.far_mm)
        brain = _Brain.of(_brain_mask(case, lesions)) if self.brain and parts else None
        rows = []
        for part, gap in zip(parts, nearest, strict=True):
            voxels = part.voxels()
            centre = lesions.labels.to_mm(voxels).mean(axis=0)
            row = {f"{axis}_mm": value for axis, value in zip(_AXES, centre, strict=True)}
            row |= {"nearest_lesion_mm": gap, "lesion_count": len(parts)}
            row |= brain.place(voxels, centre) if brain else {}
            rows.append({_PREFIX + name: value for name, value in row.items()})
        return feature_frame(lesions.numbers, list(self._known()), rows)

    def dictionary(self, names: Sequence[str]) -> Dictionary:
        """What each of these columns means."""
        return chosen(self._known(), names)

    def _known(self) -> Dictionary:
        entries = _ENTRIES | (_BRAIN_ENTRIES if self.brain else {})
        return {_PREFIX + name: meaning for name, meaning in entries.items()}


@dataclass(frozen=True, eq=False)
class _Brain:
    """Depth of each voxel of the brain's box (`box` of the grid), and the brain's extremes in RAS mm."""

    depth_mm: np.ndarray
    box: tuple[slice, slice, slice]
    low_mm: np.ndarray
    high_mm: np.ndarray

    @classmethod
    def of(cls, mask: Volume) -> _Brain:
        from scipy import ndimage

        inside = mask.data != 0
        box = ndimage.find_objects(inside.astype(np.uint8))[0]
        # Beyond the edge of the grid nothing is brain.
        padded = np.pad(inside[box], 1)
        depth = ndimage.distance_transform_edt(padded, sampling=mask.spacing)[1:-1, 1:-1, 1:-1]
        ends = mask.to_mm(line_ends(inside[box]) + [side.start for side in box])
        return cls(depth, box, ends.min(axis=0), ends.max(axis=0))

    def place(self, voxels: np.ndarray, centre_mm: np.ndarray) -> dict[str, float]:
        """Depth of the lesion's voxels and place of its centre."""
        local = voxels - [side.start for side in self.box]
        known = ((local >= 0) & (local < self.depth_mm.shape)).all(axis=1)
        depth = np.zeros(len(voxels))
        depth[known] = self.depth_mm[tuple(local[known].T)]
        # A brain one voxel wide has no sides.
        width = np.maximum(self.high_mm - self.low_mm, 1e-6)
        relative = np.clip((centre_mm - self.low_mm) / width, 0, 1)
        return {
            "depth_mm": depth.mean(),
            "depth_min_mm": depth.min(),
            **{f"relative_{axis}": value for axis, value in zip(_AXES, relative, strict=True)},
            "relative_lateral": abs(2 * relative[0] - 1),
        }


def _brain_mask(case: Case, lesions: Lesions) -> Volume:
    mask = case.mask("brain")
    require_same_grid({f"the labels of {case.id}": lesions.labels, "mask 'brain'": mask})
    if not mask.data.any():
        raise DataError(f"the brain mask of {case.id} is empty. Give another, or use Location(brain=False).")
    return mask


def _surface_mm(region: Region, labels: Volume) -> np.ndarray:
    """RAS mm of the lesion's voxels that have a face towards another voxel; the others are never nearest."""
    from scipy import ndimage

    edge = region.inside & ~ndimage.binary_erosion(region.inside)
    return labels.to_mm(np.argwhere(edge) + [side.start for side in region.box])


def _nearest_other_mm(surfaces: Sequence[np.ndarray], far_mm: float) -> np.ndarray:
    """For each set of points the distance to the nearest of another set, at most `far_mm`.

    Sets whose boxes lie further apart than the best distance so far are not looked at.
    """
    from scipy.spatial import KDTree

    nearest = np.full(len(surfaces), far_mm)
    if len(surfaces) < 2:
        return nearest
    trees = [KDTree(surface) for surface in surfaces]
    low, high = (
        np.array([getattr(surface, side)(axis=0) for surface in surfaces]) for side in ("min", "max")
    )
    for i in range(len(surfaces)):
        gaps = np.linalg.norm(np.maximum(0, np.maximum(low[i] - high, low - high[i])), axis=1)
        for j in np.argsort(gaps, kind="stable"):
            if gaps[j] >= nearest[i]:
                break
            if j != i:
                found = trees[j].query(surfaces[i], distance_upper_bound=nearest[i])[0].min()
                nearest[i] = min(nearest[i], found)
    return nearest
