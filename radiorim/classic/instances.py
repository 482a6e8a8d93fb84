"""Where one lesion ends and the next begins."""

from __future__ import annotations

import numpy as np

from radiorim.volume import Volume

__all__ = ["grow_peaks"]


def grow_peaks(image: Volume, *, floor: float, height: float) -> Volume:
    """Label each local maximum above `floor` and what is connected to it above `height` times its value.

    Basins are those of the marker watershed of the negated image (face neighbours), so labels never overlap.
    Voxels at 0 or below belong to no lesion. Labels are 1..n in raster order of the peaks.
    """
    from scipy import ndimage

    peaks = (image.data == ndimage.maximum_filter(image.data, size=3)) & (image.data > floor)
    markers, count = ndimage.label(peaks, np.ones((3, 3, 3)))
    if count == 0:
        return image.like(np.zeros(image.shape, np.int32))
    top = np.concatenate([[np.inf], ndimage.maximum(image.data, markers, np.arange(1, count + 1))])
    low = height * floor
    box = _bounding_box(image.data > low)
    basins = np.zeros(image.shape, np.int32)
    basins[box] = _basins(image.data[box], markers[box], low)
    grown = np.where(image.data >= height * top[basins], basins, 0).astype(np.int32)
    return image.like(_connected_to(grown, markers))


def _basins(image: np.ndarray, markers: np.ndarray, low: float) -> np.ndarray:
    """Marker watershed of the negated image, where it exceeds `low`."""
    import SimpleITK as sitk

    relief = sitk.GetImageFromArray(np.ascontiguousarray(-image, dtype=np.float32))
    seeds = sitk.GetImageFromArray(np.ascontiguousarray(markers, dtype=np.int32))
    basins = sitk.GetArrayFromImage(
        sitk.MorphologicalWatershedFromMarkers(relief, seeds, markWatershedLine=False, fullyConnected=False)
    )
    return np.where(image > low, basins, 0)


def _connected_to(grown: np.ndarray, markers: np.ndarray) -> np.ndarray:
    """Of each label, only the part that touches its own marker: growth may leave islands behind."""
    from scipy import ndimage

    clean = np.zeros_like(grown)
    for number, box in enumerate(ndimage.find_objects(grown), start=1):
        if box is None:
            continue
        parts, _ = ndimage.label(grown[box] == number)
        wanted = np.unique(parts[(markers[box] == number) & (parts > 0)])
        clean[box][np.isin(parts, wanted)] = number
    return clean


def _bounding_box(mask: np.ndarray) -> tuple[slice, ...]:
    spans = []
    for axis in range(3):
        hit = np.flatnonzero(mask.any(axis=tuple(other for other in range(3) if other != axis)))
        spans.append(slice(int(hit[0]), int(hit[-1]) + 1))
    return tuple(spans)
