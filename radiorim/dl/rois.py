"""Regions of interest of any size: a box around each candidate, what lies in it, and answers put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np

from radiorim.case import Case
from radiorim.lesions import Lesions
from radiorim.volume import Volume, require_same_grid

__all__ = ["Roi", "grey_levels", "placing_maps", "roi_images", "rois_of", "stacked_rois", "stitched"]


@dataclass(frozen=True)
class Roi:
    """A box of voxels from `start` up to, but without, `stop`."""

    start: tuple[int, int, int]
    stop: tuple[int, int, int]

    def of(self, array: np.ndarray) -> np.ndarray:
        """What of an array (..., x, y, z) lies in the box."""
        return array[(..., *(slice(a, b) for a, b in zip(self.start, self.stop, strict=True)))]

    @property
    def centre(self) -> np.ndarray:
        """Its middle in voxels, half of one where an edge is even."""
        return (np.array(self.start) + np.array(self.stop) - 1) / 2


def rois_of(lesions: Lesions, *, margin: int, longest: int) -> list[Roi]:
    """The box of each lesion, `margin` voxels wider on all sides, in table order.

    An edge of more than `longest` voxels is cut into the fewest equal parts that are not: a candidate that
    runs through the brain would fill the memory.
    """
    from scipy import ndimage

    labels = lesions.labels.data
    boxes = ndimage.find_objects(labels)
    found = []
    for number in lesions.numbers:
        spans = [
            _parts(max(side.start - margin, 0), min(side.stop + margin, length), longest)
            for side, length in zip(boxes[number - 1], labels.shape, strict=True)
        ]
        found += [Roi(*zip(*box, strict=True)) for box in product(*spans)]
    return found


def roi_images(case: Case, *, levels: int, mask: str) -> np.ndarray:
    """Both visits in grey levels and three maps of where a voxel lies, float32 (5, x, y, z)."""
    brain, before, after = case.mask(mask), case.image("flair0"), case.image("flair")
    require_same_grid({"flair0": before, "flair": after, f"the mask {mask}": brain})
    visits = grey_levels([before.data, after.data], brain.data != 0, levels)
    return np.concatenate([visits, placing_maps(brain)])


def grey_levels(images: Sequence[np.ndarray], inside: np.ndarray, levels: int) -> np.ndarray:
    """The images in whole numbers 0 to `levels` - 1, float32, between quantiles that all share.

    Inside, taken together, each level has as many voxels as another.
    """
    pooled = np.concatenate([image[inside] for image in images])
    edges = np.quantile(pooled, np.arange(1, levels) / levels)
    return np.stack([np.searchsorted(edges, image, side="right") for image in images]).astype(np.float32)


def placing_maps(brain: Volume) -> np.ndarray:
    """Depth, way from vertex to neck, way from occiput to nose, each 0 to 1 in the brain: (3, x, y, z).

    Depth is the distance to the outside as a share of the largest. The ways run along the axes of the grid
    over the box of the brain and go on beyond it, below 0 and above 1.
    """
    from scipy import ndimage

    inside = brain.data != 0
    depth = ndimage.distance_transform_edt(inside, brain.spacing)
    _, anterior, superior = (np.flatnonzero(inside.any(axis=others)) for others in ((1, 2), (0, 2), (0, 1)))
    _, j, k = np.ogrid[tuple(slice(length) for length in inside.shape)]
    neck = (superior[-1] - k) / max(superior[-1] - superior[0], 1)
    nose = (j - anterior[0]) / max(anterior[-1] - anterior[0], 1)
    maps = np.empty((3, *inside.shape), dtype=np.float32)
    maps[0], maps[1], maps[2] = depth / depth.max(), neck, nose
    return maps


def stacked_rois(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Arrays (c, x, y, z) of any size as (n, c, x, y, z), filled up with NaN behind the smaller ones."""
    size = np.max([array.shape for array in arrays], axis=0)
    stack = np.full((len(arrays), *size), np.nan, dtype=np.float32)
    for row, array in zip(stack, arrays, strict=True):
        row[tuple(slice(edge) for edge in array.shape)] = array
    return stack


def stitched(answers: Sequence[np.ndarray], rois: Sequence[Roi], shape: Sequence[int]) -> np.ndarray:
    """One map (outputs, x, y, z) of answers (outputs, x, y, z) of regions; 0 where there is none.

    Where regions overlap the one with the nearest centre speaks for a voxel, of equally near ones the first.
    """
    outputs = answers[0].shape[0] if answers else 1
    whole = np.zeros((outputs, *shape), dtype=np.float32)
    nearest = np.full(tuple(shape), np.inf, dtype=np.float32)
    for answer, roi in zip(answers, rois, strict=True):
        axes = np.ogrid[tuple(slice(a, b) for a, b in zip(roi.start, roi.stop, strict=True))]
        away = sum((axis - middle) ** 2 for axis, middle in zip(axes, roi.centre, strict=True))
        best = roi.of(nearest)
        closer = away < best
        best[closer] = np.broadcast_to(away, closer.shape)[closer]
        roi.of(whole)[:, closer] = answer[:, closer]
    return whole


def _parts(start: int, stop: int, longest: int) -> list[tuple[int, int]]:
    count = -(-(stop - start) // longest)
    cuts = np.linspace(start, stop, count + 1).round().astype(int).tolist()
    return list(pairwise(cuts))
