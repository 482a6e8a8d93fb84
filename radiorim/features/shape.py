"""Size and form of a lesion, from its voxels alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radiorim.errors import UnknownName
from radiorim.features.limits import limits
from radiorim.features.naming import Dictionary, chosen, entry
from radiorim.features.regions import Region, feature_frame, line_ends, regions

if TYPE_CHECKING:
    import pandas as pd

    from radiorim.case import Case
    from radiorim.lesions import Lesions

__all__ = ["Shape"]

_PREFIX = "mask_original_shape_"
_ALWAYS = "always defined"
_ENTRIES = {
    "voxel_volume": entry(
        "number of voxels x voxel volume",
        "mm3",
        "original_shape_VoxelVolume",
        span="above 0",
        degenerate=_ALWAYS,
    ),
    "voxel_count": entry("number of voxels", "1", span="1 or more", degenerate=_ALWAYS),
    "surface_voxel_mm2": entry(
        "total area of the outer voxel faces (not of a mesh)", "mm2", span="above 0", degenerate=_ALWAYS
    ),
    "surface_voxel_per_volume": entry(
        "surface_voxel_mm2 / voxel_volume", "1/mm", span="above 0", degenerate=_ALWAYS
    ),
    "sphericity_voxel": entry(
        "(36 pi V^2)^(1/3) / surface_voxel_mm2, V = voxel_volume; 0.81 for a cube, 0.67 for a ball",
        "1",
        span="0 to 1",
        degenerate="0.81 for one voxel with equal edges",
    ),
    "maximum_3d_diameter": entry(
        "largest distance between two outer voxel face centres (the vertices of pyradiomics' mesh)",
        "mm",
        "original_shape_Maximum3DDiameter",
        span="above 0",
        degenerate="the voxel's longest edge for one voxel",
    ),
    "major_axis_length": entry(
        "4 sqrt(l1), l1 >= l2 >= l3 the eigenvalues of the voxel centres' covariance (divided by n)",
        "mm",
        "original_shape_MajorAxisLength",
        **limits("shape", "MajorAxisLength"),
    ),
    "minor_axis_length": entry(
        "4 sqrt(l2)", "mm", "original_shape_MinorAxisLength", **limits("shape", "MinorAxisLength")
    ),
    "least_axis_length": entry(
        "4 sqrt(l3)", "mm", "original_shape_LeastAxisLength", **limits("shape", "LeastAxisLength")
    ),
    "elongation": entry(
        "sqrt(l2 / l1)",
        "1",
        "original_shape_Elongation",
        **limits("shape", "Elongation", one_voxel="NaN for one voxel"),
    ),
    "flatness": entry(
        "sqrt(l3 / l1)",
        "1",
        "original_shape_Flatness",
        **limits("shape", "Flatness", one_voxel="NaN for one voxel"),
    ),
    "solidity": entry(
        "voxel_volume / volume of the convex hull of the voxels' corners",
        "1",
        span="0 to 1",
        degenerate="1 for one voxel",
    ),
    "box_fill": entry(
        "voxel_volume / volume of the bounding box along the array's axes",
        "1",
        span="0 to 1",
        degenerate="1 for one voxel",
    ),
}


@dataclass(frozen=True)
class Shape:
    """Volume, surface, diameter and axes of each lesion; needs no image.

    Names shared with pyradiomics mean the same number and come from the engine `fast`. Features of its
    triangle mesh (MeshVolume, SurfaceArea, Sphericity) are not here; those of the voxel faces say `voxel` in
    their names. `only` names the ones to keep, such as `("voxel_volume",)`; empty keeps all.
    """

    only: tuple[str, ...] = ()

    needs = ()

    def __post_init__(self) -> None:
        for name in self.only:
            if name not in _ENTRIES:
                raise UnknownName("shape feature", name, _ENTRIES)

    def __call__(self, case: Case, lesions: Lesions) -> pd.DataFrame:  # noqa: ARG002
        """One row for each lesion; only elongation and flatness of one voxel are NaN."""
        from radiorim.features.fast import Asked, measure

        labels, spacing = lesions.labels.data, lesions.labels.spacing
        rows = [_measure(region, np.array(spacing)) for region in regions(lesions)]
        frame = feature_frame(lesions.numbers, [_PREFIX + name for name in _ENTRIES], rows)
        asked = Asked(("shape",), fewest_voxels=1)
        for (_, name), column in measure(None, labels, np.array(lesions.numbers), spacing, asked).items():
            if name in _ENTRIES:
                frame[_PREFIX + name] = column
        return frame[[_PREFIX + name for name in self.only]] if self.only else frame

    def dictionary(self, names: Sequence[str]) -> Dictionary:
        """What each of these columns means."""
        return chosen({_PREFIX + name: meaning for name, meaning in _ENTRIES.items()}, names)


def _measure(region: Region, spacing: np.ndarray) -> dict[str, float]:
    voxels = int(region.inside.sum())
    volume = voxels * spacing.prod()
    surface = sum(_faces(region.inside, axis) * spacing.prod() / spacing[axis] for axis in range(3))
    values = {
        "voxel_count": voxels,
        "surface_voxel_mm2": surface,
        "surface_voxel_per_volume": surface / volume,
        "sphericity_voxel": (36 * np.pi * volume**2) ** (1 / 3) / surface,
        "solidity": volume / _hull_volume(region.inside, spacing),
        "box_fill": voxels / region.inside.size,
    }
    return {_PREFIX + name: value for name, value in values.items()}


def _faces(inside: np.ndarray, axis: int) -> int:
    """Outer faces across the axis; the grid's edge counts as outside."""
    lines = np.moveaxis(inside, axis, 0)
    between = np.count_nonzero(lines[1:] != lines[:-1])
    return between + np.count_nonzero(lines[0]) + np.count_nonzero(lines[-1])


def _hull_volume(inside: np.ndarray, spacing: np.ndarray) -> float:
    """Volume of the convex hull of whole voxels, from the end corners of every line along the first axis."""
    from scipy.spatial import ConvexHull

    corners = np.zeros(np.add(inside.shape, 1), dtype=bool)
    for shift in np.ndindex(2, 2, 2):
        corners[tuple(slice(s, s + n) for s, n in zip(shift, inside.shape, strict=True))] |= inside
    return float(ConvexHull(line_ends(corners) * spacing).volume)
