"""From volumes of any orientation to flat pictures: reorientation, display windows, cuts and crops.

Everything on a page is shown in the radiological convention: axial cuts are seen from the feet and coronal
ones from the front, so the patient's left lies on the right of the picture; sagittal cuts have the nose on
the left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radiorim.runs.masks import true_mask
from radiorim.volume import Volume

if TYPE_CHECKING:
    from radiorim.case import Case
    from radiorim.lesions import Lesions

__all__ = [
    "AXIAL", "CORONAL", "SAGITTAL", "SIDES", "Cut", "Layer", "Scene", "canonical", "heights_mm", "plane",
    "scene",
]  # fmt: skip

SAGITTAL, CORONAL, AXIAL = 0, 1, 2
"""The axis of a canonical (RAS) array that a cut is perpendicular to."""

SIDES = {AXIAL: ("R", "L"), CORONAL: ("R", "L"), SAGITTAL: ("A", "P")}
"""What lies at the left and at the right edge of a displayed cut."""

ORDER = ("flair0", "flair", "difference", "t1", "t2star", "phase", "chi")
SIGNED = ("difference", "phase", "chi")
"""Images whose zero means something: shown mid-grey."""


@dataclass(frozen=True, eq=False)
class Layer:
    """One image on the canonical grid and the values that are shown black and white."""

    data: np.ndarray
    low: float
    high: float

    def grey(self, values: np.ndarray) -> np.ndarray:
        """Values as uint8 within the display window; NaN is black."""
        scaled = (values - self.low) / max(self.high - self.low, 1e-12)
        return (np.clip(np.nan_to_num(scaled, nan=0.0), 0, 1) * 255).round().astype(np.uint8)


@dataclass(frozen=True)
class Cut:
    """A rectangle of one slice: millimetres from the upper left corner of the displayed slice."""

    axis: int
    index: int
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, eq=False)
class Scene:
    """All that can be shown of a case: layers in reading order, lesion labels and the brain, axes along RAS.

    `left_out` says which images could not be shown and why.
    """

    layers: Mapping[str, Layer]
    labels: np.ndarray
    inside: np.ndarray
    spacing: tuple[float, float, float]
    truth: np.ndarray | None = None
    left_out: tuple[str, ...] = ()

    def whole(self, axis: int, index: int, *, margin_mm: float = 5.0) -> Cut:
        """The cut at an index that shows the whole brain and a margin."""
        limits = [np.flatnonzero(self.inside.any(axis=tuple({0, 1, 2} - {a}))) for a in _in_plane(axis)]
        edges = []
        for a, found in zip(_in_plane(axis), limits, strict=True):
            size, pixel = self.labels.shape[a], self.spacing[a]
            first, last = (found[0], found[-1]) if found.size else (0, size - 1)
            start = max((size - 1 - last) * pixel - margin_mm, 0.0)
            edges.append((start, min((size - first) * pixel + margin_mm, size * pixel) - start))
        (left, width), (top, height) = edges
        return Cut(axis, index, left, top, width, height)

    def around(self, centre: np.ndarray, axis: int, side_mm: float) -> Cut:
        """A square cut through a voxel position (canonical indices, as reals), centred on it."""
        across = [(self.labels.shape[a] - 0.5 - centre[a]) * self.spacing[a] for a in _in_plane(axis)]
        index = int(np.clip(np.rint(centre[axis]), 0, self.labels.shape[axis] - 1))
        return Cut(axis, index, across[0] - side_mm / 2, across[1] - side_mm / 2, side_mm, side_mm)

    def pixel(self, axis: int) -> tuple[float, float]:
        """Width and height in mm of one voxel in a displayed slice."""
        a, b = _in_plane(axis)
        return self.spacing[a], self.spacing[b]


def canonical(volume: Volume) -> Volume:
    """The volume with axes swapped and flipped, never interpolated, so that they run nearest to R, A, S."""
    import nibabel as nib

    orientation = nib.io_orientation(volume.affine)
    data = nib.apply_orientation(volume.data, orientation)
    affine = volume.affine @ nib.orientations.inv_ornt_aff(orientation, volume.shape)
    return Volume(data, affine, volume.notes, volume.source)


def heights_mm(volume: Volume) -> list[float]:
    """RAS mm along S of the middle of each axial slice of the canonical volume, from the lowest up."""
    grid = canonical(volume)
    middle = (np.array(grid.shape) - 1) / 2
    points = np.tile(middle, (grid.shape[AXIAL], 1))
    points[:, AXIAL] = np.arange(grid.shape[AXIAL])
    return grid.to_mm(points)[:, AXIAL].tolist()


def plane(data: np.ndarray, axis: int, index: int) -> np.ndarray:
    """One slice of a canonical array as it is displayed: rows downwards, columns to the right."""
    # Indexed, not taken: numpy's `take` would copy the whole of an array with flipped axes.
    return data[(slice(None),) * axis + (index,)][::-1, ::-1].T


def scene(case: Case, lesions: Lesions, task: str) -> Scene:
    """Everything of a case that lies on the grid of its lesions, on canonical axes, with display windows.

    The task says which of the true lesions are meant: the new ones, or those with a rim.
    """
    grid = lesions.labels
    images, left_out = {}, []
    for name in case.images:
        image = case.image(name)
        if image.same_grid(grid):
            images[name] = canonical(image).data.astype(np.float32, copy=False)
        else:
            left_out.append(f"The image {name} is on another grid than the lesions and is not shown.")
    labels = canonical(grid)
    inside = _inside(case, grid, images, left_out)
    if "flair" in images and "flair0" in images:
        images["difference"] = _robust(images["flair"], inside) - _robust(images["flair0"], inside)
    names = sorted(images, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))
    layers = {name: _layer(images[name], inside, signed=name in SIGNED) for name in names}
    return Scene(layers, labels.data, inside, labels.spacing, _truth(case, grid, task), tuple(left_out))


def _in_plane(axis: int) -> tuple[int, int]:
    return tuple(a for a in range(3) if a != axis)


def _inside(case: Case, grid: Volume, images: Mapping[str, np.ndarray], left_out: list[str]) -> np.ndarray:
    """The brain mask; without a usable one, what is not background in the first image that is not signed."""
    if "brain" in case.masks:
        mask = case.mask("brain")
        if mask.same_grid(grid) and (mask.data != 0).any():
            return canonical(mask).data != 0
        left_out.append("The brain mask is empty or on another grid; display windows use the whole head.")
    anatomy = [name for name in sorted(images) if name not in SIGNED] or sorted(images)
    if anatomy:
        values = np.abs(np.nan_to_num(images[anatomy[0]]))
        head = values > 0.1 * np.percentile(values, 99)
        if head.any():
            return head
    return np.ones(canonical(grid).shape, dtype=bool)


def _layer(data: np.ndarray, inside: np.ndarray, *, signed: bool) -> Layer:
    values = data[inside]
    values = values[np.isfinite(values)]
    if not values.size:
        return Layer(data, 0.0, 1.0)
    if signed:
        reach = float(np.percentile(np.abs(values), 99.7)) or 1.0
        return Layer(data, -reach, reach)
    low, high = (float(edge) for edge in np.percentile(values, (0.5, 99.9)))
    return Layer(data, low, high if high > low else low + 1.0)


def _robust(data: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Robust z-score: minus the median, over the interquartile range (0.7413 of it is one SD of a normal)."""
    low, middle, high = np.nanpercentile(data[inside], (25, 50, 75))
    return (data - middle) / max(0.7413 * (high - low), 1e-6)


def _truth(case: Case, grid: Volume, task: str) -> np.ndarray | None:
    """Mask of the true lesions of the task, or None where it is not known."""
    if case.truth is None:
        return None
    truth = case.truth()
    if not truth.labels.same_grid(grid):
        return None
    return canonical(true_mask(truth, task)).data > 0
