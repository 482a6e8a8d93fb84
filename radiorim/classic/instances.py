"""Where one lesion ends and the next begins."""

from __future__ import annotations

import numpy as np

from radiorim.volume import Volume

__all__ = ["flood", "grow_peaks", "joined", "label_maxima"]


def grow_peaks(image: Volume, *, floor: float, height: float) -> Volume:
    """Label each local maximum above `floor` and what is connected to it above `height` times its value.

    Basins are those of the marker watershed of the negated image (face neighbours), so labels never overlap.
    Labels are 1..n in raster order of the peaks; no peak gives an empty map.
    """
    from scipy import ndimage

    peaks = (image.data == ndimage.maximum_filter(image.data, size=3)) & (image.data > floor)
    markers, _ = ndimage.label(peaks, np.ones((3, 3, 3)))
    islands, _ = ndimage.label(image.data > height * floor)
    basins = flood(image, markers, islands)
    top = label_maxima(image.data, markers)
    grown = np.where(image.data >= height * top[basins], basins, 0).astype(np.int32)
    return image.like(_connected_to(grown, markers))


def joined(image: Volume, labels: np.ndarray, share: float) -> np.ndarray:
    """Neighbours as one, under the lower number, where the pass between them is nearly as high as they are.

    The pass is the highest of the voxels by which two labels (values from 1) touch face to face; it must be
    at least `share` of the lower one's maximum. Above 1 nothing is joined.
    """
    from scipy import sparse

    top = label_maxima(image.data, labels)
    low, high, passes = _passes(image.data, labels)
    one = passes >= share * np.minimum(top[low], top[high])
    links = sparse.coo_array((one[one], (low[one], high[one])), shape=(len(top), len(top)))
    _, group = sparse.csgraph.connected_components(links, directed=False)
    first = np.full(len(top), len(top))
    np.minimum.at(first, group, np.arange(len(top)))
    return first[group].astype(np.int32)[labels]


def _passes(values: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each two labels that touch, the lower number first, and the height of the pass between them."""
    import pandas as pd

    parts = []
    for axis in range(3):
        here, there = ([slice(None)] * 3 for _ in range(2))
        here[axis], there[axis] = slice(None, -1), slice(1, None)
        a, b = labels[tuple(here)], labels[tuple(there)]
        touch = (a != b) & (a > 0) & (b > 0)
        height = np.minimum(values[tuple(here)][touch], values[tuple(there)][touch])
        parts.append(np.column_stack([np.minimum(a, b)[touch], np.maximum(a, b)[touch], height]))
    table = pd.DataFrame(np.concatenate(parts), columns=["low", "high", "pass"])
    highest = table.groupby(["low", "high"], as_index=False)["pass"].max()
    return highest["low"].to_numpy(int), highest["high"].to_numpy(int), highest["pass"].to_numpy()


def flood(image: Volume, markers: np.ndarray, islands: np.ndarray) -> np.ndarray:
    """Marker watershed of the negated image in each island (label map): the marker of each voxel, int32.

    Islands without a marker stay 0.
    """
    from scipy import ndimage

    basins = np.zeros(image.shape, np.int32)
    for number, box in enumerate(ndimage.find_objects(islands), start=1):
        island = islands[box] == number
        own = np.where(island, markers[box], 0)
        if own.any():
            basins[box][island] = _basins(image.data[box], own, island)[island]
    return basins


def label_maxima(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Largest value in each label, indexed by label number; infinite for 0 and for labels that are absent."""
    top = np.full(int(labels.max(initial=0)) + 1, -np.inf)
    inside = labels > 0
    np.maximum.at(top, labels[inside], values[inside])
    return np.where(np.isneginf(top), np.inf, top)


def _basins(image: np.ndarray, markers: np.ndarray, island: np.ndarray) -> np.ndarray:
    """Marker watershed of the negated image within an island; what lies outside is flooded last."""
    import SimpleITK as sitk

    if np.count_nonzero(np.bincount(markers[island])[1:]) == 1:
        return np.where(island, markers.max(), 0)
    relief = np.where(island, -image, np.float32(np.finfo(np.float32).max))
    flooded = sitk.MorphologicalWatershedFromMarkers(
        sitk.GetImageFromArray(np.ascontiguousarray(relief, dtype=np.float32)),
        sitk.GetImageFromArray(np.ascontiguousarray(markers, dtype=np.int32)),
        markWatershedLine=False,
        fullyConnected=False,
    )
    return sitk.GetArrayFromImage(flooded)


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
